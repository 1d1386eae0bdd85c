"""Replay: a read model rebuilt from the log is what the live consumer made, and nothing is published again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from chassis.replay import replay
from chassis.settings import Settings
from chassis.testing import eventually, running
from chassis.tests.test_traps import Send, changed, put, registered
from chassis.tests.toy import Toy

pytestmark = pytest.mark.integration


async def _tallies(app: Any) -> list[tuple[Any, ...]]:
    async with app.state.units.pool.acquire() as connection:
        rows = await connection.fetch("SELECT id, applied, names FROM tally ORDER BY id")
    return [tuple(row) for row in rows]


async def _outbox(app: Any) -> int:
    async with app.state.units.pool.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


async def test_a_spoiled_read_model_is_rebuilt_while_the_service_goes_on(
    toy: Toy, settings: Settings, send: Send
) -> None:
    service = toy.service(settings)
    keys = [uuid4() for _ in range(30)]
    async with running(service) as live:
        for key in keys:
            await put(send, registered("a", key), key)
            await put(send, changed("b", key), key)

        async def all_there() -> bool:
            tallies = await _tallies(live.app)
            return len(tallies) == 30 and all(names == ["a", "b"] for _, _, names in tallies)

        await eventually(all_there)
        right, published = await _tallies(live.app), await _outbox(live.app)
        async with live.app.state.units.pool.acquire() as connection:
            await connection.execute("UPDATE tally SET names = ARRAY['spoiled'] WHERE id < '8'")
            await connection.execute("DELETE FROM tally WHERE id >= '8'")

        done = await replay(service, "tally")

        assert done.rows == {"tally": 30}
        assert done.kept_aside == 0
        assert await _tallies(live.app) == right
        assert await _outbox(live.app) == published
        await put(send, changed("c", keys[0]), keys[0])

        async def goes_on() -> bool:
            return ["a", "b", "c"] in [names for _, _, names in await _tallies(live.app)]

        await eventually(goes_on)
