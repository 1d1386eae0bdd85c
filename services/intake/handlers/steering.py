"""What the focus group decides: it steers the matching."""

from __future__ import annotations

from datetime import date

from contracts.events.intake import NeighbourhoodIndicatorsLoaded, PrioritiesSet
from services.intake.handlers import IntakeUnit


async def set_priorities(
    unit: IntakeUnit, valid_from: date, valid_to: date, weights: dict[str, float]
) -> PrioritiesSet:
    """Publishes the priorities (weight 0-1 per policy area) of a period, both days included."""
    event = PrioritiesSet(
        priorities_id=unit.new_id(), version=1, valid_from=valid_from, valid_to=valid_to, weights=weights
    )
    await unit.store.steering.save_priorities(unit.scope, event, unit.now)
    unit.append(event, aggregate_id=event.priorities_id, version=1)
    return event


async def load_indicators(
    unit: IntakeUnit, name: str, source: str, values: dict[int, float]
) -> NeighbourhoodIndicatorsLoaded:
    """Publishes one indicator per neighbourhood, from 0 (best off) to 1 (worst off)."""
    event = NeighbourhoodIndicatorsLoaded(
        indicators_id=unit.new_id(), version=1, name=name, source=source, values=values
    )
    await unit.store.steering.save_indicators(unit.scope, event, unit.now)
    unit.append(event, aggregate_id=event.indicators_id, version=1)
    return event
