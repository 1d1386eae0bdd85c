"""Hypothesis strategies for every event, derived from the models' own annotations and limits."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts.event import Event
from contracts.places import PlaceLimit
from contracts.values import (
    FIRST_YEAR,
    LAST_YEAR,
    Balance,
    Line,
    NilNumber,
    Party,
    Quantity,
    SignedQuantity,
    Window,
)

_LONGEST = 40
_thousandths = st.integers(min_value=1, max_value=10**15 - 1).map(lambda n: Decimal(n) / 1000)
_texts = st.characters(codec="utf-8", exclude_characters="\x00")
_offsets = st.sampled_from([UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-3, minutes=-30))])
instants = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2199, 12, 30), timezones=_offsets)  # noqa: DTZ001
days = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))

quantities = _thousandths
balances = _thousandths | st.just(Decimal(0))
differences = st.one_of(balances, _thousandths.map(lambda value: -value))

_SPECIAL: tuple[tuple[Any, st.SearchStrategy[Any]], ...] = (
    (Quantity, quantities),
    (Balance, balances),
    (SignedQuantity, differences),
    (NilNumber, st.integers(min_value=1, max_value=88)),
)


def events(model: type[Event]) -> st.SearchStrategy[Any]:
    """Any event of one type."""
    return _model(model)


@cache
def _model(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    if model in _COMPOSED:
        return _COMPOSED[model]()
    return st.builds(model, **_fields(model))


def _fields(model: type[BaseModel], *without: str) -> dict[str, st.SearchStrategy[Any]]:
    return {
        name: _value(field.annotation, field.metadata)
        for name, field in model.model_fields.items()
        if name not in without
    }


def _value(annotation: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _value(inner, [*metadata, *more])
    for alias, strategy in _SPECIAL:
        if metadata and list(get_args(alias)[1:]) == metadata:
            return strategy
    limits = _limits(metadata)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return st.one_of(*(_value(option, metadata) for option in get_args(annotation)))
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is tuple:
        items = _value(get_args(annotation)[0], [])
        return st.lists(items, min_size=limits.get("min_length", 0), max_size=3).map(tuple)
    if origin is dict:
        keys, values = get_args(annotation)
        return st.dictionaries(_value(keys, []), _value(values, []), max_size=4)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation)
    return _plain(annotation, limits)


def _limits(metadata: list[Any]) -> dict[str, Any]:
    """``ge``, ``max_length``, ``pattern`` and so on, as pydantic spreads them over its metadata."""
    found: dict[str, Any] = {}
    for item in metadata:
        if isinstance(item, FieldInfo):
            found |= _limits(item.metadata)
        else:
            names = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
            found |= {name: getattr(item, name) for name in names if getattr(item, name, None) is not None}
    return found


def _plain(annotation: Any, limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    if annotation is str:
        if "pattern" in limits:
            return st.from_regex(limits["pattern"], fullmatch=True)
        longest = min(limits.get("max_length", _LONGEST), _LONGEST)
        return st.text(_texts, min_size=limits.get("min_length", 0), max_size=longest)
    if annotation is int:
        return st.integers(min_value=limits.get("ge", -(2**53)), max_value=limits.get("le", 2**53))
    if annotation is float:
        low, high = limits.get("ge", limits.get("gt")), limits.get("le")
        return st.floats(low, high, exclude_min="gt" in limits, allow_nan=False, allow_infinity=False)
    return _LEAVES[annotation]


_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    type(None): st.none(),
    UUID: st.uuids(),
    date: days,
    datetime: instants,
}


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Lines that keep the rules between their fields."""
    values = {name: draw(strategy) for name, strategy in _fields(Line, "unit").items()}
    values["unit"] = "EUR" if values["kind"] == "money" else draw(st.sampled_from(["C62", "KGM", "HUR", "DAY"]))
    if values["quantity"] is None:
        values["recurrence"] = values["total_value_cents"] = None
    if values["unit_value_cents"] is not None:
        values["total_value_cents"] = None
    if values["recurrence"] is not None:
        values["quantity"] %= 10**9  # all occurrences together stay a quantity
        values["quantity"] = values["quantity"] or Decimal(1)
    if values["min_lot"] is not None and values["quantity"] is not None:
        values["min_lot"] = min(values["min_lot"], values["quantity"])
    return Line(**values)


@st.composite
def parties(draw: st.DrawFn) -> Party:
    """A department, or a stakeholder that gives or receives."""
    values = {name: draw(strategy) for name, strategy in _fields(Party, "department", "stakeholder_id").items()}
    if values["role"] == "department":
        return Party(department=draw(st.just("education")), **values)
    return Party(stakeholder_id=draw(st.uuids()), **values)


@st.composite
def place_limits(draw: st.DrawFn) -> PlaceLimit:
    """Limits that name something, each once."""
    nils = draw(st.lists(st.integers(1, 88), unique=True, max_size=4))
    municipi = draw(st.lists(st.integers(1, 9), unique=True, max_size=4, min_size=0 if nils else 1))
    return PlaceLimit(nils=nils, municipi=municipi)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Windows that end when they start or later."""
    first, last = sorted([draw(days), draw(days)])
    return Window(starts_on=draw(st.sampled_from([first, None])), ends_on=draw(st.sampled_from([last, None])))


_COMPOSED: dict[type[BaseModel], Callable[[], st.SearchStrategy[Any]]] = {
    Line: lines,
    Party: parties,
    PlaceLimit: place_limits,
    Window: windows,
}
