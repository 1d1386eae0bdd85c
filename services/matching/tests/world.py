"""The other services as matching hears them: their events on real Kafka, one invented city per test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from aiokafka import AIOKafkaProducer

from chassis.auth import Actor
from chassis.clock import new_id
from chassis.testing import Running, eventually
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.events import agreements, impact, intake
from contracts.events.matching import MatchAccepted, MatchEndAsked
from contracts.values import Allocation, CommunicationPlan, ImpactPlan, Line, SignatureEvidence

MANAGER = "manager-of-all"


@dataclass
class World:
    """One city. ``say`` puts events on the bus; the rest are the sentences that tests are told in."""

    running: Running
    producer: AIOKafkaProducer
    city: str = field(default_factory=lambda: f"c_{uuid4().hex[:10]}")
    versions: dict[UUID, int] = field(default_factory=dict)
    said: list[tuple[Event, str, str | None]] = field(default_factory=list)
    sent: dict[tuple[str, int], int] = field(default_factory=dict)

    # -- the bus -------------------------------------------------------------------------------------------

    async def say(self, event: Event, key: object, *, case: object = None, event_id: str | None = None) -> str:
        """Publishes; returns the event's id, with which it can be published again."""
        event_id = event_id or str(uuid4())
        self.said.append((event, event_id, str(key)))
        envelope = Envelope(
            id=event_id,
            source=f"/{event.topic.split('.')[0]}",
            type=event.type,
            city=self.city,
            time=datetime.now(UTC),
            subject=str(key),
            correlationid=str(case) if case else None,
        )
        place = await self.producer.send_and_wait(
            self.running.settings.topic_prefix + event.topic,
            event.to_bytes(),
            key=str(key).encode(),
            headers=envelope.to_headers(),
        )
        self.sent[event.topic, place.partition] = place.offset
        return event_id

    async def say_all_again(self) -> None:
        """Every event once more, as Kafka may do."""
        for event, event_id, key in list(self.said):
            await self.say(event, key, event_id=event_id)

    async def settled(self) -> None:
        """Waits until everything said was consumed and nothing is left to look at again."""

        async def quiet() -> bool:
            async with self.running.app.state.units.pool.acquire() as connection:
                rows = await connection.fetch("SELECT topic, partition, next_offset FROM bus_position")
                pending = await connection.fetchval("SELECT count(*) FROM revision WHERE city = $1", self.city)
            applied = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            return not pending and all(applied.get(place, 0) > offset for place, offset in self.sent.items())

        await eventually(quiet, within=30)

    def _version(self, subject: UUID) -> int:
        self.versions[subject] = self.versions.get(subject, 0) + 1
        return self.versions[subject]

    # -- intake --------------------------------------------------------------------------------------------

    async def stakeholder(self, name: str, kind: str = "company", *, vetted: bool = True) -> UUID:
        stakeholder_id = new_id()
        event = intake.StakeholderRegistered(
            stakeholder_id=stakeholder_id, version=self._version(stakeholder_id), name=name, stakeholder_type=kind
        )
        await self.say(event, stakeholder_id)
        assigned = intake.AccountManagerAssigned(
            stakeholder_id=stakeholder_id, version=self._version(stakeholder_id), account_manager_id=MANAGER
        )
        await self.say(assigned, stakeholder_id)
        if vetted:
            await self.vetted(stakeholder_id)
        return stakeholder_id

    async def vetted_later(self, stakeholder_id: UUID, name: str) -> None:
        """An organisation is registered and approved after others spoke of it."""
        event = intake.StakeholderRegistered(
            stakeholder_id=stakeholder_id, version=self._version(stakeholder_id), name=name, stakeholder_type="company"
        )
        await self.say(event, stakeholder_id)
        await self.vetted(stakeholder_id)

    async def vetted(self, stakeholder_id: UUID, outcome: str = "approved") -> None:
        event = intake.StakeholderVetted(
            stakeholder_id=stakeholder_id, version=self._version(stakeholder_id), outcome=outcome
        )
        await self.say(event, stakeholder_id)

    async def need(self, title: str, *lines: Line, need_id: UUID | None = None, **more: Any) -> UUID:
        """Registers a need, or changes the one given."""
        kind = intake.NeedChanged if need_id else intake.NeedRegistered
        need_id = need_id or new_id()
        values = {"department": "education", "policy_area": "digital_poverty"} | more
        event = kind(need_id=need_id, version=self._version(need_id), title=title, lines=lines, **values)
        await self.say(event, need_id, case=need_id)
        return need_id

    async def withdraw_need(self, need_id: UUID) -> None:
        await self.say(intake.NeedWithdrawn(need_id=need_id, version=self._version(need_id)), need_id, case=need_id)

    async def offer(
        self,
        title: str,
        giver: UUID,
        *lines: Line,
        offer_id: UUID | None = None,
        answers: UUID | None = None,
        **more: Any,
    ) -> UUID:
        """Makes an offer, or changes the one given."""
        kind = intake.OfferChanged if offer_id else intake.OfferReceived
        offer_id = offer_id or new_id()
        event = kind(
            offer_id=offer_id,
            version=self._version(offer_id),
            stakeholder_id=giver,
            title=title,
            lines=lines,
            answers_need_id=answers,
            **more,
        )
        await self.say(event, offer_id)
        return offer_id

    async def withdraw_offer(self, offer_id: UUID) -> None:
        await self.say(intake.OfferWithdrawn(offer_id=offer_id, version=self._version(offer_id)), offer_id)

    # -- agreements and impact -----------------------------------------------------------------------------

    def _paper(self, match: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "agreement_id": UUID(match["match_id"]),
            "match_id": match["match_id"],
            "need_id": match["need_id"],
            "department": match["department"],
            "stakeholder_ids": [one["stakeholder_id"] for one in match["parties"] if one["stakeholder_id"]],
        }

    async def signed(self, match: Mapping[str, Any]) -> None:
        allocations = [
            Allocation(**{name: one[name] for name in Allocation.model_fields}) for one in match["allocations"]
        ]
        event = agreements.AgreementSigned(
            **self._paper(match),
            version=5,
            title=match["need_title"],
            policy_area=match["policy_area"],
            instrument="donazione",
            instrument_version=1,
            protocol_number="1/2026",
            signed_on=date(2026, 11, 20),
            valid_from=date(2026, 11, 20),
            parties=[],
            allocations=allocations,
            impact_plan=ImpactPlan(),
            communication_plan=CommunicationPlan(summary="-"),
            signatures=[
                SignatureEvidence(
                    party_id="department:education",
                    level="development",
                    signed_at=datetime.now(UTC),
                    certificate_sha256="0" * 64,
                )
            ],
            document_sha256="0" * 64,
        )
        await self.say(event, event.agreement_id, case=event.need_id)

    async def submitted(self, match: Mapping[str, Any]) -> None:
        """The file goes to the Legal Office."""
        event = agreements.AgreementReviewRequested(
            **self._paper(match), version=2, title=match["need_title"], instrument="donazione"
        )
        await self.say(event, event.agreement_id, case=event.need_id)

    async def rejected(self, match: Mapping[str, Any], reason_code: str = "refused") -> None:
        event = agreements.AgreementRejected(
            **self._paper(match), version=6, reason=reason_code, reason_code=reason_code
        )
        await self.say(event, event.agreement_id, case=event.need_id)

    async def closed_as_asked(self, match: Mapping[str, Any]) -> dict[str, Any]:
        """The desk hears that the match is to end, and closes its file; returns the match as it ended."""
        asked = [one["match_id"] for one in await self.published(MatchEndAsked)]
        assert match["match_id"] in asked
        await self.rejected(match, "match_released")

        async def ended() -> dict[str, Any] | None:
            found = await self.match(match["match_id"])
            return found if found["state"] == "released" else None

        return await eventually(ended)

    async def terminated(self, match: Mapping[str, Any]) -> None:
        event = agreements.AgreementTerminated(
            **self._paper(match), version=7, reason="-", effective_on=date(2026, 11, 20)
        )
        await self.say(event, event.agreement_id, case=event.need_id)

    async def delivered(self, match: Mapping[str, Any], quantity: str, position: int = 0) -> UUID:
        part = match["allocations"][position]
        delivery_id = new_id()
        event = impact.DeliveryRecorded(
            **self._paper(match),
            plan_id=UUID(match["match_id"]),
            version=self._version(UUID(match["match_id"])),
            delivery_id=delivery_id,
            offer_id=part["offer_id"],
            offer_line=part["offer_line"],
            need_line=part["need_line"],
            quantity=quantity,
            unit=part["unit"],
            delivered_on=date(2026, 11, 20),
        )
        await self.say(event, event.plan_id, case=event.need_id)
        return delivery_id

    async def corrected(
        self, match: Mapping[str, Any], delivery_id: UUID, before: str, after: str, position: int = 0
    ) -> None:
        part = match["allocations"][position]
        event = impact.ResultCorrected(
            **self._paper(match),
            plan_id=UUID(match["match_id"]),
            version=self._version(UUID(match["match_id"])),
            correction_id=new_id(),
            corrects="delivery",
            corrected_id=delivery_id,
            offer_id=part["offer_id"],
            offer_line=part["offer_line"],
            need_line=part["need_line"],
            before=before,
            after=after,
            reason="-",
        )
        await self.say(event, event.plan_id, case=event.need_id)

    # -- people --------------------------------------------------------------------------------------------

    def officer(self, department: str = "education") -> httpx.AsyncClient:
        return self._client(
            Actor(f"officer-{department}", self.city, roles=frozenset({"department"}), department=department)
        )

    def partner(self, *stakeholders: UUID) -> httpx.AsyncClient:
        names = frozenset(map(str, stakeholders))
        return self._client(
            Actor(f"partner-{sorted(names)}"[:60], self.city, roles=frozenset({"partner"}), stakeholders=names)
        )

    def manager(self) -> httpx.AsyncClient:
        return self._client(Actor(MANAGER, self.city, roles=frozenset({"account_manager"})))

    def _client(self, actor: Actor) -> httpx.AsyncClient:
        return self.running.client(actor)

    async def matches(self, **query: Any) -> list[dict[str, Any]]:
        """What the account manager sees."""
        async with self.manager() as client:
            answer = await client.get("/matching/api/v1/matches", params={"limit": 200} | query)
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = answer.json()["items"]
            return found

    async def match(self, match_id: str) -> dict[str, Any]:
        async with self.manager() as client:
            found: dict[str, Any] = (await client.get(f"/matching/api/v1/matches/{match_id}")).json()
            return found

    async def proposals(self, need_id: UUID, *, at_least: int = 1) -> list[dict[str, Any]]:
        """The open proposals for a need, once there are that many."""

        async def enough() -> list[dict[str, Any]]:
            found = await self.matches(need=need_id, state="proposed")
            return found if len(found) >= at_least else []

        return await eventually(enough)

    async def accepted_by_all(self, match: Mapping[str, Any]) -> dict[str, Any]:
        """Every party says yes, the department for itself, the others through their account manager."""
        answer: httpx.Response | None = None
        for party in match["parties"]:
            answer = await self.consent(match, party["party_id"])
            assert answer.status_code == 200, answer.text
        assert answer is not None
        found: dict[str, Any] = answer.json()
        return found

    async def consent(self, match: Mapping[str, Any], party_id: str, **body: Any) -> httpx.Response:
        said = {"party_id": party_id, "channel": "telephone", "note": "called on Monday"} | body
        async with self.manager() as client:
            return await client.post(f"/matching/api/v1/matches/{match['match_id']}/accept", json=said)

    async def balance(self, subject: object, line: int = 0) -> dict[str, Decimal]:
        """The amounts of one line."""
        async with self.manager() as client:
            answer = await client.get("/matching/api/v1/ledger", params={"subject": str(subject)})
        assert answer.status_code == 200, answer.text
        found = next(one for one in answer.json()["lines"] if one["line"] == line)
        names = ("total", "free", "reserved", "committed", "delivered", "shortfall")
        return {name: Decimal(found[name]) for name in names}

    async def balance_with(self, subject: object, line: int = 0, **amounts: str) -> dict[str, Decimal]:
        """The line's amounts, once these are reached."""

        async def reached() -> dict[str, Decimal]:
            found = await self.balance(subject, line)
            assert {name: found[name] for name in amounts} == {k: Decimal(v) for k, v in amounts.items()}
            return found

        return await eventually(reached)

    async def published(self, kind: type[Event], aggregate: object = None) -> list[dict[str, Any]]:
        """The service's own events of one type, oldest first."""
        async with self.running.app.state.units.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT payload FROM outbox WHERE city = $1 AND event_type = $2"
                " AND ($3::text IS NULL OR aggregate_id = $3) ORDER BY seq",
                self.city,
                kind.type,
                str(aggregate) if aggregate else None,
            )
        return [json.loads(row["payload"]) for row in rows]

    async def accepted(self, match_id: str) -> MatchAccepted:
        return MatchAccepted.model_validate((await self.published(MatchAccepted, match_id))[0])

    async def kept_aside(self) -> list[str]:
        async with self.running.app.state.units.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT reason FROM dead_letter WHERE city = $1 AND status <> 'applied'", self.city
            )
        return [row["reason"] for row in rows]


def goods(quantity: str | None, **more: Any) -> Line:
    return Line(kind="goods", unit="C62", quantity=quantity, **more)


def money(quantity: str | None) -> Line:
    return Line(kind="money", unit="EUR", quantity=quantity)


def service(capability: str, quantity: str | None, unit: str = "C62", kind: str = "service") -> Line:
    return Line(kind=kind, unit=unit, quantity=quantity, capability=capability)
