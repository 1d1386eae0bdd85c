"""Telling Kafka how far a consumer has read: in the background, for no batch waits for it.

What was applied is on record in the database with its effect. An offset that Kafka hears of late, or never because the
process died, only means that a batch comes again, and the inbox drops it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from chassis import log

_EVERY_SECONDS = 0.2
_STOP_SECONDS = 5.0
_logger = log.get("bus")


class Acknowledgements:
    """Offsets of batches that have their effect, sent on a few times a second. :meth:`stop` sends the last ones."""

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, int] = {}
        self._client: AIOKafkaConsumer | None = None
        self._some = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins with nothing to tell: what an earlier client left untold comes again, and is dropped."""
        self._stopping, self._client, self._ends = False, None, {}
        self._task = asyncio.create_task(self._run(), name="acknowledgements")

    async def stop(self) -> None:
        """From now on every batch is acknowledged before its acknowledgement returns."""
        self._stopping = True
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._send(), _STOP_SECONDS)

    async def applied(self, client: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        """Everything before ``ends`` (offset by partition) has its effect."""
        self._client = client
        self._ends.update(ends)
        self._some.set()
        if self._stopping:
            await self._send()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(_EVERY_SECONDS)
            await self._send()

    async def _send(self) -> None:
        self._some.clear()
        client, self._client, ends, self._ends = self._client, None, self._ends, {}
        if client is None:
            return
        mine = {place: end for place, end in ends.items() if place in client.assignment()}
        try:
            if mine:
                await client.commit(mine)
        except asyncio.CancelledError:
            self._client, self._ends = client, {**mine, **self._ends}
            raise
        except Exception as error:
            self._client, self._ends = self._client or client, {**mine, **self._ends}  # with the next, or at the stop
            _logger.warning("bus.not_acknowledged", error=type(error).__name__)


class Batch:
    """What FastStream acknowledges or rewinds in place of the whole consumer: one batch of records."""

    def __init__(
        self,
        acknowledgements: Acknowledgements,
        client: AIOKafkaConsumer,
        records: Sequence[ConsumerRecord[Any, Any]],
    ) -> None:
        self._acknowledgements = acknowledgements
        self._client = client
        self._ends: dict[TopicPartition, int] = {}
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._ends[place] = max(self._ends.get(place, 0), record.offset + 1)

    async def commit(self) -> None:
        await self._acknowledgements.applied(self._client, self._ends)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Rewinds, unless the partition went to another instance meanwhile: that one has it again anyway."""
        if partition in self._client.assignment():
            self._client.seek(partition, offset)
