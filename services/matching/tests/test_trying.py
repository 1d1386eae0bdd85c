"""What a choice would cost is worked out by a process as large as a plan's: only some at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from chassis.scope import Scope
from services.matching.planning import supervising
from services.matching.planning.parameters import Choice

pytestmark = pytest.mark.unit


async def test_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    @asynccontextmanager
    async def process(task: dict[str, Any]) -> AsyncIterator[None]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        yield None
        running -= 1

    async def says(process: None) -> dict[str, Any]:
        for _ in range(5):
            await asyncio.sleep(0)
        return {"answer": {"possible": True}}

    monkeypatch.setattr(supervising, "_process", process)
    monkeypatch.setattr(supervising, "_next", says)
    monkeypatch.setattr(supervising, "_dsn", lambda settings: "")
    choice = Choice(need_id=uuid4(), offer_id=uuid4(), quantity="1")
    settings: Any = SimpleNamespace()
    answers = await asyncio.gather(*(supervising.price_of(settings, Scope("c"), uuid4(), choice) for _ in range(6)))
    assert answers == [{"possible": True}] * 6
    assert (most, running) == (2, 0)
