"""The read models alone, for ``sportello replay``: nothing is proposed, posted or published."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from chassis.delivery import Delivery
from chassis.unit import Unit
from services.matching.handlers import describing
from services.matching.store import MatchingStore
from services.matching.text.many import profiles_of_many


async def note_needs(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]]) -> None:
    """Needs as last described."""
    newest = {one.event.need_id: one.event for one in sorted(deliveries, key=lambda one: one.event.version)}
    described = await describing.needs(list(newest.values()), profiles_of_many)
    await unit.store.projections.save_needs(unit.scope, described)


async def note_offers(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]]) -> None:
    """Offers as last described."""
    newest = {one.event.offer_id: one.event for one in sorted(deliveries, key=lambda one: one.event.version)}
    described = await describing.offers(list(newest.values()), profiles_of_many)
    await unit.store.projections.save_offers(unit.scope, described)


async def note_names(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]]) -> None:
    await unit.store.projections.name_stakeholders(unit.scope, [one.event for one in deliveries])


async def note_vetting(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]]) -> None:
    await unit.store.projections.vet_stakeholders(unit.scope, [one.event for one in deliveries])


async def note_managers(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]]) -> None:
    await unit.store.projections.assign_managers(unit.scope, [one.event for one in deliveries])


async def note_instruments(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]]) -> None:
    for one in deliveries:
        await unit.store.instruments.save(unit.scope, one.event)


async def _need_closed(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[Any]],
    *,
    state: Literal["withdrawn", "expired", "fulfilled"],
) -> None:
    for one in deliveries:
        await unit.store.projections.close_need(unit.scope, one.event.need_id, one.event.version, state)


async def _offer_closed(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]], *, state: Literal["withdrawn", "expired"]
) -> None:
    for one in deliveries:
        await unit.store.projections.close_offer(unit.scope, one.event.offer_id, one.event.version, state)


note_need_withdrawn = partial(_need_closed, state="withdrawn")
note_need_expired = partial(_need_closed, state="expired")
note_need_fulfilled = partial(_need_closed, state="fulfilled")
note_offer_withdrawn = partial(_offer_closed, state="withdrawn")
note_offer_expired = partial(_offer_closed, state="expired")
