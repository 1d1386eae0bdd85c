"""Commands on stakeholders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.auth.actor import Actor
from chassis.http import etag
from chassis.http.problem import invalid
from contracts.values import StakeholderType
from services.intake.domain import stakeholders as domain
from services.intake.domain.assignment import Assignment
from services.intake.domain.needs import past_error
from services.intake.domain.stakeholders import Contact, Stakeholder, Vetted
from services.intake.handlers import IntakeUnit, refusals
from services.intake.handlers.offers import acts_for


async def register_stakeholder(
    unit: IntakeUnit,
    actor: Actor,
    name: str,
    kind: StakeholderType,
    external_ref: str | None = None,
    contact: Contact | None = None,
) -> tuple[Stakeholder, bool]:
    """Registers an organisation; with a known ``external_ref``, the organisation of then and False.

    Whoever registers it becomes a member of it, unless it is somebody of the city who does so on its behalf. A repeated
    registration makes nobody a member: references can be guessed.
    """
    if external_ref is not None:
        await unit.store.stakeholders.claim_reference(unit.scope, external_ref)
        known = await unit.store.stakeholders.by_reference(unit.scope, external_ref)
        if known is not None:
            return known, False
    one, registered = domain.register(unit.new_id(), name, kind, external_ref, actor.subject, unit.now)
    events = [(registered, one.version)]
    guide = Assignment(await unit.store.people.candidates(unit.scope, unit.now)).next()
    if guide is not None:
        one, assigned = domain.assign(one, guide, None, unit.now)
        events.append((assigned, one.version))
    member = actor.may_be_member
    if member:
        one, joined = domain.membership(one, actor.subject, True, unit.now)
        events.append((joined, one.version))
    await unit.store.stakeholders.save(unit.scope, one)
    if contact is not None:
        await unit.store.stakeholders.save_contact(unit.scope, one.stakeholder_id, contact, unit.now)
    if member:
        await unit.store.stakeholders.save_membership(unit.scope, one, actor.subject, True)
    for event, version in events:
        unit.append(event, aggregate_id=one.stakeholder_id, version=version)
    return one, True


async def change_stakeholder(
    unit: IntakeUnit, actor: Actor, stakeholder_id: UUID, expected: int | None, changes: dict[str, Any]
) -> Stakeholder:
    """Changes name or type (published) and the contact (kept here); what is not in ``changes`` stays."""
    one = await _locked(unit, actor, stakeholder_id, expected)
    public = {name: value for name, value in changes.items() if name != "contact" and value != getattr(one, name)}
    if "contact" in changes:
        await unit.store.stakeholders.save_contact(unit.scope, stakeholder_id, changes["contact"], unit.now)
    if not public:
        return one
    changed, event = domain.change(one, public, unit.now)
    await unit.store.stakeholders.save(unit.scope, changed)
    unit.append(event, aggregate_id=stakeholder_id, version=changed.version)
    return changed


async def change_membership(
    unit: IntakeUnit, actor: Actor, stakeholder_id: UUID, subject: str, active: bool
) -> Stakeholder:
    """Lets the account ``subject`` act for the organisation, or no longer."""
    one = await _locked(unit, actor, stakeholder_id, None)
    if await unit.store.stakeholders.is_member(unit.scope, stakeholder_id, subject) == active:
        return one
    changed, event = domain.membership(one, subject, active, unit.now)
    await unit.store.stakeholders.save(unit.scope, changed)
    await unit.store.stakeholders.save_membership(unit.scope, changed, subject, active)
    unit.append(event, aggregate_id=stakeholder_id, version=changed.version)
    return changed


async def vet_stakeholder(
    unit: IntakeUnit, actor: Actor, stakeholder_id: UUID, expected: int | None, vetted: Vetted
) -> Stakeholder:
    """Notes that the organisation was checked. The same result again changes nothing."""
    one = await unit.store.stakeholders.get(unit.scope, stakeholder_id, lock=True)
    if one is None:
        raise refusals.no_stakeholder()
    etag.check(expected, one.version)
    if (one.vetting, one.vetting_reason, one.vetting_valid_until) == (
        vetted.outcome,
        vetted.reason,
        vetted.valid_until,
    ):
        return one
    if vetted.valid_until is not None and vetted.valid_until <= unit.now:
        raise invalid([past_error()])
    changed, event = domain.vet(one, vetted, actor.subject, unit.now)
    await unit.store.stakeholders.save(unit.scope, changed)
    unit.append(event, aggregate_id=stakeholder_id, version=changed.version)
    return changed


async def _locked(unit: IntakeUnit, actor: Actor, stakeholder_id: UUID, expected: int | None) -> Stakeholder:
    one = await unit.store.stakeholders.get(unit.scope, stakeholder_id, lock=True)
    if one is None:
        raise refusals.no_stakeholder()
    if not actor.has("account_manager") and not await acts_for(unit, actor, stakeholder_id):
        raise refusals.not_your_stakeholder()
    etag.check(expected, one.version)
    return one
