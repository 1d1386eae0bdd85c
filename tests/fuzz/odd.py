"""Values that people and programs send and that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

TEXTS = (
    "", " ", "\0", "a\0b", "\x1b[31m", "\ufffe", "🎉", "👨‍👩‍👧", "华人", "جمعية", "e\u0301", "\u202e001", "\U0006e006",
    "-1", "0", "1.5", "1,5", "1e400", "NaN", "Infinity", "-0", "0x10", "٣", "²", "9" * 30, "10" * 2000,
    "0000-00-00", "0001-01-01", "9999-12-31", "2026-02-30", "2026-11-20T25:00:00Z", "2026-11-20T10:00:00+99:00",
    "%", "%00", "../..", "' OR 1=1 --", "<script>", "{{ 7*7 }}", "{x}", "\r\nSet-Cookie: a=b", "on", "null", "[]",
    "00000000-0000-0000-0000-000000000000", "x" * 5_000, "parola " * 3_000,
)  # fmt: skip
HALF = "(half of a character)"
"""Stands for what no text may hold, and JSON can say: `tests.fuzz.api.send` writes it."""
VALUES: tuple[Any, ...] = (
    *TEXTS, HALF, None, True, 0, -1, 2**31, 2**63, 10**30, -(10**30), 1.5, 1e308, float("nan"), float("inf"),
    [], {}, [[]], [None], {"": ""}, {"\0": "\0"},
)  # fmt: skip


def in_place_of_one(value: Any) -> st.SearchStrategy[Any]:
    """`value` (JSON) with something odd in place of one of its parts."""
    places = list(_places(value))
    return st.builds(lambda place, odd: _with(value, place, odd), st.sampled_from(places), st.sampled_from(VALUES))


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _places(one, (*at, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _places(one, (*at, number))


def _with(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = _with(value[place[0]], place[1:], odd)
    return changed
