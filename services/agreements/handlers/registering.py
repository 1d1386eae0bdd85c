"""Entries in the register, and whether what it says still holds."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from chassis.scope import Scope
from services.agreements.documents.render import content_hash
from services.agreements.documents.verification import Expected, Trust, verify_off_loop
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.register import Disclosure, Entry, EntryAct, chain, faults
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.store import Store


async def enter(unit: AgreementsUnit, file: AgreementFile, act: EntryAct, document_sha256: str) -> Entry:
    """One more entry, chained to the city's last one. The file must have its number."""
    if file.protocol is None:
        raise ValueError("only a numbered file is entered in the register")
    position, previous = await unit.store.register.head(unit.scope)
    disclosures = [
        Disclosure(name="subject", salt=secrets.token_hex(32), words=file.title),
        Disclosure(
            name="parties",
            salt=secrets.token_hex(32),
            words=json.dumps([party.name for party in file.parties], ensure_ascii=False),
        ),
    ]
    entry = chain(
        city=unit.scope.city,
        position=position + 1,
        previous=previous,
        protocol=file.protocol,
        act=act,
        agreement_id=file.agreement_id,
        entered_at=unit.now,
        instrument=file.instrument or "",
        document_sha256=document_sha256,
        disclosures=disclosures,
    )
    await unit.store.register.append(unit.scope, entry, disclosures)
    return entry


async def enter_end(unit: AgreementsUnit, file: AgreementFile, act: EntryAct) -> None:
    """Notes the end of a file that has a number; one without was never registered."""
    if file.protocol is not None:
        await enter(unit, file, act, file.signed_sha256 or file.approved_sha256 or "")


def signed_so_far(file: AgreementFile) -> dict[str, Expected]:
    """Who has signed, through whom and when, by the file's own record."""
    return {
        one.field: Expected(one.organisation_id, one.person_id, one.evidence.signed_at)
        for one in file.signatories
        if one.evidence
    }


@dataclass(frozen=True)
class Audit:
    """What an audit of one city's register found; `faults` are sentences for operations, empty when all holds."""

    city: str
    entries: int
    documents: int
    faults: tuple[str, ...]


async def audit(store: Store, city: str) -> Audit:
    """Recomputes the chain and verifies every signed document against it, as of the day it was signed."""
    scope = Scope(city)
    entries = await store.register.entries(scope)
    found = [
        f"entry {fault.position}: {fault.code}" for fault in faults(entries, await store.register.disclosures(scope))
    ]
    authority = await store.documents.authority(scope)
    roots = (authority.certificate,) if authority else ()
    signed = [entry for entry in entries if entry.act == "signed"]
    for entry in signed:
        found += [f"entry {entry.position}: {reason}" for reason in await _document(store, scope, entry, roots)]
    return Audit(city, len(entries), len(signed), tuple(found))


async def _document(store: Store, scope: Scope, entry: Entry, roots: tuple[bytes, ...]) -> list[str]:
    file = await store.files.read(scope, entry.agreement_id)
    approved = await store.documents.approved(scope, entry.agreement_id)
    latest = await store.documents.latest(scope, entry.agreement_id)
    if file is None or approved is None or latest is None:
        return ["document missing"]
    reasons = []
    if content_hash(latest[1]) != entry.document_sha256:
        reasons.append("document is not the one registered")
    verification = await verify_off_loop(
        latest[1],
        approved=approved,
        expected=signed_so_far(file),
        trust=Trust(roots, entry.entered_at),
    )
    return reasons + [f"{refusal.reason} ({refusal.field or 'document'})" for refusal in verification.reasons]
