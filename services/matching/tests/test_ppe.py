"""The public benchmark, played in small: a few donors and requests of our own through the package's own framework."""

from __future__ import annotations

import importlib.resources
import json
import sys

import pandas
import pytest
from typer.testing import CliRunner

from chassis.cli import build
from services.matching.benchmark import ppe

pytestmark = pytest.mark.unit


@pytest.fixture
def tables() -> ppe.Tables:
    """Two weeks: a donor whose 30 units fit one of three requests exactly, and one with 7 far from everybody."""
    day = pandas.Timestamp("2020-04-01", tz="UTC")
    donors = pandas.DataFrame(
        [("d1", day + pandas.Timedelta(days=1), "gowns", 30.0), ("d2", day + pandas.Timedelta(days=9), "gowns", 7.0)],
        columns=["don_id", "date", "ppe", "qty"],
    )
    recipients = pandas.DataFrame(
        [("r1", day, "gowns", 500.0), ("r2", day, "gowns", 30.0), ("r3", day, "gowns", 5.0)],
        columns=["rec_id", "date", "ppe", "qty"],
    )
    apart = {"d1": {"r1": 10, "r2": 12, "r3": 700}, "d2": {"r1": 300, "r2": 9, "r3": 400}}
    distances = pandas.DataFrame(
        [(donor, recipient, float(miles)) for donor, found in apart.items() for recipient, miles in found.items()],
        columns=["don_id", "rec_id", "distance"],
    )
    return ppe.Tables(donors, recipients, distances)


def test_every_strategy_comes_to_all_five_metrics(tables: ppe.Tables) -> None:
    heard: list[float] = []
    outcomes = {name: ppe.run(name, one, tables, heard.append) for name, one in ppe.strategies().items()}
    assert list(outcomes) == ["fcfm", "proximity", "few-shipments", "many-helped"]
    for outcome in outcomes.values():
        assert set(outcome.metrics) == set(ppe.METRICS)
        assert 0 < outcome.units <= 37
    assert heard[-1] == 1.0
    ours = outcomes["few-shipments"]
    assert ours.units >= 35
    assert ours.metrics["fill_rate"] > outcomes["fcfm"].metrics["fill_rate"], "whole requests are met"
    assert ours.metrics["shipments_per_donor"] == 1


def test_the_command_says_which_strategies_there_are() -> None:
    answer = CliRunner().invoke(build(), ["bench", "ppe", "--runs", "luck"])
    assert answer.exit_code == 1
    assert "few-shipments" in answer.output


def test_without_the_package_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ppe_match", None)
    answer = CliRunner().invoke(build(), ["bench", "ppe"])
    assert answer.exit_code == 1
    assert "ppe-match" in answer.output


def test_it_prints_one_json_value(tables: ppe.Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppe, "load", lambda weeks: tables)
    answer = CliRunner().invoke(build(), ["bench", "ppe", "--json", "--runs", "few-shipments", "--weeks", "3"])
    assert answer.exit_code == 0, answer.output
    [outcome] = json.loads(answer.stdout)
    assert outcome["strategy"] == "few-shipments"
    assert set(outcome["metrics"]) == set(ppe.METRICS)


def test_the_package_has_its_data_where_it_is_read() -> None:
    data = importlib.resources.files("ppe_match") / "data"
    assert {"anon_donors.csv", "anon_recipients.csv", "anon_distance_matrix.csv"} <= {
        one.name for one in data.iterdir()
    }
