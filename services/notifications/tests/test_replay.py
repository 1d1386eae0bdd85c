"""The stories of cases are rebuilt from the log; work items are left as people have handled them."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.replay import replay
from chassis.testing import Running, eventually
from services.notifications.app import service
from services.notifications.settings import NotificationsSettings
from services.notifications.store.timeline import TABLES
from services.notifications.tests.tale import Tale
from services.notifications.tests.wire import Wire, manager, sent

pytestmark = pytest.mark.integration


async def test_replay_rebuilds_every_story_and_touches_no_work(
    desk: Running, wire: Wire, settings: NotificationsSettings
) -> None:
    tales = [Tale(), Tale(department="welfare")]
    events = [one for tale in tales for one in sent(tale.all())]
    pool = desk.app.state.units.pool
    await wire.send(events)

    async def all_told() -> bool:
        return await pool.fetchval("SELECT count(*) FROM timeline_entry") == len(events)

    await eventually(all_told)
    before = {table: await _rows(pool, table) for table in TABLES}
    work = await _rows(pool, "work_item")
    await pool.execute("UPDATE case_file SET title = 'spoiled', version = 99")
    await pool.execute("DELETE FROM timeline_entry WHERE event_type LIKE '%match%'")
    await pool.execute("DELETE FROM thread_link")

    done = await replay(service(settings), "cases")

    assert done.kept_aside == 0
    assert done.rows["timeline_entry"] == len(events)
    assert {table: await _rows(pool, table) for table in TABLES} == before
    assert await _rows(pool, "work_item") == work
    async with desk.client(manager()) as giulia:
        answer = await giulia.get(f"/notifications/api/v1/cases/{tales[0].need}")
        assert answer.json()["case"]["title"] == tales[0].title


async def _rows(pool: Any, table: str) -> list[str]:
    return sorted(str(tuple(row)) for row in await pool.fetch(f"SELECT * FROM {table}"))
