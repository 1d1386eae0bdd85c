"""Reading sets that strangers wrote: what is odd is told, and nothing ends the run."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.evaluation import lenient, places
from services.matching.evaluation.records import load
from services.matching.evaluation.service import Ranker
from services.matching.evaluation.structure import Structure
from services.matching.tests.test_evaluation import GOLD, NEED, OFFER, Row, write

pytestmark = pytest.mark.unit

WHERE = lenient.Where("needs.jsonl", 1, lenient.Notes())
FIELDS = st.sampled_from(
    [*NEED, "kind", "quantity", "unit", "category", "place", "from", "to", "title", "grade", "need_id", "offer_id"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
ANYTHING = st.recursive(
    SCALARS | st.sampled_from(["1,5", "goods", "m2"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["lat", "lon", "nil", "municipio", "label"]), inner)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("file", "row", "field", "left_out"),
    [
        ("needs", {"text": "x"}, "id", 1),
        ("needs", NEED | {"text": "another"}, "id", 1),
        ("needs", NEED | {"id": "n2", "text": 3}, "text", 0),
        ("offers", OFFER | {"id": "o2", "quantity": "many"}, "quantity", 0),
        ("offers", OFFER | {"id": "o2", "from": "2026-02-30"}, "from", 0),
        ("offers", OFFER | {"id": "o2", "from": "2026-03-02", "to": "2026-03-01"}, "to", 0),
        ("offers", OFFER | {"id": "o2", "place": 99}, "place", 0),
        ("gold", GOLD | {"offer_id": "o7"}, "offer_id", 1),
        ("gold", GOLD | {"grade": "good"}, "grade", 1),
    ],
)
def test_a_bad_line_says_where_and_why_and_the_rest_is_read(
    tmp_path: Path, file: str, row: Row, field: str, left_out: int
) -> None:
    write(tmp_path, [NEED], [OFFER], [GOLD])
    with (tmp_path / f"{file}.jsonl").open("a", encoding="utf-8") as lines:
        lines.write("\n" + json.dumps(row) + "\n")
    read = load(tmp_path)
    [note] = read.notes
    assert (note.file, note.line, note.field) == (f"{file}.jsonl", 3, field)
    assert sum(read.notes.left_out.values()) == left_out
    assert read.gold == {(0, 0): 3}


def test_files_as_other_systems_write_them(tmp_path: Path) -> None:
    write(tmp_path, [NEED], [OFFER], [GOLD])
    for name, encoding, end in (
        ("needs", "utf-8-sig", "\r\n"),
        ("offers", "utf-16", "\n"),
        ("gold", "cp1252", "\r\n"),
    ):
        path = tmp_path / f"{name}.jsonl"
        text = path.read_text(encoding="utf-8").replace("\n", f",{end}{end}") + '{"broken": "l\u00e0' + end
        path.write_bytes(text.encode(encoding))
    read = load(tmp_path)
    assert (len(read.needs), len(read.offers), dict(read.gold)) == (1, 1, {(0, 0): 3})
    assert read.notes.left_out == {"needs.jsonl": 1, "offers.jsonl": 1, "gold.jsonl": 1}
    (tmp_path / "gold.jsonl").write_text(json.dumps([GOLD | {"grade": "2"}, 5]), encoding="utf-8")
    assert dict(load(tmp_path).gold) == {(0, 0): 2}


@pytest.mark.parametrize(
    ("said", "lang", "read"),
    [
        ("40", "it", "40"), (40.0, "it", "40"), ("1,5", "it", "1.5"), ("1.234,5", "it", "1234.5"),
        ("1,234.50", "en", "1234.50"), ("1,000", "en", "1000"), ("40 pezzi", "it", "40"), ("1e3", "en", "1000"),
        (None, "it", None), ("", "it", None), (0, "it", None), (-3, "it", None), (True, "it", None),
        ("many", "en", None), ([4], "en", None), ("NaN", "en", None), (1e300, "en", None), ("12'000", "it", "12000"),
    ],
)  # fmt: skip
def test_numbers(said: object, lang: Any, read: str | None) -> None:
    found = lenient.number(WHERE, "quantity", said, lang)
    assert found == (None if read is None else Decimal(read))


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2026-11-20", "2026-11-20"), ("2026-11-20T10:00:00Z", "2026-11-20"), ("20/11/2026", "2026-11-20"),
        ("3/4/2026", "2026-04-03"), ("11/20/2026", "2026-11-20"), ("20.11.2026", "2026-11-20"),
        ("2026/11/20", "2026-11-20"), ("20261120", "2026-11-20"), ("domani", None), (20, None), ("31/02/2026", None),
    ],
)  # fmt: skip
def test_days(said: object, read: str | None) -> None:
    found = lenient.day(WHERE, "from", said)
    assert (found.isoformat() if found else None) == read


@pytest.mark.parametrize(
    ("said", "read"),
    [(None, 1), ("2", 2), (3.0, 3), (7, 3), (-1, 0), (True, 1), ("2,0", 2), ("no", None), ([], None)],
)
def test_grades(said: object, read: int | None) -> None:
    assert lenient.grade(WHERE, said) == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Beni", "goods"),
        ("GOODS", "goods"),
        ("Spazio", "space"),
        ("in kind", "goods"),
        ("boh", None),
        (3, None),
        ({}, None),
    ],
)
def test_kinds(tmp_path: Path, said: object, read: str | None) -> None:
    data = load(write(tmp_path, [NEED | {"kind": said}], [OFFER], [GOLD]))
    assert data.needs[0].kind == read
    assert [note.field for note in data.notes] == ["kind"]


def test_the_same_oddity_is_told_once_with_how_often(tmp_path: Path) -> None:
    needs = [{"id": at, "text": "sedie", "quantity": "tante"} for at in range(50)]
    data = load(write(tmp_path, needs, [OFFER], [GOLD | {"need_id": 7}]))
    assert sorted((note.field, note.times) for note in data.notes) == [("lang", 50), ("quantity", 50)]
    assert str(next(note for note in data.notes if note.field == "quantity")).startswith(
        'needs.jsonl, line 1, field quantity: "tante" is not a number from 0 on'
    )


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.dictionaries(FIELDS, ANYTHING), max_size=4))
def test_nothing_in_a_line_ends_the_run(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        needs = [NEED, *(NEED | {"id": f"x{at}"} | row for at, row in enumerate(rows))]
        offers = [OFFER, *(OFFER | {"id": f"x{at}"} | row for at, row in enumerate(rows))]
        read = load(write(Path(folder), needs, offers, [GOLD, *rows]))
    assert (0, 0) in read.gold
    ranked = Ranker(read.needs, read.offers)
    for at in read.judged:
        able = np.flatnonzero(Structure(read.needs, read.offers).allowed(at)).tolist()
        ranked.order(at, able, [0.5] * len(able))


def test_much_is_understood(tmp_path: Path) -> None:
    need = {"id": 1, "title": "Sedie", "description": "dieci", "kind": "beni", "unit": "pezzi", "quantity": "10",
            "category": "39112000-0", "place": {"nil": 33}, "from": "2026-01-01T10:00", "mood": "good"}  # fmt: skip
    offer = {"id": "o", "text": "Chairs", "lang": "eng", "kind": "cosmic", "place": "Municipio 4", "unit": "crates"}
    data = load(write(tmp_path, [need], [offer], [{"need_id": 1, "offer_id": "o"}]))
    [one], [other] = data.needs, data.offers
    assert (one.text, one.lang, one.kind, one.unit, one.category) == (
        "Sedie. dieci",
        "it",
        "goods",
        "C62",
        "39112000",
    )
    assert one.place is not None
    assert one.place.nil == 33
    assert (other.lang, other.kind) == ("en", None)
    assert data.gold == {(0, 0): 1}


@pytest.mark.parametrize(
    "said", [33, "33", "NIL 33", "Rogoredo - Santa Giulia", {"nil": 33}, {"lat": 45.44, "lon": 9.27}, [45.44, 9.27]]
)
def test_places(said: object) -> None:
    found = places.place(said)
    assert found is not None
    assert found.latitude == pytest.approx(45.44, abs=0.02)


@pytest.mark.parametrize(
    ("said", "municipio"),
    [
        (20121, None),
        ("20121", None),
        ("Municipio 12", None),
        ({"municipio": "Municipio 4"}, 4),
        ({"municipio": 4}, 4),
        ("Zona 4, Milano", 4),
    ],
)
def test_places_nobody_foresaw(said: object, municipio: int | None) -> None:
    found = places.place(said)
    assert found is not None
    assert (found.nil, found.municipio) == (None, municipio)


def test_units_in_other_words_keep_nobody_apart(tmp_path: Path) -> None:
    need = {"id": "n1", "text": "200 pasti caldi", "lang": "it", "unit": "pasti", "quantity": 200}
    offer = {"id": "o1", "text": "hot meals", "lang": "en", "unit": "meals", "quantity": 200}
    data = load(write(tmp_path, [need], [offer], [GOLD]))
    assert (data.needs[0].unit, data.offers[0].unit) == (None, None)
    assert Structure(data.needs, data.offers).allowed(0).tolist() == [True]
    assert [at for at, _ in Ranker(data.needs, data.offers).order(0, [0], [0.5])] == [0]
