"""What offers do: they come, change, and close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events import intake
from services.matching.domain.policy import Policy
from services.matching.domain.proposals import Proposal
from services.matching.handlers import describing
from services.matching.handlers.lines import open_lines, revise_lines
from services.matching.handlers.pace import PACE
from services.matching.handlers.proposing import propose_for_offers
from services.matching.store import MatchingStore

DEFAULT = Policy()
State = intake.OfferReceived | intake.OfferChanged


async def on_offer_received(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.OfferReceived]], *, policy: Policy = DEFAULT
) -> None:
    """Opens the offer's lines in the ledger and proposes it. Until its giver is checked it is only kept."""
    with PACE.at_work():
        described = await describing.offers([one.event for one in deliveries])
        await unit.store.looks.note(unit.scope, "offer", [one.event.offer_id for one in deliveries])
        new = await unit.store.projections.save_offers(unit.scope, described)
        fresh = {one.event.offer_id: one for one in deliveries if one.event.offer_id in new}
        await open_lines(unit, "offer", [(offer_id, one.event.lines) for offer_id, one in fresh.items()])

        def cause_of(proposal: Proposal) -> Delivery[Any] | None:
            return next((fresh[one] for one in _offers_in(proposal) if one in fresh), None)

        await propose_for_offers(unit, fresh, policy, cause_of=cause_of)


async def on_offer_changed(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.OfferChanged]], *, policy: Policy = DEFAULT
) -> None:
    """Adjusts what is offered; proposals are looked at again."""
    newest = {one.event.offer_id: one for one in sorted(deliveries, key=lambda one: one.event.version)}
    new = await unit.store.projections.save_offers(
        unit.scope, await describing.offers([one.event for one in newest.values()])
    )
    changed = {offer_id: one for offer_id, one in newest.items() if offer_id in new}
    await revise_lines(unit, "offer", {offer_id: (one.event.lines, one) for offer_id, one in changed.items()})
    await unit.store.ledger.list_offers(unit.scope, changed)
    await unit.store.revisions.ask(unit.scope, unit.now, offers=changed, widen=True)


async def on_offer_withdrawn(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.OfferWithdrawn]], *, policy: Policy = DEFAULT
) -> None:
    await _close(unit, deliveries, "withdrawn")


async def on_offer_expired(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.OfferExpired]], *, policy: Policy = DEFAULT
) -> None:
    await _close(unit, deliveries, "expired")


async def _close(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]], state: str) -> None:
    closed = set()
    for one in deliveries:
        if await unit.store.projections.close_offer(unit.scope, one.event.offer_id, one.event.version, state):
            closed.add(one.event.offer_id)
    if closed:
        await unit.store.ledger.list_offers(unit.scope, closed)
        await unit.store.revisions.ask(unit.scope, unit.now, offers=closed)


def _offers_in(proposal: Proposal) -> list[UUID]:
    return [share.allocation.offer_id for share in proposal.shares]
