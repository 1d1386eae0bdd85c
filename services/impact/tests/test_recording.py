"""What a report comes to, and why some are refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.impact.domain import recording
from services.impact.domain.choosing import commitment_meant
from services.impact.domain.commands import CorrectMeasurement, DefineIndicator, RecordDelivery, RecordMeasurement
from services.impact.domain.library import Definition, defined
from services.impact.domain.plan import Plan, opened_by
from services.impact.domain.recording import Reading
from services.impact.domain.refusals import Invalid, NotAllowed, NotFound, NotPossible
from services.impact.domain.reporter import Reporter, source
from services.impact.domain.states import Act, State, after
from services.impact.tests import sample

pytestmark = pytest.mark.unit
TODAY = date(2021, 6, 1)


def delivery(plan: Plan, number: int, quantity: str, **more: object) -> RecordDelivery:
    promised = plan.commitments[number].promised
    return RecordDelivery.model_validate(
        {"offer_id": promised.offer_id, "offer_line": promised.offer_line, "quantity": quantity} | more
    )


@pytest.fixture
def plan() -> Plan:
    agreement = sample.signed(sample.allocation("9", "E48"), indicators=(sample.indicator("children", target="300"),))
    return opened_by(agreement)


def measured(plan: Plan, value: str, **more: object) -> recording.Outcome:
    command = RecordMeasurement.model_validate({"indicator": "children", "value": value} | more)
    return recording.record_measurement(plan, command, TODAY, uuid.uuid4)


def test_fulfilled_once_everything_is_delivered_and_measured(plan: Plan) -> None:
    first = recording.record_delivery(plan, 0, delivery(plan, 0, "9"), TODAY, uuid.uuid4)
    second = measured(first.plan, "300")
    third = measured(second.plan, "310")
    assert [one.fulfilled is not None for one in (first, second, third)] == [False, True, False]
    assert second.fulfilled is not None
    assert second.fulfilled.version == second.plan.version == 4


def test_an_interim_reading_does_not_close_an_indicator(plan: Plan) -> None:
    delivered = recording.record_delivery(plan, 0, delivery(plan, 0, "9"), TODAY, uuid.uuid4)
    assert measured(delivered.plan, "100", final=False).fulfilled is None


def test_a_plan_that_promises_nothing_stays_open() -> None:
    plan = opened_by(sample.signed(indicators=(sample.indicator("children"),)))
    assert measured(plan, "1").fulfilled is None


def test_a_capability_in_another_unit_does_not_follow_from_the_goods() -> None:
    plan = opened_by(sample.food())
    outcome = recording.record_delivery(plan, 0, delivery(plan, 0, "9600"), TODAY, uuid.uuid4)
    assert [one.delivered for one in outcome.plan.commitments] == [9600, 0]


def test_money_without_a_value_is_worth_itself() -> None:
    plan = opened_by(sample.signed(sample.allocation("3000", "EUR")))
    assert plan.commitments[0].value_at(Decimal(3000)) == 300_000


def test_allocations_of_one_line_to_one_line_are_one_commitment() -> None:
    offer = uuid.uuid4()
    two = [sample.allocation("4", value=400, offer=offer), sample.allocation("6", value=600, offer=offer)]
    [commitment] = opened_by(sample.signed(*two)).commitments
    assert (commitment.quantity, commitment.value_at(commitment.quantity)) == (10, 1000)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"offer_id": str(uuid.uuid4())}, "/offer_id", "unknown-offer"),
        ({"offer_line": 7}, "/offer_line", "unknown-commitment"),
        ({"need_line": 7}, "/need_line", "unknown-commitment"),
    ],
)
def test_what_names_no_commitment_is_pointed_at(plan: Plan, change: dict[str, object], pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        commitment_meant(plan, delivery(plan, 0, "1", **change))
    assert (refused.value.pointer, refused.value.code) == (pointer, code)


def test_a_line_that_goes_to_two_lines_must_say_which() -> None:
    offer = uuid.uuid4()
    plan = opened_by(
        sample.signed(sample.allocation("4", offer=offer), sample.allocation("6", offer=offer, need_line=1))
    )
    with pytest.raises(Invalid) as refused:
        commitment_meant(plan, delivery(plan, 0, "1"))
    assert refused.value.code == "ambiguous-commitment"
    assert commitment_meant(plan, delivery(plan, 0, "1", need_line=1)).position == 1


def test_the_future_is_not_recorded(plan: Plan) -> None:
    with pytest.raises(Invalid) as refused:
        recording.record_delivery(plan, 0, delivery(plan, 0, "1", delivered_on="2021-06-02"), TODAY, uuid.uuid4)
    assert refused.value.pointer == "/delivered_on"


def test_an_indicator_that_was_not_agreed_is_not_measured(plan: Plan) -> None:
    with pytest.raises(Invalid) as refused:
        measured(plan, "1", indicator="happiness")
    assert refused.value.pointer == "/indicator"


def test_after_the_end_only_what_came_before_is_recorded(plan: Plan) -> None:
    ended = replace(plan, state=State.CLOSED, closed_on=date(2021, 5, 1))
    with pytest.raises(NotPossible):
        recording.record_delivery(ended, 0, delivery(ended, 0, "1"), TODAY, uuid.uuid4)
    before = delivery(ended, 0, "9", delivered_on="2021-04-30")
    assert recording.record_delivery(ended, 0, before, TODAY, uuid.uuid4).fulfilled is None


def test_a_correction_without_difference_is_nothing(plan: Plan) -> None:
    reading = Reading(uuid.uuid4(), "children", Decimal(300))
    command = CorrectMeasurement(value=Decimal(300), reason="counted again")
    assert recording.correct_measurement(plan, reading, command, uuid.uuid4).facts == ()


@pytest.mark.parametrize(
    ("quantity", "codes"),
    [("9", []), ("10", ["exceeds-commitment"]), ("90", ["exceeds-commitment", "far-beyond"])],
)
def test_more_than_promised_is_said(plan: Plan, quantity: str, codes: list[str]) -> None:
    outcome = recording.record_delivery(plan, 0, delivery(plan, 0, quantity), TODAY, uuid.uuid4)
    assert [one.code for one in outcome.warnings] == codes


def test_a_reading_far_beyond_the_target_is_asked_about(plan: Plan) -> None:
    assert [one.code for one in measured(plan, "3000").warnings] == ["far-beyond"]


def reporters() -> Iterator[tuple[Reporter, str | None]]:
    yield Reporter("a", account_manager=True), "account_manager"
    yield Reporter("b", department="education"), "department:education"
    yield Reporter("c", stakeholders=frozenset({str(sample.BANK)})), f"stakeholder:{sample.BANK}"
    yield Reporter("d", reads_all=True), None
    yield Reporter("e", stakeholders=frozenset({str(sample.CHIPS)})), None


@pytest.mark.parametrize(("reporter", "expected"), list(reporters()))
def test_in_whose_name_somebody_reports(plan: Plan, reporter: Reporter, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(NotAllowed):
            source(reporter, plan, plan.commitments[0])
    else:
        assert source(reporter, plan, plan.commitments[0]) == expected


def test_who_has_no_part_in_it_does_not_learn_that_it_exists(plan: Plan) -> None:
    with pytest.raises(NotFound):
        source(Reporter("x", department="environment"), plan)


def test_states_are_a_table() -> None:
    assert after(State.OPEN, Act.CLOSE) is State.CLOSED
    assert after(State.FULFILLED, Act.CLOSE) is State.FULFILLED
    with pytest.raises(ValueError):
        after(State.CLOSED, Act.FULFIL)


def test_defining_an_indicator_again_says_nothing_new() -> None:
    known = Definition(uuid.uuid4(), 3, "children", "Bambini", "Children", "IE")
    assert (
        defined(known, "children", DefineIndicator(title_it="Bambini", title_en="Children", unit="IE"), uuid.uuid4())
        is None
    )
    changed = defined(
        known, "children", DefineIndicator(title_it="Bimbi", title_en="Children", unit="IE"), uuid.uuid4()
    )
    assert changed is not None
    assert (changed.version, changed.indicator_id) == (4, known.indicator_id)
