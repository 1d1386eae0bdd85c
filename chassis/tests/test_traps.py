"""What FastStream, aiokafka and a broken world can do to a consumer, each on real Kafka and Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaError

from chassis.bus import Bus
from chassis.letters import settle
from chassis.settings import Settings
from chassis.testing import eventually, running
from chassis.tests.toy import Toy, ToyStore
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.events.intake import OfferExpired, StakeholderChanged, StakeholderRegistered

pytestmark = pytest.mark.integration
TOPIC = StakeholderRegistered.topic
Send = Callable[..., Any]


def registered(name: str, stakeholder: UUID | None = None) -> StakeholderRegistered:
    return StakeholderRegistered(
        stakeholder_id=stakeholder or uuid4(), version=1, name=name, stakeholder_type="company"
    )


def changed(name: str, stakeholder: UUID) -> StakeholderChanged:
    return StakeholderChanged(stakeholder_id=stakeholder, version=2, name=name, stakeholder_type="company")


def headers(
    event: type[Event] | str, event_id: str | None = None, city: str = "c_f205"
) -> list[tuple[str, bytes | None]]:
    kind = event if isinstance(event, str) else event.type
    envelope = Envelope(id=event_id or str(uuid4()), source="/intake", type=kind, city=city, time=datetime.now(UTC))
    return list(envelope.to_headers())


async def put(send: Send, event: Event, key: object, event_id: str | None = None) -> None:
    await send(event.topic, event.to_bytes(), headers(type(event), event_id), key=str(key))


async def names(app: Any, stakeholder: object) -> list[str]:
    async with app.state.units.pool.acquire() as connection:
        return await connection.fetchval("SELECT names FROM tally WHERE id = $1", str(stakeholder)) or []


async def letters(app: Any) -> list[asyncpg.Record]:
    async with app.state.units.pool.acquire() as connection:
        return await connection.fetch("SELECT * FROM dead_letter ORDER BY letter_id")


async def lag_is_zero(app: Any) -> bool:
    return await app.state.bus.lag() == 0


BAD_RECORDS = {
    "a header that is not UTF-8": (b"{}", lambda good: [*good[1:], ("ce_id", b"\xff\xfe")]),
    "a null header where an attribute must be": (b"{}", lambda good: [("ce_id", None), *good[2:]]),
    "bad JSON": (b"{not json", lambda good: good),
    "a null value": (None, lambda good: good),
    "data that does not fit the schema": (b'{"stakeholder_id": "no"}', lambda good: good),
    "no headers at all": (b"{}", lambda good: []),
}


@pytest.mark.parametrize("what", BAD_RECORDS)
async def test_a_record_that_cannot_be_read_is_parked_and_others_go_on(
    what: str, toy: Toy, settings: Settings, send: Send
) -> None:
    value, spoil = BAD_RECORDS[what]
    good = registered("good")
    async with running(toy.service(settings)) as service:
        await send(TOPIC, value, spoil(headers(StakeholderRegistered)), key="bad")
        await put(send, good, good.stakeholder_id)
        await eventually(lambda: names(service.app, good.stakeholder_id))
        kept = await eventually(lambda: letters(service.app))
    assert [(letter["status"], letter["key"], letter["payload"]) for letter in kept] == [("parked", "bad", value)]


async def test_headers_nobody_asked_for_may_be_anything(toy: Toy, settings: Settings, send: Send) -> None:
    event = registered("odd headers")
    odd = [*headers(StakeholderRegistered), ("x-null", None), ("x-bytes", b"\xff"), ("reply_to", b"elsewhere")]
    async with running(toy.service(settings)) as service:
        await send(TOPIC, event.to_bytes(), odd, key=str(event.stakeholder_id))
        assert await eventually(lambda: names(service.app, event.stakeholder_id)) == ["odd headers"]
        assert await letters(service.app) == []


async def test_an_unknown_type_is_passed_over(toy: Toy, settings: Settings, send: Send) -> None:
    event = registered("after")
    async with running(toy.service(settings)) as service:
        await send(TOPIC, b"{}", headers("sportello.intake.something-new.v1"), key="k")
        await put(send, event, event.stakeholder_id)
        await eventually(lambda: names(service.app, event.stakeholder_id))
        await eventually(lambda: lag_is_zero(service.app))
        assert await letters(service.app) == []


async def test_a_permanent_failure_parks_the_event_and_later_ones_of_its_key_only(
    toy: Toy, settings: Settings, send: Send
) -> None:
    toy.poison.add("poison")
    bad, good = uuid4(), uuid4()
    async with running(toy.service(settings)) as service:
        for event in (registered("first", bad), changed("poison", bad), changed("third", bad), registered("g", good)):
            await put(send, event, event.stakeholder_id)
        await eventually(lambda: names(service.app, good))
        kept = await eventually(lambda: _as_many(service.app, 2))
        assert await names(service.app, bad) == ["first"]
        assert [letter["status"] for letter in kept] == ["parked", "behind"]

        toy.poison.clear()
        applied = await service.app.state.consumer.replay(TOPIC, str(bad), by="test")
        assert applied == 2
        assert await names(service.app, bad) == ["first", "poison", "third"]
        await put(send, changed("fourth", bad), bad)
        await eventually(lambda: _names_are(service.app, bad, ["first", "poison", "third", "fourth"]))


async def _as_many(app: Any, count: int) -> list[asyncpg.Record]:
    found = await letters(app)
    return found if len(found) == count else []


async def _names_are(app: Any, stakeholder: object, wanted: list[str]) -> bool:
    found = await names(app, stakeholder)
    assert found == wanted
    return True


async def test_a_handler_with_a_bug_is_tried_again_then_parked(toy: Toy, settings: Settings, send: Send) -> None:
    toy.crash.add("bug")
    event = registered("bug")
    async with running(toy.service(settings)) as service:
        await put(send, event, event.stakeholder_id)
        kept = await eventually(lambda: letters(service.app), within=30)
        assert kept[0]["status"] == "parked"
        assert "the handler has a bug" in kept[0]["reason"]

        stakeholder = str(event.stakeholder_id)
        assert await service.app.state.consumer.replay(TOPIC, stakeholder, by="test") == 0
        assert (await letters(service.app))[0]["attempts"] == 2
        toy.crash.clear()
        assert await service.app.state.consumer.replay(TOPIC, stakeholder, by="test") == 1
        assert await names(service.app, stakeholder) == ["bug"]
    assert toy.handled.count("bug") >= 5


async def test_an_event_is_not_blamed_for_a_session_that_ends_however_often(
    toy: Toy, settings: Settings, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([asyncpg.InternalClientError("another operation is in progress")] * 6)

    async def dying(store: ToyStore, city: str, subject: str, name: str) -> int:
        for end in ends:
            raise end
        return await add(store, city, subject, name)

    add = ToyStore.add
    monkeypatch.setattr(ToyStore, "add", dying)
    event = registered("patient")
    async with running(toy.service(settings)) as service:
        await put(send, event, event.stakeholder_id)
        await eventually(lambda: names(service.app, event.stakeholder_id), within=60)
        assert await letters(service.app) == []


async def test_an_event_delivered_twice_has_its_effect_once(toy: Toy, settings: Settings, send: Send) -> None:
    event, last = registered("once"), registered("last")
    async with running(toy.service(settings)) as service:
        for _ in range(3):
            await put(send, event, event.stakeholder_id, event_id="not-a-uuid-1")
        await put(send, last, last.stakeholder_id)
        await eventually(lambda: names(service.app, last.stakeholder_id))
        await eventually(lambda: lag_is_zero(service.app))
        assert await names(service.app, event.stakeholder_id) == ["once"]


async def test_two_cities_may_use_the_same_source_and_id(toy: Toy, settings: Settings, send: Send) -> None:
    milan, rome = registered("Milan's"), registered("Rome's")
    async with running(toy.service(settings)) as service:
        for event, city in ((milan, "c_f205"), (rome, "c_h501")):
            sealed = headers(StakeholderRegistered, "submission-1", city)
            await send(TOPIC, event.to_bytes(), sealed, key=str(event.stakeholder_id))
        await eventually(lambda: names(service.app, milan.stakeholder_id))
        assert await eventually(lambda: names(service.app, rome.stakeholder_id)) == ["Rome's"]


async def test_a_crash_between_commit_and_acknowledgement_repeats_nothing(
    toy: Toy, settings: Settings, send: Send
) -> None:
    event, later = registered("committed"), registered("later")
    async with running(toy.service(settings)) as service:
        client = service.app.state.bus.kafka

        async def lost_commit(*_: object, **__: object) -> None:
            raise ConnectionError("the process died before the acknowledgement reached the broker")

        client.commit = lost_commit
        await put(send, event, event.stakeholder_id)
        await eventually(lambda: names(service.app, event.stakeholder_id))
    again = Toy()
    async with running(again.service(settings)) as service:
        await put(send, later, later.stakeholder_id)
        await eventually(lambda: names(service.app, later.stakeholder_id))
        await eventually(lambda: lag_is_zero(service.app))
        assert await names(service.app, event.stakeholder_id) == ["committed"]
    assert "committed" not in again.handled  # redelivered, and dropped by the inbox


async def test_a_handler_cancelled_in_the_middle_leaves_nothing_and_is_repeated(
    toy: Toy, settings: Settings, send: Send
) -> None:
    toy.hold = asyncio.Event()
    event = registered("cut short")
    impatient = settings.model_copy(update={"graceful_seconds": 0.1})
    async with running(toy.service(impatient)):
        await put(send, event, event.stakeholder_id)
        await asyncio.wait_for(toy.entered.wait(), 60)
    again = Toy()
    async with running(again.service(settings)) as service:
        assert await eventually(lambda: names(service.app, event.stakeholder_id), within=30) == ["cut short"]


async def test_an_event_that_came_too_early_waits_and_is_applied_by_itself(
    toy: Toy, settings: Settings, send: Send
) -> None:
    stakeholder = uuid4()
    async with running(toy.service(settings)) as service:
        await put(send, OfferExpired(offer_id=stakeholder, version=1), stakeholder)
        kept = await eventually(lambda: letters(service.app))
        assert kept[0]["status"] == "waiting"
        await put(send, registered("here", stakeholder), stakeholder)
        await eventually(lambda: _names_are(service.app, stakeholder, ["here", "expired"]))
        applied = (await letters(service.app))[0]
        assert applied["status"] == "applied"
        async with service.app.state.units.pool.acquire() as connection:
            assert not await settle(connection, applied["letter_id"], "discarded", "somebody too late")
        assert (await letters(service.app))[0]["status"] == "applied"


async def test_too_many_bad_events_in_a_row_stop_the_consumer_and_make_it_unready(
    toy: Toy, settings: Settings, send: Send
) -> None:
    few = settings.model_copy(update={"consume_max_bad_in_a_row": 3})
    async with running(toy.service(few)) as service:
        for number in range(6):
            await send(TOPIC, b"rubbish", headers(StakeholderRegistered), key=f"k{number}")
        await eventually(lambda: _unready(service))
        assert len(await letters(service.app)) == 3


async def _unready(service: Any) -> bool:
    async with service.client() as client:
        answer = await client.get("/toy/readyz")
    return answer.status_code == 503 and answer.json()["checks"]["consumer"]["ok"] is False


async def test_answers_leave_through_the_outbox_with_their_cause_and_case(
    toy: Toy, settings: Settings, send: Send
) -> None:
    event = registered("asked")
    async with running(toy.service(settings)) as service:
        await put(send, event, event.stakeholder_id, event_id="question-1")
        await eventually(lambda: names(service.app, event.stakeholder_id))
        async with service.app.state.units.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT * FROM outbox")
            assert row["headers"]["ce_causationid"] == "question-1"
            await eventually(lambda: connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"))


async def test_a_client_is_not_blamed_for_a_database_that_is_away(
    toy: Toy, settings: Settings, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, tries = asyncio.Event(), asyncio.Event()
    failed = 0

    async def dying(store: ToyStore, city: str, subject: str, name: str) -> int:
        nonlocal failed
        if not away.is_set():
            return await add(store, city, subject, name)
        failed += 1
        if failed == 12:  # several deliveries of some tries each, with a sweep between two
            tries.set()
        raise asyncpg.InterfaceError("connection is closed")

    add = ToyStore.add
    monkeypatch.setattr(ToyStore, "add", dying)
    monkeypatch.setattr("chassis.bus._STALLED_SECONDS", 1.5)
    monkeypatch.setattr("chassis.bus._SWEEP_SECONDS", 0.1)
    patient = settings.model_copy(update={"consume_retry_seconds": 2.0})
    before, event = registered("before"), registered("later")
    async with running(toy.service(patient)) as service:
        await put(send, before, before.stakeholder_id)
        await eventually(lambda: names(service.app, before.stakeholder_id))
        client = service.app.state.bus.kafka
        away.set()
        await put(send, event, event.stakeholder_id)
        await asyncio.wait_for(tries.wait(), 60)
        away.clear()
        await eventually(lambda: names(service.app, event.stakeholder_id), within=60)
        assert service.app.state.bus.kafka is client


async def test_a_client_that_only_fails_is_replaced(
    toy: Toy, settings: Settings, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka tells an error of its heartbeat at every poll from then on and never beats again."""

    async def refused(_coordinator: GroupCoordinator) -> bool:
        raise KafkaError("something that aiokafka does not know")

    monkeypatch.setattr("chassis.bus._STALLED_SECONDS", 6.0)
    before, after = registered("before"), registered("after")
    async with running(toy.service(settings)) as service:
        await put(send, before, before.stakeholder_id)
        await eventually(lambda: names(service.app, before.stakeholder_id))
        bus: Bus = service.app.state.bus
        failing = bus.kafka

        async def replaced() -> bool:
            return bus.kafka is not None and bus.kafka is not failing

        with monkeypatch.context() as patch:
            patch.setattr(GroupCoordinator, "_do_heartbeat", refused)
            await eventually(replaced, within=60)
        await put(send, after, after.stakeholder_id)
        await eventually(lambda: names(service.app, after.stakeholder_id), within=60)
