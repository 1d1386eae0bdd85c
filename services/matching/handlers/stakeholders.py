"""What intake says about organisations: who they are, whether they were checked, who guides them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events import intake
from services.matching.domain.policy import Policy
from services.matching.handlers.proposing import propose_for_needs, propose_for_offers
from services.matching.store import MatchingStore

DEFAULT = Policy()


async def on_stakeholder_named(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[intake.StakeholderRegistered | intake.StakeholderChanged]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """A name arrives: it may be all that a need or an offer that came earlier was waiting for."""
    await unit.store.looks.note(unit.scope, "stakeholder", [one.event.stakeholder_id for one in deliveries])
    new = await unit.store.projections.name_stakeholders(unit.scope, [one.event for one in deliveries])
    # What kind of organisation it is may be news as well, and some needs exclude a kind.
    offers = await unit.store.projections.offers_with(unit.scope, new)
    await unit.store.revisions.ask(unit.scope, unit.now, offers=offers, widen=True)
    await _propose(unit, new, deliveries, policy)


async def on_stakeholder_vetted(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.StakeholderVetted]], *, policy: Policy = DEFAULT
) -> None:
    """Offers of an approved organisation become candidates; those of a refused one fall out."""
    await unit.store.looks.note(unit.scope, "stakeholder", [one.event.stakeholder_id for one in deliveries])
    new = await unit.store.projections.vet_stakeholders(unit.scope, [one.event for one in deliveries])
    offers = await unit.store.projections.offers_of(unit.scope, new)
    if offers:
        await unit.store.ledger.list_offers(unit.scope, offers)
    last = {
        one.event.stakeholder_id: one.event.outcome for one in sorted(deliveries, key=lambda one: one.event.version)
    }
    refused = {one for one in new if last[one] == "refused"}
    if refused:
        fallen = await unit.store.projections.offers_of(unit.scope, refused)
        needs = await unit.store.projections.needs_naming(unit.scope, refused)
        await unit.store.revisions.ask(unit.scope, unit.now, needs=needs, offers=fallen)
    await _propose(unit, new - refused, deliveries, policy)


async def on_account_manager_assigned(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[intake.AccountManagerAssigned]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """Open matches follow the assignment."""
    new = await unit.store.projections.assign_managers(unit.scope, [one.event for one in deliveries])
    if new:
        await unit.store.matches.follow_managers(unit.scope, new)


async def _propose(
    unit: Unit[MatchingStore], stakeholders: Collection[UUID], deliveries: Sequence[Delivery[Any]], policy: Policy
) -> None:
    if not stakeholders:
        return
    causes = {one.event.stakeholder_id: one for one in deliveries}
    offers = await unit.store.projections.offers_of(unit.scope, stakeholders)
    needs = await unit.store.projections.needs_naming(unit.scope, stakeholders)
    last = deliveries[-1]
    await propose_for_offers(
        unit,
        offers,
        policy,
        cause_of=lambda proposal: next(
            (causes[party.stakeholder_id] for party in proposal.parties if party.stakeholder_id in causes), last
        ),
    )
    await propose_for_needs(unit, needs, policy, cause_of=lambda proposal: last)
