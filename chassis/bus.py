"""The Kafka side of a consumer: FastStream on aiokafka, one batch subscriber per service.

Records reach the consumer exactly as they are on the log. FastStream's own parser would die on a header that is null or
not UTF-8, so headers are kept from it; acknowledging and rewinding stay its business. ``reply_to`` never makes it
publish (``no_reply``), and offsets are committed only after the handler returned.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import IllegalStateError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from chassis import log, metrics
from chassis.acknowledging import Acknowledgements, Batch
from chassis.delivery import Record, key_text
from chassis.failures import ConsumerHalted
from chassis.inbox import Consumer
from chassis.settings import Settings

_logger = log.get("bus")
_SWEEP_SECONDS = 2.0
_STALLED_SECONDS = 30.0
"""How long polls may do nothing but fail before the client is replaced."""
_POLL_MS = 1000
"""How long a poll waits for a first record. It comes back as soon as there is one."""


class Bus:
    """Feeds a service's consumer from the topics it reads. Start it after the database, stop it before."""

    def __init__(self, settings: Settings, consumer: Consumer[Any], topics: Sequence[str]) -> None:
        self._settings = settings
        self._consumer = consumer
        self._prefix = settings.topic_prefix
        self._busy = asyncio.Lock()
        self._acknowledgements = Acknowledgements()
        self._sweeper: asyncio.Task[None] | None = None
        self.last_poll = time.monotonic()
        quiet = logging.getLogger("sportello.faststream")
        quiet.setLevel(logging.ERROR)  # it warns at every start that it will not make topics; that is as we want it
        self._broker = KafkaBroker(
            settings.kafka_bootstrap,
            client_id=f"{settings.service}-consumer",
            allow_auto_create_topics=False,
            consumer_only=True,
            apply_types=False,
            graceful_timeout=settings.graceful_seconds,
            logger=quiet,
            log_level=logging.DEBUG,
        )
        self._subscriber = self._broker.subscriber(
            *(self._prefix + topic for topic in topics),
            batch=True,
            group_id=self._prefix + consumer.name,
            max_records=settings.consume_batch,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            parser=self._message,
            decoder=_raw_records,
        )
        self._subscriber(self._deliver)
        self._subscriber.get_msg = self._poll  # type: ignore[method-assign]

    async def _poll(self, consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord[Any, Any], ...]:
        """The next records. FastStream's own poll sleeps after each empty one, and a lone event waits for that.

        Notes when it last came back: the sign of life that the broker does not give. It comes back also while there is
        no broker; it fails when the client has an error that it cannot get over by itself.
        """
        found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=self._settings.consume_batch)
        self.last_poll = time.monotonic()
        return tuple(chain.from_iterable(found.values()))

    async def start(self) -> None:
        self._acknowledgements.start()
        await self._broker.start()
        self.last_poll = time.monotonic()
        self._sweeper = asyncio.create_task(self._sweep(), name="sweeper")

    async def stop(self) -> None:
        """Lets the batch in hand finish, then leaves the group."""
        if self._sweeper:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        await self._acknowledgements.stop()
        await self._broker.stop()

    @property
    def kafka(self) -> AIOKafkaConsumer | None:
        """The client underneath, once started."""
        return self._subscriber.consumer

    async def _message(self, records: tuple[ConsumerRecord[Any, Any], ...], original: Any) -> Any:
        # FastStream decodes every header as UTF-8 before any of our code runs; a message of our own making would
        # neither commit nor rewind, so its parser makes the message, from records without headers.
        message = await original(tuple(replace(record, headers=()) for record in records))
        message.raw_message = records
        message.consumer = Batch(self._acknowledgements, message.consumer, records)
        return message

    async def _deliver(self, records: list[ConsumerRecord[Any, Any]]) -> None:
        try:
            async with self._busy:
                try:
                    await self._consumer.deliver([self._record(record) for record in records])
                finally:
                    self.last_poll = time.monotonic()
        except ConsumerHalted:
            client = self.kafka
            if client is not None:
                client.pause(*client.assignment())
            raise

    def _record(self, record: ConsumerRecord[Any, Any]) -> Record:
        return Record(
            topic=record.topic.removeprefix(self._prefix),
            partition=record.partition,
            offset=record.offset,
            key=key_text(record.key),
            value=record.value,
            headers=tuple(record.headers),
            received_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        )

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                async with self._busy:
                    if time.monotonic() - self.last_poll > _STALLED_SECONDS:
                        await self._replace_client()
                    await self._consumer.sweep()
            except Exception as error:
                _logger.warning("bus.sweep_failed", error=type(error).__name__)

    async def _replace_client(self) -> None:
        """aiokafka keeps some errors of its group for ever: it would fail at every poll until the process ends."""
        _logger.error("bus.replaced", seconds_since_poll=round(time.monotonic() - self.last_poll))
        self.last_poll = time.monotonic()
        await self._acknowledgements.stop()
        try:
            with contextlib.suppress(Exception):
                await self._broker.stop()
            await self._broker.start()
        finally:
            self._acknowledgements.start()

    async def lag(self) -> int | None:
        """Records on the assigned partitions not yet read, as the broker says now; None while nothing is assigned.

        Raises :class:`aiokafka.errors.KafkaError` or waits while the broker does not answer.
        """
        client = self.kafka
        if client is None or not client.assignment():
            return None
        ends = await client.end_offsets(client.assignment())
        total = 0
        for place, end in ends.items():
            with contextlib.suppress(IllegalStateError):  # it went to another instance meanwhile
                total += max(0, end - await client.position(place))
        metrics.consumer_lag.set(total)
        return total

    @property
    def assigned(self) -> int:
        """How many partitions this process reads."""
        client = self.kafka
        return len(client.assignment()) if client else 0


async def _raw_records(message: Any) -> list[ConsumerRecord[Any, Any]]:
    return list(message.raw_message)
