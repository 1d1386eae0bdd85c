"""Where matching is measured: a database and topics of its own, filled as if everything had come by events."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from chassis.clock import new_id
from chassis.database.pool import set_codecs
from chassis.scope import Scope
from chassis.settings import Settings
from chassis.testing import Database, make_template
from chassis.topics import ensure_topics
from chassis.unit import Unit, Units
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.events.intake import (
    NEED,
    OFFER,
    NeedRegistered,
    OfferReceived,
    StakeholderRegistered,
    StakeholderVetted,
)
from contracts.topics import PARTITIONS
from deploy.local.ports import free_ports
from services.matching.handlers.lines import open_lines
from services.matching.store import MatchingStore
from tests.bench.children import PROJECT, child
from tests.leftovers import drop_databases, drop_topics

CITY = "c_f205"
NAME = "matching"
_AT_ONCE = 1000
Subject = NeedRegistered | OfferReceived


def id_of(event: Subject) -> UUID:
    return event.need_id if isinstance(event, NeedRegistered) else event.offer_id


@dataclass
class Ground:
    """A database, topics and the settings of a matching service on them."""

    database: Database
    bootstrap: str
    prefix: str
    directory: Path
    producer: AIOKafkaProducer

    def settings(self, **more: str) -> dict[str, str]:
        return {
            "ENVIRONMENT": "test",
            "SERVICE": NAME,
            "DATABASE_URL": self.database.dsn(NAME),
            "MIGRATION_DATABASE_URL": self.database.dsn(NAME, owner=True),
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "TOPIC_PREFIX": self.prefix,
            "SESSION_SECRET": secrets.token_hex(16),
            "LOG_LEVEL": "INFO",
            **more,
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """The service, a process of its own, once it has heard the usual words; gives its pid."""
        port = free_ports(1)
        ready = f"http://127.0.0.1:{port}/{NAME}/readyz"
        log = self.directory / "matching.log"
        log.unlink(missing_ok=True)

        async def heard() -> bool:
            return b"words.heard" in log.read_bytes()

        async with child("services.matching", ready=ready, log=log, **self.settings(HTTP_PORT=str(port))) as pid:
            await until(heard)
            yield pid

    async def connect(self) -> Any:
        """As the service's runtime role."""
        connection = await asyncpg.connect(self.database.dsn(NAME), command_timeout=600)
        await set_codecs(connection)
        return connection

    def units(self, pool: Any) -> Units[MatchingStore]:
        return Units(NAME, pool, MatchingStore)

    # -- events --------------------------------------------------------------------------------------------

    async def say(self, event: Event, key: object, *, event_id: str | None = None) -> Any:
        """Puts an event on its topic; returns the future of its place there."""
        return await self.producer.send(
            self.prefix + event.topic,
            event.to_bytes(),
            key=str(key).encode(),
            headers=_envelope(event, key, event_id).to_headers(),
        )

    async def say_all(self, events: Iterable[tuple[Event, UUID]]) -> None:
        places: list[Any] = []
        for event, key in events:
            places.append(await self.say(event, key))
            if len(places) >= _AT_ONCE:
                await asyncio.gather(*places)
                places.clear()
        await asyncio.gather(*places)

    async def givers(self, count: int) -> list[UUID]:
        """So many organisations, registered and approved; the service has to run."""
        found = [new_id() for _ in range(count)]
        await self.say_all(_stakeholder_events(found))
        connection = await self.connect()
        try:

            async def approved() -> bool:
                known = await connection.fetchval("SELECT count(*) FROM stakeholder WHERE vetting = 'approved'")
                return bool(known >= count)

            await until(approved)
        finally:
            await connection.close()
        return found

    # -- filling -------------------------------------------------------------------------------------------

    async def passed_over(self) -> None:
        """The service has heard what is on the topics of needs and offers by now: it is told so while it is down."""
        group = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=self.prefix + NAME, enable_auto_commit=False
        )
        await group.start()
        connection = await self.connect()
        try:
            places = {topic: _places(self.prefix + topic) for topic in (NEED, OFFER)}
            group.assign([place for found in places.values() for place in found])
            for topic, found in places.items():
                ends = await group.end_offsets(found)
                await group.commit(ends)
                await connection.execute(
                    "INSERT INTO bus_position (consumer, topic, partition, next_offset)"
                    " SELECT $1, $2, * FROM unnest($3::int[], $4::bigint[])"
                    " ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
                    NAME,
                    topic,
                    [place.partition for place in ends],
                    list(ends.values()),
                )
        finally:
            await connection.close()
            await group.stop()

    async def replay(self, projection: str) -> dict[str, Any]:
        """``sportello replay``, as operations would run it; its own account of it and its peak memory."""
        command = [sys.executable, "-m", "tests.bench.replaying", projection]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPORTELLO_")}
        environment = inherited | {f"SPORTELLO_{name}": value for name, value in self.settings().items()}
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"replay of {projection}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    async def open_ledger(self, line_of: Any, events: Sequence[Subject]) -> None:
        """The ledger is no read model: its lines are opened as the handlers do, a thousand subjects at once."""
        async with asyncpg.create_pool(self.database.dsn(NAME), min_size=1, max_size=1, init=set_codecs) as pool:
            units = self.units(pool)
            for start in range(0, len(events), _AT_ONCE):
                part = [(id_of(event), event.lines) for event in events[start : start + _AT_ONCE]]

                async def work(unit: Unit[MatchingStore], part: Any = part) -> None:
                    await open_lines(unit, line_of, part)

                await units.run(Scope(CITY, "bench"), work)

    async def tidy(self) -> None:
        """What autovacuum does in its own time."""
        connection = await asyncpg.connect(self.database.dsn(NAME, owner=True), command_timeout=600)
        try:
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()


@asynccontextmanager
async def ground(admin_dsn: str, bootstrap: str, directory: Path, *, keep: bool = False) -> AsyncIterator[Ground]:
    """A fresh one; what it made on the servers is dropped at the end, with ``keep`` all but the database."""
    name = f"scale{secrets.token_hex(3)}"
    database = await make_template(admin_dsn, name, (NAME,))
    try:
        async with grounded(database, bootstrap, f"{name}.", directory) as place:
            yield place
    finally:
        if not keep:
            await asyncio.to_thread(drop_databases, admin_dsn, name)


@asynccontextmanager
async def grounded(database: Database, bootstrap: str, prefix: str, directory: Path) -> AsyncIterator[Ground]:
    """``database`` with topics of its own, which are dropped at the end."""
    await ensure_topics(Settings(kafka_bootstrap=bootstrap, topic_prefix=prefix))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=256 * 1024)
    await producer.start()
    try:
        yield Ground(database, bootstrap, prefix, directory, producer)
    finally:
        await producer.stop()
        await asyncio.to_thread(drop_topics, bootstrap, prefix)


def _envelope(event: Event, key: object, event_id: str | None) -> Envelope:
    return Envelope(
        id=event_id or str(uuid4()),
        source="/intake",
        type=event.type,
        city=CITY,
        time=datetime.now(UTC),
        subject=str(key),
        correlationid=str(key),
    )


def _stakeholder_events(ids: Sequence[UUID]) -> Iterable[tuple[Event, UUID]]:
    for number, one in enumerate(ids):
        name = f"Organisation {number}"
        yield StakeholderRegistered(stakeholder_id=one, version=1, name=name, stakeholder_type="company"), one
        yield StakeholderVetted(stakeholder_id=one, version=2, outcome="approved"), one


def _places(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition in range(PARTITIONS)]


async def until(probe: Callable[[], Awaitable[bool]], within: float = 120) -> None:
    """Looks again and again until ``probe`` says yes. Raises TimeoutError."""
    deadline = time.monotonic() + within
    while not await probe():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within} s")
        await asyncio.sleep(0.02)
