"""A signature opens a plan, an amendment changes what it promises, the end of the agreement closes it."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.delivery import Delivery
from chassis.failures import PermanentFailure
from chassis.unit import Unit
from contracts.events.agreements import AgreementAmended, AgreementSigned, AgreementTerminated
from services.impact.domain import recording
from services.impact.domain.plan import opened_by, opening
from services.impact.domain.reporter import SYSTEM
from services.impact.domain.states import Act, after
from services.impact.handlers.results import CITY_TIME, keep
from services.impact.store import Store
from services.impact.store.facts import Origin


async def on_agreement_signed(unit: Unit[Store], deliveries: Sequence[Delivery[AgreementSigned]]) -> None:
    """Opens the plan that the agreement carries."""
    for delivery in deliveries:
        plan = opened_by(delivery.event)
        if await unit.store.plans.open(unit.scope, plan, delivery.event, unit.now):
            unit.append(opening(plan), aggregate_id=plan.plan_id, version=plan.version, cause=delivery)


async def on_agreement_amended(unit: Unit[Store], deliveries: Sequence[Delivery[AgreementAmended]]) -> None:
    """Brings the plan in step with the agreement: quantities, targets, last day."""
    for delivery in deliveries:
        event = delivery.event
        plan = await unit.store.plans.find(unit.scope, event.agreement_id, lock=True)
        if plan is None:
            # Its signature comes before it on the same key, so it must be here.
            raise PermanentFailure(f"agreement {event.agreement_id} has no plan")
        if event.allocations is None:
            continue
        outcome = recording.amend(plan, event, unit.now.astimezone(CITY_TIME).date(), unit.new_id)
        await unit.store.plans.amend(unit.scope, outcome.plan, event.valid_to)
        await keep(unit, outcome, Origin(SYSTEM, None, "agreements", unit.now), delivery)


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
