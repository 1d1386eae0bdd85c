"""What the ledger says about the lines of our needs and offers."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.delivery import Delivery
from contracts.events.matching import LineBalanceChanged
from services.intake.domain import needs
from services.intake.domain.lines import all_closed
from services.intake.handlers import IntakeUnit


async def on_line_balance_changed(unit: IntakeUnit, deliveries: Sequence[Delivery[LineBalanceChanged]]) -> None:
    """Keeps the balances, and marks needs fulfilled whose last line was delivered."""
    await unit.store.balances.project(unit.scope, [delivery.event for delivery in deliveries])
    latest = {
        delivery.event.subject_id: delivery
        for delivery in deliveries
        if delivery.event.line_of == "need" and delivery.event.delivered > 0
    }
    if not latest:
        return
    found = await unit.store.needs.get_many(unit.scope, latest, lock=True)
    balances = await unit.store.balances.of(unit.scope, found)
    closed = []
    for need in found.values():
        if need.state != "open" or not all_closed(len(need.content.lines), balances.get(need.need_id, ())):
            continue
        fulfilled, event = needs.fulfil(need, unit.now)
        unit.append(
            event,
            aggregate_id=need.need_id,
            version=fulfilled.version,
            case=need.need_id,
            cause=latest[need.need_id],
        )
        closed.append(fulfilled)
    if closed:
        await unit.store.needs.update(unit.scope, closed)
