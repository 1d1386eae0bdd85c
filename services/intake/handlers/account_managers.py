"""Account managers: who is there, who covers, and that nobody is left without one."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.auth.actor import Actor
from chassis.http.problem import invalid
from chassis.validation import field_error
from contracts.values import FieldError
from services.intake.domain import needs, stakeholders
from services.intake.domain.assignment import Assignment
from services.intake.domain.needs import Need
from services.intake.domain.stakeholders import Stakeholder
from services.intake.handlers import IntakeUnit
from services.intake.store.people import AccountManager

BATCH = 500


async def set_availability(unit: IntakeUnit, actor: Actor, wanted: AccountManager) -> AccountManager:
    """Notes that an account manager is there, away (with cover) or gone, and moves the work accordingly."""
    before = await unit.store.people.account_manager(unit.scope, actor.subject)
    errors = await _absence_errors(unit, wanted)
    if errors:
        raise invalid(errors)
    await unit.store.people.save_account_manager(unit.scope, wanted, unit.now)
    if not wanted.active:
        await _hand_over(unit, wanted.subject)
        return wanted
    if before is not None:
        await _set_cover(unit, wanted.subject, wanted.covered_by)
    if wanted.away_until is None:
        await assign_waiting(unit)
    return wanted


async def _absence_errors(unit: IntakeUnit, wanted: AccountManager) -> list[FieldError]:
    errors = []
    if wanted.away_until is not None and wanted.away_until <= unit.now:
        errors.append(
            field_error("/absence/until", "in-the-past", "questo momento è già passato", "this moment has passed")
        )
    if wanted.covered_by is not None:
        present = {one.subject for one in await unit.store.people.candidates(unit.scope, unit.now)}
        if wanted.covered_by == wanted.subject or wanted.covered_by not in present:
            errors.append(
                field_error(
                    "/absence/covered_by",
                    "unknown-account-manager",
                    "chi sostituisce è un altro account manager presente",
                    "the cover is another account manager who is there",
                )
            )
    return errors


async def end_absence(unit: IntakeUnit, subject: str) -> None:
    """Notes that an account manager whose absence has passed is back."""
    manager = await unit.store.people.account_manager(unit.scope, subject)
    if manager is None or manager.away_until is None or manager.away_until > unit.now:
        return
    back = AccountManager(subject, manager.active, manager.policy_areas, None, None)
    await unit.store.people.save_account_manager(unit.scope, back, unit.now)
    await _set_cover(unit, subject, None)


async def assign_waiting(unit: IntakeUnit, limit: int = BATCH) -> int:
    """Gives stakeholders and open needs without an account manager to whoever is there; returns how many."""
    assignment = Assignment(await unit.store.people.candidates(unit.scope, unit.now))
    return await _assign_stakeholders(
        unit, assignment, await unit.store.stakeholders.unassigned(unit.scope, limit)
    ) + await _assign_needs(unit, assignment, await unit.store.needs.unassigned(unit.scope, limit))


async def _hand_over(unit: IntakeUnit, subject: str) -> None:
    """Gives all that somebody who is gone was holding to the others; it stays while there is nobody else."""
    assignment = Assignment(await unit.store.people.candidates(unit.scope, unit.now))
    await _assign_stakeholders(unit, assignment, await unit.store.stakeholders.all_guided_by(unit.scope, subject))
    await _assign_needs(unit, assignment, await unit.store.needs.all_guided_by(unit.scope, subject))


async def _set_cover(unit: IntakeUnit, subject: str, covered_by: str | None) -> None:
    for one in await unit.store.stakeholders.guided_by(unit.scope, subject, covered_by, 10_000):
        await _save_assigned(unit, one, subject, covered_by)


async def _assign_stakeholders(unit: IntakeUnit, assignment: Assignment, waiting: Sequence[Stakeholder]) -> int:
    assigned = 0
    for one in waiting:
        subject = assignment.next()
        if subject is not None:
            await _save_assigned(unit, one, subject, None)
            assigned += 1
    return assigned


async def _save_assigned(unit: IntakeUnit, one: Stakeholder, subject: str, covered_by: str | None) -> None:
    changed, event = stakeholders.assign(one, subject, covered_by, unit.now)
    await unit.store.stakeholders.save(unit.scope, changed)
    unit.append(event, aggregate_id=changed.stakeholder_id, version=changed.version)


async def _assign_needs(unit: IntakeUnit, assignment: Assignment, waiting: Sequence[Need]) -> int:
    changed = []
    for need in waiting:
        subject = assignment.next(need.content.policy_area)
        if subject is None:
            break
        guided, event = needs.assign(need, subject, unit.now)
        unit.append(event, aggregate_id=guided.need_id, version=guided.version, case=guided.need_id)
        changed.append(guided)
    if changed:
        await unit.store.needs.update(unit.scope, changed)
    return len(changed)
