"""Offsets reach Kafka without any batch waiting for them, and none is lost by an orderly stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import positions
from chassis.acknowledging import Acknowledgements
from chassis.database.pool import connect
from chassis.settings import Settings
from chassis.testing import eventually, running
from chassis.tests.test_traps import TOPIC, put, registered
from chassis.tests.toy import NAME, Toy

pytestmark = pytest.mark.integration
Send = Callable[..., Any]


async def committed(settings: Settings) -> int:
    """The sum of the offsets that Kafka knows of the toy's group on one topic."""
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, group_id=settings.topic_prefix + NAME, enable_auto_commit=False
    )
    await client.start()
    try:
        places = [TopicPartition(settings.topic_prefix + TOPIC, number) for number in range(settings.topic_partitions)]
        return sum([await client.committed(place) or 0 for place in places])
    finally:
        await client.stop()


async def put_some(send: Send, count: int) -> None:
    for number in range(count):
        stakeholder = uuid4()
        await put(send, registered(f"n{number}", stakeholder), stakeholder)


async def test_what_was_applied_is_acknowledged_soon(toy: Toy, settings: Settings, send: Send) -> None:
    async with running(toy.service(settings)):
        await put_some(send, 7)

        async def all_known() -> bool:
            return await committed(settings) == 14  # each event is answered on the same topic

        await eventually(all_known)


async def test_an_orderly_stop_acknowledges_the_rest(toy: Toy, settings: Settings, send: Send) -> None:
    async with running(toy.service(settings)):
        await put_some(send, 5)

        async def handled() -> bool:
            return len(toy.handled) == 5

        await eventually(handled)
    connection = await connect(settings.database_url.get_secret_value(), "test")
    applied = await positions.of(connection, NAME)
    await connection.close()
    assert await committed(settings) == sum(applied.values()) >= 5


async def test_an_acknowledgement_that_did_not_arrive_goes_with_the_next() -> None:
    quiet, busy = TopicPartition("quiet", 0), TopicPartition("busy", 0)

    class Client:
        def __init__(self) -> None:
            self.known: list[dict[TopicPartition, int]] = []

        def assignment(self) -> set[TopicPartition]:
            return {quiet, busy}

        async def commit(self, offsets: dict[TopicPartition, int]) -> None:
            self.known.append(offsets)
            if len(self.known) == 1:
                raise ConnectionError("the broker is away")

    client: Any = Client()
    acknowledgements = Acknowledgements()
    await acknowledgements.stop()  # every batch is acknowledged at once
    await acknowledgements.applied(client, {quiet: 3, busy: 1})
    await acknowledgements.applied(client, {busy: 2})
    assert client.known[1] == {quiet: 3, busy: 2}
