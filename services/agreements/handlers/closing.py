"""Commands that refuse, end, rest or resume an agreement, and what the calendar does by itself."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from services.agreements.domain import closing
from services.agreements.domain.closing import Calendar
from services.agreements.domain.commands import Decide, Suspend, Terminate
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.register import EntryAct
from services.agreements.domain.splitting import match_over
from services.agreements.domain.states import Act, State
from services.agreements.handlers.access import refuse_role
from services.agreements.handlers.desk import AgreementsUnit, city_day, keep
from services.agreements.handlers.filling import opened
from services.agreements.handlers.registering import enter_end, publish_owed

ENDS: dict[State, EntryAct] = {
    State.REJECTED: "rejected",
    State.TERMINATED: "terminated",
    State.COMPLETED: "completed",
    State.EXPIRED: "expired",
}
"""What the register notes of an end."""


async def reject(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Decide, expected: int | None = None
) -> AgreementFile:
    """Refuses the file for good; its number, if it has one, stays in the register as annulled."""
    others = await siblings(unit, agreement_id)
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    outcome = closing.reject(file, command.reason, match_over(file, others))
    rejected = await keep(unit, outcome, "reject", command.reason)
    await enter_end(unit, rejected, "rejected")
    return rejected


async def terminate(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Terminate, expected: int | None = None
) -> AgreementFile:
    """Ends a signed agreement early, today or on a day to come."""
    others = await siblings(unit, agreement_id)
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    today = city_day(unit.now)
    outcome = closing.terminate(file, command.reason, command.effective_on, today, match_over(file, others))
    if outcome.file.state is not State.TERMINATED:
        return await keep(unit, outcome, "schedule_end", f"{outcome.file.ends_on}: {command.reason}")
    terminated = await keep(unit, outcome, "terminate", command.reason)
    await enter_end(unit, terminated, "terminated")
    return terminated


async def keep_on(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None = None) -> AgreementFile:
    """Takes back an early end that was decided for a day to come."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    return await keep(unit, closing.keep_on(file), "keep_on")


async def suspend(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Suspend, expected: int | None = None
) -> AgreementFile:
    """Lets an active agreement rest, if need be until a day."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    outcome = closing.suspend(file, command.reason, command.until, city_day(unit.now))
    return await keep(unit, outcome, "suspend", command.reason)


async def resume(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None = None) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    return await keep(unit, closing.resume(file, city_day(unit.now)), "resume")


async def follow_calendar(unit: AgreementsUnit, agreement_id: UUID, calendar: Calendar) -> int:
    """Does with the file whatever is due by today, in the order of the days; returns how many things that were.

    Days missed while nobody looked are caught up with. The file is locked, so with several instances each thing
    happens once; what has been done already is not due any more.
    """
    others = await siblings(unit, agreement_id)
    file = await unit.store.files.load(unit.scope, agreement_id)
    today, done = city_day(unit.now), 0
    while file is not None:
        act = closing.next_due(file, today, calendar)
        if act is None:
            break
        before = file
        file = await _carry_out(unit, file, act, match_over(file, others))
        if file == before:
            break
        done += 1
    return done


async def _carry_out(unit: AgreementsUnit, file: AgreementFile, act: Act, over: bool) -> AgreementFile:
    today = city_day(unit.now)
    if act is Act.ACTIVATE:
        file = await publish_owed(unit, file)
        if file.state is not State.SIGNED:
            return file
    outcome = closing.by_calendar(file, act, today, over)
    moved = await keep(unit, outcome, act.value, outcome.file.closing_reason if outcome.file.state in ENDS else None)
    if moved.state in ENDS:
        await enter_end(unit, moved, ENDS[moved.state])
    return moved


async def siblings(unit: AgreementsUnit, agreement_id: UUID) -> list[AgreementFile]:
    """All files of the match that this one belongs to, itself included, locked: taken before any other lock."""
    file = await unit.store.files.read(unit.scope, agreement_id)
    return await unit.store.files.of_match(unit.scope, file.match_id) if file else []
