"""The relay: takes committed events from the outbox to Kafka, in order per aggregate.

One owner per slot of the outbox, by session advisory locks. Published rows are marked on the very session that holds
the locks: when that session dies the lock is free for another relay, and the old one can no longer mark anything. An
event may therefore be sent twice, never skipped; consumers drop what they know.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidMessageError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from chassis import log, metrics
from chassis.database.pool import AWAY, connect
from chassis.settings import Settings

SLOTS = 8
_REBALANCE_SECONDS = 5.0
_STUCK_RETRY_SECONDS = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_ANSWER_SECONDS = 60.0
"""How long an event may go unacknowledged before its producer is given up: longer than one request of it (40 s)."""
_SLOW_SECONDS = 15.0
_STOP_SECONDS = 5.0
_logger = log.get("relay")

# What a new attempt will not change: somebody must look, and only this key waits.
_REFUSED = (MessageSizeTooLargeError, TopicAuthorizationFailedError, InvalidMessageError)

_INTERRUPTIONS = (*AWAY, OSError, TimeoutError, KafkaError, asyncpg.PostgresError)

_PENDING = """
SELECT seq, topic, aggregate_id, payload, headers FROM outbox
WHERE published_at IS NULL AND slot = ANY($1::smallint[]) AND NOT (topic || '/' || aggregate_id = ANY($2::text[]))
ORDER BY seq LIMIT $3
"""
_MARK = "UPDATE outbox SET published_at = clock_timestamp() WHERE seq = ANY($1::bigint[]) AND published_at IS NULL"
_RELAYS = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = hashtext(current_schema() || '.relays')::oid AND objid = 0 AND objsubid = 2
"""


@dataclass(frozen=True)
class _Row:
    seq: int
    topic: str
    aggregate_id: str
    payload: bytes
    headers: list[tuple[str, bytes]]

    @property
    def key(self) -> str:
        return f"{self.topic}/{self.aggregate_id}"


def fair_share(relays: int) -> int:
    """How many slots each of ``relays`` relays may own at most."""
    return -(-SLOTS // max(relays, 1))


class Relay:
    """A task of the service process. :meth:`wake` it after a commit; it polls slowly besides."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._owned: set[int] = set()
        self._stuck: dict[str, float] = {}
        self._producer_broken = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        self._wake.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Finishes what is in flight, then gives the slots back."""
        self._stop.set()
        self._wake.set()
        if self._task:
            _, pending = await asyncio.wait([self._task], timeout=10)
            for task in pending:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    @property
    def alive(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                await self._session()
            except _INTERRUPTIONS as error:
                _logger.warning("relay.interrupted", error=type(error).__name__, detail=str(error)[:300])
            except Exception:
                _logger.exception("relay.failed")
            if time.monotonic() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            # Commits go on while a server is away: if they ended this pause, attempts would follow without any.
            await _unless(self._stop, pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _session(self) -> None:
        """One database session and one producer, until either breaks."""
        connection = await connect(self._settings.database_url.get_secret_value(), f"{self._settings.service}-relay")
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            client_id=f"{self._settings.service}-relay",
            acks="all",
            enable_idempotence=True,
            max_batch_size=256 * 1024,
            max_request_size=1_000_000,
            linger_ms=0,
        )
        try:
            await producer.start()
            # A mark that a crash of the database loses is an event sent twice, which consumers drop: nothing to wait
            # for the disk for. What is relayed was committed by its writer, who did wait.
            await connection.execute("SET synchronous_commit = off")
            await connection.execute("SELECT pg_advisory_lock_shared(hashtext(current_schema() || '.relays'), 0)")
            await self._serve(connection, producer)
        finally:
            self._owned.clear()
            metrics.relay_slots.set(0)
            await _end(producer)
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    async def _serve(self, connection: asyncpg.Connection[asyncpg.Record], producer: AIOKafkaProducer) -> None:
        next_balance = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= next_balance:
                await self._balance(connection)
                next_balance = time.monotonic() + _REBALANCE_SECONDS
            self._wake.clear()
            sent = await self._pass(connection, producer)
            if sent < self._settings.relay_batch:
                await _unless(self._wake, self._settings.relay_poll_seconds * random.uniform(0.8, 1.2))  # noqa: S311

    async def _balance(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Takes free slots up to the fair share and gives back what is over it."""
        share = fair_share(int(await connection.fetchval(_RELAYS)))
        lock = "hashtext(current_schema() || '.outbox')"
        while len(self._owned) > share:
            slot = self._owned.pop()
            await connection.execute(f"SELECT pg_advisory_unlock({lock}, $1)", slot)
        for slot in random.sample(range(SLOTS), SLOTS):
            if len(self._owned) >= share:
                break
            if slot not in self._owned and await connection.fetchval(f"SELECT pg_try_advisory_lock({lock}, $1)", slot):
                self._owned.add(slot)
        metrics.relay_slots.set(len(self._owned))

    async def _pass(self, connection: asyncpg.Connection[asyncpg.Record], producer: AIOKafkaProducer) -> int:
        """Publishes the next rows and marks those the broker took; returns how many rows there were."""
        now = time.monotonic()
        self._stuck = {key: until for key, until in self._stuck.items() if until > now}
        metrics.outbox_stuck.set(len(self._stuck))
        records = await connection.fetch(_PENDING, sorted(self._owned), list(self._stuck), self._settings.relay_batch)
        if not records:
            return 0
        rows = [
            _Row(
                record["seq"],
                record["topic"],
                record["aggregate_id"],
                record["payload"],
                [(name, value.encode()) for name, value in record["headers"].items()],
            )
            for record in records
        ]
        self._producer_broken = False
        published = await self._publish(producer, rows)
        if published:
            await connection.execute(_MARK, published)
            metrics.outbox_published.labels("ok").inc(len(published))
        if self._producer_broken:
            # Its sequence numbers may have a hole; only a new producer starts clean.
            raise KafkaConnectionError("the producer lost an event; starting a new one")
        if self._settings.relay_max_per_second:
            await asyncio.sleep(len(published) / self._settings.relay_max_per_second)
        return len(rows)

    async def _publish(self, producer: AIOKafkaProducer, rows: Sequence[_Row]) -> list[int]:
        """Sends in order and returns the sequence numbers the broker acknowledged.

        A key stops at its first failure, so that nothing of it overtakes.
        """
        failed: set[str] = set()
        futures: list[tuple[_Row, asyncio.Future[Any]]] = []
        for row in rows:
            if self._producer_broken:
                break
            if row.key in failed:
                continue
            try:
                future = await producer.send(
                    self._settings.topic_prefix + row.topic,
                    value=row.payload,
                    key=row.aggregate_id.encode(),
                    headers=row.headers,
                )
            except KafkaError as error:
                self._fail(row, error, failed)
            else:
                futures.append((row, future))
        await self._acknowledged([future for _, future in futures])
        published = []
        for row, future in futures:
            failure = future.exception() if future.done() else _unanswered(future)
            if row.key in failed:
                continue
            if failure is None:
                published.append(row.seq)
            else:
                self._fail(row, failure, failed)
        return published

    async def _acknowledged(self, futures: Sequence[asyncio.Future[Any]]) -> None:
        """Waits for all of them, but neither too long nor when the relay is stopping."""
        began = said = time.monotonic()
        waiting: set[asyncio.Future[Any]] = set(futures)
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=1.0)
            now = time.monotonic()
            if self._stop.is_set() or now - began > _ANSWER_SECONDS:
                return
            if waiting and now - said > _SLOW_SECONDS:
                said = now
                _logger.warning("relay.broker_slow", unacknowledged=len(waiting))

    def _fail(self, row: _Row, error: BaseException, failed: set[str]) -> None:
        failed.add(row.key)
        metrics.outbox_published.labels("failed").inc()
        refused = isinstance(error, _REFUSED)
        _logger.error("relay.not_published", topic=row.topic, seq=row.seq, error=type(error).__name__, refused=refused)
        if refused:
            self._stuck[row.key] = time.monotonic() + _STUCK_RETRY_SECONDS
        else:
            self._producer_broken = True


async def _unless(event: asyncio.Event, seconds: float) -> None:
    """Waits so long, or until the event is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


def _unanswered(future: asyncio.Future[Any]) -> TimeoutError:
    """Nobody knows whether the event is on the log: a new producer sends it again, and readers drop what they know."""
    future.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody waits for it any more
    return TimeoutError("not acknowledged")


async def _end(producer: AIOKafkaProducer) -> None:
    """Stops it, also when a broker never answers: by itself it would wait, and send, for ever."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.stop(), _STOP_SECONDS)
        return
    for closing in (producer._sender, producer.client):
        with contextlib.suppress(Exception):
            await asyncio.wait_for(closing.close(), _STOP_SECONDS / 5)
