"""What surrounds the service in its integration tests: who publishes to it, and what it publishes."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaProducer

from chassis.auth.actor import Actor
from chassis.testing import Database, Running, eventually
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.events.agreements import AgreementSigned

CITY = "c_f205"


def actor(subject: str, *roles: str, city: str = CITY, **more: Any) -> Actor:
    return Actor(subject=subject, city=city, name="Somebody", roles=frozenset(roles), **more)


MANAGER = actor("manager", "account_manager")
DEPARTMENT = actor("education-officer", "department", department="education")
OTHER_DEPARTMENT = actor("environment-officer", "department", department="environment")
COORDINATOR = actor("coordinator", "coordinator")


class World:
    def __init__(self, running: Running, database: Database, producer: AIOKafkaProducer, owner: Any) -> None:
        self.running = running
        self.database = database
        self.owner: asyncpg.Connection[asyncpg.Record] = owner
        self._producer = producer

    @classmethod
    @asynccontextmanager
    async def around(cls, running: Running, database: Database) -> AsyncIterator[World]:
        producer = AIOKafkaProducer(bootstrap_servers=running.settings.kafka_bootstrap)
        await producer.start()
        owner = await asyncpg.connect(database.dsn("impact", owner=True))
        try:
            yield cls(running, database, producer, owner)
        finally:
            await owner.close()
            await producer.stop()

    async def publish(
        self, event: Event, key: uuid.UUID, *, city: str = CITY, again: Envelope | None = None
    ) -> Envelope:
        envelope = again or Envelope(
            id=str(uuid.uuid4()),
            source="/elsewhere",
            type=event.type,
            city=city,
            time=datetime.now(UTC),
            subject=str(key),
            correlationid=str(getattr(event, "need_id", key)),
        )
        await self._producer.send_and_wait(
            self.running.settings.topic_prefix + event.topic,
            event.to_bytes(),
            key=str(key).encode(),
            headers=envelope.to_headers(),
        )
        return envelope

    async def open(self, agreement: AgreementSigned, *, city: str = CITY) -> uuid.UUID:
        """Has the agreement signed and waits for its plan."""
        await self.publish(agreement, agreement.agreement_id, city=city)
        plan_id = agreement.agreement_id

        async def known() -> Any:
            return await self.owner.fetchval("SELECT true FROM plan WHERE city = $1 AND plan_id = $2", city, plan_id)

        await eventually(known)
        return plan_id

    def client(self, who: Actor | None = None, **headers: str) -> httpx.AsyncClient:
        return self.running.client(who, **headers)

    async def deliver(
        self, agreement: AgreementSigned, number: int, quantity: str, who: Actor = MANAGER, **more: Any
    ) -> httpx.Response:
        """Records a delivery for the agreement's allocation with this number."""
        promised = agreement.allocations[number]
        body = {"offer_id": str(promised.offer_id), "offer_line": promised.offer_line, "quantity": quantity} | more
        async with self.client(who) as client:
            return await client.post(f"/impact/api/v1/plans/{agreement.agreement_id}/deliveries", json=body)

    async def measure(
        self, agreement: AgreementSigned, code: str, value: str, who: Actor = MANAGER, **more: Any
    ) -> httpx.Response:
        body = {"indicator": code, "value": value} | more
        async with self.client(who) as client:
            return await client.post(f"/impact/api/v1/plans/{agreement.agreement_id}/measurements", json=body)

    async def plan(self, agreement: AgreementSigned, who: Actor = MANAGER) -> dict[str, Any]:
        async with self.client(who) as client:
            answer = await client.get(f"/impact/api/v1/plans/{agreement.agreement_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def case(self, agreement: AgreementSigned) -> dict[str, Any]:
        """The case as the public summary shows it."""
        async with self.client() as client:
            answer = await client.get("/impact/api/v1/summary", params={"need": str(agreement.need_id)})
        assert answer.status_code == 200, answer.text
        [case] = answer.json()["cases"]
        found: dict[str, Any] = case
        return found

    async def published(self, aggregate: uuid.UUID) -> list[tuple[str, dict[str, Any]]]:
        """(short name, data) of every event of an aggregate that left by the outbox, in order of version."""
        rows = await self.owner.fetch(
            "SELECT event_type, payload FROM outbox WHERE aggregate_id = $1 ORDER BY aggregate_version", str(aggregate)
        )
        return [(row["event_type"].split(".")[2], orjson.loads(row["payload"])) for row in rows]


def quantities(case: dict[str, Any]) -> list[Decimal]:
    return [Decimal(one["delivered_quantity"]) for one in case["commitments"]]
