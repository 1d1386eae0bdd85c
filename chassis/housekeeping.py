"""Keeps the shared tables from growing for ever, in small bites, one instance at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chassis import log
from chassis.settings import Settings
from chassis.unit import Units

_EVERY_SECONDS = 600.0
_BITE = 5_000
INBOX_DAYS = 30
"""How long the inbox knows an event; what comes again later is known by its offset."""
_logger = log.get("housekeeping")

# Idempotency keys outlive any sane retry.
_PURGES = {
    "outbox": "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE published_at < now() - interval '14 days'"
    f" ORDER BY seq LIMIT {_BITE})",
    "inbox": "DELETE FROM inbox WHERE (city, consumer, source, event_id) IN"
    " (SELECT city, consumer, source, event_id FROM inbox"
    f" WHERE received_at < now() - interval '{INBOX_DAYS} days' LIMIT {_BITE})",
    "idempotency_key": "DELETE FROM idempotency_key WHERE (city, actor, key) IN (SELECT city, actor, key"
    f" FROM idempotency_key WHERE created_at < now() - interval '7 days' LIMIT {_BITE})",
}


def kept(settings: Settings) -> frozenset[str]:
    """Tables that this installation never purges.

    An in-memory broker is refilled from the outboxes, at other offsets, and the inboxes drop what they know.
    """
    return frozenset({"outbox", "inbox"}) if settings.environment == "local" else frozenset()


def housekeeping(settings: Settings) -> Callable[[Units[Any]], Awaitable[None]]:
    """The background job that purges for ever, every ten minutes."""

    async def purging(units: Units[Any]) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await purge(units, keep=kept(settings))

    return purging


async def purge(units: Units[Any], *, keep: frozenset[str] = frozenset()) -> dict[str, int]:
    """Deletes what is past its time and returns how many rows of each table; tables in ``keep`` are left."""
    deleted = {}
    async with units.pool.acquire() as connection:
        lock = "SELECT pg_try_advisory_lock(hashtext(current_schema() || '.housekeeping'))"
        if not await connection.fetchval(lock):
            return {}
        try:
            for table, statement in _PURGES.items():
                if table in keep:
                    continue
                deleted[table] = 0
                while True:
                    count = int((await connection.execute(statement)).split()[-1])
                    deleted[table] += count
                    if count < _BITE:
                        break
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtext(current_schema() || '.housekeeping'))")
    if any(deleted.values()):
        _logger.info("housekeeping.purged", **deleted)
    return deleted
