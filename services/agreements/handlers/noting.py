"""Commands that note what goes with an agreement: risks, milestones, and checks that were set aside."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from services.agreements.domain import drafting, overriding
from services.agreements.domain.commands import (
    MarkMilestone,
    SetAside,
    SetResponsibilities,
    SetRisks,
    SetTimeline,
    TakeBack,
)
from services.agreements.domain.file import AgreementFile
from services.agreements.handlers.access import FILLS_IN, refuse_role
from services.agreements.handlers.desk import AgreementsUnit, city_day, instrument_of, keep
from services.agreements.handlers.filling import opened

MARKS_MILESTONES = (*FILLS_IN, "department")


async def set_responsibilities(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: SetResponsibilities, expected: int | None = None
) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    return await keep(unit, drafting.set_responsibilities(file, command.responsibilities), "responsibilities")


async def set_risks(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: SetRisks, expected: int | None = None
) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    return await keep(unit, drafting.set_risks(file, command.risks), "risks")


async def set_timeline(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: SetTimeline, expected: int | None = None
) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    outcome = drafting.set_timeline(file, command.milestones, iter(unit.new_id, None))
    return await keep(unit, outcome, "timeline")


async def mark_milestone(
    unit: AgreementsUnit,
    actor: Actor,
    agreement_id: UUID,
    milestone_id: UUID,
    command: MarkMilestone,
    expected: int | None = None,
) -> AgreementFile:
    """Notes that a milestone was reached, or that it was not after all; also while the agreement runs."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *MARKS_MILESTONES)
    today = city_day(unit.now)
    done_on = (command.done_on or today) if command.done else None
    outcome = drafting.mark_milestone(file, milestone_id, done_on, today)
    title = next(one.title for one in file.milestones if one.milestone_id == milestone_id)
    return await keep(unit, outcome, "milestone" if command.done else "milestone_open", title)


async def set_aside(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: SetAside, expected: int | None = None
) -> AgreementFile:
    """Sets an open check aside; only the Legal Office, only with a reason, and with a mark that stays."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, overriding.ROLE)
    outcome = overriding.set_aside(
        file,
        await instrument_of(unit, file),
        command.check,
        command.reason,
        by=actor.subject,
        now=unit.now,
        today=city_day(unit.now),
    )
    return await keep(unit, outcome, "override", f"{command.check}: {command.reason}")


async def take_back(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: TakeBack, expected: int | None = None
) -> AgreementFile:
    """Lets a check count again."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, overriding.ROLE)
    outcome = overriding.take_back(file, command.check, command.reason, by=actor.subject, now=unit.now)
    return await keep(unit, outcome, "override_revoked", f"{command.check}: {command.reason}")
