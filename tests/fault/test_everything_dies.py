"""Everything is killed in the middle of two thousand commands, and the books still balance.

Each case is a need, an offer in answer to it, the consents of both sides and the file's papers: eight commands through
three services, with events between them, every one sent until it is answered. Meanwhile the relays' database sessions,
each service, Kafka and Postgres are killed without warning. Then: every accepted command had its effect once, every
key's events are on the log in order without a gap, every line of the ledger adds up, nothing is kept aside.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.settings import SERVICES
from chassis.testing import eventually
from contracts.subscriptions import CONSUMES
from contracts.topics import TOPICS
from tests.e2e.asking import settings_of_system, token
from tests.system import System

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]
CASES = 250
COMMANDS_PER_CASE = 8
AT_ONCE = 12
PATIENCE = 240.0
"""Seconds a command is sent again and again before the test gives up."""


class Client:
    """Sends a command until it is answered, with one idempotency key, as a careful client does."""

    def __init__(self, system: System, city: str) -> None:
        self._system = system
        self._city = city
        self._tokens: dict[str, str] = {}
        self._http = httpx.AsyncClient(base_url=system.url, timeout=20)
        self._progress = asyncio.Condition()
        self.answered = 0
        self.repeats = 0

    async def close(self) -> None:
        await self._http.aclose()

    async def has_answered(self, count: int) -> None:
        """Returns when so many commands have been answered."""
        async with self._progress:
            await self._progress.wait_for(lambda: self.answered >= count)

    def headers(self, username: str) -> dict[str, str]:
        if username not in self._tokens:
            self._tokens[username] = token(self._system, username, self._city)
        return {"Authorization": f"Bearer {self._tokens[username]}", "Accept-Language": "en"}

    async def post(self, username: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {**self.headers(username), "Idempotency-Key": secrets.token_hex(16)}
        answer = await self._until_answered("POST", path, headers, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        async with self._progress:
            self.answered += 1
            self._progress.notify_all()
        result: dict[str, Any] = answer.json()
        return result

    async def find(self, username: str, path: str, wanted: Callable[[dict[str, Any]], Any]) -> Any:
        """What ``wanted`` finds in the JSON at ``path``, once it finds something."""
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._until_answered("GET", path, self.headers(username))
                found = wanted(answer.json()) if answer.is_success else None
                if found:
                    return found
                await asyncio.sleep(0.25)

    async def _until_answered(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self._http.request(method, path, headers=headers, **more)
                    if answer.status_code < 500:
                        return answer
                except httpx.TransportError:
                    pass
                self.repeats += 1
                await asyncio.sleep(0.25)


async def play(client: Client, stakeholder: str, number: int) -> str:
    """One case up to a complete file; returns its need's id."""
    line = {"kind": "goods", "quantity": str(number % 7 + 1), "unit": "C62"}
    need = {"title": f"Need {number}", "policy_area": "digital_poverty", "lines": [line]}
    need_id = (await client.post("department-education", "/intake/api/v1/needs", need))["id"]
    given = line | {"unit_value_cents": 1000}
    offer = {"stakeholder_id": stakeholder, "title": f"Offer {number}", "lines": [given], "answers_need_id": need_id}
    await client.post("enel", "/intake/api/v1/offers", offer)
    matches = f"/matching/api/v1/matches?need={need_id}"
    match = await client.find("account-manager", matches, lambda page: page["items"] and page["items"][0]["match_id"])
    await client.post("department-education", f"/matching/api/v1/matches/{match}/accept", {})
    await client.post("enel", f"/matching/api/v1/matches/{match}/accept", {})
    files = f"/agreements/api/v1/agreements?match={match}"
    file = await client.find("legal", files, lambda page: page["items"] and page["items"][0]["agreement_id"])
    path = f"/agreements/api/v1/agreements/{file}"
    terms = {"modest_value": "yes", "acceptance": "yes", "delivery_record": "yes", "public_interest": "yes"}
    await client.post("legal", f"{path}/instrument", {"instrument": "donazione", "terms": terms})
    plan = {"summary": "A line on the city's site.", "channels": ["city-website"], "logo_approved": True}
    await client.post("account-manager", f"{path}/communication-plan", plan)
    await client.post("account-manager", f"{path}/impact-plan", {"indicators": []})
    await client.post("account-manager", f"{path}/submit", {})
    return str(need_id)


async def prepare(client: Client) -> str:
    """A vetted organisation with an account manager; returns its id."""
    headers = client.headers("coordinator")
    department = "/intake/api/v1/departments/education"
    await client._until_answered("PUT", department, headers, json={"name": "Direzione Educazione"})
    headers = client.headers("account-manager")
    await client._until_answered("PUT", "/intake/api/v1/account-managers/me", headers, json={})
    body = {"name": "Enel", "type": "company"}
    stakeholder = str((await client.post("enel", "/intake/api/v1/stakeholders", body))["id"])
    vetted = {"outcome": "approved", "reason": "test"}
    await client.post("account-manager", f"/intake/api/v1/stakeholders/{stakeholder}/vet", vetted)
    return stakeholder


async def killing(system: System, client: Client, log: list[str]) -> None:
    """Kills one thing after another while commands go through, each at its share of the way."""
    victims: list[Callable[[], Any]] = [lambda: kill_relays(system)]
    victims += [lambda part=part: system.kill(part) for part in (*SERVICES, "kafka", "postgres", "matching", "intake")]
    names = ["relays", *SERVICES, "kafka", "postgres", "matching", "intake"]
    total = CASES * COMMANDS_PER_CASE
    for position, (name, kill) in enumerate(zip(names, victims, strict=True)):
        threshold = total * (position + 1) // (len(names) + 2)
        await client.has_answered(threshold)
        result = kill()
        if asyncio.iscoroutine(result):
            await result
        log.append(f"{name} after {client.answered} commands")


async def kill_relays(system: System) -> None:
    connection = await asyncpg.connect(system.installation.postgres.admin_dsn, database="sportello")
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'sportello-%-relay'"
        )
    finally:
        await connection.close()


async def test_two_thousand_commands_while_everything_is_killed(
    system: System, record_property: Callable[[str, object], None]
) -> None:
    city = f"t_{secrets.token_hex(3)}"
    client = Client(system, city)
    stakeholder = await prepare(client)
    killed: list[str] = []
    killer = asyncio.create_task(killing(system, client, killed))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with gate:
            return await play(client, stakeholder, number)

    needs = await asyncio.gather(*(one(number) for number in range(CASES)))
    await killer
    await client.close()
    record_property("killed", killed)
    record_property("commands", client.answered)
    record_property("sent again", client.repeats)
    print(f"{client.answered} commands, {client.repeats} sent again; killed: {', '.join(killed)}")

    assert client.answered >= CASES * COMMANDS_PER_CASE
    assert len(killed) == 10
    books = await asyncpg.connect(system.installation.postgres.admin_dsn, database="sportello")
    try:
        await settled(books, city)
        await nothing_is_kept_aside(books, city)
        await each_command_had_its_effect_once(books, city, needs)
        await the_ledger_adds_up(books, city)
        published = await outbox_of(books, city)
    finally:
        await books.close()
    await the_log_is_in_order(system, city, published)


async def settled(books: asyncpg.Connection, city: str) -> None:
    """Waits until each event of the city, in whatever outbox, is known to every service that reads its type.

    One statement sees all schemas at one moment: an event that handling another one adds cannot slip between.
    """
    missing = "SELECT " + " + ".join(
        f"(SELECT count(*) FROM {writer}.outbox o WHERE o.city = $1 AND (o.published_at IS NULL OR o.event_type = ANY"
        f" (ARRAY[{', '.join(repr(event.type) for event in CONSUMES[reader])}]) AND NOT EXISTS (SELECT FROM"
        f" {reader}.inbox i WHERE i.city = o.city AND i.source = '/{writer}' AND i.event_id = o.event_id::text)))"
        for writer in SERVICES
        for reader in SERVICES
    )

    async def all_known() -> bool:
        return await books.fetchval(missing, city) == 0

    await eventually(all_known, within=PATIENCE)


async def nothing_is_kept_aside(books: asyncpg.Connection, city: str) -> None:
    for service in SERVICES:
        left = await books.fetch(
            f"SELECT event_type, status, reason FROM {service}.dead_letter"
            " WHERE city = $1 AND status IN ('parked', 'behind', 'waiting')",
            city,
        )
        assert not left, f"{service}: {[dict(row) for row in left]}"


async def each_command_had_its_effect_once(books: asyncpg.Connection, city: str, needs: list[str]) -> None:
    types = await books.fetch(
        " UNION ALL ".join(
            f"SELECT event_type, count(*) AS n FROM {service}.outbox WHERE city = $1 GROUP BY event_type"
            for service in SERVICES
        ),
        city,
    )
    counts = Counter({row["event_type"]: row["n"] for row in types})
    for name in (
        "sportello.intake.need-registered.v1",
        "sportello.intake.offer-received.v1",
        "sportello.matching.match-proposed.v1",
        "sportello.matching.match-accepted.v1",
        "sportello.agreements.agreement-drafted.v1",
        "sportello.agreements.agreement-review-requested.v1",
    ):
        assert counts[name] == CASES, (name, counts)
    assert counts["sportello.matching.match-consent-given.v1"] == 2 * CASES
    assert counts["sportello.agreements.instrument-published.v1"] == 7, "the toolkit is told once to a new city"
    stories = await books.fetch(
        "SELECT headers->>'ce_correlationid' AS need, count(*) AS n FROM agreements.outbox"
        " WHERE city = $1 AND headers ? 'ce_correlationid' GROUP BY 1",
        city,
    )
    assert {row["need"]: row["n"] for row in stories} == dict.fromkeys(needs, 2)


async def the_ledger_adds_up(books: asyncpg.Connection, city: str) -> None:
    changes = await books.fetch(
        "SELECT DISTINCT ON (aggregate_id) aggregate_id, convert_from(payload, 'UTF8')::jsonb AS balance"
        " FROM matching.outbox WHERE city = $1 AND topic = 'matching.ledger.v1'"
        " ORDER BY aggregate_id, aggregate_version DESC",
        city,
    )
    assert len(changes) == 2 * CASES
    for row in changes:
        line = json.loads(row["balance"])
        total, reserved, shortfall = (Decimal(line[name]) for name in ("total", "reserved", "shortfall"))
        assert total == sum(Decimal(line[name]) for name in ("free", "reserved", "committed", "delivered")), line
        assert reserved == total, line
        assert shortfall == 0, line


async def outbox_of(books: asyncpg.Connection, city: str) -> dict[tuple[str, str], list[str]]:
    """The ids of the events of each key, in the order they were committed."""
    events: dict[tuple[str, str], list[str]] = defaultdict(list)
    for service in SERVICES:
        rows = await books.fetch(
            f"SELECT topic, aggregate_id, event_id FROM {service}.outbox WHERE city = $1 ORDER BY seq", city
        )
        for row in rows:
            events[row["topic"], row["aggregate_id"]].append(str(row["event_id"]))
    return dict(events)


async def the_log_is_in_order(system: System, city: str, published: dict[tuple[str, str], list[str]]) -> None:
    """Kafka holds every event of every key, first appearances in the order they were committed."""
    settings = settings_of_system(system)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    seen: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    try:
        places = [TopicPartition(one.name, n) for one in TOPICS for n in range(settings.topic_partitions)]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    headers = dict(record.headers)
                    if headers.get("ce_city") == city.encode():
                        seen[place.topic, record.key.decode()].setdefault(headers["ce_id"].decode())
    finally:
        await consumer.stop()
    assert {key: list(ids) for key, ids in seen.items()} == published
