"""Commands that refuse, end, rest or resume an agreement, and the first day of those that begin later."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from services.agreements.domain import closing, signing
from services.agreements.domain.commands import Decide, Terminate
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.outcome import Outcome
from services.agreements.domain.states import State
from services.agreements.handlers.access import refuse_role
from services.agreements.handlers.desk import AgreementsUnit, city_day, keep
from services.agreements.handlers.filling import opened
from services.agreements.handlers.registering import enter_end


async def reject(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Decide, expected: int | None = None
) -> AgreementFile:
    """Refuses the file for good; its number, if it has one, stays in the register as annulled."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    rejected = await keep(unit, closing.reject(file, command.reason), "reject", command.reason)
    await enter_end(unit, rejected, "rejected")
    return rejected


async def terminate(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Terminate, expected: int | None = None
) -> AgreementFile:
    """Ends a signed agreement early."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    outcome = closing.terminate(file, command.reason, command.effective_on, city_day(unit.now))
    terminated = await keep(unit, outcome, "terminate", command.reason)
    await enter_end(unit, terminated, "terminated")
    return terminated


async def suspend(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Decide, expected: int | None = None
) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    return await keep(unit, closing.suspend(file, command.reason), "suspend", command.reason)


async def resume(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None = None) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    return await keep(unit, closing.resume(file, city_day(unit.now)), "resume")


async def activate_due(unit: AgreementsUnit, agreement_id: UUID) -> None:
    """Lets a signed agreement take effect once its first day has come; anything else is left alone."""
    file = await unit.store.files.load(unit.scope, agreement_id)
    today = city_day(unit.now)
    if file is None or file.state is not State.SIGNED or not signing.is_due(file, today):
        return
    await keep(unit, signing.activated(Outcome(file), today), "activate")
