"""The bench still runs: every part with the smallest sizes. No figure is judged here."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.bench import run
from tests.bench.sizes import TINY
from tests.bench.table import Table
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_every_part_of_the_bench_comes_to_figures(system: System, tmp_path: Path) -> None:
    table = Table()
    await run.all_of(system, tmp_path, TINY, table)
    rows = table.as_json()
    assert {row["group"] for row in rows} == {
        "Start-up and size",
        "Raw limits",
        "The chassis alone",
        "The whole system: an offer in answer to a need",
    }
    compared = [row for row in rows if row["of"]]
    assert len(compared) >= 15
    assert all(math.isfinite(row["value"]) and row["value"] > 0 for row in rows), table.as_text()
    assert all(row["ratio"] for row in compared), table.as_text()
