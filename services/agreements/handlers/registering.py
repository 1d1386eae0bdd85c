"""Entries in the register."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from functools import partial
from uuid import UUID

from pydantic import ValidationError

from chassis import log
from chassis.scope import Scope
from chassis.unit import Units
from services.agreements.domain import publication, signing
from services.agreements.domain.amending import face
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.lines import GOES_WITH, parts
from services.agreements.domain.register import Disclosure, Entry, EntryAct, chain
from services.agreements.domain.states import AmendmentState
from services.agreements.handlers.desk import AgreementsUnit, city_day, keep
from services.agreements.store import Store

_COVERS_LINE = ("signed", "amended", "stated")
_logger = log.get("agreements")


async def enter(
    unit: AgreementsUnit, file: AgreementFile, act: EntryAct, document_sha256: str, whole: AgreementFile | None = None
) -> Entry:
    """One more entry, chained to the city's last one. The file must have its number.

    What everybody sees of the agreement is committed to when it changes; `whole` is the file where `file` is only how
    an amendment sees it.
    """
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
    line = _line_of(whole or file) if act in _COVERS_LINE else []
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
        disclosures=[*disclosures, *line],
    )
    # Words that were erased are not kept again with a later entry; its commitment to them is all there is.
    erased = {
        one.name for one in await unit.store.redactions.of(unit.scope, file.agreement_id) if one.level == "erased"
    }
    kept = [one for one in disclosures if one.name not in erased]
    await unit.store.register.append(unit.scope, entry, kept)
    gone = {GOES_WITH[name] for name in erased}
    await unit.store.lines.keep_salts(unit.scope, entry.position, [one for one in line if one.name not in gone])
    return entry


def _line_of(file: AgreementFile) -> list[Disclosure]:
    return [
        Disclosure(name=name, salt=secrets.token_hex(32), words=words)
        for name, words in parts(file.model_dump(mode="json")).items()
    ]


async def state_lines(units: Units[Store]) -> int:
    """Commits to lines that were registered before lines were covered; returns how many there were."""
    async with units.reading() as store:
        cities = await store.register.cities()
    return sum([await _state_lines(units, Scope(city, "calendar")) for city in cities])


async def _state_lines(units: Units[Store], scope: Scope) -> int:
    stated = 0
    async with units.reading() as store:
        uncovered = await store.lines.uncovered(scope)
    for agreement_id in uncovered:
        try:
            stated += await units.run(scope, partial(_state_line, agreement_id=agreement_id))
        except ValidationError:
            # A file that cannot be read holds up neither the others nor the registers of the days; an audit finds it.
            _logger.error("register.line_not_stated", agreement_id=str(agreement_id))
    return stated


async def _state_line(unit: AgreementsUnit, agreement_id: UUID) -> int:
    file = await unit.store.files.load(unit.scope, agreement_id)
    # Another instance may have been quicker; it holds the file until it is done.
    if file is None or agreement_id not in await unit.store.lines.uncovered(unit.scope, agreement_id):
        return 0
    await enter(unit, file, "stated", file.signed_sha256 or "")
    return 1


async def enter_in_force(unit: AgreementsUnit, file: AgreementFile, number: int, document_sha256: str) -> None:
    """Notes an amendment that all have signed; as long as somebody is awaited there is nothing to note."""
    one = next(one for one in file.amendments if one.number == number)
    if one.state is AmendmentState.IN_FORCE:
        await enter(unit, face(file, one), "amended", document_sha256, whole=file)


async def enter_end(unit: AgreementsUnit, file: AgreementFile, act: EntryAct) -> None:
    """Notes the end of a file that has a number; one without was never registered.

    The number of an amendment that came to nothing thereby is annulled first.
    """
    for one in file.amendments:
        if one.state is AmendmentState.LAPSED and one.protocol is not None:
            await enter(unit, face(file, one), "rejected", one.signed_sha256 or one.approved_sha256 or "")
    if file.protocol is not None:
        await enter(unit, file, act, file.signed_sha256 or file.approved_sha256 or "")


def recorded_signatures(file: AgreementFile) -> dict[str, datetime]:
    """When each signature was given, by the file's own record: by its id, else by its certificate's fingerprint."""
    return {
        one.signature_id or one.evidence.certificate_sha256: one.evidence.signed_at
        for one in file.signatories
        if one.evidence
    }


async def publish_owed(unit: AgreementsUnit, file: AgreementFile) -> AgreementFile:
    """Publishes in the register what has to be public before it takes effect, and lets it take effect once due."""
    if not publication.is_owed(file):
        return file
    today = city_day(unit.now)
    entry = await enter(unit, file, "published", file.signed_sha256 or "")
    outcome = publication.published(file, entry.position, today)
    if signing.is_due(outcome.file, today):
        outcome = signing.activated(outcome, today)
    return await keep(unit, outcome, "publish", str(entry.position))
