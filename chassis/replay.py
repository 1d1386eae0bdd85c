"""Rebuilds a read model from the log: into shadow tables, under another consumer name, then switches over.

The live consumer goes on meanwhile. At the end its tables are locked for a moment, the replay reads up to exactly the
position the live consumer has reached, and the rows change places in one transaction. Nothing is published and nothing
is sent: what handlers append lands in a shadow outbox that is thrown away, and only projections may be replayed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import letters, positions
from chassis.database.pool import Pool, connect, set_codecs
from chassis.delivery import Record, key_text
from chassis.inbox import Consumer
from chassis.service import Projection, Service
from chassis.unit import Units

CONSUMER = "replay"
_CHASSIS_TABLES = ("inbox", "outbox", "dead_letter", "bus_position")
_BATCH = 1000
_SWITCH_SECONDS = 1800
"""Copying millions of rows takes longer than a statement usually may."""
Progress = Callable[[int, int], None]
"""Called with how many records were read and how many there are."""


@dataclass(frozen=True)
class Replayed:
    """What a replay did. ``kept_aside`` events could not be applied and are missing from the read model."""

    projection: str
    records: int
    rows: dict[str, int]
    kept_aside: int
    seconds: float


async def replay(service: Service[Any], name: str, progress: Progress = lambda done, total: None) -> Replayed:
    """Rebuilds the projection ``name`` of ``service``. Raises KeyError when there is none of that name."""
    projection = service.projections[name]
    started = time.monotonic()
    shadow = f"{service.name}_replay"
    owner = await connect(service.settings.migration_database_url.get_secret_value(), "replay")
    try:
        await owner.execute("SELECT pg_advisory_lock(hashtext($1))", shadow)
        await _make_shadow(owner, service.name, shadow, projection)
        async with _pool(service, shadow) as pool:
            units = Units(service.name, pool, service.make_store)
            settings = service.settings.model_copy(update={"consume_max_bad_in_a_row": 1_000_000})
            consumer = Consumer(CONSUMER, units, projection.handlers, settings)
            reader = _Reader(service, consumer, projection, progress)
            try:
                await reader.start()
                await reader.read_to(await positions.of(owner, service.name))
                rows = await _switch(owner, service.name, shadow, projection, reader)
            finally:
                await reader.stop()
            async with pool.acquire() as connection:
                aside = sum((await letters.counts(connection)).values())
        return Replayed(name, reader.read, rows, aside, time.monotonic() - started)
    finally:
        await owner.execute(f'DROP SCHEMA IF EXISTS "{shadow}" CASCADE')
        await owner.close()


async def _make_shadow(
    owner: asyncpg.Connection[asyncpg.Record], service: str, shadow: str, projection: Projection
) -> None:
    await owner.execute(f'DROP SCHEMA IF EXISTS "{shadow}" CASCADE')
    await owner.execute(f'CREATE SCHEMA "{shadow}"')
    for table in (*_CHASSIS_TABLES, *projection.tables):
        await owner.execute(f'CREATE TABLE "{shadow}"."{table}" (LIKE "{service}"."{table}" INCLUDING ALL)')


def _pool(service: Service[Any], shadow: str) -> Pool:
    return asyncpg.create_pool(
        service.settings.migration_database_url.get_secret_value(),
        min_size=1,
        max_size=2,
        init=set_codecs,
        server_settings={"search_path": f'"{shadow}", "{service.name}"', "application_name": "sportello-replay"},
    )


async def _switch(
    owner: asyncpg.Connection[asyncpg.Record], service: str, shadow: str, projection: Projection, reader: _Reader
) -> dict[str, int]:
    """Locks out the live consumer, catches up with it, and swaps the rows."""
    tables = ", ".join(f'"{service}"."{table}"' for table in projection.tables)
    async with owner.transaction():
        # Projections before the position: the live consumer takes them in this order too.
        await owner.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        await owner.execute(f'LOCK TABLE "{service}".bus_position IN SHARE MODE')
        await reader.read_to(await positions.of(owner, service))
        await owner.execute(f"TRUNCATE {tables}")
        rows = {}
        for table in projection.tables:
            done = await owner.execute(
                f'INSERT INTO "{service}"."{table}" OVERRIDING SYSTEM VALUE SELECT * FROM "{shadow}"."{table}"',
                timeout=_SWITCH_SECONDS,
            )
            rows[table] = int(done.split()[-1])
        return rows


class _Reader:
    """Reads the log from its beginning up to given positions and feeds the shadow consumer."""

    def __init__(
        self, service: Service[Any], consumer: Consumer[Any], projection: Projection, progress: Progress
    ) -> None:
        self.read = 0
        self._prefix = service.settings.topic_prefix
        self._consumer = consumer
        self._progress = progress
        self._topics = sorted({event.topic for event in projection.handlers})
        self._kafka = AIOKafkaConsumer(
            bootstrap_servers=service.settings.kafka_bootstrap,
            client_id="sportello-replay",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )

    async def start(self) -> None:
        await self._kafka.start()

    async def stop(self) -> None:
        await self._kafka.stop()

    async def read_to(self, ends: dict[tuple[str, int], int]) -> None:
        """Applies every record before ``ends`` (next offset by topic and partition) that was not applied yet."""
        places = {
            TopicPartition(self._prefix + topic, partition): end
            for (topic, partition), end in ends.items()
            if topic in self._topics
        }
        known = self._kafka.assignment()
        starts = {place: await self._kafka.position(place) for place in places if place in known}
        self._kafka.assign(list(places))
        for place in places:
            if place in starts:
                self._kafka.seek(place, starts[place])
            else:
                await self._kafka.seek_to_beginning(place)
        left = [place for place, end in places.items() if await self._kafka.position(place) < end]
        total = self.read + sum([places[place] - await self._kafka.position(place) for place in left])
        while left:
            got = await self._kafka.getmany(timeout_ms=1000, max_records=_BATCH)
            for place, records in got.items():
                wanted = [self._record(record) for record in records if record.offset < places[place]]
                if wanted:
                    await self._consumer.deliver(wanted)
                    self.read += len(wanted)
            self._progress(self.read, total)
            left = [place for place in left if await self._kafka.position(place) < places[place]]
        # What was read beyond the end belongs to the live consumer's future.
        for place, end in places.items():
            if await self._kafka.position(place) > end:
                self._kafka.seek(place, end)
        await self._consumer.sweep()

    def _record(self, record: Any) -> Record:
        return Record(
            topic=record.topic.removeprefix(self._prefix),
            partition=record.partition,
            offset=record.offset,
            key=key_text(record.key),
            value=record.value,
            headers=tuple(record.headers),
            received_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        )


def names(service: Service[Any]) -> Sequence[str]:
    """The read models of ``service`` that can be rebuilt."""
    return sorted(service.projections)
