"""What decisions teach: weights move where decisions say so, and stay within their limits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.web.vocabulary import VOCABULARY
from services.matching.domain.rules import RULES_VERSION, WEIGHTS
from services.matching.learning.fitting import ENOUGH, FURTHEST, NOT_LEARNED, Decided, Fit, TooFew, fit

pytestmark = pytest.mark.unit

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def decided(number: int, true: Mapping[str, float], seed: int = 1, steepness: float = 14.0) -> list[Decided]:
    """Decisions of a city whose people go by the weights ``true``."""
    luck = random.Random(seed)
    found = []
    for index in range(number):
        shares = {code: 1.0 if code == "same_resource" else round(luck.random(), 3) for code in WEIGHTS}
        odds = steepness * (sum(true[code] * share for code, share in shares.items()) - 0.6)
        found.append(Decided(BEGIN + timedelta(hours=index), shares, luck.random() < 1 / (1 + exp(-odds))))
    return found


def moved(**more: float) -> dict[str, float]:
    """The weights of the rules with some of the learned ones turned up or down, again summing to what they did."""
    found = {code: weight * more.get(code, 1.0) for code, weight in WEIGHTS.items()}
    learned = [code for code in WEIGHTS if code not in NOT_LEARNED]
    factor = sum(WEIGHTS[code] for code in learned) / sum(found[code] for code in learned)
    return {code: weight * factor if code in learned else weight for code, weight in found.items()}


def learned(found: Fit | TooFew) -> Fit:
    assert isinstance(found, Fit)
    return found


def test_people_who_go_by_nearness_teach_nearness() -> None:
    found = learned(fit(decided(3000, moved(near=2.8, quantity_fit=0.4)), WEIGHTS))
    assert found.weights["near"] > 1.5 * WEIGHTS["near"]
    assert found.weights["quantity_fit"] < WEIGHTS["quantity_fit"]
    assert found.is_better
    assert found.after.auc is not None
    assert found.before.auc is not None
    assert found.after.auc > found.before.auc


def test_people_who_go_by_the_rules_leave_them_about_as_they_are() -> None:
    found = learned(fit(decided(3000, WEIGHTS), WEIGHTS))
    assert all(abs(found.weights[code] - weight) < 0.05 for code, weight in WEIGHTS.items())


def test_a_few_decisions_move_little() -> None:
    people = moved(near=2.8)
    few, many = (learned(fit(decided(number, people), WEIGHTS)) for number in (ENOUGH, 3000))
    assert abs(few.weights["near"] - WEIGHTS["near"]) < abs(many.weights["near"] - WEIGHTS["near"])


def test_too_few_decisions_teach_nothing() -> None:
    assert fit(decided(ENOUGH - 1, WEIGHTS), WEIGHTS) == TooFew(
        ENOUGH - 1, sum(one.accepted for one in decided(ENOUGH - 1, WEIGHTS))
    )
    always = [Decided(BEGIN, {"near": 1.0}, True)] * 500
    assert fit(always, WEIGHTS) == TooFew(500, 500)


@settings(max_examples=25, deadline=None)
@given(st.integers(ENOUGH * 2, 600), st.integers(0, 10_000), st.sampled_from(sorted(WEIGHTS)), st.floats(0.1, 5))
def test_weights_stay_weights(number: int, seed: int, code: str, times: float) -> None:
    found = fit(decided(number, moved(**{code: times}), seed), WEIGHTS)
    if isinstance(found, TooFew):
        return
    assert sum(found.weights.values()) == pytest.approx(1.0, abs=1e-3)
    assert found.weights.keys() == WEIGHTS.keys()
    for one, weight in found.weights.items():
        assert WEIGHTS[one] / FURTHEST - 1e-3 <= weight <= WEIGHTS[one] * FURTHEST + 1e-3
        if one in NOT_LEARNED:
            assert weight == WEIGHTS[one]


def test_the_order_in_which_decisions_are_read_does_not_matter() -> None:
    decisions = decided(400, moved(near=2))
    assert fit(decisions, WEIGHTS) == fit(list(reversed(decisions)), WEIGHTS)


def test_every_signal_has_a_name_that_people_read() -> None:
    assert VOCABULARY["signal"].keys() == WEIGHTS.keys()


def test_the_weights_of_a_version_never_change() -> None:
    """What proposals of the past contributed is read with the weights of their version: others need another one."""
    known = {
        "2026-11b": {
            "alike": 0.40,
            "answers_this_need": 0.15,
            "same_category": 0.10,
            "quantity_fit": 0.08,
            "near": 0.07,
            "same_resource": 0.05,
            "same_policy_area": 0.05,
            "priority": 0.03,
            "past_acceptance": 0.03,
            "urgent": 0.02,
            "hardship": 0.02,
        }
    }
    assert known[RULES_VERSION] == WEIGHTS


def test_new_weights_are_compared_with_those_in_use() -> None:
    decisions = decided(2000, moved(near=2.8))
    first = learned(fit(decisions, WEIGHTS))
    again = learned(fit(decisions, WEIGHTS, first.weights))
    assert again.before.log_loss < first.before.log_loss
    assert not again.is_better  # what has been learned already is not better than itself
