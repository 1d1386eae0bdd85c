"""The bench of the allocation still runs, with the smallest sizes. No figure is judged here but what always holds."""

from __future__ import annotations

import pytest
from rich.progress import Progress

from tests.bench import allocation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


def test_the_solver_comes_to_figures() -> None:
    with Progress(disable=True) as progress:
        found = allocation.solver(60, progress)
    assert found.pairs == 60 * allocation.CANDIDATES
    assert found.times_greedy >= 1
    assert 0 <= found.gap < 1
    assert found.fairness_costs >= 0
    assert found.cancel_seconds > 0


async def test_a_plan_goes_from_the_database_to_the_database(postgres_admin_dsn: str) -> None:
    with Progress(disable=True) as progress:
        found = await allocation.whole(postgres_admin_dsn, 40, progress)
    assert found.pairs > 0
    assert found.lines > 0
    assert set(found.phases) <= {"waiting", "reading", "candidates", "solving", "comparing", "saving"}
