"""Plays a story: needs come over Kafka from departments, everything else as each user over the public HTTP APIs.

Every step looks at what is there first and carries a reference that is the same each time, so that playing a story
again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from contracts.envelope import Envelope
from contracts.events.departments import INBOUND, NeedSubmitted
from deploy.demo.people import People, Person, until
from deploy.demo.story import Offer, Partnership, Story, figure

INTAKE, MATCHING = "/intake/api/v1", "/matching/api/v1"
AGREEMENTS, IMPACT = "/agreements/api/v1", "/impact/api/v1"
Note = Callable[[str], None]

_OVER = {"declined", "expired", "released"}


class Player:
    """Plays one story into one city. ``note`` is told each step that was taken."""

    def __init__(self, story: Story, people: People, city: str, note: Note = lambda step: None) -> None:
        self._story = story
        self._people = people
        self._city = city
        self._note = note
        self._stakeholders: dict[str, str] = {}

    async def play(self, producer: AIOKafkaProducer, topic_prefix: str = "") -> dict[str, Any]:
        """Plays everything and returns what impact then says, in the form of the published results."""
        await self._prepare()
        for partnership in self._story.partnerships:
            await self._submit(partnership, producer, topic_prefix + INBOUND)
        cases = await asyncio.gather(*(self._partnership(one) for one in self._story.partnerships))
        auditor = await self._people.person("auditor")
        summary = await auditor.get(f"{IMPACT}/summary")
        results = {case["ref"]: case["results"] for case in cases if case["results"]}
        return {
            "story": self._story.name,
            "city": self._city,
            "published_results": results,
            "cases": {case["ref"]: case["need_id"] for case in cases},
            "totals": summary["totals"],
        }

    async def _prepare(self) -> None:
        """Departments, account managers, and every organisation, registered by itself and vetted."""
        coordinator = await self._people.person("coordinator")
        for department in self._story.departments:
            await coordinator.put(f"{INTAKE}/departments/{department.code}", {"name": department.name})
        for username in ("account-manager", "account-manager-2"):
            await (await self._people.person(username)).put(f"{INTAKE}/account-managers/me", {})
        manager = await self._people.person("account-manager")
        for one in self._story.stakeholders:
            person = await self._people.person(one.ref)
            known = await person.post(
                f"{INTAKE}/stakeholders",
                {"name": one.name, "type": one.type, "external_ref": self._story.reference(one.ref)},
                key=self._key("stakeholder", one.ref),
            )
            self._stakeholders[one.ref] = known["id"]
            current = await manager.get(f"{INTAKE}/stakeholders/{known['id']}")
            if current["vetting"] != "approved":
                body = {"outcome": "approved", "reason": "demo"}
                path = f"{INTAKE}/stakeholders/{known['id']}/vet"
                await manager.post(path, body, key=self._key("vet", one.ref))
                self._note(f"{one.name} registered and vetted")

    async def _submit(self, partnership: Partnership, producer: AIOKafkaProducer, topic: str) -> None:
        """The department's own system submits the need over Kafka; intake drops what it knows."""
        need = partnership.need
        told = need.model_dump(exclude={"assumed", "receivers"})
        submitted = NeedSubmitted(
            external_ref=self._story.reference(partnership.ref),
            policy_area=partnership.policy_area,
            receivers=tuple(self._story.reference(receiver) for receiver in need.receivers),
            **told,
        )
        envelope = Envelope(
            id=self._story.reference("submission", partnership.ref),
            source=f"/departments/{need.department}",
            type=NeedSubmitted.type,
            city=self._city,
            time=datetime.now(UTC),
            subject=submitted.external_ref,
        )
        await producer.send_and_wait(
            topic, submitted.to_bytes(), key=submitted.external_ref.encode(), headers=envelope.to_headers()
        )
        self._note(f"{need.department} asks: {need.title}")

    async def _partnership(self, partnership: Partnership) -> dict[str, Any]:
        officer = await self._people.person(f"department-{partnership.need.department}")
        need_id = await self._need(officer, partnership)
        offers = {offer.ref: await self._offer(offer, partnership) for offer in partnership.offers}
        match = await self._match(officer, partnership, need_id, offers)
        await self._consents(partnership, match)
        agreement_id = await self._agreement(partnership, match["match_id"])
        await self._results(partnership, agreement_id, offers)
        return {"ref": partnership.ref, "need_id": need_id, "results": await self._read(partnership, need_id, offers)}

    async def _need(self, officer: Person, partnership: Partnership) -> str:
        reference = self._story.reference(partnership.ref)

        async def registered() -> str | None:
            found = await officer.get(f"{INTAKE}/needs", external_ref=reference, state="any")
            return str(found["items"][0]["id"]) if found["items"] else None

        return await until(f"the need '{partnership.need.title}'", registered)

    async def _offer(self, offer: Offer, partnership: Partnership) -> str:
        giver = await self._people.person(offer.stakeholder)
        taken = await giver.post(
            f"{INTAKE}/offers",
            {
                "stakeholder_id": self._stakeholders[offer.stakeholder],
                "partners": [{"stakeholder_id": self._stakeholders[ref]} for ref in offer.partners],
                "title": offer.title,
                "policy_area": partnership.policy_area,
                "lines": [line.model_dump(mode="json", exclude_none=True) for line in offer.lines],
                "expected_return": offer.expected_return,
                "external_ref": self._story.reference(offer.ref),
            },
            key=self._key("offer", offer.ref),
        )
        return str(taken["id"])

    async def _match(
        self, officer: Person, partnership: Partnership, need_id: str, offers: dict[str, str]
    ) -> dict[str, Any]:
        """The proposal that brings exactly the story's offers together."""
        wanted = set(offers.values())

        async def proposed() -> dict[str, Any] | None:
            after = None
            while True:
                found = await officer.get(f"{MATCHING}/matches", need=need_id, limit=100, after=after)
                for match in found["items"]:
                    brought = {one["offer_id"] for one in match["allocations"]}
                    if brought == wanted and match["state"] not in _OVER:
                        return dict(match)
                after = found.get("next")
                if after is None:
                    return None

        return await until(f"a proposal for '{partnership.need.title}'", proposed)

    async def _consents(self, partnership: Partnership, match: dict[str, Any]) -> None:
        """Each party says yes for itself, unless it has."""
        by_id = {stakeholder_id: ref for ref, stakeholder_id in self._stakeholders.items()}
        path = f"{MATCHING}/matches/{match['match_id']}"
        officer = await self._people.person(f"department-{partnership.need.department}")
        current = await officer.get(path)
        for party in current["parties"]:
            if current["state"] != "proposed" or party["consent"] != "pending":
                continue
            username = by_id[party["stakeholder_id"]] if party["stakeholder_id"] else officer.username
            person = await self._people.person(username)
            key = self._key("consent", match["match_id"], party["party_id"])
            await person.post(f"{path}/accept", {"party_id": party["party_id"]}, key=key)
            self._note(f"{party['name']} accepts: {partnership.need.title}")

    async def _agreement(self, partnership: Partnership, match_id: str) -> str:
        """Takes the file from draft to signature, from wherever it is."""
        legal, manager = await self._people.person("legal"), await self._people.person("account-manager")

        async def drafted() -> dict[str, Any] | None:
            found = await legal.get(f"{AGREEMENTS}/agreements", match=match_id)
            return dict(found["items"][0]) if found["items"] else None

        file = await until(f"the file for '{partnership.need.title}'", drafted)
        path = f"{AGREEMENTS}/agreements/{file['agreement_id']}"
        told = partnership.agreement
        key = self._key("agreement", match_id)
        if file["state"] == "drafted":
            chosen = {"instrument": told.instrument, "terms": told.terms}
            await legal.post(f"{path}/instrument", chosen, key=f"{key}/instrument")
            plan = told.communication_plan.model_dump(mode="json")
            await manager.post(f"{path}/communication-plan", plan, key=f"{key}/communication-plan")
            plan = told.impact_plan.model_dump(mode="json")
            await manager.post(f"{path}/impact-plan", plan, key=f"{key}/impact-plan")
            for number, document in enumerate(told.documents):
                body = document.model_dump(exclude={"assumed"})
                await legal.post(f"{path}/documents", body, key=f"{key}/documents/{number}")
            file = await manager.post(f"{path}/submit", key=f"{key}/submit")
        if file["state"] == "in_review":
            file = await legal.post(f"{path}/approve", key=f"{key}/approve")
            self._note(f"approved, protocol {_protocol(file)}: {file['title']}")
        file = await legal.get(path)
        by_id = {stakeholder_id: ref for ref, stakeholder_id in self._stakeholders.items()}
        for one in file["signatories"]:
            if one["evidence"] is None:
                ref = by_id.get(one["party_id"].removeprefix("stakeholder:"))
                person = await self._people.person("signatory" if one["is_city"] else str(ref))
                body = {"party_id": one["party_id"]}
                await person.post(f"{path}/sign", body, key=f"{key}/sign/{one['party_id']}")
                self._note(f"{one['name']} signs: {file['title']}")
        return str(file["agreement_id"])

    async def _results(self, partnership: Partnership, agreement_id: str, offers: dict[str, str]) -> None:
        manager = await self._people.person("account-manager")
        path = f"{IMPACT}/plans/{agreement_id}"

        async def opened() -> dict[str, Any] | None:
            found = await manager.get(path)
            return dict(found) if found else None

        await until(f"the impact plan of '{partnership.need.title}'", opened)
        for position, delivery in enumerate(partnership.deliveries):
            for time in range(delivery.repeat):
                reference = self._story.reference(partnership.ref, "delivery", position, time)
                body = {
                    "offer_id": offers[delivery.offer],
                    "offer_line": delivery.line,
                    "quantity": delivery.quantity,
                    "note": delivery.note,
                    "external_ref": reference,
                }
                await manager.post(f"{path}/deliveries", body, key=self._key("result", agreement_id, position, time))
        for measurement in partnership.measurements:
            reference = self._story.reference(partnership.ref, "measurement", measurement.indicator)
            body = {"indicator": measurement.indicator, "value": measurement.value, "external_ref": reference}
            await manager.post(
                f"{path}/measurements", body, key=self._key("result", agreement_id, measurement.indicator)
            )

    async def _read(self, partnership: Partnership, need_id: str, offers: dict[str, str]) -> dict[str, Any]:
        """The published results of one partnership, each figure as the impact service has it."""
        if not partnership.readings:
            return {}
        auditor = await self._people.person("auditor")
        summary = await auditor.get(f"{IMPACT}/summary", need=need_id)
        case = next(one for one in summary["cases"] if one["need_id"] == need_id)
        return {name: figure(reading, case, offers) for name, reading in partnership.readings.items()}

    def _key(self, *parts: object) -> str:
        return self._story.reference(*parts)


def _protocol(file: dict[str, Any]) -> str:
    protocol = file.get("protocol") or {}
    return f"{protocol.get('year')}/{protocol.get('number')}"
