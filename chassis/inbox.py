"""Consuming: each event has its effect once, in order per key, or is kept where somebody can see it.

A batch is applied in one transaction, set by set; when that fails, event by event, so that only the bad one is kept
aside and only later events of its own key wait behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

import asyncpg
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from pydantic import ValidationError

from chassis import letters, log, metrics, positions, telemetry
from chassis.database.pool import AWAY, CONFLICTS
from chassis.delivery import Delivery, Record
from chassis.failures import ConsumerHalted, PermanentFailure, Waiting
from chassis.housekeeping import INBOX_DAYS
from chassis.scope import Scope
from chassis.settings import Settings
from chassis.unit import Unit, Units
from contracts.envelope import Envelope, EnvelopeError
from contracts.event import REGISTRY, Event

StoreT = TypeVar("StoreT")
Handler = Callable[[Unit[Any], Sequence[Delivery[Any]]], Awaitable[None]]
Unreadable = Callable[
    [Unit[Any], Record, Envelope | None, ValidationError | EnvelopeError | ValueError], Awaitable[None]
]

TRANSIENT: tuple[type[Exception], ...] = (
    *CONFLICTS,
    *AWAY,
    OSError,
    TimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)
"""Failures of the surroundings, not of the event: tried again in place."""

_UNEXPECTED_TRIES = 5
_REMEMBERED = timedelta(days=INBOX_DAYS - 1)
_logger = log.get("inbox")


class BadRecord(PermanentFailure):
    """A record that cannot be read as an event of ours."""

    def __init__(self, record: Record, envelope: Envelope | None, error: ValueError) -> None:
        super().__init__(f"{type(error).__name__}: {_explain(error)}")
        self.record = record
        self.envelope = envelope
        self.error = error


class Consumer(Generic[StoreT]):
    """Applies records to one service. ``handlers`` maps each event type the service reads to its handler.

    ``unreadable`` maps a topic to what answers a record on it that is no valid event (instead of parking it).
    """

    def __init__(
        self,
        name: str,
        units: Units[StoreT],
        handlers: Mapping[type[Event], Handler],
        settings: Settings,
        *,
        unreadable: Mapping[str, Unreadable] | None = None,
        tracer: trace.Tracer | None = None,
    ) -> None:
        self.name = name
        self.halted = False
        self.units = units
        self._handlers = {event.type: handler for event, handler in handlers.items()}
        self._settings = settings
        self._unreadable = unreadable or {}
        self._tracer = tracer or trace.get_tracer("chassis.inbox")
        self._bad_in_a_row = 0

    async def deliver(self, records: Sequence[Record]) -> None:
        """Applies a batch. Returns when every record has its effect or is kept aside; raises to get it again."""
        if self.halted:
            raise ConsumerHalted(f"{self.name} stopped after {self._bad_in_a_row} bad events in a row")
        started = time.monotonic()
        try:
            records = await self._not_outlived(records)
            await self._together(records)
        except ConsumerHalted:
            raise
        except Exception as error:
            _logger.info("inbox.one_by_one", batch=len(records), error=type(error).__name__)
            for record in records:
                await self._alone(record)
        metrics.consume_batch.observe(time.monotonic() - started)

    async def _not_outlived(self, records: Sequence[Record]) -> Sequence[Record]:
        """Without those applied so long ago that the inbox has forgotten them: Kafka had lost the group's offsets."""
        since = self.units.clock() - _REMEMBERED
        if all(record.received_at > since for record in records):
            return records
        async with self.units.pool.acquire() as connection:
            done = await positions.of(connection, self.name)
        return [
            one for one in records if one.received_at > since or one.offset >= done.get((one.topic, one.partition), 0)
        ]

    async def _together(self, records: Sequence[Record]) -> None:
        """All of them in one transaction, or none."""
        readable = [delivery for record in records if (delivery := self._read(record)) is not None]
        if not readable:
            async with self.units.pool.acquire() as connection:
                await positions.pass_over(connection, self.name, records)
            return
        async with self.units.begin(self._scope(self._settings.default_city)) as unit:
            await self._apply(unit, readable)
            await positions.advance(unit.connection, self.name, records)
        self._bad_in_a_row = 0

    async def _alone(self, record: Record) -> None:
        """Applies one record, trying again what may pass; keeps aside what cannot be applied."""
        deadline = time.monotonic() + self._settings.consume_retry_seconds
        pause, unexpected = 0.1, 0
        while True:
            aside: letters.Aside | None = None
            try:
                await self._applied_or_answered(record)
                return
            except Waiting as waiting:
                aside = letters.Aside("waiting", str(waiting), waiting.topic, waiting.key)
            except PermanentFailure as failure:
                aside = letters.Aside("parked", str(failure) or type(failure).__name__)
            except TRANSIENT as error:
                _logger.warning("inbox.transient", error=type(error).__name__)
                if time.monotonic() > deadline:
                    raise
            except Exception as error:
                unexpected += 1
                _logger.exception("inbox.unexpected", tries=unexpected, topic=record.topic, offset=record.offset)
                if unexpected >= _UNEXPECTED_TRIES:
                    aside = letters.Aside("parked", log.without_values(f"{type(error).__name__}: {error}"))
            if aside is not None:
                await self._keep(record, aside)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _applied_or_answered(self, record: Record) -> None:
        try:
            await self._together([record])
        except BadRecord as bad:
            if record.topic not in self._unreadable:
                raise
            await self._answer_unreadable(bad)

    def _read(self, record: Record) -> Delivery[Any] | None:
        """The event in ``record``; None when its type is not for this service. Raises :class:`BadRecord`."""
        envelope = None
        try:
            envelope = Envelope.from_headers(record.headers, record.received_at)
            if envelope.type not in self._handlers:
                if record.topic in self._unreadable:  # whoever sent it is owed an answer
                    raise ValueError("events of this type are not read from this topic")
                known = envelope.type in REGISTRY
                metrics.consumed.labels(envelope.type if known else "unknown", "not_ours").inc()
                return None
            if record.value is None:
                raise ValueError("the record has no value")
            event = REGISTRY[envelope.type].read(record.value)
        except ValueError as error:  # includes EnvelopeError and pydantic's ValidationError
            raise BadRecord(record, envelope, error) from error
        return Delivery(event, envelope, record)

    async def _apply(self, unit: Unit[StoreT], deliveries: Sequence[Delivery[Any]]) -> None:
        fresh = await self._fresh(unit, deliveries)
        keys = {(delivery.record.topic, delivery.record.key) for delivery in fresh}
        held, awaiting = await letters.concerned(unit.connection, self.name, keys)
        ready = []
        for delivery in fresh:
            if (delivery.record.topic, delivery.record.key) in held:
                behind = letters.Aside("behind", "an earlier event of the same key is kept aside")
                await letters.keep(
                    unit.connection, self.name, delivery.record, delivery.envelope, behind, delivery.city
                )
                metrics.consumed.labels(delivery.envelope.type, "behind").inc()
            else:
                ready.append(delivery)
        if not ready:
            return
        await self._handle(unit, ready)
        arrived = {(delivery.record.topic, delivery.record.key) for delivery in ready}
        for (topic, key), awaited in awaiting.items():
            if awaited & arrived:
                await self.replay_key(unit, topic, key, by="arrival")

    async def _fresh(self, unit: Unit[StoreT], deliveries: Sequence[Delivery[Any]]) -> list[Delivery[Any]]:
        """Those not seen before, each once; the inbox remembers them with this transaction."""
        if not deliveries:
            return []
        rows = await unit.connection.fetch(
            "INSERT INTO inbox (consumer, city, source, event_id) SELECT $1, city, source, event_id"
            " FROM unnest($2::text[], $3::text[], $4::text[]) AS row (city, source, event_id)"
            " ON CONFLICT DO NOTHING RETURNING city, source, event_id",
            self.name,
            [delivery.city for delivery in deliveries],
            [delivery.envelope.source for delivery in deliveries],
            [delivery.envelope.id for delivery in deliveries],
        )
        new = {(row["city"], row["source"], row["event_id"]) for row in rows}
        fresh = []
        for delivery in deliveries:
            identity = (delivery.city, delivery.envelope.source, delivery.envelope.id)
            if identity in new:
                new.discard(identity)
                fresh.append(delivery)
            else:
                metrics.consumed.labels(delivery.envelope.type, "duplicate").inc()
        return fresh

    async def _handle(self, unit: Unit[StoreT], deliveries: Sequence[Delivery[Any]]) -> None:
        with self._spans(deliveries) as traced:
            for city, event_type, group in in_waves(traced):
                await self._handlers[event_type](unit.within(self._scope(city)), group)
                metrics.consumed.labels(event_type, "applied").inc(len(group))

    @contextmanager
    def _spans(self, deliveries: Sequence[Delivery[Any]]) -> Iterator[list[Delivery[Any]]]:
        """A span per event as a child of the span it was published in, and one for the batch with links to them."""
        spans = []
        for delivery in deliveries:
            parent = telemetry.remote(delivery.envelope.traceparent, delivery.envelope.tracestate)
            span = self._tracer.start_span(f"process {delivery.envelope.type}", parent, SpanKind.CONSUMER)
            if span.is_recording():
                span.set_attribute("messaging.destination.name", delivery.record.topic)
                span.set_attribute("messaging.message.id", delivery.envelope.id)
                if delivery.case:
                    span.set_attribute(telemetry.CASE, delivery.case)
            spans.append(span)
        links = [Link(span.get_span_context()) for span in spans[:100] if span.is_recording()]
        try:
            with self._tracer.start_as_current_span(f"{self.name} apply", telemetry.detached(), links=links):
                yield [
                    replace(delivery, context=telemetry.within(span))
                    for delivery, span in zip(deliveries, spans, strict=True)
                ]
        except BaseException as error:
            for span in spans:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            for span in spans:
                span.end()

    async def replay_key(self, unit: Unit[StoreT], topic: str, key: str, *, by: str) -> int:
        """Applies the events of one key that were kept aside, oldest first, up to the first that still fails.

        Returns how many were applied.
        """
        applied = 0
        for letter in await letters.open_of_key(unit.connection, self.name, topic, key):
            try:
                async with unit.savepoint():
                    delivery = self._read(letter.record)
                    if delivery is not None:
                        await self._handle(unit, [delivery])
            except Waiting as waiting:
                aside = letters.Aside("waiting", str(waiting), waiting.topic, waiting.key)
                await letters.put_back(unit.connection, letter.letter_id, aside)
                break
            except PermanentFailure as failure:
                await letters.put_back(unit.connection, letter.letter_id, letters.Aside("parked", str(failure)))
                break
            except TRANSIENT:
                raise
            except Exception as error:
                aside = letters.Aside("parked", log.without_values(f"{type(error).__name__}: {error}"))
                await letters.put_back(unit.connection, letter.letter_id, aside)
                break
            await letters.settle(unit.connection, letter.letter_id, "applied", by)
            applied += 1
        return applied

    async def replay(self, topic: str, key: str, *, by: str) -> int:
        """:meth:`replay_key` in a transaction of its own."""
        async with self.units.begin(self._scope(self._settings.default_city)) as unit:
            return await self.replay_key(unit, topic, key, by=by)

    async def sweep(self) -> int:
        """Tries again the events that wait for another aggregate and are due; returns how many were applied."""
        async with self.units.pool.acquire() as connection:
            due = await letters.due(connection, self.name)
        return sum([await self.replay(topic, key, by="sweep") for topic, key in due])

    async def _keep(self, record: Record, aside: letters.Aside) -> None:
        """Keeps the record aside, and the inbox remembers it; nothing when another instance was done with it first."""
        envelope = _envelope_or_none(record)
        async with self.units.begin(self._scope(self._settings.default_city)) as unit:
            if envelope is None or await self._fresh_marker(unit, envelope):
                await letters.keep(unit.connection, self.name, record, envelope, aside, self._settings.default_city)
            await positions.advance(unit.connection, self.name, [record])
        event_type = envelope.type if envelope and envelope.type in REGISTRY else "unknown"
        metrics.consumed.labels(event_type, aside.status).inc()
        if aside.status != "parked":
            return
        _logger.error(
            "inbox.parked", topic=record.topic, partition=record.partition, offset=record.offset, type=event_type
        )
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= self._settings.consume_max_bad_in_a_row:
            self.halted = True
            metrics.consumer_halted.set(1)
            _logger.critical("inbox.halted", bad_in_a_row=self._bad_in_a_row)
            raise ConsumerHalted(f"{self._bad_in_a_row} bad events in a row")

    async def _fresh_marker(self, unit: Unit[StoreT], envelope: Envelope) -> bool:
        """False when the inbox knows the event already."""
        new = await unit.connection.fetchval(
            "INSERT INTO inbox (city, consumer, source, event_id) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING RETURNING true",
            envelope.city,
            self.name,
            envelope.source,
            envelope.id,
        )
        return bool(new)

    async def _answer_unreadable(self, bad: BadRecord) -> None:
        """Lets the service answer a record that is no valid event, once."""
        record, envelope = bad.record, bad.envelope
        source = envelope.source if envelope else f"kafka:{record.topic}"
        event_id = envelope.id if envelope else f"{record.partition}:{record.offset}"
        city = envelope.city if envelope else self._settings.default_city
        async with self.units.begin(self._scope(city)) as unit:
            new = await unit.connection.fetchval(
                "INSERT INTO inbox (city, consumer, source, event_id) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT DO NOTHING RETURNING 1",
                city,
                self.name,
                source,
                event_id,
            )
            if new:
                await self._unreadable[record.topic](unit, record, envelope, bad.error)
            await positions.advance(unit.connection, self.name, [record])
        metrics.consumed.labels("unknown", "answered").inc()

    def _scope(self, city: str) -> Scope:
        return Scope(city, f"consumer:{self.name}")


def in_waves(deliveries: Sequence[Delivery[Any]]) -> list[tuple[str, str, list[Delivery[Any]]]]:
    """Groups of one city and type, as large as possible, with the order of every key kept.

    An event goes one wave later than the event of another type before it on the same key.
    """
    last: dict[tuple[str, str], tuple[int, str]] = {}
    groups: dict[tuple[int, str, str], list[Delivery[Any]]] = {}
    for delivery in deliveries:
        key = (delivery.record.topic, delivery.record.key)
        wave, event_type = last.get(key, (0, delivery.envelope.type))
        if event_type != delivery.envelope.type:
            wave += 1
        last[key] = (wave, delivery.envelope.type)
        groups.setdefault((wave, delivery.city, delivery.envelope.type), []).append(delivery)
    ordered = sorted(groups.items(), key=lambda item: item[0][0])
    return [(city, event_type, group) for (_, city, event_type), group in ordered]


def _envelope_or_none(record: Record) -> Envelope | None:
    try:
        return Envelope.from_headers(record.headers, record.received_at)
    except EnvelopeError:
        return None


def _explain(error: ValueError) -> str:
    """Which fields are wrong and why, without their values: they may be personal."""
    if isinstance(error, ValidationError):
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        return "; ".join(f"/{'/'.join(map(str, one['loc']))} {one['msg']}" for one in wrong[:20])
    return str(error)[:1000]
