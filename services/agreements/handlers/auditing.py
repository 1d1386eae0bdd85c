"""Whether what the register says still holds: entries, words, public lines, documents and daily documents, by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from chassis.scope import Scope
from services.agreements.documents.render import content_hash
from services.agreements.documents.verification import Trust, recheck_off_loop
from services.agreements.domain.amending import face
from services.agreements.domain.days import DayWalk
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.lines import covers, line_faults
from services.agreements.domain.register import BEGINNING, Disclosure, Entry, Walk
from services.agreements.handlers.registering import recorded_signatures
from services.agreements.store import Store

_PAGE = 500


@dataclass(frozen=True)
class Audit:
    """What an audit of one city's register found; `faults` are sentences for operations, empty when all holds.

    `uncovered` public lines were registered before lines were committed to; the service does so by itself.
    """

    city: str
    entries: int
    documents: int
    days: int
    lines: int
    uncovered: int
    faults: tuple[str, ...]


async def audit(store: Store, city: str) -> Audit:
    """Recomputes the chains and verifies every document against them, each signature as of its day."""
    scope = Scope(city)
    walk, signed, found = Walk(), 0, list[str]()
    authority = await store.documents.authority(scope)
    roots = (authority.certificate,) if authority else ()
    async for entry, words in _entries(store, scope):
        found += [f"entry {fault.position}: {fault.code}" for fault in walk.step(entry, words)]
        if entry.act in ("signed", "amended"):
            signed += 1
            found += [f"entry {entry.position}: {reason}" for reason in await _signed(store, scope, entry, roots)]
    found += [f"entry {fault.position}: {fault.code}" for fault in walk.end(*await store.register.peek(scope))]
    found += await _revisions(store, scope)
    lines, uncovered, changed = await _lines(store, scope)
    days, wrong = await _days(store, scope)
    return Audit(city, walk.position, signed, days, lines, uncovered, tuple(found + changed + wrong))


async def _entries(store: Store, scope: Scope) -> AsyncIterator[tuple[Entry, Sequence[Disclosure]]]:
    after = 0
    while entries := await store.register.page(scope, after, _PAGE):
        words = await store.register.disclosures(scope, entries[0].position, entries[-1].position)
        for entry in entries:
            yield entry, words.get(entry.position, ())
        after = entries[-1].position


async def _signed(store: Store, scope: Scope, entry: Entry, roots: tuple[bytes, ...]) -> list[str]:
    try:
        file, approved, latest, amendment = await _papers(store, scope, entry)
    except ValidationError:
        return ["file unreadable"]
    if file is None or approved is None or latest is None:
        return ["document missing"]
    reasons = []
    if content_hash(latest) != entry.document_sha256:
        reasons.append("document is not the one registered")
    material = await store.signatures.material(scope, entry.agreement_id, amendment)
    verification = await recheck_off_loop(
        latest,
        approved=approved,
        recorded=recorded_signatures(file),
        trust=Trust(roots, entry.entered_at, crls=material.crls, ocsps=material.ocsps, kept=material.anchors),
    )
    return reasons + [f"{refusal.reason} ({refusal.field or 'document'})" for refusal in verification.reasons]


async def _papers(
    store: Store, scope: Scope, entry: Entry
) -> tuple[AgreementFile | None, bytes | None, bytes | None, int]:
    """The file as the entry's document sees it, that document as approved and as it is now, and whose it is."""
    file = await store.files.read(scope, entry.agreement_id)
    if entry.act == "signed":
        latest = await store.documents.latest(scope, entry.agreement_id)
        return file, await store.documents.approved(scope, entry.agreement_id), latest[1] if latest else None, 0
    amendments = file.amendments if file else ()
    one = next((amendment for amendment in amendments if amendment.protocol == entry.protocol), None)
    if file is None or one is None:
        return None, None, None, 0
    approved = await store.amendments.approved(scope, entry.agreement_id, one.number)
    latest = await store.amendments.latest(scope, entry.agreement_id, one.number)
    return face(file, one), approved, latest[1] if latest else None, one.number


async def _revisions(store: Store, scope: Scope) -> list[str]:
    """Every revision by its own hash, the approved one by the register's as well (that of a file not signed, too)."""
    found = []
    async for one in store.documents.revisions(scope):
        about = f" amendment {one.amendment}" if one.amendment else ""
        name = f"document {one.agreement_id}{about} revision {one.revision}"
        if content_hash(one.content) != one.sha256:
            found.append(f"{name}: content-changed")
        if one.registered is not None and one.registered != one.sha256:
            found.append(f"{name}: is not the one registered")
    return found


async def _lines(store: Store, scope: Scope) -> tuple[int, int, list[str]]:
    """What everybody sees of each agreement, against what the register committed to."""
    lines, uncovered, found = 0, 0, list[str]()
    async for line in store.lines.all(scope):
        lines += 1
        uncovered += not covers(line.commitments)
        found += [f"entry {line.position}: {code}" for code in line_faults(line)]
    return lines, uncovered, found


async def _days(store: Store, scope: Scope) -> tuple[int, list[str]]:
    walk, found, days = DayWalk(), list[str](), 0
    async for day, document, head in store.days.all(scope):
        days += 1
        expected = head if day.last else BEGINNING
        found += [f"day {one.day}: {one.code}" for one in walk.step(day, content_hash(document), expected)]
    return days, found
