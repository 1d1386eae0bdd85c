"""The chassis by itself: commands, relay, consumer, and two hops in a row, each against its raw limit."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from chassis import outbox
from chassis.clock import new_id, utc_now
from chassis.database.pool import set_codecs
from chassis.settings import Settings
from chassis.testing import Database, make_template
from chassis.topics import ensure_topics
from contracts.envelope import Envelope
from deploy.local.ports import free_ports
from tests.bench import hop, raw
from tests.bench.arithmetic import Schedule, Spread, open_loop
from tests.bench.children import child
from tests.bench.sizes import Sizes
from tests.bench.story import together
from tests.bench.table import Row, Table
from tests.bench.watch import Watch
from tests.bench.wire import Wire
from tests.leftovers import drop_databases, drop_topics
from tests.system import System

GROUP = "The chassis alone"
WAIT_SECONDS = 300.0


@dataclass
class Chain:
    """A database and topics of its own on the system's servers; services are started on them as needed."""

    system: System
    database: Database
    prefix: str
    directory: Path

    def settings(self, place: str, **more: str) -> dict[str, str]:
        return {
            "ENVIRONMENT": "test",
            "SERVICE": place,
            "DATABASE_URL": self.database.dsn(place),
            "KAFKA_BOOTSTRAP": self.system.installation.bus.bootstrap,
            "TOPIC_PREFIX": self.prefix,
            "SESSION_SECRET": secrets.token_hex(16),
            "TRACE_FILE": str(self.directory / f"{place}.jsonl"),
            "RELAY_POLL_SECONDS": "0.2",
            **more,
        }

    @asynccontextmanager
    async def running(self, *places: str, **more: str) -> AsyncIterator[Wire]:
        """These services, each a process; the way to the first of them."""
        async with AsyncExitStack() as stack:
            ports = [free_ports(1) for _ in places]
            for place, port in zip(places, ports, strict=True):
                address = f"http://127.0.0.1:{port}"
                ready = f"{address}/{place}/readyz"
                settings = self.settings(place, HTTP_PORT=str(port), **more)
                log = self.directory / f"{place}.log"
                await stack.enter_async_context(child("tests.bench.hop", ready=ready, log=log, **settings))
            wire = Wire(f"http://127.0.0.1:{ports[0]}")
            stack.push_async_callback(wire.close)
            yield wire

    async def connect(self) -> Any:
        connection = await asyncpg.connect(self.database.admin_dsn, database=self.database.name)
        await set_codecs(connection)
        return connection


@asynccontextmanager
async def chain(system: System, directory: Path) -> AsyncIterator[Chain]:
    """A fresh chain; what it made on the servers is dropped at the end."""
    name = f"bench{secrets.token_hex(3)}"
    dsn, bootstrap = system.installation.postgres.admin_dsn, system.installation.bus.bootstrap
    database = await make_template(dsn, name, hop.PLACES, hop.migrations)
    await ensure_topics(Settings(kafka_bootstrap=bootstrap, topic_prefix=f"{name}."))
    try:
        yield Chain(system, database, f"{name}.", directory)
    finally:
        await asyncio.to_thread(drop_databases, dsn, name)
        await asyncio.to_thread(drop_topics, bootstrap, name)


async def fill(connection: Any, count: int) -> None:
    """So many committed events in the source's outbox, all at once."""
    await connection.execute("SET search_path TO source")
    async with connection.transaction():
        for _ in range(0, count, 1000):
            events = []
            for _ in range(min(1000, count)):
                subject = new_id()
                event = hop.event_of(subject)
                envelope = Envelope(id=str(new_id()), source="/source", type=event.type, city=hop.CITY, time=utc_now())
                events.append(outbox.Outgoing.of(event, envelope, str(subject), 1))
            await outbox.write(connection, events)


async def until(connection: Any, statement: str, wanted: int) -> tuple[float, int, float]:
    """When the counter first moved (and to what), and when it reached ``wanted`` (time.monotonic)."""
    deadline = time.monotonic() + WAIT_SECONDS
    first: tuple[float, int] | None = None
    while time.monotonic() < deadline:
        count = await connection.fetchval(statement)
        now = time.monotonic()
        if count and first is None:
            first = now, count
        if count >= wanted:
            assert first is not None
            return *first, now
        await asyncio.sleep(0.01)
    raise TimeoutError(f"{statement}: not {wanted} within {WAIT_SECONDS} s")


async def measure(system: System, directory: Path, sizes: Sizes, table: Table) -> None:
    """Every row of the chassis alone."""
    async with chain(system, directory) as one:
        await _writes(one, sizes, table)
    async with chain(system, directory) as one:
        await _relay_and_consume(one, sizes, table)
    async with chain(system, directory) as one:
        await _consume_sampled(one, sizes, table)
    batch = await _two_hops(system, directory, sizes.events)
    single = await _two_hops(system, directory, sizes.events_one_by_one, RELAY_BATCH="1", CONSUME_BATCH="1")
    table.add(
        Row(GROUP, "two hops one by one", single, "1/s", note="batches of 1 everywhere"),
        Row(GROUP, "two hops in batches", batch, "1/s", of="one by one", limit=single, target=3),
    )
    async with chain(system, directory) as one:
        await _latency(one, sizes, table)


async def _writes(one: Chain, sizes: Sizes, table: Table) -> None:
    async with one.running("source") as wire:

        async def post(_: int) -> None:
            answer = await wire.post("/source/api/v1/things", {})
            assert answer.status == 201, answer

        _, rate = await together(sizes.requests, post)
    commits = table.value("commits, one statement")
    table.add(
        Row(GROUP, "commands over HTTP", rate, "1/s", of="raw commits", limit=commits, target=0.25, note="row + event")
    )


async def _relay_and_consume(one: Chain, sizes: Sizes, table: Table) -> None:
    relayed, consumed = await _first_hop(one, sizes.events)
    produced, marked = table.value("records produced"), table.value("outbox rows fetched and marked")
    inserts = {"of": "raw inserts", "limit": table.value("events into three tables"), "target": 0.4}
    table.add(
        Row(GROUP, "relay", relayed, "1/s", of="raw produce", limit=produced, target=0.15),
        Row(GROUP, "relay, beside the database", relayed, "1/s", of="fetch and mark", limit=marked, target=0.15),
        Row(GROUP, "consume into Postgres", consumed, "1/s", note="inbox + effect + outbox", **inserts),
    )


async def _consume_sampled(one: Chain, sizes: Sizes, table: Table) -> None:
    _, consumed = await _first_hop(one, sizes.events, TRACE_RATIO="0.1")
    inserts = {"of": "raw inserts", "limit": table.value("events into three tables"), "target": 0.4}
    table.add(Row(GROUP, "consume, one trace in ten kept", consumed, "1/s", **inserts))


async def _first_hop(one: Chain, count: int, **settings: str) -> tuple[float, float]:
    """Events a second out of a full outbox, then, with all of them on the topic, into the next service."""
    connection = await one.connect()
    try:
        await fill(connection, count)
        async with one.running("source", **settings):
            await until(connection, "SELECT count(*) FROM source.outbox WHERE published_at IS NOT NULL", count)
        relayed = await _rate(connection, "source.outbox", "published_at")
        # Its own relay is held back: one batch, then hardly anything, so that consuming is measured alone.
        async with one.running("first", RELAY_MAX_PER_SECOND="1", **settings):
            await until(connection, "SELECT count(*) FROM first.inbox", count)
        return relayed, await _rate(connection, "first.inbox", "received_at")
    finally:
        await connection.close()


async def _rate(connection: Any, relation: str, column: str) -> float:
    """Rows a second from the first batch to the last, without the rows of the last."""
    row = await connection.fetchrow(
        f"SELECT extract(epoch FROM max({column}) - min({column}))::float AS seconds, count(*) AS rows,"
        f" count(*) FILTER (WHERE {column} = (SELECT max({column}) FROM {relation})) AS last FROM {relation}"
    )
    return max(row["rows"] - row["last"], 1) / (row["seconds"] or 1.0)


async def _two_hops(system: System, directory: Path, count: int, **settings: str) -> float:
    """Events a second from the source's outbox to the second's effect, services ready and at rest before."""
    async with chain(system, directory) as one:
        connection = await one.connect()
        try:
            async with one.running(*hop.PLACES, **settings):
                await fill(connection, count)
                start = time.monotonic()
                _, _, end = await until(connection, "SELECT count(*) FROM second.effect", count)
            return count / (end - start)
        finally:
            await connection.close()


async def _latency(one: Chain, sizes: Sizes, table: Table) -> None:
    """From the moment a command is due to its effect two services on."""
    floor = raw.floors(table, commits=3, relays=2, hops=2) + table.value("a lone request")
    watching = await one.connect()
    watch = Watch(watching, "SELECT id FROM second.effect WHERE city = $2 AND id = ANY($1::uuid[])", hop.CITY)
    async with one.running(*hop.PLACES) as wire:
        looking = asyncio.create_task(watch.run())

        async def send(_: int, due: float) -> None:
            answer = await wire.post("/source/api/v1/things", {})
            watch.expect(_id(answer.body), due)

        for rate in sizes.rates:
            watch.latencies.clear()
            await open_loop(Schedule(rate, max(1, round(rate * sizes.seconds))), send, time.monotonic)
            await watch.drained(30)
            spread = Spread.of(watch.latencies, watch.missing)
            what = f"command to second effect, {rate}/s"
            more = {"of": "the floors", "limit": floor, "less_is_better": True}
            table.add(
                Row(GROUP, f"{what}, p50", spread.p50, "ms", target=2, **more),
                Row(GROUP, f"{what}, p99", spread.p99, "ms", target=6, **more),
            )
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    await watching.close()


def _id(body: bytes) -> Any:
    return UUID(orjson.loads(body)["id"])
