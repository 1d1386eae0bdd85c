"""What tests tell: matches are accepted, people work at the desk, the log is read back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

import httpx
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.consumer import AIOKafkaConsumer

from chassis.auth import Actor
from chassis.clock import new_id
from chassis.testing import Running, eventually
from contracts.envelope import Envelope
from contracts.event import REGISTRY, Event
from contracts.events.agreements import AGREEMENT
from contracts.events.intake import StakeholderRegistered
from contracts.events.matching import MatchAccepted
from contracts.values import Allocation, Party

CITY = "c_f205"
EDUCATION = "department:education"
LEGAL = Actor(subject="legal-1", city=CITY, name="Elena Riva", roles=frozenset({"legal"}))
GUIDE = Actor(subject="guide-1", city=CITY, name="Giulia Ferri", roles=frozenset({"account_manager"}))
SIGNATORY = Actor(subject="sign-1", city=CITY, name="Carlo Neri", roles=frozenset({"signatory"}))
DEPARTMENT = Actor(
    subject="dep-1", city=CITY, name="Marco Villa", roles=frozenset({"department"}), department="education"
)
STRANGER = Actor(
    subject="x", city=CITY, name="X", roles=frozenset({"partner"}), stakeholders=frozenset({str(new_id())})
)

INDICATOR = {
    "code": "children_reached",
    "title_it": "Bambini raggiunti",
    "title_en": "Children reached",
    "unit": "IE",
    "target": "300",
}
DONATION_TERMS = {
    "modest_value": "Modico anche per i mezzi del donante",
    "acceptance": "Determina 12/2026",
    "delivery_record": "Verbale",
}


def partner(stakeholder: UUID) -> Actor:
    return Actor(
        subject=f"partner-{stakeholder}",
        city=CITY,
        name="Paolo Conti",
        roles=frozenset({"partner"}),
        stakeholders=frozenset({str(stakeholder)}),
    )


def donation(giver: UUID | None = None, **more: Any) -> MatchAccepted:
    """A liberal donation: one department, one giver, 3,000 EUR."""
    giver = giver or new_id()
    values: dict[str, Any] = {
        "match_id": new_id(),
        "version": 3,
        "need_id": new_id(),
        "need_title": "Settimana dei Diritti dell'Infanzia",
        "department": "education",
        "policy_area": "underprivileged_schools",
        "triangulation": False,
        "parties": (
            Party(party_id=EDUCATION, role="department", department="education", name="Direzione Educazione"),
            Party(party_id=f"stakeholder:{giver}", role="giver", stakeholder_id=giver, name="Fondazione Bracco"),
        ),
        "allocations": (
            Allocation(
                offer_id=new_id(), offer_line=0, need_line=0, stakeholder_id=giver, kind="money",
                quantity=Decimal(3000), unit="EUR", value_cents=300_000, description="Donazione liberale",
            ),
        ),
        "account_manager_id": "guide-1",
    }  # fmt: skip
    return MatchAccepted(**(values | more))


def giver_of(match: MatchAccepted) -> UUID:
    return next(party.stakeholder_id for party in match.parties if party.stakeholder_id)


@dataclass
class Story:
    """Clients of the people at the desk, a producer for other services' events, and the log."""

    desk: Running
    producer: AIOKafkaProducer
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def told(cls, desk: Running) -> AsyncIterator[Self]:
        producer = AIOKafkaProducer(bootstrap_servers=desk.settings.kafka_bootstrap, acks="all")
        await producer.start()
        story = cls(desk, producer)
        try:
            yield story
        finally:
            await producer.stop()
            for client in story.clients.values():
                await client.aclose()

    def as_(self, actor: Actor) -> httpx.AsyncClient:
        key = f"{actor.city}/{actor.subject}"
        if key not in self.clients:
            self.clients[key] = self.desk.client(actor)
        return self.clients[key]

    async def happened(self, event: Event, key: UUID, case: UUID | None = None, city: str = CITY) -> str:
        """Another service publishes `event`; its id is returned."""
        envelope = Envelope(
            id=str(new_id()), source="/test", type=event.type, city=city, time=datetime.now(UTC),
            subject=str(key), correlationid=str(case) if case else None,
        )  # fmt: skip
        await self.producer.send_and_wait(
            self.desk.settings.topic_prefix + event.topic,
            key=str(key).encode(),
            value=event.to_bytes(),
            headers=envelope.to_headers(),
        )
        return envelope.id

    async def announced(self, stakeholder: UUID, name: str, kind: Any = "foundation") -> None:
        event = StakeholderRegistered(stakeholder_id=stakeholder, version=1, name=name, stakeholder_type=kind)
        await self.happened(event, stakeholder)

    async def file_of(self, match: MatchAccepted, city: str = CITY) -> dict[str, Any]:
        """Publishes the acceptance and waits for the file."""
        await self.happened(match, match.match_id, match.need_id, city)

        async def there() -> Any:
            found = await self.as_(LEGAL).get("/agreements/api/v1/agreements", params={"match": str(match.match_id)})
            return found.json()["items"]

        items = await eventually(there)
        assert len(items) == 1
        return await self.get(items[0]["agreement_id"])

    async def get(self, agreement_id: str, actor: Actor = LEGAL) -> dict[str, Any]:
        answer = await self.as_(actor).get(f"/agreements/api/v1/agreements/{agreement_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(
        self, agreement_id: str, act: str, actor: Actor = LEGAL, body: Any = None, **headers: str
    ) -> httpx.Response:
        return await self.as_(actor).post(
            f"/agreements/api/v1/agreements/{agreement_id}/{act}", json=body, headers=headers
        )

    async def done(self, agreement_id: str, act: str, actor: Actor = LEGAL, body: Any = None) -> dict[str, Any]:
        answer = await self.post(agreement_id, act, actor, body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def filled(self, match: MatchAccepted, instrument: str = "donazione", terms: Any = None) -> str:
        """The file of a match with everything in it."""
        file = await self.file_of(match)
        one = file["agreement_id"]
        await self.done(one, "instrument", GUIDE, {"instrument": instrument, "terms": terms or DONATION_TERMS})
        plan = {"summary": "Comunicato congiunto", "channels": ["web_site"]}
        await self.done(one, "communication-plan", GUIDE, plan)
        await self.done(one, "impact-plan", GUIDE, {"indicators": [INDICATOR]})
        return str(one)

    async def approved(self, match: MatchAccepted) -> str:
        one = await self.filled(match)
        await self.done(one, "submit", GUIDE)
        await self.done(one, "approve", LEGAL)
        return one

    async def signed(self, match: MatchAccepted) -> str:
        one = await self.approved(match)
        await self.done(one, "sign", partner(giver_of(match)))
        await self.done(one, "sign", SIGNATORY)
        return one

    async def published(self, agreement_id: str, *, until: str) -> list[Event]:
        """Events of one agreement in the order of the log, read until one of the type `until` is there.

        Each once, as its readers take it: a relay that dies between sending and noting it sends it again.
        """
        topic = self.desk.settings.topic_prefix + AGREEMENT
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.desk.settings.kafka_bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or range(3)]
            consumer.assign(partitions)
            found: dict[str, Event] = {}

            async def there() -> bool:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        if record.key == agreement_id.encode():
                            envelope = Envelope.from_headers(record.headers)
                            found.setdefault(envelope.id, REGISTRY[envelope.type].read(record.value))
                return any(until in type(event).__name__ for event in found.values())

            await eventually(there)
            return list(found.values())
        finally:
            await consumer.stop()
