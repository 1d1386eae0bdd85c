"""Commands on offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.auth.actor import Actor
from chassis.http import etag
from chassis.http.problem import conflict, invalid
from chassis.validation import field_error
from contracts.values import FieldError
from services.intake.domain import limits
from services.intake.domain import offers as domain
from services.intake.domain.lines import alike_warnings, in_use_errors, quantity_warnings, whole_warnings
from services.intake.domain.offers import Offer, OfferContent
from services.intake.domain.states import NotPossible
from services.intake.handlers import IntakeUnit, refusals
from services.intake.store.offers import OfferContext


@dataclass(frozen=True)
class Taken:
    """An offer as taken. ``new`` is False when the same reference had brought it before."""

    offer: Offer
    new: bool
    warnings: tuple[FieldError, ...] = ()


async def take_offer(unit: IntakeUnit, actor: Actor, content: OfferContent, note: str | None = None) -> Taken:
    """Takes an offer from somebody who acts for the stakeholder, or from an account manager on its behalf."""
    own = await _may_offer(unit, actor, content.stakeholder_id)
    known = await _known(unit, content)
    if known is not None:
        return Taken(known, new=False)
    context = await unit.store.offers.context(unit.scope, content)
    errors = _context_errors(content, context) + domain.content_errors(content, unit.now)
    if not own and not note:
        errors.append(
            field_error(
                "/note",
                "missing",
                "chi registra per conto di altri dice come è arrivata l'offerta (telefono, lettera …)",
                "whoever registers on somebody's behalf says how the offer came (telephone, letter …)",
            )
        )
    if errors:
        raise invalid(errors)
    if context.vetting == "refused":
        raise conflict(
            "stakeholder-refused",
            "Questa organizzazione non è stata ammessa: l'account manager può dire perché.",
            "This organisation was not admitted: the account manager can say why.",
        )
    offer, event = domain.receive(
        unit.new_id(), content, context.account_manager_id, actor.subject, unit.now, None if own else note
    )
    if not await unit.store.offers.insert(unit.scope, offer):
        known = await _known(unit, content)  # somebody brought the same reference in this moment
        assert known is not None
        return Taken(known, new=False)
    unit.append(event, aggregate_id=offer.offer_id, version=offer.version, case=offer.offer_id)
    return Taken(offer, True, warnings(content, context))


async def change_offer(
    unit: IntakeUnit, actor: Actor, offer_id: UUID, expected: int | None, changes: dict[str, Any]
) -> Taken:
    """Changes an offer; what is not in ``changes`` stays. Repeating a change changes nothing."""
    offer = await _locked(unit, actor, offer_id, expected)
    content = offer.content.changed(changes)
    if content == offer.content:
        return Taken(offer, new=False)
    context = await unit.store.offers.context(unit.scope, content)
    balances = await unit.store.balances.of(unit.scope, [offer_id])
    used = {balance.line for balance in balances.get(offer_id, ()) if balance.in_use}
    answers_another = content.answers_need_id != offer.content.answers_need_id
    errors = (
        _context_errors(
            content, context, check_need=answers_another, check_limits=answers_another or _limits_apart(offer, content)
        )
        + domain.content_errors(content, unit.now, offer.content)
        + in_use_errors(offer.content.lines, content.lines, used)
    )
    if errors:
        raise invalid(errors)
    try:
        changed, event = domain.change(offer, content, unit.now)
    except NotPossible as wrong:
        raise refusals.closed(wrong) from wrong
    await unit.store.offers.update(unit.scope, changed)
    unit.append(event, aggregate_id=offer_id, version=changed.version, case=offer_id)
    return Taken(changed, False, warnings(content, context))


async def withdraw_offer(
    unit: IntakeUnit, actor: Actor, offer_id: UUID, expected: int | None, reason: str | None
) -> Offer:
    """Takes back what is not yet committed; what is already withdrawn stays so."""
    offer = await _locked(unit, actor, offer_id, expected)
    if offer.state == "withdrawn":
        return offer
    try:
        closed, event = domain.withdraw(offer, reason, unit.now)
    except NotPossible as wrong:
        raise refusals.closed(wrong) from wrong
    await unit.store.offers.update(unit.scope, closed)
    unit.append(event, aggregate_id=offer_id, version=closed.version, case=offer_id)
    return closed


async def _locked(unit: IntakeUnit, actor: Actor, offer_id: UUID, expected: int | None) -> Offer:
    offer = await unit.store.offers.get(unit.scope, offer_id, lock=True)
    if offer is None:
        raise refusals.no_offer()
    await _may_offer(unit, actor, offer.content.stakeholder_id)
    etag.check(expected, offer.version)
    return offer


async def acts_for(unit: IntakeUnit, actor: Actor, stakeholder_id: UUID) -> bool:
    """Whether the actor is a member, also one of this very moment."""
    return actor.acts_for(stakeholder_id) or (
        actor.may_be_member and await unit.store.stakeholders.is_member(unit.scope, stakeholder_id, actor.subject)
    )


async def _may_offer(unit: IntakeUnit, actor: Actor, stakeholder_id: UUID) -> bool:
    """True for a member, False for an account manager on behalf. Raises for anybody else."""
    if await acts_for(unit, actor, stakeholder_id):
        return True
    if not actor.has("account_manager"):
        raise refusals.not_your_stakeholder()
    return False


async def _known(unit: IntakeUnit, content: OfferContent) -> Offer | None:
    if content.external_ref is None:
        return None
    return await unit.store.offers.by_reference(unit.scope, content.stakeholder_id, content.external_ref)


def warnings(content: OfferContent, context: OfferContext) -> tuple[FieldError, ...]:
    """What looks odd about an offer, and what keeps it from the need it answers as far as the giver may know."""
    found = whole_warnings(content.lines)
    if context.need is not None and context.need_state == "open":
        asked = context.need_lines
        found += alike_warnings(content.lines, asked, context.need.requires)
        found += quantity_warnings(content.lines, asked) + limits.lot_warnings(content.lines, asked)
    return tuple(found)


def _limits_apart(offer: Offer, content: OfferContent) -> bool:
    return any(getattr(offer.content, name) != getattr(content, name) for name in limits.OF_AN_OFFER)


def _context_errors(
    content: OfferContent, context: OfferContext, *, check_need: bool = True, check_limits: bool = True
) -> list[FieldError]:
    """``check_limits``: against the need it answers; it may have moved beyond what the offer said before, and then
    that is no reason to refuse another day or quantity."""
    errors = domain.unknown_partners(content, context.stakeholders)
    errors += limits.unknown_stakeholders("excluded_receivers", content.excluded_receivers, context.stakeholders)
    errors += limits.unknown_departments(content.excluded_departments, context.departments)
    if check_limits and context.need is not None and context.need_state == "open":
        errors += limits.answering_errors(content, context.need)
    if context.vetting is None:
        errors.append(
            field_error(
                "/stakeholder_id",
                "unknown-stakeholder",
                "questa organizzazione non è registrata",
                "this organisation is not registered",
            )
        )
    if content.answers_need_id is not None and check_need and context.need_state != "open":
        unknown = context.need_state is None
        errors.append(
            field_error(
                "/answers_need_id",
                "unknown-need" if unknown else "need-closed",
                "questo bisogno non esiste" if unknown else "questo bisogno non è più aperto",
                "this need does not exist" if unknown else "this need is no longer open",
            )
        )
    return errors
