"""The bench of the Legal Office's desk still runs, with the smallest sizes. No figure is judged here."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.bench import agreements

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def test_every_question_is_answered_and_timed(
    postgres_admin_dsn: str, kafka_bootstrap: str, tmp_path: Path
) -> None:
    result = await agreements.run(postgres_admin_dsn, kafka_bootstrap, tmp_path, files=40, requests=2)
    measured = result["measured"]
    assert len(measured) >= 10
    assert all(math.isfinite(one["p99"]) and one["p99"] >= one["p50"] > 0 for one in measured)
    text = agreements.as_text(result)
    assert all(one["name"] in text for one in measured)
