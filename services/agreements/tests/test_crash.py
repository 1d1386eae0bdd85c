"""Connections die in the middle of approvals and signatures: no number is missing, every act is done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from chassis.auth import Actor
from chassis.clock import new_id
from chassis.scope import Scope
from services.agreements.domain.register import faults
from services.agreements.handlers.auditing import audit
from services.agreements.tests.story import CITY, GUIDE, LEGAL, SIGNATORY, Story, donation, giver_of, partner
from tests.servers import Servers

pytestmark = pytest.mark.integration
AGREEMENTS, DEATHS = 6, 12


async def insist(story: Story, one: str, act: str, actor: Actor) -> int:
    """Sends the same command with the same key until there is an answer, as a client does; how often it took."""
    key = str(new_id())
    for attempt in range(1, 200):
        try:
            answer = await story.post(one, act, actor, **{"Idempotency-Key": key})
        except (httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            continue
        if answer.status_code < 500:
            assert answer.is_success, answer.text
            return attempt
    raise AssertionError("no answer")


async def kill_writers(admin: asyncpg.Connection, database: str, over: asyncio.Event) -> int:
    """Ends server processes that are in the middle of a transaction that writes, as a crash would; not the relay's."""
    killed = 0
    while not over.is_set() and killed < DEATHS:
        killed += await admin.fetchval(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (SELECT DISTINCT a.pid"
            " FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.datname = $1 AND a.pid <> pg_backend_pid()"
            " AND a.application_name = 'sportello-agreements' AND a.state <> 'idle' AND l.mode = 'RowExclusiveLock'"
            " AND a.xact_start IS NOT NULL LIMIT 1) x",
            database,
        )
    return killed


async def all_under_fire(settings: Any, servers: Servers, work: list[Any]) -> tuple[int, list[int]]:
    over = asyncio.Event()
    database = urlsplit(settings.database_url.get_secret_value()).path.lstrip("/")
    admin = await asyncpg.connect(servers.postgres_admin_dsn())
    try:
        killer = asyncio.create_task(kill_writers(admin, database, over))
        attempts = await asyncio.gather(*work)
        over.set()
        return await killer, attempts
    finally:
        over.set()
        await admin.close()


async def test_the_series_has_no_gap_when_connections_die_half_way(
    story: Story, settings: Any, servers: Servers
) -> None:
    matches = [donation(need_title=f"Sotto il fuoco {number}") for number in range(AGREEMENTS)]
    files = [await story.filled(match) for match in matches]
    for one in files:
        await story.done(one, "submit", GUIDE)
    killed, attempts = await all_under_fire(settings, servers, [insist(story, one, "approve", LEGAL) for one in files])
    assert killed > 0
    assert sum(attempts) > len(files)
    signings = [
        insist(story, one, "sign", actor)
        for one, match in zip(files, matches, strict=True)
        for actor in (partner(giver_of(match)), SIGNATORY)
    ]
    killed, attempts = await all_under_fire(settings, servers, signings)
    assert killed > 0

    assert {(await story.get(one))["state"] for one in files} == {"active"}
    async with story.desk.app.state.units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
        found = await audit(store, CITY)
    assert found.faults == ()
    assert faults(entries, {}) == []
    numbers = [entry.protocol.number for entry in entries if entry.act == "registered"]
    assert numbers == list(range(1, len(files) + 1))
    assert Counter(entry.act for entry in entries) == {"registered": len(files), "signed": len(files)}
    for one in files:
        names = Counter(type(event).__name__ for event in await story.published(one, until="Activated"))
        assert (names["AgreementApproved"], names["AgreementSigned"], names["AgreementActivated"]) == (1, 1, 1)
