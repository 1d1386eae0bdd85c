"""Grouping a batch for set-based handlers never changes the order within a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.delivery import Delivery, Record
from chassis.inbox import in_waves
from contracts.envelope import Envelope

pytestmark = pytest.mark.unit
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def delivery(number: int, key: str, kind: str) -> Delivery[Any]:
    envelope = Envelope(id=str(number), source="/s", type=kind, city="c", time=NOW)
    return Delivery(None, envelope, Record("t", 0, number, key, b"", (), NOW))  # type: ignore[arg-type]


events = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["registered", "changed", "gone"])), max_size=40)


@given(events)
def test_order_within_a_key_is_kept_and_nothing_is_lost(batch: list[tuple[str, str]]) -> None:
    deliveries = [delivery(number, key, kind) for number, (key, kind) in enumerate(batch)]
    handled = [one for _, _, group in in_waves(deliveries) for one in group]
    assert sorted(one.record.offset for one in handled) == list(range(len(batch)))
    for key in "abcd":
        offsets = [one.record.offset for one in handled if one.record.key == key]
        assert offsets == sorted(offsets)


def test_events_of_one_type_on_many_keys_are_one_group() -> None:
    deliveries = [delivery(number, f"k{number}", "registered") for number in range(50)]
    assert [len(group) for _, _, group in in_waves(deliveries)] == [50]
