"""An offer in answer to a need, from the command over HTTP to the match and the account manager's inbox item."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from chassis.settings import SERVICES
from tests.bench.arithmetic import Schedule, Spread, open_loop
from tests.bench.watch import Watch, connect
from tests.bench.wire import Wire
from tests.e2e.asking import token
from tests.system import System

AT_ONCE = 32
_MATCHED = "SELECT need_id FROM matching.match WHERE city = $2 AND need_id = ANY($1::uuid[])"
_IN_INBOX = """
SELECT subject FROM notifications.work_item WHERE city = $2 AND kind = 'decide_match' AND subject = ANY($1::uuid[])
"""


class Refused(Exception):
    """The system did not take a command; the text is its answer."""


@dataclass
class Player:
    """A department that asks and an organisation that answers, in a city of their own."""

    system: System
    wire: Wire
    city: str = field(default_factory=lambda: f"b_{secrets.token_hex(3)}")
    stakeholder: str = ""
    _headers: dict[str, str] = field(default_factory=dict)

    def headers(self, username: str) -> str:
        if username not in self._headers:
            bearer = token(self.system, username, self.city)
            self._headers[username] = f"Authorization: Bearer {bearer}\r\nAccept-Language: en\r\n"
        return self._headers[username]

    async def command(self, username: str, path: str, body: Any, key: str | None = None) -> dict[str, Any]:
        headers = self.headers(username) + (f"Idempotency-Key: {key}\r\n" if key else "")
        answer = await self.wire.post(path, body, headers)
        if answer.status not in (200, 201):
            raise Refused(f"{path}: {answer.status} {answer.body.decode()[:300]}")
        found: dict[str, Any] = orjson.loads(answer.body) if answer.body else {}
        return found

    async def prepare(self) -> None:
        """A department, an account manager, and an organisation that may give."""
        department = {"name": "Direzione Educazione"}
        await self.wire.put("/intake/api/v1/departments/education", department, self.headers("coordinator"))
        await self.wire.put("/intake/api/v1/account-managers/me", {}, self.headers("account-manager"))
        body = {"name": "Enel", "type": "company"}
        self.stakeholder = (await self.command("enel", "/intake/api/v1/stakeholders", body))["id"]
        vetted = {"outcome": "approved", "reason": "bench"}
        await self.command("account-manager", f"/intake/api/v1/stakeholders/{self.stakeholder}/vet", vetted)

    async def need(self, number: int) -> UUID:
        body = {"title": f"Need {number}", "policy_area": "digital_poverty", "lines": [_line(number)]}
        return UUID((await self.command("department-education", "/intake/api/v1/needs", body))["id"])

    async def offer(self, number: int, need: UUID) -> None:
        body = {
            "stakeholder_id": self.stakeholder,
            "title": f"Offer {number}",
            "lines": [_line(number)],
            "answers_need_id": str(need),
        }
        await self.command("enel", "/intake/api/v1/offers", body, secrets.token_hex(16))

    async def needs(self, count: int) -> tuple[list[UUID], float]:
        """So many needs, and how many were taken a second."""
        return await together(count, self.need)


async def together(count: int, work: Any) -> tuple[list[Any], float]:
    """``work(number)`` for each number, :data:`AT_ONCE` at a time; the results and how many a second."""
    numbers = iter(range(count))
    results: list[Any] = [None] * count
    start = time.monotonic()

    async def worker() -> None:
        for number in numbers:
            results[number] = await work(number)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return results, count / (time.monotonic() - start)


def _line(number: int) -> dict[str, str]:
    return {"kind": "goods", "quantity": str(number % 7 + 1), "unit": "C62"}


@dataclass(frozen=True)
class Latencies:
    """From when a command was due until it was answered, its match seen, its inbox item seen."""

    rate: float
    accepted: Spread
    match: Spread
    item: Spread
    drained_seconds: float
    refused: int = 0

    @property
    def sustained(self) -> bool:
        """Everything was there soon after the last command, and nobody waited long."""
        return not self.refused and not self.item.missing and self.drained_seconds < 1.0 and self.item.p99 < 1000


@asynccontextmanager
async def watching(system: System, city: str) -> AsyncIterator[tuple[Watch, Watch]]:
    connections = [await connect(system.installation.postgres.admin_dsn, "sportello") for _ in range(2)]
    watches = (Watch(connections[0], _MATCHED, city), Watch(connections[1], _IN_INBOX, city))
    tasks = [asyncio.create_task(watch.run()) for watch in watches]
    try:
        yield watches
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for connection in connections:
            await connection.close()


async def latencies(player: Player, rate: float, seconds: float, patience: float = 30.0) -> Latencies:
    """Offers at a steady rate, each in answer to a need of its own that is there before."""
    schedule = Schedule(rate, max(1, round(rate * seconds)))
    needs, _ = await player.needs(schedule.count)
    await settled(player.system)
    accepted: list[float] = []
    refused: list[int] = []
    async with watching(player.system, player.city) as (matched, in_inbox):

        async def send(number: int, due: float) -> None:
            matched.expect(needs[number], due)
            in_inbox.expect(needs[number], due)
            try:
                await player.offer(number, needs[number])
            except Refused:  # overload: the edge says 503 rather than let a queue grow without end
                refused.append(number)
                matched.forget(needs[number])
                in_inbox.forget(needs[number])
            else:
                accepted.append(time.monotonic() - due)

        await open_loop(schedule, send, time.monotonic)
        ended = time.monotonic()
        await matched.drained(patience)
        await in_inbox.drained(patience)
        drained = time.monotonic() - ended
        return Latencies(
            rate,
            Spread.of(accepted),
            Spread.of(matched.latencies, matched.missing),
            Spread.of(in_inbox.latencies, in_inbox.missing),
            drained,
            len(refused),
        )


async def settled(system: System, within: float = 120.0) -> None:
    """Waits until every service has published and read everything, so that a measurement starts from rest."""
    wires = {name: Wire(f"http://127.0.0.1:{system.ports.service(name)}") for name in SERVICES}
    deadline = time.monotonic() + within
    try:
        while time.monotonic() < deadline:
            reports = [orjson.loads((await wire.get(f"/{name}/readyz")).body) for name, wire in wires.items()]
            if all(report["outbox"]["pending"] == 0 and report["consumer_lag"] == 0 for report in reports):
                return
            await asyncio.sleep(0.1)
    finally:
        for wire in wires.values():
            await wire.close()


async def most(player: Player, first: int, limit: int, seconds: float) -> tuple[float, list[Latencies]]:
    """The highest rate that was sustained: half as much again each time, then once in between."""
    tried: list[Latencies] = []
    best, rate = 0.0, float(first)
    while rate <= limit:
        tried.append(await latencies(player, rate, seconds))
        if not tried[-1].sustained:
            break
        best, rate = rate, rate * 1.5
    if best and best < rate <= limit:
        tried.append(await latencies(player, (best + rate) / 2, seconds))
        if tried[-1].sustained:
            best = tried[-1].rate
    return best, tried
