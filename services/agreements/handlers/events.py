"""What other services' events bring about here."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chassis import log
from chassis.delivery import Delivery
from chassis.failures import PermanentFailure
from chassis.scope import Scope
from contracts.events.impact import DeliveryRecorded, PlanFulfilled, ResultCorrected
from contracts.events.intake import StakeholderChanged, StakeholderRegistered
from contracts.events.matching import MatchAccepted, MatchEndAsked, MatchReleased
from services.agreements.domain import closing, drafting
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.states import IN_FORCE
from services.agreements.handlers.closing import ENDS
from services.agreements.handlers.desk import AgreementsUnit, city_day, keep, publish
from services.agreements.handlers.registering import enter_end

_logger = log.get("agreements.events")


async def on_match_accepted(unit: AgreementsUnit, deliveries: Sequence[Delivery[MatchAccepted]]) -> None:
    """Opens one file per match; a match that has one already keeps it."""
    for delivery in deliveries:
        here = unit.within(Scope(delivery.city, "matching"))
        outcome = drafting.draft(delivery.event, here.new_id(), here.now, city_day(here.now))
        if await here.store.files.add(here.scope, outcome.file):
            await here.store.files.note(here.scope, outcome.file, here.now, "draft")
            publish(here, outcome, delivery)


async def on_match_released(unit: AgreementsUnit, deliveries: Sequence[Delivery[MatchReleased]]) -> None:
    """Closes every file of a match that is gone; an agreement in force stays, and its history says so."""
    ended: list[tuple[AgreementsUnit, AgreementFile]] = []
    for delivery in deliveries:
        here = unit.within(Scope(delivery.city, "matching"))
        files = await here.store.files.of_match(here.scope, delivery.event.match_id)
        if not files:
            # Its acceptance comes before it on the same key, so it must be here.
            raise PermanentFailure(f"match {delivery.event.match_id} has no file")
        for file in files:
            outcome = closing.release(file, delivery.event.reason_code)
            if file.state in IN_FORCE:
                _logger.warning("agreement.match_released", agreement=str(file.agreement_id), state=file.state)
                await here.store.files.note(here.scope, file, here.now, "release", delivery.event.reason_code)
            if outcome.events:
                ended.append((here, await keep(here, outcome, "release", delivery.event.reason_code, delivery)))
    await _register(ended)


async def on_match_end_asked(unit: AgreementsUnit, deliveries: Sequence[Delivery[MatchEndAsked]]) -> None:
    """Closes all files of the match, or none if one of them has gone too far.

    The files are locked together, so this and submitting or signing come one after the other: who comes first wins.
    """
    ended: list[tuple[AgreementsUnit, AgreementFile]] = []
    for delivery in deliveries:
        here = unit.within(Scope(delivery.city, "matching"))
        files = await here.store.files.of_match(here.scope, delivery.event.match_id)
        if not files:
            # Its acceptance comes before it on the same key, so it must be here.
            raise PermanentFailure(f"match {delivery.event.match_id} has no file")
        # A division under way adds a file while we wait for its lock: now none can come any more.
        files = await here.store.files.of_match(here.scope, delivery.event.match_id)
        reason = delivery.event.reason_code
        if any(closing.holds(file, reason) for file in files):
            # What matching hears of that file anyway is the answer.
            _logger.info("agreement.match_end_refused", match=str(delivery.event.match_id), reason=reason)
            continue
        for file in files:
            outcome = closing.release(file, reason)
            if outcome.events:
                ended.append((here, await keep(here, outcome, "release", reason, delivery)))
    await _register(ended)


async def on_plan_fulfilled(unit: AgreementsUnit, deliveries: Sequence[Delivery[PlanFulfilled]]) -> None:
    """Completes the agreement once impact says that all is delivered and measured."""
    ended: list[tuple[AgreementsUnit, AgreementFile]] = []
    for delivery in deliveries:
        here = unit.within(Scope(delivery.city, "impact"))
        file = await here.store.files.load(here.scope, delivery.event.agreement_id)
        if file is None:
            # Impact knows of an agreement only from our own AgreementSigned.
            raise PermanentFailure(f"agreement {delivery.event.agreement_id} is not known here")
        outcome = closing.complete(file)
        if outcome.events:
            ended.append((here, await keep(here, outcome, "complete", cause=delivery)))
    await _register(ended)


async def on_delivery_recorded(unit: AgreementsUnit, deliveries: Sequence[Delivery[DeliveryRecorded]]) -> None:
    """Remembers what came, so that no amendment goes below it."""
    await _came(unit, [(one, one.event.quantity) for one in deliveries])


async def on_result_corrected(unit: AgreementsUnit, deliveries: Sequence[Delivery[ResultCorrected]]) -> None:
    """Follows corrected deliveries; corrected measurements change no quantity of an agreement."""
    corrected = [one for one in deliveries if one.event.corrects == "delivery" and one.event.offer_id is not None]
    await _came(unit, [(one, one.event.after - one.event.before) for one in corrected])


async def _came(unit: AgreementsUnit, reported: Sequence[tuple[Delivery[Any], Decimal]]) -> None:
    await unit.store.amendments.deliver(
        unit.scope,
        [
            (one.event.agreement_id, (one.event.offer_id, one.event.offer_line, one.event.need_line), difference)
            for one, difference in reported
        ],
    )


async def on_stakeholder(
    unit: AgreementsUnit, deliveries: Sequence[Delivery[StakeholderRegistered | StakeholderChanged]]
) -> None:
    """Projects names and kinds of organisations."""
    await unit.store.directory.project(
        [
            (one.city, one.event.stakeholder_id, one.event.version, one.event.name, one.event.stakeholder_type)
            for one in deliveries
        ]
    )


async def _register(ended: list[tuple[AgreementsUnit, AgreementFile]]) -> None:
    """Enters the ends last: the register's lock comes after those of all files, as it does everywhere."""
    for here, file in ended:
        await enter_end(here, file, ENDS[file.state])
