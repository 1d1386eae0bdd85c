"""All offers near the well-off: what fairness moves to the others, and what that costs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from chassis.cli import build
from services.matching.benchmark.skewed import comparison

pytestmark = pytest.mark.unit


def test_fit_alone_leaves_the_worst_off_with_nothing_and_fairness_does_not() -> None:
    found = comparison(0.3)
    worst, *_, best = found.neighbourhoods
    assert (worst.nil, best.nil) == (76, 1)
    assert (worst.plain, best.plain) == (0.0, 1.0)
    assert worst.fair == pytest.approx(0.7)
    assert best.fair == pytest.approx(0.3), "the first help stays with everybody"
    assert (found.moved, found.gained, found.lost) == (20, 10, 10)
    assert 0.05 < found.share < 0.15, "a tenth of the fit, for half of what there is"


def test_a_little_fairness_moves_less_and_costs_less() -> None:
    little, balanced = comparison(0.1), comparison(0.3)
    assert 0 < little.neighbourhoods[0].fair < balanced.neighbourhoods[0].fair
    assert 0 < little.cost < balanced.cost


def test_without_fairness_nothing_moves_and_nothing_is_paid() -> None:
    found = comparison(0.0)
    assert (found.moved, found.cost) == (0, 0.0)


def test_the_command_shows_it() -> None:
    answer = CliRunner().invoke(build(), ["bench", "fairness", "--json"])
    rows = json.loads(answer.stdout)
    assert [row["weight"] for row in rows] == [0.0, 0.1, 0.3, 0.6, 1.0]
    assert rows[2]["Quarto Oggiaro"] > rows[0]["Quarto Oggiaro"]
