"""Commands on needs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.auth.actor import Actor
from chassis.http import etag
from chassis.http.problem import conflict, invalid
from contracts.values import FieldError
from services.intake.domain import needs as domain
from services.intake.domain.assignment import Assignment
from services.intake.domain.limits import unknown_stakeholders
from services.intake.domain.lines import in_use_errors
from services.intake.domain.needs import Need, NeedContent
from services.intake.domain.states import NotPossible
from services.intake.handlers import IntakeUnit, refusals
from services.intake.store.needs import NeedContext


def may_manage(actor: Actor, department: str) -> bool:
    """Whether the actor may register and change needs of ``department``."""
    return actor.has("account_manager") or (actor.has("department") and actor.department == department)


def sees_exclusions(actor: Actor, department: str) -> bool:
    """Whether the actor sees whom a need of ``department`` excludes: who may change it, and who watches over all."""
    return may_manage(actor, department) or actor.has("coordinator", "legal", "operations")


async def register_need(unit: IntakeUnit, actor: Actor, content: NeedContent) -> tuple[Need, bool]:
    """Registers a need; with an ``external_ref`` its department has used, the need of then and False."""
    if not may_manage(actor, content.department):
        raise refusals.not_your_department()
    known = await _known(unit, content)
    if known is not None:
        return known, False
    context = await _context(unit, content)
    errors = domain.content_errors(content, unit.now) + _unknown(content, context)
    if errors:
        raise invalid(errors)
    account_manager = Assignment(context.candidates).next(content.policy_area)
    name = context.departments.get(content.department)
    need, event = domain.register(unit.new_id(), content, account_manager, unit.now, name)
    if not await unit.store.needs.insert(unit.scope, [need]):
        known = await _known(unit, content)  # somebody registered the same reference in this moment
        assert known is not None
        return known, False
    unit.append(event, aggregate_id=need.need_id, version=need.version, case=need.need_id)
    return need, True


async def _context(unit: IntakeUnit, content: NeedContent) -> NeedContext:
    return await unit.store.needs.context(
        unit.scope,
        unit.now,
        [content.department, *content.with_departments],
        [*content.receivers, *content.excluded_stakeholders],
    )


def _unknown(content: NeedContent, context: NeedContext) -> list[FieldError]:
    return (
        domain.unknown_departments(content, context.departments)
        + domain.unknown_receivers(content, context.stakeholders)
        + unknown_stakeholders("excluded_stakeholders", content.excluded_stakeholders, context.stakeholders)
    )


async def _known(unit: IntakeUnit, content: NeedContent) -> Need | None:
    if content.external_ref is None:
        return None
    return await unit.store.needs.by_reference(unit.scope, content.department, content.external_ref)


async def change_need(
    unit: IntakeUnit, actor: Actor, need_id: UUID, expected: int | None, changes: dict[str, Any]
) -> Need:
    """Changes a need; what is not in ``changes`` stays. Repeating a change changes nothing."""
    need = await _locked(unit, actor, need_id, expected)
    content = need.content.changed(changes)
    if content == need.content:
        return need
    context = await _context(unit, content)
    balances = await unit.store.balances.of(unit.scope, [need_id])
    used = {balance.line for balance in balances.get(need_id, ()) if balance.in_use}
    errors = (
        domain.content_errors(content, unit.now, need.content)
        + _unknown(content, context)
        + in_use_errors(need.content.lines, content.lines, used)
    )
    if errors:
        raise invalid(errors)
    try:
        changed, event = domain.change(need, content, unit.now)
    except NotPossible as wrong:
        raise refusals.closed(wrong) from wrong
    await unit.store.needs.update(unit.scope, [changed])
    unit.append(event, aggregate_id=need_id, version=changed.version, case=need_id)
    return changed


async def withdraw_need(
    unit: IntakeUnit, actor: Actor, need_id: UUID, expected: int | None, reason: str | None
) -> Need:
    """Takes a need back; what is already withdrawn stays so."""
    need = await _locked(unit, actor, need_id, expected)
    if need.state == "withdrawn":
        return need
    try:
        closed, event = domain.withdraw(need, reason, unit.now)
    except NotPossible as wrong:
        raise refusals.closed(wrong) from wrong
    await unit.store.needs.update(unit.scope, [closed])
    unit.append(event, aggregate_id=need_id, version=closed.version, case=need_id)
    return closed


async def _locked(unit: IntakeUnit, actor: Actor, need_id: UUID, expected: int | None) -> Need:
    need = await unit.store.needs.get(unit.scope, need_id, lock=True)
    if need is None:
        raise refusals.no_need()
    if not may_manage(actor, need.content.department):
        raise refusals.not_your_department()
    etag.check(expected, need.version)
    return need


def need_is_open(state: str | None) -> None:
    """Raises unless the need exists and is open."""
    if state is None:
        raise refusals.no_need()
    if state != "open":
        raise conflict("need-closed", "Questo bisogno non è più aperto.", "This need is no longer open.")
