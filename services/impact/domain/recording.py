"""Deciding what a report comes to: new facts, never a changed one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from contracts.events.agreements import AgreementAmended
from contracts.events.impact import DeliveryRecorded, IndicatorMeasured, PlanFulfilled, ResultCorrected
from services.impact.domain import doubts
from services.impact.domain.commands import CorrectDelivery, CorrectMeasurement, RecordDelivery, RecordMeasurement
from services.impact.domain.doubts import Doubt
from services.impact.domain.plan import ZERO, Accompanying, Commitment, Indicator, Plan
from services.impact.domain.refusals import Invalid, NotPossible
from services.impact.domain.reporter import SYSTEM
from services.impact.domain.states import Act, State, after, allows

MOST_QUANTITY = Decimal(10) ** 12
MOST_CENTS = 10**15
"""What quantities and values of the published language can hold."""

NewId = Callable[[], UUID]
CORRECTED = "corrected"
"""What the bus hears of the reason of a correction."""
REPLACED = "Sostituita da una consegna registrata. / Replaced by a delivery that was recorded."
FOLLOWS = "Segue la consegna che accompagna. / Follows the delivery it goes with."


@dataclass(frozen=True)
class Fact:
    """One event with what only this service keeps of it.

    ``position`` is the commitment's; ``value_delta`` what the fact adds to the value of the commitment, in cents.
    ``note`` (of a correction: why) is free text, so it may name people: it stays here and never goes on the bus.
    """

    event: DeliveryRecorded | IndicatorMeasured | ResultCorrected
    position: int | None = None
    value_delta: int | None = None
    accompanying: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The plan as it is now, the facts that made it so, in order, and what to tell who reported."""

    plan: Plan
    facts: tuple[Fact, ...]
    fulfilled: PlanFulfilled | None = None
    warnings: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class Recorded:
    """A delivery as it counts now: the one that is to be corrected. ``source`` is in whose name it was recorded."""

    delivery_id: UUID
    position: int
    quantity: Decimal
    value_cents: int | None
    accompanying: bool
    source: str


@dataclass(frozen=True)
class Reading:
    """A measurement as it counts now."""

    measurement_id: UUID
    indicator: str
    value: Decimal


def record_delivery(plan: Plan, position: int, command: RecordDelivery, today: date, new_id: NewId) -> Outcome:
    """A delivery for the commitment at ``position``. Raises Invalid or NotPossible."""
    delivered_on = _day(command.delivered_on, today, "/delivered_on")
    _refuse_before_signature(plan, command.delivered_on)
    _refuse_after_end(plan, delivered_on)
    entry = _Entry(plan, new_id)
    entry.replace_accompanying(position)
    entry.deliver(position, command.quantity, delivered_on, command.note)
    entry.accompany(delivered_on)
    return entry.outcome(doubts.of_delivery(plan.commitments[position], entry.plan.commitments[position]))


def record_measurement(plan: Plan, command: RecordMeasurement, today: date, new_id: NewId) -> Outcome:
    """A reading of one of the plan's indicators. Raises Invalid or NotPossible."""
    indicator = plan.indicator(command.indicator)
    if indicator is None:
        raise Invalid(
            "unknown-indicator",
            "questo indicatore non è nel piano di impatto concordato",
            "this indicator is not in the impact plan that was agreed",
            "/indicator",
        )
    measured_on = _day(command.measured_on, today, "/measured_on")
    _refuse_after_end(plan, measured_on)
    entry = _Entry(plan, new_id)
    entry.measure(indicator, command.value, measured_on, command.final)
    return entry.outcome(doubts.of_measurement(indicator.planned, command.value))


def correct_delivery(plan: Plan, wrong: Recorded, command: CorrectDelivery, today: date, new_id: NewId) -> Outcome:
    """What was delivered was something else. Without a difference nothing happens. Raises NotPossible."""
    if wrong.accompanying:
        raise NotPossible(
            "recorded-by-the-system",
            "Questa consegna segue da sola quella dei beni: per cambiarla, registrare una consegna per questa voce.",
            "This delivery follows the goods by itself: to change it, record a delivery for this commitment.",
        )
    if command.quantity == wrong.quantity:
        return Outcome(plan, ())
    entry = _Entry(plan, new_id)
    entry.correct_delivery(wrong, command.quantity, command.reason)
    entry.accompany(today)
    changed = entry.plan.commitments[wrong.position]
    return entry.outcome(doubts.of_delivery(plan.commitments[wrong.position], changed))


def correct_measurement(plan: Plan, wrong: Reading, command: CorrectMeasurement, new_id: NewId) -> Outcome:
    """What was measured was something else. Without a difference nothing happens."""
    if command.value == wrong.value:
        return Outcome(plan, ())
    entry = _Entry(plan, new_id)
    entry.correct_measurement(wrong, command.value, command.reason)
    indicator = plan.indicator(wrong.indicator)
    return entry.outcome(doubts.of_measurement(indicator.planned, command.value) if indicator else ())


def amend(plan: Plan, agreement: AgreementAmended, today: date, new_id: NewId) -> Outcome:
    """The plan under an amended agreement. What was promised less may thereby be all there.

    What exceeds the new promise stays on record and shows as such; capabilities follow what they serve.
    """
    entry = _Entry(plan.amended(agreement), new_id)
    if plan.state is State.OPEN:
        entry.accompany(today)
    return entry.outcome((), changed=True)


class _Entry:
    """Writes facts one after the other; each takes the plan one version on."""

    def __init__(self, plan: Plan, new_id: NewId) -> None:
        self.plan = plan
        self._new_id = new_id
        self._facts: list[Fact] = []

    def outcome(self, told: tuple[Doubt, ...], *, changed: bool = False) -> Outcome:
        """``changed``: what was promised changed, so that the plan may be complete without any new fact."""
        fulfilled = self._conclude(changed)
        return Outcome(self.plan, tuple(self._facts), fulfilled, told)

    def deliver(
        self, position: int, quantity: Decimal, on: date, note: str | None = None, *, accompanying: bool = False
    ) -> None:
        commitment = self.plan.commitments[position]
        came = _countable(commitment, commitment.delivered + quantity)
        value = commitment.value_between(commitment.delivered, came)
        delivery_id = self._new_id()
        self._next_version()
        event = DeliveryRecorded(
            **self.plan.reference(),
            delivery_id=delivery_id,
            offer_id=commitment.promised.offer_id,
            offer_line=commitment.promised.offer_line,
            need_line=commitment.promised.need_line,
            quantity=quantity,
            unit=commitment.promised.unit,
            value_cents=value,
            delivered_on=on,
        )
        self._facts.append(Fact(event, position, value, accompanying, note))
        recorded = commitment.recorded or not accompanying
        self.plan = self.plan.with_commitment(replace(commitment, delivered=came, recorded=recorded))
        if accompanying:
            self._remember(Accompanying(delivery_id, position, quantity, value))

    def correct_delivery(self, wrong: Recorded, quantity: Decimal, reason: str) -> None:
        commitment = self.plan.commitments[wrong.position]
        came = _countable(commitment, commitment.delivered - wrong.quantity + quantity)
        delta = commitment.value_between(commitment.delivered, came)
        self._next_version()
        event = ResultCorrected(
            **self.plan.reference(),
            correction_id=self._new_id(),
            corrects="delivery",
            corrected_id=wrong.delivery_id,
            offer_id=commitment.promised.offer_id,
            offer_line=commitment.promised.offer_line,
            need_line=commitment.promised.need_line,
            before=wrong.quantity,
            after=quantity,
            value_cents_after=_worth(wrong.value_cents, delta),
            reason=CORRECTED,
        )
        self._facts.append(Fact(event, wrong.position, delta, wrong.accompanying, reason))
        self.plan = self.plan.with_commitment(replace(commitment, delivered=came))
        if wrong.accompanying:
            value = None if wrong.value_cents is None or delta is None else wrong.value_cents + delta
            self._remember(Accompanying(wrong.delivery_id, wrong.position, quantity, value))

    def measure(self, indicator: Indicator, value: Decimal, on: date, final: bool | None) -> None:
        closing = indicator.planned.final if final is None else final
        self._next_version()
        event = IndicatorMeasured(
            **self.plan.reference(),
            measurement_id=self._new_id(),
            indicator=indicator.planned.code,
            value=value,
            unit=indicator.planned.unit,
            measured_on=on,
            final=closing,
        )
        self._facts.append(Fact(event))
        self.plan = self.plan.with_indicator(replace(indicator, measured=indicator.measured or closing))

    def correct_measurement(self, wrong: Reading, value: Decimal, reason: str) -> None:
        self._next_version()
        event = ResultCorrected(
            **self.plan.reference(),
            correction_id=self._new_id(),
            corrects="measurement",
            corrected_id=wrong.measurement_id,
            indicator=wrong.indicator,
            before=wrong.value,
            after=value,
            reason=CORRECTED,
        )
        self._facts.append(Fact(event, note=reason))

    def replace_accompanying(self, position: int) -> None:
        """What somebody records takes the place of what the system assumed for the same commitment."""
        for assumed in self._accompanying(position):
            self.correct_delivery(_as_recorded(assumed), ZERO, REPLACED)

    def accompany(self, on: date) -> None:
        """Brings every capability that follows from the deliveries in step with them."""
        for commitment in self.plan.commitments:
            due = self.plan.due_to_accompany(commitment)
            if due is None or due == commitment.delivered:
                continue
            if due > commitment.delivered:
                self.deliver(commitment.position, due - commitment.delivered, on, accompanying=True)
            else:
                self._take_back(commitment, commitment.delivered - due)

    def _take_back(self, commitment: Commitment, quantity: Decimal) -> None:
        left = quantity
        for assumed in reversed(self._accompanying(commitment.position)):
            taken = min(left, assumed.quantity)
            if taken > 0:
                self.correct_delivery(_as_recorded(assumed), assumed.quantity - taken, FOLLOWS)
            left -= taken

    def _accompanying(self, position: int) -> list[Accompanying]:
        return [one for one in self.plan.accompanying if one.position == position and one.quantity > 0]

    def _remember(self, now: Accompanying) -> None:
        known = [one.delivery_id for one in self.plan.accompanying]
        if now.delivery_id in known:
            kept = tuple(now if one.delivery_id == now.delivery_id else one for one in self.plan.accompanying)
        else:
            kept = (*self.plan.accompanying, now)
        self.plan = replace(self.plan, accompanying=kept)

    def _conclude(self, changed: bool) -> PlanFulfilled | None:
        if not ((changed or self._facts) and self.plan.is_complete and allows(self.plan.state, Act.FULFIL)):
            return None
        self._next_version()
        self.plan = replace(self.plan, state=after(self.plan.state, Act.FULFIL))
        return PlanFulfilled(**self.plan.reference())

    def _next_version(self) -> None:
        self.plan = replace(self.plan, version=self.plan.version + 1)


def _as_recorded(assumed: Accompanying) -> Recorded:
    return Recorded(assumed.delivery_id, assumed.position, assumed.quantity, assumed.value_cents, True, SYSTEM)


def _worth(before: int | None, delta: int | None) -> int | None:
    """A delivery's value after a correction. Rounding may leave a cent below zero on a delivery that never came."""
    return None if before is None or delta is None else max(before + delta, 0)


def _countable(commitment: Commitment, delivered: Decimal) -> Decimal:
    """``delivered``, unless no figure of it could be published. Raises Invalid."""
    if delivered >= MOST_QUANTITY or (commitment.value_at(delivered) or 0) > MOST_CENTS:
        raise Invalid("too-large", "è una quantità troppo grande", "is too large a quantity", "/quantity")
    return delivered


def _day(given: date | None, today: date, pointer: str) -> date:
    if given is not None and given > today:
        raise Invalid("in-the-future", "è nel futuro", "is in the future", pointer)
    return given or today


def _refuse_before_signature(plan: Plan, on: date | None) -> None:
    """What came before the agreement was signed was not given under it."""
    if on is not None and plan.signed_on is not None and on < plan.signed_on:
        raise Invalid(
            "before-the-signature",
            f"è prima della firma dell'accordo, che è del {plan.signed_on:%d/%m/%Y}",
            f"is before the agreement was signed, on {plan.signed_on:%Y-%m-%d}",
            "/delivered_on",
        )


def _refuse_after_end(plan: Plan, on: date) -> None:
    if plan.state is State.CLOSED and plan.closed_on is not None and on > plan.closed_on:
        raise NotPossible(
            "plan-closed",
            "L'accordo è cessato: si registra solo ciò che è avvenuto fino a quel giorno.",
            "The agreement has ended: only what happened up to that day is recorded.",
        )
