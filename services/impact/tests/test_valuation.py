"""However a commitment is delivered and corrected, its parts are worth exactly the whole."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events.impact import DeliveryRecorded, ResultCorrected
from services.impact.domain import recording
from services.impact.domain.commands import CorrectDelivery, RecordDelivery
from services.impact.domain.plan import Plan, opened_by
from services.impact.domain.recording import Fact, Recorded
from services.impact.tests import sample

pytestmark = pytest.mark.unit
TODAY = date(2021, 6, 1)
thousandths = st.integers(min_value=1, max_value=10**7).map(lambda n: Decimal(n) / 1000)


class Book:
    """Facts as the tables keep them: added, and summed up when asked."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.facts: list[Fact] = []
        self._ids = (uuid.UUID(int=n) for n in itertools.count(1))

    def deliver(self, position: int, quantity: Decimal) -> uuid.UUID:
        promised = self.plan.commitments[position].promised
        command = RecordDelivery(offer_id=promised.offer_id, offer_line=promised.offer_line, quantity=quantity)
        before = len(self.facts)
        self._keep(recording.record_delivery(self.plan, position, command, TODAY, lambda: next(self._ids)))
        return next(
            fact.event.delivery_id
            for fact in self.facts[before:]
            if isinstance(fact.event, DeliveryRecorded) and not fact.accompanying
        )

    def correct(self, delivery_id: uuid.UUID, quantity: Decimal) -> None:
        command = CorrectDelivery(quantity=quantity, reason="counted again")
        outcome = recording.correct_delivery(self.plan, self.now(delivery_id), command, TODAY, lambda: next(self._ids))
        self._keep(outcome)

    def now(self, delivery_id: uuid.UUID) -> Recorded:
        mine = [fact for fact in self.facts if _about(fact) == delivery_id]
        return Recorded(
            delivery_id,
            mine[0].position or 0,
            sum((_delta(fact) for fact in mine), Decimal(0)),
            None if mine[0].value_delta is None else sum(fact.value_delta or 0 for fact in mine),
            mine[0].accompanying,
            "account_manager",
        )

    def delivered(self, position: int) -> Decimal:
        return sum((_delta(fact) for fact in self.facts if fact.position == position), Decimal(0))

    def value(self, position: int) -> int:
        return sum(fact.value_delta or 0 for fact in self.facts if fact.position == position)

    def _keep(self, outcome: recording.Outcome) -> None:
        self.plan = outcome.plan
        self.facts.extend(outcome.facts)


def _about(fact: Fact) -> uuid.UUID:
    assert isinstance(fact.event, DeliveryRecorded | ResultCorrected)
    return fact.event.delivery_id if isinstance(fact.event, DeliveryRecorded) else fact.event.corrected_id


def _delta(fact: Fact) -> Decimal:
    assert isinstance(fact.event, DeliveryRecorded | ResultCorrected)
    return fact.event.quantity if isinstance(fact.event, DeliveryRecorded) else fact.event.after - fact.event.before


def book(*allocations: Any) -> Book:
    return Book(opened_by(sample.signed(*allocations)))


@given(value=st.integers(0, 10**9), parts=st.lists(thousandths, min_size=1, max_size=8))
def test_parts_that_make_the_whole_are_worth_the_whole(value: int, parts: list[Decimal]) -> None:
    whole = book(sample.allocation(str(sum(parts)), value=value))
    for part in parts:
        whole.deliver(0, part)
    assert whole.value(0) == value


@given(
    value=st.integers(0, 10**9),
    parts=st.lists(thousandths, min_size=1, max_size=6),
    corrections=st.lists(st.tuples(st.integers(0, 5), st.one_of(st.just(Decimal(0)), thousandths)), max_size=8),
)
def test_corrections_leave_the_value_of_what_is_there(
    value: int, parts: list[Decimal], corrections: list[tuple[int, Decimal]]
) -> None:
    one = book(sample.allocation("1000", value=value))
    ids = [one.deliver(0, part) for part in parts]
    for number, quantity in corrections:
        one.correct(ids[number % len(ids)], quantity)
    there = one.delivered(0)
    assert there == sum((one.now(delivery).quantity for delivery in ids), Decimal(0))
    assert one.plan.commitments[0].delivered == there
    assert one.value(0) == one.plan.commitments[0].value_at(there)


@given(parts=st.lists(thousandths, min_size=2, max_size=6), seed=st.randoms(use_true_random=False))
def test_the_order_of_deliveries_changes_no_sum(parts: list[Decimal], seed: Any) -> None:
    shuffled = list(parts)
    seed.shuffle(shuffled)
    one, other = (book(sample.allocation("777", value=123_457)) for _ in range(2))
    for part in parts:
        one.deliver(0, part)
    for part in shuffled:
        other.deliver(0, part)
    assert (one.delivered(0), one.value(0)) == (other.delivered(0), other.value(0))


@given(parts=st.lists(st.integers(1, 271), min_size=1, max_size=6), corrected=st.integers(0, 271))
def test_what_accompanies_keeps_step_with_the_goods(parts: list[int], corrected: int) -> None:
    one = Book(opened_by(sample.devices()))
    ids = [one.deliver(0, Decimal(part)) for part in parts]
    one.correct(ids[0], Decimal(corrected))
    goods = min(one.delivered(0), Decimal(271))
    assert [one.delivered(position) for position in (1, 2, 3)] == [goods] * 3
    assert all(_delta(fact) + 0 == _delta(fact) for fact in one.facts)
    assert all(fact.event.version == number for number, fact in enumerate(_unbroken(one), start=2))


def _unbroken(one: Book) -> list[Fact]:
    """Facts by version, with a hole where the plan was fulfilled (that event is no fact)."""
    versions = [fact.event.version for fact in one.facts]
    assert versions == sorted(set(versions))
    missing = set(range(2, one.plan.version + 1)) - set(versions)
    assert len(missing) <= 1
    hole = missing.pop() if missing else one.plan.version + 1
    return [fact for fact in one.facts if fact.event.version < hole]


def test_a_recorded_delivery_takes_the_place_of_the_assumed_one() -> None:
    one = Book(opened_by(sample.devices()))
    one.deliver(0, Decimal(100))
    one.deliver(1, Decimal(90))
    one.deliver(0, Decimal(100))
    assert [one.delivered(position) for position in range(4)] == [200, 90, 200, 200]


def test_the_excess_is_on_record_and_not_counted_as_committed() -> None:
    one = book(sample.allocation("10", value=1000))
    one.deliver(0, Decimal(12))
    [commitment] = one.plan.commitments
    assert (commitment.excess, one.value(0), commitment.is_delivered) == (2, 1200, True)


def test_without_a_value_nothing_is_valued() -> None:
    one = book(sample.allocation("10"))
    one.deliver(0, Decimal(10))
    assert [fact.value_delta for fact in one.facts] == [None]


def test_versions_never_repeat() -> None:
    one = Book(opened_by(sample.devices()))
    one.deliver(0, Decimal(271))
    assert [fact.event.version for fact in one.facts] == [2, 3, 4, 5]
    assert one.plan.version == 6  # the last one says that the plan is fulfilled
    assert replace(one.plan).state == "fulfilled"
