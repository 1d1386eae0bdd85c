"""What the focus group, the neighbourhood data and the Legal Office say; it steers proposals to come."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events import agreements, intake
from services.matching.domain.policy import Policy
from services.matching.store import MatchingStore

DEFAULT = Policy()


async def on_priorities_set(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[intake.PrioritiesSet]], *, policy: Policy = DEFAULT
) -> None:
    for one in deliveries:
        await unit.store.projections.save_priorities(unit.scope, one.event)


async def on_indicators_loaded(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[intake.NeighbourhoodIndicatorsLoaded]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    for one in deliveries:
        await unit.store.projections.save_indicators(unit.scope, one.event)


async def on_instrument_published(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[agreements.InstrumentPublished]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """Proposals to come keep to it; those that stand are looked at again when something they stand on changes.

    Another instrument makes possible what the others refused: that is looked for now.
    """
    if any([await unit.store.instruments.save(unit.scope, one.event) for one in deliveries]):
        needs = await unit.store.projections.open_needs(unit.scope)
        await unit.store.revisions.ask(unit.scope, unit.now, needs=needs, widen=True, looked=True)
