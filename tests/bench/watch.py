"""Sees when what was asked for is there, by looking into the database again and again."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import asyncpg

LOOK_SECONDS = 0.002
MOST_AT_ONCE = 1000


class Watch:
    """Notes when each awaited key appears. ``statement`` takes an array of keys and returns those that are there.

    What is seen has been there for up to :data:`LOOK_SECONDS` and the time of one look: latencies are not flattered.
    """

    def __init__(self, connection: Any, statement: str, *arguments: Any) -> None:
        self._connection = connection
        self._statement = statement
        self._arguments = arguments
        self._due: dict[Any, float] = {}
        self._none_missing = asyncio.Event()
        self.latencies: list[float] = []

    def expect(self, key: Any, due: float) -> None:
        """``key`` is to appear; its latency counts from ``due`` (time.monotonic)."""
        self._due[key] = due
        self._none_missing.clear()

    def forget(self, key: Any) -> None:
        """``key`` will not appear: its command was refused."""
        self._due.pop(key, None)
        if not self._due:
            self._none_missing.set()

    @property
    def missing(self) -> int:
        return len(self._due)

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        waiting = list(self._due)[:MOST_AT_ONCE]
        if not waiting:
            return
        rows = await self._connection.fetch(self._statement, waiting, *self._arguments)
        now = time.monotonic()
        for row in rows:
            due = self._due.pop(row[0], None)
            if due is not None:
                self.latencies.append(now - due)
        if not self._due:
            self._none_missing.set()

    async def drained(self, within: float) -> bool:
        """Waits until nothing is missing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none_missing.wait(), within if self.missing else 0)
        return not self.missing


async def connect(dsn: str, database: str) -> Any:
    return await asyncpg.connect(dsn, database=database)
