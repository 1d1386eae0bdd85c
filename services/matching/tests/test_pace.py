"""Work that has time gives way to news, but not for ever."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from services.matching.handlers import proposing
from services.matching.handlers.pace import Pace

pytestmark = pytest.mark.unit


async def test_whoever_has_time_waits_until_nobody_is_at_work_on_news() -> None:
    pace, told = Pace(), []

    async def later() -> None:
        await pace.give_way(patience=30)
        told.append("later")

    with pace.at_work():
        with pace.at_work():
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        told.append("news")
    await task
    assert told == ["news", "later"]


async def test_nobody_waits_when_there_is_no_news_or_longer_than_patience_lasts() -> None:
    pace = Pace()
    await asyncio.wait_for(pace.give_way(patience=30), 5)
    with pace.at_work():
        await asyncio.wait_for(pace.give_way(patience=0.01), 5)
        assert not pace._waiting, "whoever lost patience is forgotten"
    await asyncio.wait_for(pace.give_way(patience=30), 5)


async def test_what_has_time_is_done_a_few_at_a_time_and_waits_before_each_few(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace()
    monkeypatch.setattr(proposing, "PACE", pace)
    subjects = [uuid4() for _ in range(8)]
    hurried = [some async for some in proposing._slices(subjects, patient=False)]
    assert hurried == [subjects]
    seen: list[UUID] = []
    with pace.at_work():
        turns = proposing._slices(subjects, patient=True)
        first = asyncio.ensure_future(anext(turns))
        await asyncio.sleep(0)
        assert not first.done(), "news is at work"
    seen += await first
    assert len(seen) < len(subjects)
    few = len(seen)
    async for some in turns:
        assert len(some) <= few
        seen += some
    assert seen == subjects
