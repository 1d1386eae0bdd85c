"""Outbox and relay: nothing lost, nothing out of order, on real Postgres and Kafka."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from hypothesis import given
from hypothesis import strategies as st

from chassis.database.pool import connect, create_pool
from chassis.outbox import EventTooLarge
from chassis.relay import SLOTS, Relay, fair_share
from chassis.scope import Scope
from chassis.settings import Settings
from chassis.testing import eventually
from chassis.tests.toy import ToyStore
from chassis.topics import ensure_topics
from chassis.unit import Unit, Units
from contracts.event import Event
from contracts.events.agreements import AgreementRejected
from contracts.events.intake import StakeholderRegistered

pytestmark = pytest.mark.integration
TOPIC = StakeholderRegistered.topic
SCOPE = Scope("c_f205", "tester")


@asynccontextmanager
async def units_on(settings: Settings, wake: Any = lambda: None) -> AsyncIterator[Units[ToyStore]]:
    pool = await create_pool(settings)
    yield Units(settings.service, pool, ToyStore, wake=wake)
    await pool.close()


@asynccontextmanager
async def relaying(settings: Settings) -> AsyncIterator[Relay]:
    relay = Relay(settings)
    relay.start()
    yield relay
    await relay.stop()


def event(stakeholder: UUID, version: int, name: str = "n") -> StakeholderRegistered:
    return StakeholderRegistered(stakeholder_id=stakeholder, version=version, name=name, stakeholder_type="company")


async def change(units: Units[ToyStore], stakeholder: UUID) -> None:
    """One change of one aggregate, as a handler does it: the aggregate's row first, the outbox last."""
    async with units.begin(SCOPE) as unit:
        version = await unit.store.add("c_f205", str(stakeholder), "x")
        unit.append(event(stakeholder, version), aggregate_id=stakeholder, version=version)


async def publish(units: Units[ToyStore], big: Event) -> None:
    async with units.begin(SCOPE) as unit:
        unit.append(big, aggregate_id="a", version=1)


async def _publish_again(units: Units[ToyStore], stakeholder: UUID) -> None:
    async with units.begin(SCOPE) as unit:
        unit.append(event(stakeholder, 1), aggregate_id=stakeholder, version=1)


async def _undo(unit: Unit[ToyStore], stakeholder: UUID) -> None:
    async with unit.savepoint():
        unit.append(event(stakeholder, 1), aggregate_id=stakeholder, version=1)
        raise ZeroDivisionError


async def pending(units: Units[ToyStore]) -> int:
    async with units.pool.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"))


async def none_pending(units: Units[ToyStore]) -> bool:
    return await pending(units) == 0


async def everything_on(settings: Settings, topic: str) -> list[Any]:
    """All records of a topic, by partition in order."""
    name = settings.topic_prefix + topic
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(name, number) for number in range(settings.topic_partitions)]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        records: list[Any] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for got in (await consumer.getmany(timeout_ms=500)).values():
                records += got
        return records
    finally:
        await consumer.stop()


async def test_concurrent_writers_and_two_relays_keep_every_key_in_order(settings: Settings) -> None:
    await ensure_topics(settings)
    keys = [uuid4() for _ in range(5)]
    small = settings.model_copy(update={"relay_batch": 7})
    async with units_on(settings) as units, relaying(small) as first, relaying(small) as second:
        await asyncio.gather(*(change(units, key) for _ in range(40) for key in keys))
        first.wake(), second.wake()
        await eventually(lambda: none_pending(units), within=30)
    seen = defaultdict(list)
    for record in await everything_on(settings, TOPIC):
        version = StakeholderRegistered.read(record.value).version
        if version not in seen[record.key]:  # a relay may send an event twice, never late
            assert not seen[record.key] or version > seen[record.key][-1]
            seen[record.key].append(version)
    assert dict(seen) == {str(key).encode(): list(range(1, 41)) for key in keys}


async def test_a_relay_whose_session_dies_comes_back_and_loses_nothing(settings: Settings) -> None:
    await ensure_topics(settings)
    key = uuid4()
    async with units_on(settings) as units, relaying(settings) as relay:
        for _ in range(20):
            await change(units, key)
        async with units.pool.acquire() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'sportello-toy-relay' AND datname = current_database()"
            )
        for _ in range(20):
            await change(units, key)
        relay.wake()
        await eventually(lambda: none_pending(units), within=30)
    versions = [StakeholderRegistered.read(record.value).version for record in await everything_on(settings, TOPIC)]
    assert sorted(set(versions)) == list(range(1, 41))
    assert list(dict.fromkeys(versions)) == list(range(1, 41))


async def test_commits_do_not_hurry_a_relay_whose_database_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[float] = []
    enough = asyncio.Event()

    async def refused(_dsn: str, _application: str) -> None:
        attempts.append(time.monotonic())
        relay.wake()
        if len(attempts) == 3:
            enough.set()
        raise ConnectionRefusedError

    monkeypatch.setattr("chassis.relay.connect", refused)
    async with relaying(settings) as relay:
        await asyncio.wait_for(enough.wait(), 30)
    assert attempts[1] - attempts[0] >= 0.2
    assert attempts[2] - attempts[1] >= 0.4


async def test_events_that_a_broker_never_answers_are_sent_again_by_a_new_producer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    producers: list[AIOKafkaProducer] = []

    def producer(**options: Any) -> AIOKafkaProducer:
        made = AIOKafkaProducer(**options)
        producers.append(made)
        if len(producers) == 2:
            monkeypatch.setattr("chassis.relay._ANSWER_SECONDS", 60.0)
        else:
            # It takes events and hears nothing, as behind a network that swallows what is sent.
            monkeypatch.setattr(made.client, "send", _never)
        return made

    async def _never(node: int, request: Any, **_more: Any) -> Any:
        if isinstance(request, ProduceRequest):
            await asyncio.Event().wait()
        return await AIOKafkaClient.send(producers[0].client, node, request, **_more)

    monkeypatch.setattr("chassis.relay.AIOKafkaProducer", producer)
    monkeypatch.setattr("chassis.relay._ANSWER_SECONDS", 0.4)
    monkeypatch.setattr("chassis.relay._STOP_SECONDS", 0.2)
    await ensure_topics(settings)
    key = uuid4()
    async with units_on(settings) as units, relaying(settings):
        for _ in range(3):
            await change(units, key)
        await eventually(lambda: none_pending(units), within=30)
    versions = [StakeholderRegistered.read(record.value).version for record in await everything_on(settings, TOPIC)]
    assert list(dict.fromkeys(versions)) == [1, 2, 3]
    assert len(producers) == 2
    assert producers[0]._sender.sender_task.done(), "who was given up sends nothing later"


async def test_one_event_that_is_never_answered_holds_only_its_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    producers: list[AIOKafkaProducer] = []
    silent, heard = uuid4(), uuid4()

    def producer(**options: Any) -> AIOKafkaProducer:
        made = AIOKafkaProducer(**options)
        producers.append(made)
        if len(producers) == 1:
            send = made.send

            async def unanswered(topic: str, *, key: bytes, **more: Any) -> asyncio.Future[Any]:
                if key == str(silent).encode():
                    return asyncio.get_running_loop().create_future()
                return await send(topic, key=key, **more)

            monkeypatch.setattr(made, "send", unanswered)
        else:
            monkeypatch.setattr("chassis.relay._ANSWER_SECONDS", 60.0)
        return made

    monkeypatch.setattr("chassis.relay.AIOKafkaProducer", producer)
    monkeypatch.setattr("chassis.relay._ANSWER_SECONDS", 0.4)
    await ensure_topics(settings)
    async with units_on(settings) as units:
        for _ in range(3):
            await change(units, silent)
            await change(units, heard)
        async with relaying(settings):
            await eventually(lambda: none_pending(units), within=30)
    seen = defaultdict(list)
    for record in await everything_on(settings, TOPIC):
        seen[record.key.decode()].append(StakeholderRegistered.read(record.value).version)
    assert seen == {str(silent): [1, 2, 3], str(heard): [1, 2, 3]}, "what was acknowledged is not sent again"


async def test_two_relays_share_the_slots_fairly_and_a_lone_one_takes_all(settings: Settings) -> None:
    async def owned(relay: Relay, count: int) -> bool:
        return len(relay._owned) == count

    await ensure_topics(settings)
    async with relaying(settings) as first:
        await eventually(lambda: owned(first, SLOTS))
        async with relaying(settings) as second:
            await eventually(lambda: owned(first, SLOTS // 2))
            await eventually(lambda: owned(second, SLOTS // 2))
            assert not first._owned & second._owned
        await eventually(lambda: owned(first, SLOTS))


async def test_a_writer_that_did_not_lock_its_aggregate_is_refused(settings: Settings) -> None:
    key = uuid4()
    async with units_on(settings) as units:
        await change(units, key)
        with pytest.raises(asyncpg.UniqueViolationError):
            await _publish_again(units, key)


async def test_an_event_too_large_for_kafka_is_refused_while_its_author_can_be_told(settings: Settings) -> None:
    async with units_on(settings) as units:
        big = AgreementRejected.model_construct(reason="x" * 1_000_000)
        with pytest.raises(EventTooLarge):
            await publish(units, big)
        assert await pending(units) == 0


async def test_a_savepoint_undone_takes_its_events_with_it(settings: Settings) -> None:
    kept, undone = uuid4(), uuid4()
    async with units_on(settings) as units:
        async with units.begin(SCOPE) as unit:
            unit.append(event(kept, 1), aggregate_id=kept, version=1)
            with pytest.raises(ZeroDivisionError):
                await _undo(unit, undone)
        async with units.pool.acquire() as connection:
            assert [row["aggregate_id"] for row in await connection.fetch("SELECT aggregate_id FROM outbox")] == [
                str(kept)
            ]


async def test_the_runtime_role_can_neither_change_the_schema_nor_see_another(settings: Settings) -> None:
    connection = await connect(settings.database_url.get_secret_value(), "test")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE toy.mine (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE public.mine (id int)")
    finally:
        await connection.close()


@given(st.integers(min_value=0, max_value=100))
def test_fair_shares_cover_all_slots(relays: int) -> None:
    assert fair_share(relays) * max(relays, 1) >= SLOTS
