"""The live inbox over real HTTP: what changes is told at once, from whichever instance, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from chassis.auth import Actor
from chassis.auth.tokens import SESSION_COOKIE
from chassis.testing import PUBLIC_URL, Running, eventually, running
from services.notifications.app import service
from services.notifications.live import Live
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.tale import Tale
from services.notifications.tests.test_inbox import told
from services.notifications.tests.wire import Wire, holder, manager, sent

pytestmark = pytest.mark.integration
INBOX = "/notifications/api/v1/inbox"


@asynccontextmanager
async def over_http(desk: Running) -> AsyncIterator[str]:
    """The running app behind a real server on a free port; its lifespan is the fixture's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(desk.app, "127.0.0.1", port, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@dataclass
class Listener:
    """A browser that listens."""

    events: list[dict[str, Any]]
    comments: list[str]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]["data"]

    async def until(self, holds: Callable[[Listener], Any], within: float = 10.0) -> None:
        async def probe() -> bool:
            assert holds(self), self.events
            return True

        await eventually(probe, within=within)


@asynccontextmanager
async def listening(desk: Running, origin: str, actor: Actor, last: str | None = None) -> AsyncIterator[Listener]:
    heard = Listener([], [])
    cookie = desk.app.state.identity.sessions.issue(actor)
    headers = {"Origin": PUBLIC_URL} | ({"Last-Event-ID": last} if last else {})
    async with httpx.AsyncClient(base_url=origin, headers=headers, timeout=30) as client:
        client.cookies.set(SESSION_COOKIE, cookie)

        async def listen() -> None:
            async with client.stream("GET", f"{INBOX}/stream") as answer:
                assert answer.status_code == 200
                assert answer.headers["content-type"].startswith("text/event-stream")
                fields: dict[str, str] = {}
                async for line in answer.aiter_lines():
                    name, _, value = line.partition(": ")
                    if line.startswith(":"):
                        heard.comments.append(line)
                    elif name:
                        fields[name] = value
                    elif "data" in fields:
                        heard.events.append(
                            {"id": fields["id"], "event": fields["event"], "data": json.loads(fields["data"])}
                        )
                        fields = {}

        task = asyncio.create_task(listen())
        try:
            await heard.until(lambda one: one.events or task.done())
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def city() -> str:
    return f"c_{uuid4().hex[:8]}"


async def test_what_changes_is_told_to_those_whose_it_is(desk: Running, city: str) -> None:
    tale = Tale()
    async with (
        over_http(desk) as origin,
        listening(desk, origin, manager("giulia", city)) as giulia,
        listening(desk, origin, holder("legal", city)) as legal,
    ):
        assert giulia.events[0]["event"] == "inbox"
        assert giulia.last == {"open": 0, "urgent": 0, "item": None}
        await told(desk, city, tale.registered())
        await giulia.until(lambda one: one.last["open"] == 1)
        item = giulia.last["item"]
        assert (item["kind"], item["state"], item["case"]) == ("triage_need", "open", tale.title)
        async with desk.client(manager("giulia", city)) as client:
            await client.post(f"{INBOX}/{item['id']}/done")
        await giulia.until(lambda one: one.last["open"] == 0)
        assert giulia.last["item"]["state"] == "done"
        assert len(legal.events) == 1, "nothing of the Legal Office's changed"
        await giulia.until(lambda one: one.comments)


async def test_a_colleague_taking_an_item_is_told_to_those_who_lose_it(desk: Running, city: str) -> None:
    await told(desk, city, Tale().registered())
    async with over_http(desk) as origin, listening(desk, origin, manager("giulia", city)) as giulia:
        assert giulia.last["open"] == 1
        async with desk.client(manager("paolo", city)) as paolo:
            [item] = (await paolo.get(INBOX)).json()["items"]
            await paolo.post(f"{INBOX}/{item['id']}/take")
        await giulia.until(lambda one: one.last["open"] == 0)


async def test_whoever_comes_back_is_told_what_they_missed(desk: Running, city: str) -> None:
    async with over_http(desk) as origin:
        async with listening(desk, origin, manager("giulia", city)) as giulia:
            await told(desk, city, Tale(title="prima").registered())
            await giulia.until(lambda one: one.last["open"] == 1)
            last = giulia.events[-1]["id"]
        await told(desk, city, Tale(title="intanto").registered())
        async with listening(desk, origin, manager("giulia", city), last) as giulia:
            await giulia.until(lambda one: len(one.events) == 1)
            assert giulia.last["open"] == 2
            assert giulia.last["item"]["case"] == "intanto"
        async with listening(desk, origin, manager("giulia", city), "nonsense") as giulia:
            assert giulia.last == {"open": 2, "urgent": 0, "item": None}


async def test_what_another_instance_does_is_told_here_too(
    desk: Running, settings: NotificationsSettings, city: str
) -> None:
    async with over_http(desk) as origin, listening(desk, origin, manager("giulia", city)) as giulia:
        async with running(service(settings)) as elsewhere:
            await told(elsewhere, city, Tale().registered())
        await giulia.until(lambda one: one.last["open"] == 1)


async def test_from_kafka_to_the_open_page(desk: Running, wire: Wire) -> None:
    tale = Tale(manager="live-manager")
    async with over_http(desk) as origin, listening(desk, origin, manager("live-manager")) as giulia:
        before = giulia.last["open"]
        await wire.send(sent([tale.guided(), tale.proposed()]))
        await giulia.until(lambda one: any((e["data"]["item"] or {}).get("kind") == "decide_match" for e in one.events))
        assert giulia.last["open"] == before + 1


async def test_many_clients_cost_one_look(desk: Running, city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    live = desk.app.state.live
    look = live._look

    async def counted() -> None:
        nonlocal looks
        looks += 1
        await look()

    async with over_http(desk) as origin:
        clients = [listening(desk, origin, manager(f"manager-{n}", city)) for n in range(20)]
        heard = [await one.__aenter__() for one in clients]
        try:
            monkeypatch.setattr(live, "_look", counted)
            await told(desk, city, Tale().registered())
            for one in heard:
                await one.until(lambda each: each.last["open"] == 1)
            assert looks < 20
        finally:
            for client in clients:
                await client.__aexit__(None, None, None)


async def test_streams_end_when_the_process_is_told_to_stop(settings: NotificationsSettings, city: str) -> None:
    async with (
        running(service(settings)) as own,
        over_http(own) as origin,
        httpx.AsyncClient(base_url=origin, timeout=30) as client,
    ):
        client.cookies.set(SESSION_COOKIE, own.app.state.identity.sessions.issue(manager("giulia", city)))
        async with client.stream("GET", f"{INBOX}/stream") as answer:
            own.app.state.live.stop()
            async for _line in answer.aiter_lines():
                pass


async def test_a_stop_signal_ends_the_streams_first(settings: NotificationsSettings) -> None:
    received: list[int] = []

    def handle_exit(number: int, frame: object) -> None:
        received.append(number)

    before = signal.signal(signal.SIGTERM, handle_exit)
    try:
        live = Live(settings)
        live.stop_with_the_server()
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            await live.stopping.wait()
        assert received == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_nobody_listens_without_logging_in(desk: Running) -> None:
    async with desk.client() as nobody:
        assert (await nobody.get(f"{INBOX}/stream")).status_code == 401
