"""The bench's own sums: a table of wrong figures is worse than none."""

from __future__ import annotations

import asyncio
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.arithmetic import Schedule, Spread, open_loop, percentile, ratio
from tests.bench.raw import per_second
from tests.bench.table import Row, Table

pytestmark = pytest.mark.unit
VALUES = st.lists(st.floats(0, 1000), min_size=1, max_size=200)


def test_percentiles_by_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.01) == 7.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_no_values_are_not_zero() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
    assert math.isinf(Spread.of([], missing=3).p99)


@given(VALUES, st.floats(0, 1))
def test_a_percentile_is_a_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) * (1 - 1e-9)


@given(VALUES)
def test_percentiles_do_not_fall(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.p50 <= spread.p99


def test_a_ratio_to_nothing_is_nothing() -> None:
    assert ratio(5, 10) == 0.5
    assert ratio(5, 0) == 0


class Time:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def test_commands_go_out_when_they_are_due() -> None:
    clock, sent = Time(), []

    async def send(number: int, due: float) -> None:
        sent.append((number, due, clock()))

    await open_loop(Schedule(rate=50, count=5), send, clock, clock.pause)
    assert [number for number, _, _ in sent] == [0, 1, 2, 3, 4]
    assert [round(due - 100, 6) for _, due, _ in sent] == [0, 0.02, 0.04, 0.06, 0.08]


async def test_a_stall_is_counted_from_when_the_command_was_due() -> None:
    """Coordinated omission: whoever waits for an answer before sending never sees how long the others had to wait."""
    clock, latencies = Time(), []

    async def stalled(seconds: float) -> None:
        clock.now += seconds + (0.5 if clock.now < 100.05 else 0)  # the sender itself stands still once

    async def send(number: int, due: float) -> None:
        latencies.append(clock() - due)

    await open_loop(Schedule(rate=100, count=10), send, clock, stalled)
    assert len(latencies) == 10
    assert max(latencies) >= 0.4


async def test_a_slow_answer_holds_up_nobody() -> None:
    started, release = [], asyncio.Event()

    async def send(number: int, due: float) -> None:
        started.append(number)
        if len(started) == 3:
            release.set()
        await release.wait()

    clock = Time()
    await asyncio.wait_for(open_loop(Schedule(rate=10, count=3), send, clock, clock.pause), 5)
    assert started == [0, 1, 2]


async def test_what_workers_do_side_by_side_is_all_counted() -> None:
    counted = 0

    async def work(_: int) -> int:
        nonlocal counted
        await asyncio.sleep(0)
        counted += 1
        return 1

    start = time.monotonic()
    rate = await per_second(0.05, work, at_once=8)
    assert rate * (time.monotonic() - start) >= counted * 0.99


def test_the_table_says_what_it_compares_with() -> None:
    table = Table()
    table.add(Row("raw", "commits", 1000, "1/s"))
    table.add(Row("write", "POST", 300, "1/s", of="commits", limit=1000, target=0.25))
    table.add(Row("latency", "p99", 30, "ms", of="the floors", limit=4, target=6, less_is_better=True))
    assert [row["met"] for row in table.as_json()] == [None, True, False]
    assert [row["ratio"] for row in table.as_json()] == [None, 0.3, 7.5]
    text = table.as_text()
    assert "0.30 x commits" in text
    assert "7.50 x the floors" in text
