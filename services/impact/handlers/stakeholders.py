"""Names of organisations, for pages and reports."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events.intake import StakeholderChanged, StakeholderRegistered
from services.impact.store import Store


async def on_stakeholder_named(
    unit: Unit[Store], deliveries: Sequence[Delivery[StakeholderRegistered] | Delivery[StakeholderChanged]]
) -> None:
    """Keeps the newest name of each."""
    events = [delivery.event for delivery in deliveries]
    rows = [(event.stakeholder_id, event.name, event.stakeholder_type, event.version) for event in events]
    await unit.store.names.save(unit.scope, rows)
