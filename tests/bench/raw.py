"""What this machine can do at best: the disk's commits, the broker's records, an empty endpoint."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.topics import PARTITIONS
from tests.bench.arithmetic import percentile
from tests.bench.sizes import Sizes
from tests.bench.table import Row, Table
from tests.bench.wire import Wire

GROUP = "Raw limits"
AT_ONCE = 32
TOPIC = f"bench.{secrets.token_hex(3)}"
PAYLOAD = orjson.dumps({"id": str(uuid4()), "text": "x" * 600})
HEADERS = {"ce_id": str(uuid4()), "ce_type": "sportello.bench.v1", "ce_time": "2026-01-01T00:00:00Z"}

_SCHEMA = """
DROP SCHEMA IF EXISTS bench_raw CASCADE;
CREATE SCHEMA bench_raw;
CREATE TABLE bench_raw.aggregate (id uuid PRIMARY KEY, version int NOT NULL, body jsonb NOT NULL);
CREATE TABLE bench_raw.inbox (source text, event_id text, received_at timestamptz DEFAULT now(),
    PRIMARY KEY (source, event_id));
CREATE TABLE bench_raw.outbox (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL UNIQUE,
    topic text NOT NULL, payload bytea NOT NULL, headers jsonb NOT NULL, published_at timestamptz);
CREATE INDEX ON bench_raw.outbox (seq) WHERE published_at IS NULL;
"""
_AGGREGATE = "INSERT INTO bench_raw.aggregate VALUES ($1, 1, $2)"
_OUTBOX = "INSERT INTO bench_raw.outbox (event_id, topic, payload, headers) VALUES ($1, 'bench', $3, $4)"
_CTE = f"WITH written AS ({_AGGREGATE}) {_OUTBOX}"
_MANY = {
    "inbox": "INSERT INTO bench_raw.inbox (source, event_id) SELECT 'bench', id::text FROM unnest($1::uuid[]) AS id",
    "aggregate": "INSERT INTO bench_raw.aggregate SELECT id, 1, $2 FROM unnest($1::uuid[]) AS id",
    "outbox": "INSERT INTO bench_raw.outbox (event_id, topic, payload, headers)"
    " SELECT id, 'bench', $2, $3 FROM unnest($1::uuid[]) AS id",
}
_FETCH = "SELECT seq, topic, payload, headers FROM bench_raw.outbox WHERE published_at IS NULL ORDER BY seq LIMIT $1"
_MARK = "UPDATE bench_raw.outbox SET published_at = clock_timestamp() WHERE seq = ANY($1::bigint[])"


async def per_second(seconds: float, work: Callable[[int], Awaitable[int]], at_once: int = 1) -> float:
    """How much ``work(worker)`` gets done a second by so many workers side by side."""
    start = time.monotonic()
    done = 0

    async def worker(number: int) -> None:
        nonlocal done
        while time.monotonic() - start < seconds:
            more = await work(number)  # apart from the sum, which others change meanwhile
            done += more

    await asyncio.gather(*(worker(number) for number in range(at_once)))
    return done / (time.monotonic() - start)


async def timed(count: int, work: Callable[[], Awaitable[Any]], pause: float = 0.005) -> list[float]:
    """Seconds of each of ``count`` times, with a pause in between: what a lone one costs."""
    found = []
    for _ in range(count):
        start = time.perf_counter()
        await work()
        found.append(time.perf_counter() - start)
        await asyncio.sleep(pause)
    return found


async def postgres(dsn: str, sizes: Sizes, table: Table) -> None:
    """Commits and batches on the very server, disk and settings (fsync on) that the system uses."""
    connections = [await asyncpg.connect(dsn, database="sportello") for _ in range(AT_ONCE)]
    first = connections[0]
    body, headers = json.dumps({"text": "x" * 600}), json.dumps(HEADERS)
    try:
        await first.execute(_SCHEMA)

        async def one_statement(worker: int) -> int:
            await connections[worker].execute(_CTE, uuid4(), body, PAYLOAD, headers)
            return 1

        async def transaction(worker: int) -> int:
            key = uuid4()
            async with connections[worker].transaction():
                await connections[worker].execute(_AGGREGATE, key, body)
                await connections[worker].execute(
                    _OUTBOX.replace("$3", "$2").replace("$4", "$3"), key, PAYLOAD, headers
                )
            return 1

        async def hundred(worker: int) -> int:
            keys = [uuid4() for _ in range(100)]
            async with first.transaction():
                await first.execute(_MANY["inbox"], keys)
                await first.execute(_MANY["aggregate"], keys, body)
                await first.execute(_MANY["outbox"], keys, PAYLOAD, headers)
            return 100

        async def relayed(limit: int) -> int:
            rows = await first.fetch(_FETCH, limit)
            await first.execute(_MARK, [row["seq"] for row in rows])
            return len(rows)

        commits = await per_second(sizes.seconds, one_statement, AT_ONCE)
        table.add(
            Row(GROUP, "commits, one statement", commits, "1/s", note=f"aggregate + outbox, {AT_ONCE} connections"),
            Row(GROUP, "commits, BEGIN to COMMIT", await per_second(sizes.seconds, transaction, AT_ONCE), "1/s"),
            Row(
                GROUP, "events into three tables", await per_second(sizes.seconds, hundred), "1/s", note="unnest x 100"
            ),
            Row(GROUP, "outbox rows fetched and marked", await _drain(relayed), "1/s", note="x 500"),
        )
        lone = await timed(100, lambda: one_statement(0))
        table.add(Row(GROUP, "a lone commit", 1000 * percentile(lone, 0.5), "ms", note=_p99(lone)))
        relay = await timed(100, lambda: relayed(1))
        table.add(Row(GROUP, "a lone relay transaction", 1000 * percentile(relay, 0.5), "ms", note=_p99(relay)))
        await first.execute("DROP SCHEMA bench_raw CASCADE")
    finally:
        for connection in connections:
            await connection.close()


async def _drain(relayed: Callable[[int], Awaitable[int]]) -> float:
    start, total = time.monotonic(), 0
    while count := await relayed(500):
        total += count
    return total / (time.monotonic() - start)


def _p99(seconds: list[float]) -> str:
    return f"p99 {1000 * percentile(seconds, 0.99):.1f} ms"


async def kafka(bootstrap: str, sizes: Sizes, table: Table) -> None:
    """Records through the very broker: produced in batches and read again, and how long a lone one takes."""
    async with _topic(bootstrap) as (producer, consumer):
        count = sizes.events
        await _warm(producer, consumer)
        start = time.monotonic()
        for first in range(0, count, 500):
            futures = [
                await producer.send(TOPIC, PAYLOAD, key=str(number).encode()) for number in range(first, first + 500)
            ]
            await asyncio.gather(*futures)
        produced = time.monotonic() - start
        sent = -(-count // 500) * 500
        start, got = time.monotonic(), 0
        while got < sent:
            found = await consumer.getmany(timeout_ms=1000, max_records=500)
            got += sum(len(records) for records in found.values())
        consumed = time.monotonic() - start

        async def hop() -> None:
            await producer.send(TOPIC, PAYLOAD, key=b"lone")
            while not await consumer.getmany(timeout_ms=1000):
                pass

        hops = await timed(100, hop)
    table.add(
        Row(GROUP, "records produced", sent / produced, "1/s", note="aiokafka, batches of 500, acks=all"),
        Row(GROUP, "records consumed", sent / consumed, "1/s"),
        Row(GROUP, "records produced and consumed", sent / (produced + consumed), "1/s"),
        Row(GROUP, "a lone hop through Kafka", 1000 * percentile(hops, 0.5), "ms", note=_p99(hops)),
    )


async def _warm(producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
    """A record on every partition and back: leaders are known, connections open."""
    await asyncio.gather(*[await producer.send(TOPIC, PAYLOAD, partition=number) for number in range(PARTITIONS)])
    got = 0
    while got < PARTITIONS:
        found = await consumer.getmany(timeout_ms=1000)
        got += sum(len(records) for records in found.values())


@asynccontextmanager
async def _topic(bootstrap: str) -> AsyncIterator[tuple[AIOKafkaProducer, AIOKafkaConsumer]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=256 * 1024
    )
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    try:
        await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
        await producer.start()
        await consumer.start()
        yield producer, consumer
    finally:
        await consumer.stop()
        await producer.stop()
        await admin.delete_topics([TOPIC])
        await admin.close()


async def http(origin: str, sizes: Sizes, table: Table) -> None:
    """Requests to an endpoint that does nothing."""
    wire = Wire(origin)

    async def request(_: int = 0) -> int:
        await wire.post("/", {"text": "x" * 600})
        return 1

    rate = await per_second(sizes.seconds, request, AT_ONCE)
    lone = await timed(100, request)
    await wire.close()
    table.add(
        Row(GROUP, "requests to an empty endpoint", rate, "1/s", note="uvicorn and FastAPI, one worker"),
        Row(GROUP, "a lone request", 1000 * percentile(lone, 0.5), "ms", note=_p99(lone)),
    )


def floors(table: Table, commits: int, relays: int, hops: int) -> float:
    """Milliseconds that so many lone commits, relay transactions and hops take one after another."""
    return (
        commits * table.value("a lone commit")
        + relays * table.value("a lone relay transaction")
        + hops * table.value("a lone hop through Kafka")
    )
