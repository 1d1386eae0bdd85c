"""Quantities are exact, money is whole cents, and a line says nothing that contradicts itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.neighbourhoods import MUNICIPI, NEIGHBOURHOODS
from contracts.places import Place, PlaceLimit
from contracts.tests.strategies import balances, differences, lines, quantities
from contracts.units import amount, plain
from contracts.values import (
    MOST_CENTS,
    MOST_QUANTITY,
    Balance,
    Line,
    Party,
    Quantity,
    Recurrence,
    SignedQuantity,
    Window,
)

pytestmark = pytest.mark.unit

QUANTITY: TypeAdapter[Decimal] = TypeAdapter(Quantity)
BALANCE: TypeAdapter[Decimal] = TypeAdapter(Balance)
SIGNED: TypeAdapter[Decimal] = TypeAdapter(SignedQuantity)


@pytest.mark.parametrize(
    ("given_as", "wire"),
    [
        ("271", '"271"'),
        ("0.001", '"0.001"'),
        ("2.50", '"2.5"'),
        ("9600.000", '"9600"'),
        ("007", '"7"'),
        (800, '"800"'),
        (Decimal("1E+3"), '"1000"'),
        ("999999999999.999", '"999999999999.999"'),
    ],
)
def test_a_quantity_on_the_wire(given_as: Any, wire: str) -> None:
    assert QUANTITY.dump_json(QUANTITY.validate_python(given_as)).decode() == wire


@pytest.mark.parametrize(
    "wrong",
    [0.5, 1.0, True, "0", "0.000", "-1", "1.0001", "1e3", "1E3", "1_000", " 1", "1\n", "+1", ".5", "1.", "1,5", "",
     "NaN", "Infinity", "٣", "1000000000000", 10**12, None, Decimal("NaN"), Decimal("0.0001"), [], {}],
)  # fmt: skip
def test_what_is_no_quantity(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        QUANTITY.validate_python(wrong)


@pytest.mark.parametrize("wire", ["1.5", "1e3", "NaN", "true", '"1e3"'])
def test_what_is_no_quantity_in_json(wire: str) -> None:
    with pytest.raises(ValidationError):
        QUANTITY.validate_json(wire)


def test_a_balance_may_be_nothing_but_not_less() -> None:
    assert BALANCE.validate_python("0") == 0
    with pytest.raises(ValidationError, match="never negative"):
        BALANCE.validate_python("-0.001")


@given(quantities | balances | differences)
def test_a_quantity_is_the_same_after_the_wire_and_has_no_exponent(value: Decimal) -> None:
    wire = SIGNED.dump_json(value).decode()

    assert SIGNED.validate_json(wire) == value
    assert "e" not in wire.lower()
    assert not wire.strip('"').endswith(".")


@pytest.mark.parametrize(("value", "text"), [("1E+3", "1000"), ("100", "100"), ("0.500", "0.5"), ("-0.50", "-0.5")])
def test_plain_notation(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def line(**values: Any) -> Line:
    return Line(**{"kind": "goods", "unit": "C62", "quantity": "271", **values})


def test_the_value_of_money_is_itself() -> None:
    assert Line(kind="money", unit="EUR", quantity="3000").value_cents(Decimal("3000")) == 300_000


def test_value_per_unit() -> None:
    assert line(unit_value_cents=20_000).value_cents(Decimal(271)) == 5_420_000


def test_value_in_total_is_shared_out_over_all_occurrences() -> None:
    food = line(unit="KGM", quantity="800", recurrence=Recurrence(every="month", times=12), total_value_cents=960_000)

    assert food.total_quantity == 9600
    assert food.value_cents(Decimal(800)) == 80_000
    assert food.value_cents(Decimal(9600)) == 960_000


def test_half_a_cent_goes_to_the_even_neighbour() -> None:
    assert line(quantity="2", total_value_cents=1).value_cents(Decimal(1)) == 0
    assert line(quantity="2", total_value_cents=3).value_cents(Decimal(1)) == 2


def test_no_value_known_is_not_nothing() -> None:
    assert line().value_cents(Decimal(1)) is None
    assert line(quantity=None).value_cents(Decimal(1)) is None


@given(
    total=st.integers(min_value=0, max_value=10**15),
    shares=st.lists(st.integers(min_value=1, max_value=10**9), min_size=1, max_size=12),
)
def test_shares_of_a_total_add_up_to_it_but_for_rounding(total: int, shares: list[int]) -> None:
    whole = line(quantity=plain(Decimal(sum(shares)) / 1000), total_value_cents=total)
    parts = [whole.value_cents(Decimal(share) / 1000) for share in shares]

    assert whole.value_cents(Decimal(sum(shares)) / 1000) == total
    assert abs(sum(part for part in parts if part is not None) - total) * 2 <= len(parts)


@given(lines(), quantities)
def test_a_value_is_whole_cents_and_grows_with_the_quantity(some: Line, quantity: Decimal) -> None:
    value, more = some.value_cents(quantity), some.value_cents(quantity * 2)

    assert value is not None or more is None
    if value is not None and more is not None:
        assert isinstance(value, int)
        assert 0 <= value <= more


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "money"},
        {"unit": "EUR"},
        {"unit_value_cents": 1, "total_value_cents": 1},
        {"quantity": None, "recurrence": {"every": "month", "times": 2}},
        {"quantity": None, "total_value_cents": 1},
        {"unit_value_cents": -1},
        {"unit_value_cents": 1.5},
        {"cpv": "3021300"},
        {"cpv": "٣٠٢١٣٠٠٠"},
        {"capability": "Not A Slug"},
        {"recurrence": {"every": "fortnight", "times": 2}},
    ],
    ids=str,
)
def test_a_line_that_contradicts_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        line(**wrong)


def test_all_occurrences_together_are_still_a_quantity() -> None:
    most = {"kind": "goods", "unit": "C62", "quantity": "999999999.999"}
    assert Line(**most, recurrence={"every": "day", "times": 1000}).total_quantity < MOST_QUANTITY
    with pytest.raises(ValidationError, match="all occurrences together"):
        Line(kind="goods", unit="C62", quantity="1000000000", recurrence={"every": "day", "times": 1000})


def test_a_value_beyond_what_can_be_said_is_none_known() -> None:
    line = Line(kind="goods", unit="C62", unit_value_cents=MOST_CENTS)
    assert line.value_cents(Decimal(1)) == MOST_CENTS
    assert line.value_cents(Decimal(2)) is None


def test_a_window_ends_when_it_starts_or_later() -> None:
    Window.model_validate({"starts_on": "2026-01-01", "ends_on": "2026-01-01"})
    with pytest.raises(ValidationError, match="before it starts"):
        Window.model_validate({"starts_on": "2026-01-02", "ends_on": "2026-01-01"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "department"},
        {"role": "giver", "department": "education"},
        {"role": "giver"},
        {"role": "department", "department": "education", "stakeholder_id": "01839cb2-b120-7716-8cac-a4eeb24d7089"},
    ],
    ids=str,
)
def test_a_party_is_a_department_or_a_stakeholder(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Party(party_id="p", name="n", **wrong)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("1", "DAY", ("1 giorno", "1 day")),
        ("2.50", "DAY", ("2,5 giorni", "2.5 days")),
        ("1", "KGM", ("1 kg", "1 kg")),
        ("1", "XXX", ("1 XXX", "1 XXX")),
    ],
)
def test_one_of_something_is_said_in_the_singular(value: str, unit: str, words: tuple[str, str]) -> None:
    assert amount(Decimal(value), unit) == words


@pytest.mark.parametrize(
    ("lot", "quantity", "left", "least"),
    [
        (None, "100", "100", "0"),
        ("40", "100", "100", "40"),
        ("40", "100", "20", "20"),
        ("40", None, None, "40"),
        (None, None, None, "0"),
    ],
)
def test_the_lot_or_all_that_is_left(lot: str | None, quantity: str | None, left: str | None, least: str) -> None:
    assert line(quantity=quantity, min_lot=lot).least(Decimal(left) if left else None) == Decimal(least)


def test_a_lot_is_over_all_occurrences() -> None:
    monthly = Recurrence(every="month", times=12)
    assert line(quantity="10", recurrence=monthly, min_lot="120").min_lot == 120
    with pytest.raises(ValidationError, match="more than the whole"):
        line(quantity="10", recurrence=monthly, min_lot="120.001")


def test_the_neighbourhoods_are_the_88() -> None:
    assert list(NEIGHBOURHOODS) == list(range(1, 89))
    assert all(set(one.municipi) <= set(MUNICIPI) and one.name for one in NEIGHBOURHOODS.values())


@pytest.mark.parametrize(
    ("limit", "place", "inside"),
    [
        ({"nils": (14,)}, {"nil": 14}, True),
        ({"nils": (14,)}, {"nil": 15}, False),
        ({"nils": (14,)}, {"municipio": 9}, None),  # the neighbourhood is in there, others are too
        ({"nils": (14,)}, {"municipio": 1}, False),
        ({"municipi": (9,)}, {"nil": 14}, True),
        ({"municipi": (9,)}, {"nil": 1}, False),
        ({"municipi": (9,)}, {"nil": 11}, None),  # Isola lies in 9 and 2
        ({"municipi": (9,)}, {"nil": 11, "municipio": 9}, True),
        ({"municipi": (9,)}, {"nil": 11, "municipio": 2}, False),
        ({"municipi": (9, 2)}, {"nil": 11}, True),
        ({"municipi": (9,)}, {"municipio": 9}, True),
        ({"municipi": (9,)}, {"municipio": 1}, False),
        ({"municipi": (9,), "nils": (1,)}, {"nil": 1}, True),
        ({"municipi": (9,)}, {}, None),
        ({"municipi": (9,)}, {"latitude": 45.46, "longitude": 9.19}, None),
    ],
    ids=str,
)
def test_what_a_limit_says_of_a_place(limit: dict[str, Any], place: dict[str, Any], inside: bool | None) -> None:
    assert PlaceLimit(**limit).admits(Place(label="-", **place)) is inside


def test_an_unknown_place_is_neither_inside_nor_outside() -> None:
    assert PlaceLimit(municipi=(9,)).admits(None) is None


def test_a_limit_in_words() -> None:
    assert PlaceLimit(municipi=(9,), nils=(1, 8)).words == "Municipio 9, NIL Duomo, NIL Parco Sempione"


@pytest.mark.parametrize("wrong", [{}, {"nils": (0,)}, {"nils": (89,)}, {"municipi": (10,)}, {"nils": (1, 1)}], ids=str)
def test_what_is_no_limit(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PlaceLimit(**wrong)
