"""``sportello dlq`` as the person on call uses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from chassis.cli import deadletters
from chassis.database.pool import create_pool
from chassis.settings import Settings
from chassis.testing import eventually, running
from chassis.tests.test_traps import Send, _as_many, changed, names, put, registered
from chassis.tests.toy import Toy

pytestmark = pytest.mark.integration


async def dlq(*words: str) -> Result:
    """The command in a thread of its own: it starts its own event loop."""
    return await asyncio.to_thread(CliRunner().invoke, deadletters.app, list(words))


async def test_letters_are_listed_shown_replayed_in_order_and_given_up(
    toy: Toy, settings: Settings, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = toy.service(settings)

    @asynccontextmanager
    async def opened(_name: str) -> AsyncIterator[tuple[Any, Any]]:
        pool = await create_pool(settings)
        try:
            yield service, service.consumer(service.units(pool))
        finally:
            await pool.close()

    monkeypatch.setattr(deadletters, "opened", opened)
    toy.poison |= {"poison", "hopeless"}
    one, other = uuid4(), uuid4()
    async with running(service) as live:
        for event in (registered("first", one), changed("poison", one), changed("third", one)):
            await put(send, event, one)
        await put(send, registered("hopeless", other), other)
        await eventually(lambda: _as_many(live.app, 3))

        listed = json.loads((await dlq("list", "--service", "toy", "--json")).stdout)
        assert sorted((row["status"], row["key"]) for row in listed) == sorted(
            [("parked", str(one)), ("behind", str(one)), ("parked", str(other))]
        )
        number = {(row["status"], row["key"]): str(row["letter"]) for row in listed}
        shown = json.loads((await dlq("show", number["parked", str(one)], "--service", "toy", "--json")).stdout)
        assert shown["data"]["name"] == "poison"
        assert "is poison" in shown["reason"]

        again = await dlq("replay", number["parked", str(one)], "--service", "toy")
        assert again.exit_code == 1
        assert "Applied 0" in again.stdout
        assert await names(live.app, one) == ["first"]

        toy.poison.discard("poison")
        every = await dlq("replay", "--all", "--service", "toy", "--json")
        assert every.exit_code == 1
        assert json.loads(every.stdout)["applied"] == 2
        assert [row["key"] for row in json.loads(every.stdout)["left"]] == [str(other)]
        assert await names(live.app, one) == ["first", "poison", "third"]

        hopeless = number["parked", str(other)]
        given_up = await dlq("discard", hopeless, "--service", "toy", "--reason", "sent by mistake")
        assert given_up.exit_code == 0
        assert (await dlq("discard", hopeless, "--service", "toy", "--reason", "again")).exit_code == 1
        assert json.loads((await dlq("list", "--service", "toy", "--json")).stdout) == []
        assert (await dlq("replay", "--service", "toy")).exit_code == 1  # neither a number nor --all
