"""Commands on the clause library. Words reach an instrument only through a draft of it, never a file that is open."""

from __future__ import annotations

from datetime import date

from chassis.auth.actor import Actor
from chassis.scope import Scope
from services.agreements.domain import toolkit as writing
from services.agreements.domain.clauses import LibraryClause, Standing, library, placed
from services.agreements.domain.edits import (
    ClauseChange,
    ClauseEdit,
    InstrumentEdit,
    NewClause,
    OpenDraft,
    RemoveClause,
    TakeClause,
)
from services.agreements.domain.instruments import Clause, Instrument, in_force
from services.agreements.domain.refusals import Invalid, InvalidFields, NotPossible
from services.agreements.handlers import toolkit
from services.agreements.handlers.access import refuse_role
from services.agreements.handlers.desk import AgreementsUnit, Stale, city_day
from services.agreements.store import Store
from services.agreements.store.instruments import Draft


async def library_of(store: Store, scope: Scope, today: date) -> tuple[LibraryClause, ...]:
    """Every clause of the versions in force, to come and being written, and of those kept beside them."""
    records = await store.instruments.all(scope)
    used: list[tuple[Instrument, Standing]] = []
    for code in sorted({record.code for record in records}):
        current = in_force(records, code, today)
        used += [(current, "in_force")] if current else []
        used += [(one, "coming") for one in records if one.code == code and one.valid_from > today]
        draft = await store.instruments.draft(scope, code)
        used += [(draft.record, "draft")] if draft else []
    return library(used, await store.clauses.kept(scope))


async def keep(unit: AgreementsUnit, actor: Actor, command: NewClause) -> LibraryClause:
    """Puts a clause of its own into the library."""
    refuse_role(actor, toolkit.EDITS)
    there = await library_of(unit.store, unit.scope, city_day(unit.now))
    if any(one.code == command.code for one in there):
        it, en = "C'è già una clausola con questo codice.", "There is a clause of this code already."
        raise Invalid("already-there", it, en, "/code")
    clause = Clause(**command.model_dump(exclude={"reason"}))
    await _write(unit, clause, "kept", command.reason)
    return await found(unit, command.code)


async def remove(
    unit: AgreementsUnit, actor: Actor, code: str, command: RemoveClause, expected: int | None = None
) -> None:
    """Takes the library's own wording out; whichever instrument has the clause keeps it."""
    refuse_role(actor, toolkit.EDITS)
    await found(unit, code, expected)
    kept = {one.clause.code: one.clause for one in await unit.store.clauses.kept(unit.scope)}
    if code not in kept:
        raise NotPossible(
            "not-kept",
            "Questa clausola sta solo negli strumenti: si toglie nella bozza di ciascuno.",
            "This clause stands only in instruments: it is taken away in the draft of each.",
        )
    await _write(unit, kept[code], "removed", command.reason)


async def change(
    unit: AgreementsUnit, actor: Actor, code: str, command: ClauseChange, expected: int | None = None
) -> LibraryClause:
    """Gives the clause new words, in drafts that are opened or continued: in all of them, or nowhere."""
    refuse_role(actor, toolkit.EDITS)
    drafts = await _locked(unit)
    clause = await found(unit, code, expected)
    targets = _chosen(await _targets(unit, clause, drafts), code, command)
    if not targets and clause.revision is None:
        it, en = "Scegli almeno uno strumento.", "Choose at least one instrument."
        raise Invalid("nothing-chosen", it, en, "/instruments")
    edit = InstrumentEdit(clauses={code: ClauseEdit(**command.model_dump(exclude={"instruments", "reason"}))})
    faults = [fault for record in targets for fault in _faults(record, edit)]
    if faults:
        raise InvalidFields(tuple(faults))
    changed = await _kept_anew(unit, code, command)
    for record in targets:
        if not writing.differences(record, writing.edited(record, edit)):
            continue
        changed = True
        if record.code not in drafts:
            await toolkit.open_draft(unit, actor, record.code, OpenDraft(reason=command.reason))
        else:
            await unit.store.instruments.note(unit.scope, record, unit.now, "edited", command.reason)
        await toolkit.edit(unit, actor, record.code, edit)
    if not changed:
        raise NotPossible("no-difference", "Queste parole ci sono già.", "These words are there already.")
    return await found(unit, code)


async def take(
    unit: AgreementsUnit, actor: Actor, instrument: str, command: TakeClause, expected: int | None = None
) -> Draft:
    """Puts a clause of the library into the instrument's draft. Raises InvalidFields at `/clause`."""
    refuse_role(actor, toolkit.EDITS)
    draft = await unit.store.instruments.draft(unit.scope, instrument, lock=True)
    if draft is None:
        raise toolkit.UnknownInstrument
    there = [clause.code for clause in draft.record.clauses]
    if command.clause in there:
        it, en = "La bozza ha già una clausola con questo codice.", "The draft has a clause of this code already."
        raise Invalid("already-there", it, en, "/clause")
    known = await library_of(unit.store, unit.scope, city_day(unit.now))
    clause = next((one for one in known if one.code == command.clause), None)
    if clause is None:
        raise Invalid("unknown-clause", "La raccolta non ha questa clausola.", "There is no such clause.", "/clause")
    wording = clause.wording(command.wording)
    if wording is None:
        it, en = "La clausola ha più testi: scegline uno.", "The clause has several wordings: choose one of them."
        raise Invalid("which-wording", it, en, "/wording")
    words = ClauseEdit(**wording.model_dump(include={"heading", "text", "source", "certainty"}))
    order = placed([*there, clause.code], {clause.code: command.position})
    try:
        return await toolkit.edit(
            unit, actor, instrument, InstrumentEdit(clauses={clause.code: words}, clause_order=order), expected
        )
    except InvalidFields as wrong:
        raise InvalidFields(_once([(one.code, one.italian, one.english, "/clause") for one in wrong.faults])) from None


async def found(unit: AgreementsUnit, code: str, expected: int | None = None) -> LibraryClause:
    """The clause of that code. Raises UnknownInstrument, or Stale when it is another than `expected`."""
    clauses = await library_of(unit.store, unit.scope, city_day(unit.now))
    clause = next((one for one in clauses if one.code == code), None)
    if clause is None:
        raise toolkit.UnknownInstrument
    if expected is not None and clause.state != expected:
        raise Stale
    return clause


async def _locked(unit: AgreementsUnit) -> dict[str, Draft]:
    """All drafts of the city, kept until the transaction ends; always in one order."""
    codes = sorted({record.code for record in await unit.store.instruments.all(unit.scope)})
    drafts = {code: await unit.store.instruments.draft(unit.scope, code, lock=True) for code in codes}
    return {code: draft for code, draft in drafts.items() if draft}


async def _targets(unit: AgreementsUnit, clause: LibraryClause, drafts: dict[str, Draft]) -> dict[str, Instrument]:
    """What each instrument's next version starts from, of those in which the clause still is."""
    records = await unit.store.instruments.all(unit.scope)
    targets = {}
    for code in sorted({use.instrument for use in clause.uses}):
        newest = max((one for one in records if one.code == code), key=lambda one: (one.valid_from, one.version))
        record = drafts[code].record if code in drafts else newest
        if any(one.code == clause.code for one in record.clauses):
            targets[code] = record
    return targets


def _chosen(targets: dict[str, Instrument], code: str, command: ClauseChange) -> list[Instrument]:
    if command.instruments is None:
        wordings = {
            (one.heading, one.text) for record in targets.values() for one in record.clauses if one.code == code
        }
        if len(wordings) > 1:
            raise Invalid(
                "wordings-differ",
                "Gli strumenti dicono cose diverse: indica in quali cambiare il testo.",
                "The instruments say different things: say in which of them the words change.",
                "/instruments",
            )
        return list(targets.values())
    for name in command.instruments:
        if name not in targets:
            it, en = f"'{name}' non ha questa clausola.", f"'{name}' does not have this clause."
            raise Invalid("not-there", it, en, "/instruments")
    return [record for name, record in targets.items() if name in command.instruments]


def _faults(record: Instrument, edit: InstrumentEdit) -> tuple[Invalid, ...]:
    """What the instrument has against the words, each at the field of the command."""
    try:
        writing.edited(record, edit)
    except InvalidFields as wrong:
        return _once(
            [
                (
                    one.code,
                    f"{record.title.it}: {one.italian}",
                    f"{record.title.en}: {one.english}",
                    f"/{one.pointer.partition('/clauses/')[2].partition('/')[2]}",
                )
                for one in wrong.faults
            ]
        )
    return ()


def _once(faults: list[tuple[str, str, str, str]]) -> tuple[Invalid, ...]:
    """The same fault in both languages of a text is one."""
    return tuple(Invalid(*one) for one in dict.fromkeys(faults))


async def _kept_anew(unit: AgreementsUnit, code: str, command: ClauseChange) -> bool:
    """Changes the library's own wording, if there is one; False when it stays as it is."""
    kept = next((one.clause for one in await unit.store.clauses.kept(unit.scope) if one.clause.code == code), None)
    if kept is None:
        return False
    given = {name: getattr(command, name) for name in ("heading", "text", "source", "certainty")}
    clause = kept.model_copy(update={name: value for name, value in given.items() if value is not None})
    if clause == kept:
        return False
    await _write(unit, clause, "changed", command.reason)
    return True


async def _write(unit: AgreementsUnit, clause: Clause, act: str, reason: str) -> None:
    history = await unit.store.clauses.history(unit.scope, clause.code)
    last = history[0].revision if history else 0
    if not await unit.store.clauses.add(unit.scope, clause, last, unit.now, act, reason):
        raise Stale
