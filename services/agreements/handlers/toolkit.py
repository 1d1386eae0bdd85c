"""Commands by which the Legal Office writes a new version of an instrument. No file that is open changes by them."""

from __future__ import annotations

from chassis.auth.actor import Actor
from services.agreements.domain import toolkit
from services.agreements.domain.edits import InstrumentEdit, OpenDraft, Publish, Withdraw
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.refusals import NotPossible, Refused
from services.agreements.handlers.access import refuse_role
from services.agreements.handlers.desk import AgreementsUnit, Stale, city_day
from services.agreements.handlers.telling import tell
from services.agreements.store.instruments import Draft, Published

EDITS = "legal"


class UnknownInstrument(Refused):
    """There is no such instrument, version or draft."""

    def __init__(self) -> None:
        super().__init__(
            "unknown-instrument", "Strumento o versione non trovati.", "There is no such instrument or version."
        )


async def open_draft(unit: AgreementsUnit, actor: Actor, code: str, command: OpenDraft) -> Draft:
    """Starts the next version from the newest that counts."""
    refuse_role(actor, EDITS)
    versions = await unit.store.instruments.versions(unit.scope, code)
    counting = [one.record for one in versions if one.counts]
    if not counting:
        raise UnknownInstrument
    newest = max(counting, key=lambda one: (one.valid_from, one.version))
    record = toolkit.next_draft(newest, max(one.record.version for one in versions) + 1)
    if not await unit.store.instruments.open_draft(unit.scope, record, newest.version, command.reason, unit.now):
        raise NotPossible(
            "draft-open",
            "Una nuova versione è già in lavorazione: continuala o scartala.",
            "A new version is being written already: go on with it or discard it.",
        )
    await unit.store.instruments.note(unit.scope, record, unit.now, "drafted", command.reason)
    return await _draft(unit, code, None)


async def edit(
    unit: AgreementsUnit, actor: Actor, code: str, command: InstrumentEdit, expected: int | None = None
) -> Draft:
    """Changes the draft. Raises InvalidFields with every fault."""
    refuse_role(actor, EDITS)
    draft = await _draft(unit, code, expected)
    record = toolkit.edited(draft.record, command)
    changes = toolkit.differences(draft.record, record)
    if changes:
        await unit.store.instruments.save_draft(unit.scope, record, unit.now)
        await unit.store.instruments.note(
            unit.scope, record, unit.now, "edited", ", ".join(one.pointer for one in changes)[:2000]
        )
    return await _draft(unit, code, None)


async def discard(unit: AgreementsUnit, actor: Actor, code: str, expected: int | None = None) -> Draft:
    """Throws the draft away; that there was one stays in the history."""
    refuse_role(actor, EDITS)
    draft = await _draft(unit, code, expected)
    await unit.store.instruments.drop_draft(unit.scope, code)
    await unit.store.instruments.note(unit.scope, draft.record, unit.now, "discarded", draft.reason)
    return draft


async def publish(
    unit: AgreementsUnit, actor: Actor, code: str, command: Publish, expected: int | None = None
) -> Instrument:
    """Makes the draft the city's next version, from a day on; files that are open keep theirs."""
    refuse_role(actor, EDITS)
    draft = await _draft(unit, code, expected)
    versions = await unit.store.instruments.versions(unit.scope, code)
    counting = [one.record for one in versions if one.counts]
    base = next((one for one in counting if one.version == draft.based_on), None)
    if base is not None and not toolkit.differences(base, draft.record):
        raise NotPossible(
            "no-difference",
            "La nuova versione non cambia nulla: modificala o scartala.",
            "The new version changes nothing: edit it or discard it.",
        )
    last = max(one.valid_from for one in counting)
    written = toolkit.numbered(draft.record, [one.record.version for one in versions])
    record = toolkit.published(written, command.valid_from, last, city_day(unit.now))
    if not await unit.store.instruments.add(unit.scope, [record]):
        raise Stale
    await unit.store.instruments.drop_draft(unit.scope, code)
    await unit.store.instruments.note(
        unit.scope, record, unit.now, "published", f"{record.valid_from.isoformat()}: {command.reason}"
    )
    await tell(unit)
    return record


async def withdraw(unit: AgreementsUnit, actor: Actor, code: str, version: int, command: Withdraw) -> Published:
    """Takes a version of the city's own back before its first day."""
    refuse_role(actor, EDITS)
    found = await _version(unit, code, version)
    if found.common:
        raise NotPossible(
            "common",
            "Questa versione vale per tutte le città: la tua città la cambia con una versione propria.",
            "This version is every city's: your city changes it by a version of its own.",
        )
    toolkit.refuse_withdrawal(found.record, city_day(unit.now))
    if not await unit.store.instruments.withdraw(unit.scope, found.record, unit.now, command.reason):
        raise NotPossible("withdrawn", "Questa versione è già ritirata.", "This version was taken back already.")
    await unit.store.instruments.note(unit.scope, found.record, unit.now, "withdrawn", command.reason)
    await tell(unit)
    return await _version(unit, code, version)


async def _draft(unit: AgreementsUnit, code: str, expected: int | None) -> Draft:
    draft = await unit.store.instruments.draft(unit.scope, code, lock=True)
    if draft is None:
        raise UnknownInstrument
    if expected is not None and draft.revision != expected:
        raise Stale
    return draft


async def _version(unit: AgreementsUnit, code: str, version: int) -> Published:
    versions = await unit.store.instruments.versions(unit.scope, code)
    own_first = sorted(versions, key=lambda one: one.common)
    found = next((one for one in own_first if one.record.version == version), None)
    if found is None:
        raise UnknownInstrument
    return found
