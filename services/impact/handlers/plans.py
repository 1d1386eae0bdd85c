"""A signature opens a plan; the end of the agreement closes it."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events.agreements import AgreementSigned, AgreementTerminated
from services.impact.domain.plan import opened_by, opening
from services.impact.domain.states import Act, after
from services.impact.store import Store


async def on_agreement_signed(unit: Unit[Store], deliveries: Sequence[Delivery[AgreementSigned]]) -> None:
    """Opens the plan that the agreement carries."""
    for delivery in deliveries:
        plan = opened_by(delivery.event)
        if await unit.store.plans.open(unit.scope, plan, delivery.event, unit.now):
            unit.append(opening(plan), aggregate_id=plan.plan_id, version=plan.version, cause=delivery)


async def on_agreement_terminated(unit: Unit[Store], deliveries: Sequence[Delivery[AgreementTerminated]]) -> None:
    """Closes the plan: nothing more is awaited. An agreement that was never signed has none."""
    for delivery in deliveries:
        event = delivery.event
        plan = await unit.store.plans.find(unit.scope, event.agreement_id, lock=True)
        if plan is None:
            continue
        state = after(plan.state, Act.CLOSE)
        if state is not plan.state:
            await unit.store.plans.close(unit.scope, plan.plan_id, state, event.effective_on, event.reason)
