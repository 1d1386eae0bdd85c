"""Measuring a ranking: the measures by hand, and the command from files to figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from contracts.values import Window
from services.matching.cli import register
from services.matching.evaluation import authored, learning, measuring
from services.matching.evaluation.measuring import OURS, measure
from services.matching.evaluation.metrics import NAMES, BestThreshold, Outcome, outcome, summary
from services.matching.evaluation.records import EvaluationSet, Record, load
from services.matching.evaluation.service import Ranker
from services.matching.evaluation.structure import Structure
from services.matching.text import translations

pytestmark = pytest.mark.unit

COMMANDS = Typer()
register(COMMANDS)
SETS = Path(authored.__file__).parent / "data"
Row = Mapping[str, Any]


def write(folder: Path, needs: Sequence[Row], offers: Sequence[Row], gold: Sequence[Row]) -> Path:
    for name, rows in (("needs", needs), ("offers", offers), ("gold", gold)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


NEED = {"id": "n1", "text": "computer portatili per la scuola", "lang": "it"}
OFFER = {"id": "o1", "text": "40 laptops", "lang": "en"}
GOLD = {"need_id": "n1", "offer_id": "o1", "grade": 3}


class TestMeasures:
    def test_by_hand(self) -> None:
        # Relevant at ranks 2 and 4 (grades 3, 1), a third not ranked at all; 4 decided, 2 of them right.
        found = outcome([3, 1, 2, 0], [2, 4, None, 1], decided=4, right=2)
        assert found.average_precision == pytest.approx((1 / 2 + 2 / 4) / 3)
        gained = 7 / np.log2(3) + 1 / np.log2(5)
        ideal = 7 / np.log2(2) + 3 / np.log2(3) + 1 / np.log2(4)
        assert found.ndcg == pytest.approx(gained / ideal)
        assert found.reciprocal_rank == 0.5
        assert found.first_right == 0.0
        [precision, recall, f1] = [summary([found])[name].value for name in ("precision", "recall", "f1")]
        assert (precision, recall) == (0.5, pytest.approx(2 / 3, abs=1e-4))
        assert f1 == pytest.approx(4 / 7, abs=1e-4)

    def test_grades_below_the_least_do_not_count(self) -> None:
        assert outcome([1, 1], [1, 2], 2, 0, least=2) == Outcome(0, 2, 0, None, None, None, None)

    def test_nothing_to_measure_is_no_zero(self) -> None:
        assert summary([])["f1"].value is None
        assert summary([Outcome(0, 3, 0, None, None, None, None)])["map"].value is None

    @given(grades=st.lists(st.integers(0, 3), min_size=1, max_size=12), data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_bounds_and_the_perfect_ranking(self, grades: list[int], data: st.DataObject) -> None:
        ranks = data.draw(st.permutations(range(1, len(grades) + 1)))
        found = outcome(grades, ranks, 0, 0)
        order = sorted(range(len(grades)), key=lambda at: -grades[at])
        perfect = outcome([grades[at] for at in order], range(1, len(grades) + 1), 0, 0)
        for name in ("average_precision", "ndcg", "reciprocal_rank", "first_right"):
            value, best = getattr(found, name), getattr(perfect, name)
            if value is not None:
                assert 0 <= value <= best <= 1
                assert best == pytest.approx(1)

    @given(data=st.data())
    @settings(max_examples=30, deadline=None)
    def test_the_order_of_needs_changes_nothing(self, data: st.DataObject) -> None:
        some = [outcome([3, 0], [rank, 3 - rank], 1, 2 - rank) for rank in (1, 2, 1)]
        turned = data.draw(st.permutations(some))
        assert [summary(some)[name].value for name in NAMES] == [summary(turned)[name].value for name in NAMES]

    def test_interval_holds_the_value_and_repeats(self) -> None:
        some = [outcome([3, 0], [1 + at % 2, 2 - at % 2], 1, 1 - at % 2) for at in range(40)]
        found = summary(some)["map"]
        assert found.low is not None
        assert found.low < 0.75 == found.value
        assert summary(some) == summary(some)

    def test_best_threshold(self) -> None:
        best = BestThreshold()
        best.add(np.array([0.9, 0.8, 0.2, 0.1], np.float32), np.array([0, 2]))
        assert best.best(2) == (0.8, pytest.approx(0.2))
        assert BestThreshold().best(0) is None


def test_words_for_categories_count_beside_codes() -> None:
    needs = [a_record(0, category="furniture"), a_record(1, category="30213100")]
    ranked = Ranker(needs, [a_record(2, category="furniture"), a_record(3, category="30213300")])
    for need, right in ((0, 0), (1, 1)):
        found = dict(ranked.order(need, [0, 1], [0.5, 0.5]))
        said = {at: any(reason.code == "same_category" for reason in one.contributions) for at, one in found.items()}
        assert said == {right: True, 1 - right: False}


def a_record(at: int, **more: Any) -> Record:
    return Record(id=str(at), text=f"cosa {at}", lang="it", **more)


FIELDS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([None, "goods", "space", "money"]),
        "category": st.sampled_from([None, "30213100", "30213300", "39112000"]),
        "quantity": st.sampled_from([None, 5, 20]),
        "days": st.sampled_from([None, (None, "2026-01-31"), ("2026-02-01", None), ("2026-01-10", "2026-02-10")]),
        "unit": st.sampled_from([None, "C62", "KGM"]),
    }
)


def structured(at: int, said: dict[str, Any]) -> Record:
    days = said.pop("days")
    window = None if days is None else Window.model_validate({"starts_on": days[0], "ends_on": days[1]})
    quantity = None if said["quantity"] is None else Decimal(said.pop("quantity"))
    unit = "EUR" if said["kind"] == "money" else said["unit"]
    return a_record(at, window=window, **said | {"unit": unit, "quantity": quantity})


@settings(max_examples=60, deadline=None)
@given(need=FIELDS, offers=st.lists(FIELDS, min_size=1, max_size=5))
def test_filters_on_arrays_are_those_of_the_service(need: dict[str, Any], offers: list[dict[str, Any]]) -> None:
    asked = [structured(0, dict(need))]
    given_ = [structured(at, dict(one)) for at, one in enumerate(offers)]
    allowed = Structure(asked, given_).allowed(0)
    ranked = Ranker(asked, given_).order(0, range(len(given_)), [0.5] * len(given_))
    assert {at for at, _ in ranked} == set(np.flatnonzero(allowed))


def test_category_counts_where_both_have_one() -> None:
    offers = [a_record(0, category="30213300"), a_record(1), a_record(2, category="furniture")]
    same, known = Structure([a_record(9, category="30213100")], offers).same_category(0)
    assert same.tolist() == [0.625, 0, 0]
    assert known.tolist() == [True, False, True]
    same, _ = Structure([a_record(9, category="furniture")], offers).same_category(0)
    assert same.tolist() == [0, 0, 1]


def figures(made: dict[str, Any], system: str = OURS) -> dict[str, float]:
    [found] = [one for one in made["systems"] if one["name"] == system]
    return {name: found["overall"][name]["value"] for name in NAMES}


def evaluated(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(COMMANDS, ["match", "eval", "--json", *arguments])
    assert done.exit_code == 0, done.output
    made: dict[str, Any] = json.loads(done.stdout)
    return made


class TestCommand:
    @pytest.mark.parametrize(
        ("name", "r_1", "ndcg", "f1"),
        [("counter/held-out", 0.9, 0.9, 0.6), ("posts", 0.8, 0.8, 0.5), ("milan", 0.7, 0.85, 0.5)],
    )
    def test_the_shipped_sets_keep_their_floors(self, name: str, r_1: float, ndcg: float, f1: float) -> None:
        made = evaluated("--data", str(SETS / name))
        ours, words = figures(made), figures(made, "full text")
        assert ours["r_1"] >= r_1
        assert ours["ndcg_10"] >= ndcg
        assert ours["f1"] >= f1
        assert ours["map"] > words["map"]
        assert ours["map"] > figures(made, "category and distance")["map"]

    def test_without_encoder(self) -> None:
        made = evaluated("--data", str(SETS / "posts"), "--no-encoder")
        assert figures(made)["r_1"] >= 0.7
        assert made["method"]["encoder"] is False

    def test_by_language_and_odd_sets(self, tmp_path: Path) -> None:
        needs = [NEED, {"id": "n2", "text": ""}, {"id": "n3", "text": "not judged"}]
        offers = [
            OFFER,
            {"id": "o2", "text": "coperte di lana"},
            {"id": "o3", "text": "Sale riunioni", "kind": "space"},
        ]
        gold = [GOLD, {"need_id": "n2", "offer_id": "o2", "grade": 0}]
        made = evaluated("--data", str(write(tmp_path, needs, offers, gold)))
        assert made["set"]["needs_judged"] == 2
        assert figures(made)["r_1"] == 1
        assert made["systems"][0]["by_language"]["it→en"]["r_1"]["value"] == 1

    def test_what_filters_take_away_is_counted(self, tmp_path: Path) -> None:
        data = write(tmp_path, [NEED | {"kind": "goods"}], [OFFER | {"kind": "service"}], [GOLD])
        made = evaluated("--data", str(data))
        assert made["set"]["relevant_pairs_removed_by_filters"] == 1
        assert figures(made)["map"] == 0

    def test_a_large_set_is_measured_on_a_sample(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(measuring, "MOST_PAIRS", 4)
        needs = [{"id": f"n{at}", "text": "laptops"} for at in range(5)]
        gold = [{"need_id": one["id"], "offer_id": "o1"} for one in needs]
        made = evaluated("--data", str(write(tmp_path, needs, [OFFER, OFFER | {"id": "o2"}], gold)))
        assert (made["set"]["needs_judged"], made["set"]["needs_measured"]) == (5, 2)
        assert made["systems"][0]["overall"]["needs"] == made["set"]["relevant_pairs"] == 2

    def test_nothing_judged(self, tmp_path: Path) -> None:
        assert evaluated("--data", str(write(tmp_path, [NEED], [OFFER], [])))["systems"] == []

    def test_a_set_that_cannot_be_read(self, tmp_path: Path) -> None:
        missing = CliRunner().invoke(COMMANDS, ["match", "eval", "--data", str(tmp_path)])
        assert missing.exit_code == 1
        assert "needs.jsonl" in missing.stderr
        write(tmp_path, [NEED], [OFFER], [GOLD | {"need_id": "n9"}])
        wrong = CliRunner().invoke(COMMANDS, ["match", "eval", "--json", "--data", str(tmp_path)])
        assert wrong.exit_code == 1
        assert wrong.stdout == ""
        assert 'gold.jsonl, line 1, field need_id: "n9" is not in the set' in wrong.stderr

    def test_what_was_left_out_is_said_and_the_rest_is_measured(self, tmp_path: Path) -> None:
        data = write(
            tmp_path, [NEED, {"text": "?"}], [OFFER | {"quantity": "tanti"}], [GOLD, GOLD | {"offer_id": "o9"}]
        )
        made = evaluated("--data", str(data))
        assert figures(made)["r_1"] == 1
        assert made["set"]["lines_left_out"] == {"needs.jsonl": 1, "gold.jsonl": 1}
        assert {(one["file"], one["line"], one["field"]) for one in made["notes"]} == {
            ("needs.jsonl", 2, "id"), ("offers.jsonl", 1, "quantity"), ("gold.jsonl", 2, "offer_id"),
        }  # fmt: skip
        told = CliRunner().invoke(COMMANDS, ["match", "eval", "--data", str(data)])
        assert told.exit_code == 0
        assert "Lines left out: 1 of needs.jsonl, 1 of gold.jsonl." in told.stderr
        assert 'offers.jsonl, line 1, field quantity: "tanti"' in told.stderr

    def test_tables_for_people(self, tmp_path: Path) -> None:
        done = CliRunner().invoke(COMMANDS, ["match", "eval", "--data", str(write(tmp_path, [NEED], [OFFER], [GOLD]))])
        assert done.exit_code == 0
        assert "nDCG@10" in done.stdout
        assert "it→en" in done.stdout


def test_offers_in_another_order_rank_the_same() -> None:
    data = load(SETS / "milan")
    turned = EvaluationSet(
        data.name,
        data.needs,
        tuple(reversed(data.offers)),
        {(need, len(data.offers) - 1 - offer): grade for (need, offer), grade in data.gold.items()},
    )
    here, there = measure(data).outcomes[OURS], measure(turned).outcomes[OURS]
    for one, other in zip(here, there, strict=True):
        assert one.ndcg == pytest.approx(other.ndcg, abs=0.08)
        assert one.decided == other.decided


def test_shipped_files_are_those_the_scripts_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("counter", "posts", "milan"):
        (tmp_path / name).mkdir()
        for source in (SETS / name).glob("*.txt"):
            (tmp_path / name / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    authored.counter(tmp_path / "counter", halves=("tuned", "held-out"))
    authored.posts(tmp_path / "posts")
    authored.milan(tmp_path / "milan")
    authored.labels(tmp_path / "cpv")
    for made in tmp_path.rglob("*.jsonl"):
        assert made.read_bytes() == (SETS / made.relative_to(tmp_path)).read_bytes(), made


def test_the_shipped_translations_come_from_the_labels() -> None:
    shipped = translations.translations().pairs
    some = learning.learnt(without={"x"})
    assert some == pytest.approx(dict(shipped))
