"""A city as the tests see it: its people, its departments' systems, and what it published."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from chassis.auth.actor import Actor
from chassis.testing import Running, eventually
from contracts.envelope import Envelope
from contracts.event import REGISTRY, Event
from contracts.events.departments import NeedSubmitted

LINE = {"kind": "goods", "quantity": "271", "unit": "C62"}
API = "/intake/api/v1"


def a_need(**more: Any) -> dict[str, Any]:
    return {"title": "Laptop per studenti", "policy_area": "digital_poverty", "lines": [LINE]} | more


def an_offer(stakeholder_id: str, **more: Any) -> dict[str, Any]:
    return {"stakeholder_id": stakeholder_id, "title": "Laptop dismessi", "lines": [LINE]} | more


def a_submission(reference: str, **more: Any) -> dict[str, Any]:
    return a_need(external_ref=reference, department="education") | more


class City:
    """One city (IPA code ``code``) on a running intake."""

    def __init__(self, running: Running, code: str) -> None:
        self.running = running
        self.code = code

    async def open(self) -> None:
        async with self.coordinator() as client:
            for code in ("education", "environment"):
                answer = await client.put(f"{API}/departments/{code}", json={"name": code.title()})
                assert answer.status_code == 201, answer.text
        async with self.manager() as client:
            answer = await client.put(f"{API}/account-managers/me", json={})
            assert answer.status_code == 200, answer.text

    def actor(self, subject: str, *roles: str, **more: Any) -> Actor:
        return Actor(subject=subject, city=self.code, name="Persona di Prova", roles=frozenset(roles), **more)

    def client(self, subject: str, *roles: str, headers: dict[str, str] | None = None, **more: Any):
        return self.running.client(self.actor(subject, *roles, **more), **(headers or {}))

    def coordinator(self):
        return self.client("coordinator", "coordinator")

    def manager(self, subject: str = "manager-1"):
        return self.client(subject, "account_manager")

    def department(self, code: str = "education"):
        return self.client(f"officer-{code}", "department", department=code)

    def partner(self, subject: str = "partner-1"):
        return self.client(subject, "partner")

    async def stakeholder(self, subject: str = "partner-1", **more: Any) -> dict[str, Any]:
        async with self.partner(subject) as client:
            answer = await client.post(f"{API}/stakeholders", json={"name": "Enel", "type": "company"} | more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def need(self, **more: Any) -> dict[str, Any]:
        async with self.department() as client:
            answer = await client.post(f"{API}/needs", json=a_need(**more))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    # -- the bus -------------------------------------------------------------------------------------------

    async def send(
        self,
        value: dict[str, Any] | bytes | None,
        *,
        source: str = "/departments/education",
        type_: str = NeedSubmitted.type,
        topic: str = NeedSubmitted.topic,
        key: str | None = "k",
        headers: list[tuple[str, bytes]] | None = None,
    ) -> str:
        """Puts one record on a topic and returns its ``ce_id``."""
        event_id = f"SAP-{uuid4()}"
        envelope = Envelope(event_id, source, type_, self.code, datetime.now(UTC))
        payload = json.dumps(value).encode() if isinstance(value, dict) else value
        settings = self.running.settings
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(
                settings.topic_prefix + topic,
                payload,
                key=key.encode() if key else None,
                headers=envelope.to_headers() if headers is None else headers,
            )
        finally:
            await producer.stop()
        return event_id

    async def publish(self, event: Event, key: str, source: str = "/matching") -> None:
        await self.send(json.loads(event.to_bytes()), source=source, type_=event.type, topic=event.topic, key=key)

    async def rejections(self, within: float = 15.0) -> list[dict[str, Any]]:
        async with self.client("ops", "operations") as client:

            async def some() -> list[dict[str, Any]]:
                return (await client.get(f"{API}/submissions/rejected")).json()["items"]

            return await eventually(some, within=within)

    async def events(self, kind: type[Event] | None = None) -> list[Event]:
        """What this city published, in order."""
        rows = await self.running.app.state.units.pool.fetch(
            "SELECT event_type, payload FROM outbox WHERE city = $1 ORDER BY seq", self.code
        )
        found = [REGISTRY[row["event_type"]].model_validate_json(row["payload"]) for row in rows]
        return [event for event in found if kind is None or isinstance(event, kind)]

    async def find_needs(self, **params: Any) -> list[dict[str, Any]]:
        async with self.department() as client:
            answer = await client.get(f"{API}/needs", params={"state": "any"} | params)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]
