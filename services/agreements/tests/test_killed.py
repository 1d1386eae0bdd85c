"""The service's own process is killed (kill -9) in the middle of approvals and signatures, twenty times."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.auth.tokens import SESSION_COOKIE
from chassis.clock import new_id
from chassis.scope import Scope
from chassis.testing import PUBLIC_URL, eventually
from services.agreements.domain.register import faults
from services.agreements.handlers.auditing import audit
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.story import CITY, GUIDE, LEGAL, SIGNATORY, Story, donation, giver_of, partner

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[3]
KILLS = 20
AT_ONCE = 3


def free_port() -> int:
    """Below those that the system gives to clients: nobody takes it while its server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port


class Victim:
    """The service as a process of its own, started again whenever it is killed."""

    def __init__(self, settings: AgreementsSettings, log: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._environment = os.environ | {
            f"SPORTELLO_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name in settings.model_fields_set
            if (value := getattr(settings, name)) is not None
        }
        self._environment["SPORTELLO_HTTP_PORT"] = str(self.port)
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.agreements"],
                env=self._environment, cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    async def is_up(self) -> None:
        async with httpx.AsyncClient(timeout=5) as client:

            async def answers() -> bool:
                if self.process.poll() is not None:
                    raise RuntimeError(self._log.read_text()[-2000:])
                with suppress(httpx.HTTPError):
                    return (await client.get(f"{self.address}/agreements/healthz")).status_code == 200
                return False

            await eventually(answers, within=90)

    @classmethod
    @asynccontextmanager
    async def two(cls, settings: AgreementsSettings, place: Path) -> AsyncIterator[list[Self]]:
        victims = [cls(settings, place / f"victim-{number}.log") for number in range(2)]
        try:
            yield victims
        finally:
            for one in victims:
                one.kill()


class Client:
    """Sends one command with one key until it is answered: first to the victim, then to whoever is there."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.interrupted = 0

    async def insist(self, one: str, act: str, actor: Actor, victims: list[Victim]) -> dict[str, Any]:
        key, cookie = str(new_id()), self._story.desk.app.state.identity.sessions.issue(actor)
        headers = {"Origin": PUBLIC_URL, "Idempotency-Key": key, "Cookie": f"{SESSION_COOKIE}={cookie}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            for attempt in range(10):
                victim = victims[attempt % len(victims)]
                try:
                    answer = await client.post(f"{victim.address}/agreements/api/v1/agreements/{one}/{act}", json=None)
                except httpx.HTTPError:
                    self.interrupted += 1
                    await victims[(attempt + 1) % len(victims)].is_up()
                    continue
                assert answer.is_success, answer.text
                return dict(answer.json())
        raise AssertionError("no answer")


async def test_no_number_is_lost_and_every_command_has_its_effect_once(
    story: Story, settings: AgreementsSettings, tmp_path: Path
) -> None:
    matches = [donation(need_title=f"Sotto il fuoco {number}") for number in range(KILLS)]
    files = [await story.filled(match) for match in matches]
    for one in files:
        await story.done(one, "submit", GUIDE)
    actors = [(one, partner(giver_of(match))) for one, match in zip(files, matches, strict=True)]
    work = [(one, "approve", LEGAL) for one in files]
    work += [(one, "sign", who) for pair in actors for who in (pair[1], SIGNATORY) for one in (pair[0],)]
    client, chance = Client(story), random.Random(20)
    async with Victim.two(settings, tmp_path) as victims:
        for turn in range(KILLS):
            victim, other = victims[turn % 2], victims[(turn + 1) % 2]
            await victim.is_up()
            commands = work[turn * AT_ONCE : (turn + 1) * AT_ONCE]
            sent = [asyncio.create_task(client.insist(*command, [victim, other])) for command in commands]
            # The point at which it dies is the experiment, not a way to wait for something.
            await asyncio.sleep(chance.uniform(0, 0.5))
            victim.kill()
            victim.start()
            await asyncio.gather(*sent)
    assert client.interrupted >= KILLS // 4, "hardly anything was under way when it died"
    await holds(story, files)


async def holds(story: Story, files: list[str]) -> None:
    assert {(await story.get(one))["state"] for one in files} == {"active"}
    async with story.desk.app.state.units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
        found = await audit(store, CITY)
    assert (found.faults, found.documents) == ((), len(files))
    assert faults(entries, {}) == []
    numbers = [entry.protocol.number for entry in entries if entry.act == "registered"]
    assert numbers == list(range(1, len(files) + 1))
    assert Counter(entry.act for entry in entries) == {"registered": len(files), "signed": len(files)}
    pool = story.desk.app.state.units.pool
    acts = await pool.fetch("SELECT act, count(*) AS times FROM history WHERE act IN ('approve', 'sign') GROUP BY act")
    assert {row["act"]: row["times"] for row in acts} == {"approve": len(files), "sign": 2 * len(files)}
    assert await pool.fetchval("SELECT count(*) FROM document_revision") == 3 * len(files)
    twice = await pool.fetch("SELECT FROM outbox GROUP BY topic, aggregate_id, aggregate_version HAVING count(*) > 1")
    assert not twice
    for one in files:
        names = Counter(type(event).__name__ for event in await story.published(one, until="Activated"))
        once = ("AgreementApproved", "AgreementSignatureGiven", "AgreementSigned", "AgreementActivated")
        assert [names[name] for name in once] == [1, 1, 1, 1]
