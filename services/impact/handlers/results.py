"""Reporting what came and what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events.impact import DeliveryRecorded, IndicatorMeasured
from services.impact.domain import recording
from services.impact.domain.choosing import commitment_meant
from services.impact.domain.commands import CorrectDelivery, CorrectMeasurement, RecordDelivery, RecordMeasurement
from services.impact.domain.doubts import Doubt
from services.impact.domain.plan import Plan
from services.impact.domain.recording import Outcome
from services.impact.domain.refusals import NotAllowed, NotFound, NotPossible
from services.impact.domain.reporter import Reporter, no_such_plan, source
from services.impact.store import Store
from services.impact.store.facts import Origin

CITY_TIME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True)
class Kept:
    """What a report came to: the fact's id, the plan as it is now, and whether anything is new."""

    fact_id: UUID
    plan: Plan
    new: bool = False
    warnings: tuple[Doubt, ...] = ()


async def record_delivery(unit: Unit[Store], plan_id: UUID, reporter: Reporter, command: RecordDelivery) -> Kept:
    """Records a delivery once per reference. Raises NotFound, NotAllowed, Invalid or NotPossible."""
    plan = await _plan(unit, plan_id, reporter)
    commitment = commitment_meant(plan, command)
    name = source(reporter, plan, commitment)
    known = await unit.store.facts.delivery_by_ref(unit.scope, plan_id, name, command.external_ref)
    if known:
        _refuse_other_content((known.position, known.quantity) == (commitment.position, command.quantity))
        return Kept(known.delivery_id, plan)
    outcome = recording.record_delivery(plan, commitment.position, command, _today(unit), unit.new_id)
    await keep(unit, outcome, Origin(name, command.external_ref, reporter.subject, unit.now))
    return Kept(_recorded_id(outcome), outcome.plan, True, outcome.warnings)


async def record_measurement(unit: Unit[Store], plan_id: UUID, reporter: Reporter, command: RecordMeasurement) -> Kept:
    """Records a reading once per reference. Raises NotFound, NotAllowed, Invalid or NotPossible."""
    plan = await _plan(unit, plan_id, reporter)
    name = source(reporter, plan)
    known = await unit.store.facts.measurement_by_ref(unit.scope, plan_id, name, command.external_ref)
    if known:
        _refuse_other_content((known.indicator, known.value) == (command.indicator, command.value))
        return Kept(known.measurement_id, plan)
    outcome = recording.record_measurement(plan, command, _today(unit), unit.new_id)
    await keep(unit, outcome, Origin(name, command.external_ref, reporter.subject, unit.now))
    return Kept(_recorded_id(outcome), outcome.plan, True, outcome.warnings)


async def correct_delivery(
    unit: Unit[Store], plan_id: UUID, delivery_id: UUID, reporter: Reporter, command: CorrectDelivery
) -> Kept:
    """Says what was really delivered. Raises NotFound, NotAllowed or NotPossible."""
    plan = await _plan(unit, plan_id, reporter)
    wrong = await unit.store.facts.delivery(unit.scope, plan_id, delivery_id)
    if wrong is None:
        raise NotFound("not-found", "Questa consegna non esiste.", "There is no such delivery.")
    name = source(reporter, plan, plan.commitments[wrong.position])
    if name.startswith("stakeholder:") and wrong.source != name:
        raise NotAllowed(
            "not-yours-to-correct",
            "Un partner corregge solo le consegne che ha dichiarato: chiedere all'account manager.",
            "A partner corrects only the deliveries it declared: ask the account manager.",
        )
    outcome = recording.correct_delivery(plan, wrong, command, _today(unit), unit.new_id)
    await keep(unit, outcome, Origin(name, None, reporter.subject, unit.now))
    return Kept(delivery_id, outcome.plan, bool(outcome.facts), outcome.warnings)


async def correct_measurement(
    unit: Unit[Store], plan_id: UUID, measurement_id: UUID, reporter: Reporter, command: CorrectMeasurement
) -> Kept:
    """Says what was really measured. Raises NotFound or NotAllowed."""
    plan = await _plan(unit, plan_id, reporter)
    wrong = await unit.store.facts.measurement(unit.scope, plan_id, measurement_id)
    if wrong is None:
        raise NotFound("not-found", "Questa misura non esiste.", "There is no such measurement.")
    name = source(reporter, plan)
    outcome = recording.correct_measurement(plan, wrong, command, unit.new_id)
    await keep(unit, outcome, Origin(name, None, reporter.subject, unit.now))
    return Kept(measurement_id, outcome.plan, bool(outcome.facts), outcome.warnings)


async def _plan(unit: Unit[Store], plan_id: UUID, reporter: Reporter) -> Plan:
    """Locked: facts of one plan are written one after the other, so that their values add up."""
    plan = await unit.store.plans.find(unit.scope, plan_id, lock=True)
    if plan is None or not reporter.may_read(plan):
        raise no_such_plan()
    return plan


async def keep(unit: Unit[Store], outcome: Outcome, origin: Origin, cause: Delivery[Any] | None = None) -> None:
    """Adds the facts, moves the plan on and publishes what came of it."""
    if not (outcome.facts or outcome.fulfilled):
        return
    plan = outcome.plan
    for fact in outcome.facts:
        await unit.store.facts.add(unit.scope, fact, origin)
    await unit.store.plans.advance(unit.scope, plan, unit.now)
    events = [fact.event for fact in outcome.facts] + ([outcome.fulfilled] if outcome.fulfilled else [])
    for event in events:
        unit.append(event, aggregate_id=plan.plan_id, version=event.version, case=plan.need_id, cause=cause)


def _recorded_id(outcome: Outcome) -> UUID:
    """The id of what was reported, among what follows from it."""
    for fact in outcome.facts:
        if isinstance(fact.event, DeliveryRecorded) and not fact.accompanying:
            return fact.event.delivery_id
        if isinstance(fact.event, IndicatorMeasured):
            return fact.event.measurement_id
    raise AssertionError("a report always comes to a fact")


def _refuse_other_content(same: bool) -> None:
    if not same:
        raise NotPossible(
            "external-ref-reused",
            "Questo riferimento è già stato usato per un altro dato: usarne uno nuovo, oppure correggere quel dato.",
            "This reference was used for another fact already: use a new one, or correct that fact.",
        )


def _today(unit: Unit[Store]) -> date:
    return unit.now.astimezone(CITY_TIME).date()
