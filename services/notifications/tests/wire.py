"""Events as the other services would send them, and the people who read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from chassis.auth import Actor
from chassis.delivery import Delivery, Record
from chassis.settings import Settings
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.topics import BY_NAME

CITY = "c_f205"
_BY_TOPIC = {
    "intake.stakeholder.v1": "stakeholder_id",
    "intake.need.v1": "need_id",
    "intake.offer.v1": "offer_id",
    "intake.rejected.v1": "external_ref",
    "matching.match.v1": "match_id",
    "agreements.agreement.v1": "agreement_id",
    "impact.plan.v1": "plan_id",
    "impact.result.v1": "plan_id",
}


@dataclass(frozen=True)
class Sent:
    """An event with its envelope."""

    event: Event
    envelope: Envelope

    @property
    def key(self) -> str:
        return str(getattr(self.event, _BY_TOPIC[self.event.topic]))

    def delivery(self, city: str = CITY) -> Delivery[Any]:
        record = Record(self.event.topic, 0, 0, self.key, self.event.to_bytes(), (), self.envelope.time)
        return Delivery(self.event, self.envelope, record)


def ticking(start: datetime | None = None) -> Iterator[datetime]:
    """A minute later each time, from two hours ago: events come in the past, deadlines in the future."""
    at = start or datetime.now(UTC) - timedelta(hours=2)
    while True:
        at += timedelta(minutes=1)
        yield at


def sent(events: Iterable[Event], city: str = CITY, start: datetime | None = None) -> list[Sent]:
    """The events in order, a minute apart."""
    clock = ticking(start)
    return [
        Sent(
            event,
            Envelope(
                id=str(uuid4()),
                source=f"/{BY_NAME[event.topic].owner}",
                type=event.type,
                city=city,
                time=next(clock),
                correlationid=str(getattr(event, "need_id", "")) or None,
            ),
        )
        for event in events
    ]


class Wire:
    """Publishes events."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix

    @classmethod
    @asynccontextmanager
    async def on(cls, settings: Settings) -> AsyncIterator[Wire]:
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all")
        await producer.start()
        try:
            yield cls(producer, settings.topic_prefix)
        finally:
            await producer.stop()

    async def send(self, events: Iterable[Sent]) -> None:
        for one in events:
            await self._producer.send_and_wait(
                self._prefix + one.event.topic,
                value=one.event.to_bytes(),
                key=one.key.encode(),
                headers=one.envelope.to_headers(),
            )


def manager(subject: str = "giulia", city: str = CITY) -> Actor:
    return Actor(subject=subject, city=city, name=subject, roles=frozenset({"account_manager"}))


def holder(role: str, city: str = CITY) -> Actor:
    return Actor(subject=f"the-{role}", city=city, name=role, roles=frozenset({role}))


def officer(department: str, city: str = CITY) -> Actor:
    return Actor(
        subject=f"officer-{department}",
        city=city,
        name="officer",
        roles=frozenset({"department"}),
        department=department,
    )


def partner(stakeholder: UUID, city: str = CITY) -> Actor:
    return Actor(
        subject=f"partner-{stakeholder}",
        city=city,
        name="partner",
        roles=frozenset({"partner"}),
        stakeholders=frozenset({str(stakeholder)}),
    )
