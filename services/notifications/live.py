"""The live inbox: one look at the database serves every client of this process.

A change wakes the look before it is committed (the store cannot know when that is), so the look is repeated shortly
after; changes made by other instances are found by slow polling. What is lost on the way is never lost for the reader:
every look compares each client's counts with what it was told last, and a client that comes back is told at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from chassis.unit import Units
from services.notifications.domain.handling import Reader, state_of
from services.notifications.domain.kinds import Urgency
from services.notifications.settings import NotificationsSettings
from services.notifications.store import Store

_OVERLAP = timedelta(seconds=15)
_MOST = 500
_AGAIN = (0.1, 0.4)
"""Seconds until the next looks after one that was woken: its change may not have been committed yet."""
_LEAST_PAUSE = 0.03
Row = Any


@dataclass(eq=False)
class _Client:
    reader: Reader
    since: datetime | None
    waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=100))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    told: tuple[int, int] | None = None

    def tell(self, at: datetime, counts: tuple[int, int], item: Row | None, now: datetime) -> None:
        body = {"open": counts[0], "urgent": counts[1], "item": _item(item, now) if item else None}
        self.waiting.append(
            b"id: %b\nevent: inbox\ndata: %b\n\n" % (at.isoformat().encode(), orjson.dumps(body, default=str))
        )
        self.told = counts
        self.arrived.set()


class Live:
    """Tells connected readers whenever something of theirs changes."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._clients: set[_Client] = set()
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()
        self._units: Units[Store] | None = None
        self._last: datetime | None = None
        self._seen: dict[Any, int] = {}
        self.stopping = asyncio.Event()

    def wake(self) -> None:
        """Something changed, or is about to."""
        self._woken.set()

    def stop_with_the_server(self) -> None:
        """Ends the streams as soon as uvicorn is told to stop: it waits for open answers, and these never end."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            servers_own = signal.getsignal(number)
            if getattr(servers_own, "__name__", "") != "handle_exit":
                continue

            def stop(received: int, frame: Any, then: Any = servers_own) -> None:
                loop.call_soon_threadsafe(self.stop)
                then(received, frame)

            signal.signal(number, stop)

    def stop(self) -> None:
        """Ends every stream, so that the process can end; browsers come back to the next one."""
        self.stopping.set()
        for client in self._clients:
            client.arrived.set()

    async def run(self, units: Units[Store]) -> None:
        """Looks for as long as the process lives; not at all while nobody is connected."""
        self._units = units
        pauses: Iterator[float] = iter(())
        while True:
            if await self._woken_within(next(pauses, self._settings.live_poll_seconds)):
                pauses = iter(_AGAIN)
                await asyncio.sleep(_LEAST_PAUSE)
                self._woken.clear()
            if self._clients:
                await self._look()
            else:
                self._last = None

    async def _woken_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        return self._woken.is_set()

    async def stream(self, units: Units[Store], reader: Reader, last_event_id: str | None) -> AsyncIterator[bytes]:
        """The lines of one client's stream: where it stands now, what it missed, then every change."""
        self._units = units
        client = _Client(reader, _time(last_event_id))
        self._clients.add(client)
        try:
            yield b"retry: 2000\n\n"
            await self._greet(client)
            ends = asyncio.get_running_loop().time() + self._settings.live_stream_seconds
            while not self.stopping.is_set() and asyncio.get_running_loop().time() < ends:
                while client.waiting:
                    yield client.waiting.popleft()
                client.arrived.clear()
                try:
                    await asyncio.wait_for(client.arrived.wait(), self._settings.live_heartbeat_seconds)
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._clients.discard(client)

    async def _greet(self, client: _Client) -> None:
        """Tells a new client where it stands; those who come together (after a restart) share one look."""
        async with self._looking:
            if client.told is None:
                await self._compare()

    async def _look(self) -> None:
        async with self._looking:
            await self._compare()

    async def _compare(self) -> None:
        """Compares the database with what each client knows."""
        clients, units = list(self._clients), self._units
        if units is None or not clients:
            return
        cities = sorted({client.reader.city for client in clients})
        async with units.reading() as store:
            at = await store.live.clock()
            now = units.clock()
            missed = [client.since for client in clients if client.told is None and client.since]
            since = min([self._last or at, *missed])
            changes = await store.live.changes(cities, now, since, _OVERLAP, _MOST)
            counts = await store.live.counts(cities, now)
            covers = await store.live.covers(cities)
        first = self._last is None
        recent = [row for row in changes if first or row["changed_at"] > self._since()]
        fresh = [row for row in recent if self._seen.get(row["item_id"]) != row["version"]]
        reach = _Reach(covers)
        for client in clients:
            known = changes if client.told is None else [] if first else fresh
            self._serve(client, [row for row in known if reach.covers(client.reader, row)], counts, reach, at, now)
        self._seen = {row["item_id"]: row["version"] for row in recent}
        self._last = at

    def _since(self) -> datetime:
        """From when on a look finds what the last one may not have seen."""
        assert self._last is not None
        return self._last - _OVERLAP

    @staticmethod
    def _serve(
        client: _Client, mine: Sequence[Row], counts: Sequence[Row], reach: _Reach, at: datetime, now: datetime
    ) -> None:
        groups = [group for group in counts if reach.covers(client.reader, group)]
        total = (sum(group["open"] for group in groups), sum(group["urgent"] for group in groups))
        if client.told is None:
            since = client.since
            mine = [row for row in mine if since and row["changed_at"] > since]
        for row in mine:
            client.tell(row["changed_at"], total, row, now)
        if client.told != total:
            client.tell(at, total, None, now)


class _Reach:
    """Whose items are whose, absences included; the same rule as the inbox's own query."""

    def __init__(self, covers: Sequence[Row]) -> None:
        self._covered = {(row["city"], row["covered_by"], row["account_manager_id"]) for row in covers}

    def covers(self, reader: Reader, row: Row) -> bool:
        if row["city"] != reader.city or row["audience"] not in reader.audiences:
            return False
        owner = row["owner"]
        return owner is None or owner == reader.subject or (reader.city, reader.subject, owner) in self._covered


def _item(row: Row, now: datetime) -> dict[str, Any]:
    return {
        "id": row["item_id"],
        "kind": row["kind"],
        "state": state_of(row["parts"], row["done_at"], row["snoozed_until"], now),
        "urgency": Urgency(row["rank"]).code,
        "parts": row["parts"],
        "case_id": row["case_id"],
        "case": row["title"],
        "version": row["version"],
    }


def _time(last_event_id: str | None) -> datetime | None:
    """Where a client was; None when it is new or says something else."""
    if last_event_id is None:
        return None
    with contextlib.suppress(ValueError):
        at = datetime.fromisoformat(last_event_id)
        return at if at.tzinfo else None
    return None
