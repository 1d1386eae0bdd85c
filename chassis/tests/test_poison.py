"""Records that PostgreSQL itself cannot keep, answers that fail, and two instances at the same event."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from chassis.delivery import Record
from chassis.inbox import Consumer
from chassis.settings import Settings
from chassis.testing import eventually, running
from chassis.tests.test_traps import TOPIC, headers, lag_is_zero, letters, names, put, registered
from chassis.tests.toy import Toy
from contracts.events.intake import OfferExpired, StakeholderRegistered

pytestmark = pytest.mark.integration
Send = Callable[..., Any]

NULS: dict[str, Callable[[list[tuple[str, Any]]], tuple[str, list[tuple[str, Any]]]]] = {
    "in the key": lambda good: ("nul\0key", good),
    "in the event's id": lambda good: ("k", [pair for pair in good if pair[0] != "ce_id"] + [("ce_id", b"nul\0id")]),
    "in the source": lambda good: ("k", [pair for pair in good if pair[0] != "ce_source"] + [("ce_source", b"/\0")]),
    "in the city": lambda good: ("k", [pair for pair in good if pair[0] != "ce_city"] + [("ce_city", b"c\0")]),
    "in the case": lambda good: ("k", [*good, ("ce_correlationid", b"\0")]),
    "in a header's name": lambda good: ("k", [*good, ("x\0", b"1"), ("ce_time", b"no time")]),
    "in the time": lambda good: ("k", [pair for pair in good if pair[0] != "ce_time"] + [("ce_time", b"nul\0")]),
}


NULS["not there, but the key and the id are too long for an index"] = lambda good: (
    secrets.token_hex(3000),
    [pair for pair in good if pair[0] != "ce_id"] + [("ce_id", secrets.token_hex(3000).encode())],
)


@pytest.mark.parametrize("where", NULS)
async def test_a_nul_character_stops_nothing(where: str, toy: Toy, settings: Settings, send: Send) -> None:
    event, after = registered("odd"), registered("after")
    key, sealed = NULS[where](headers(StakeholderRegistered))
    async with running(toy.service(settings)) as service:
        await send(TOPIC, event.to_bytes(), sealed, key=key)
        await put(send, after, after.stakeholder_id)
        await eventually(lambda: names(service.app, after.stakeholder_id))
        await eventually(lambda: lag_is_zero(service.app), within=30)
        applied = await names(service.app, event.stakeholder_id)
        assert bool(applied) is not bool(await letters(service.app)), "it has its effect or is kept aside"


async def test_an_answer_that_fails_parks_the_record_and_others_go_on(toy: Toy, settings: Settings, send: Send) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("no answer can be made of this")

    after = registered("after")
    service = replace(toy.service(settings), unreadable={TOPIC: fails})
    async with running(service) as run:
        await send(TOPIC, b"rubbish", headers(StakeholderRegistered), key="bad")
        await put(send, after, after.stakeholder_id)
        await eventually(lambda: names(run.app, after.stakeholder_id), within=30)
        kept = await eventually(lambda: letters(run.app), within=30)
        assert [letter["status"] for letter in kept] == ["parked"]


async def test_an_event_that_another_instance_applied_meanwhile_is_not_kept_aside(
    toy: Toy, settings: Settings, send: Send
) -> None:
    """One instance finds that the event has to wait; before it notes that, the other one applies it."""
    stakeholder = uuid4()
    expired = OfferExpired(offer_id=stakeholder, version=1)
    sealed = headers(OfferExpired)
    async with running(toy.service(settings)) as service:
        ours: Consumer[Any] = service.app.state.consumer
        waits, go_on = asyncio.Event(), asyncio.Event()
        keep = ours._keep

        async def slowly(*arguments: Any) -> None:
            waits.set()
            await go_on.wait()
            await keep(*arguments)

        ours._keep = slowly  # type: ignore[method-assign]
        await send(expired.topic, expired.to_bytes(), sealed, key=str(stakeholder))
        await asyncio.wait_for(waits.wait(), 60)
        other = toy.service(settings).consumer(service.app.state.units)
        now = service.app.state.units.clock()

        def record(event: Any, pairs: Any, partition: int) -> Record:
            return Record(event.topic, partition, 0, str(stakeholder), event.to_bytes(), tuple(pairs), now)

        here = registered("here", stakeholder)
        await other.deliver([record(here, headers(StakeholderRegistered), 0)])
        await other.deliver([record(expired, sealed, 0)])
        assert await names(service.app, stakeholder) == ["here", "expired"]
        go_on.set()
        await eventually(lambda: lag_is_zero(service.app))
        assert await letters(service.app) == []
