"""Amendments and renewals from the first word to the last signature, and what they leave behind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chassis.clock import new_id
from chassis.scope import Scope
from chassis.testing import eventually
from contracts.events.agreements import AgreementAmended, AgreementAmendmentChanged, AgreementSignatureGiven
from contracts.events.impact import DeliveryRecorded
from contracts.events.matching import MatchAccepted
from services.agreements.domain.register import faults
from services.agreements.handlers.auditing import audit
from services.agreements.tests.story import CITY, GUIDE, LEGAL, SIGNATORY, Story, donation, giver_of, partner

pytestmark = pytest.mark.integration
LESS = {"reason": "Il donatore riduce la somma", "quantities": [{"position": 0, "quantity": "2400"}]}


async def amended(story: Story, one: str, match: MatchAccepted, number: int = 1) -> dict[str, Any]:
    """Carries the amendment under way through to its last signature."""
    await story.done(one, f"amendments/{number}/submit", GUIDE)
    await story.done(one, f"amendments/{number}/approve", LEGAL)
    await story.done(one, f"amendments/{number}/sign", partner(giver_of(match)))
    return await story.done(one, f"amendments/{number}/sign", SIGNATORY)


async def document(story: Story, one: str, path: str = "") -> bytes:
    answer = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/{path}document.pdf")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_an_amendment_takes_effect_with_its_last_signature_and_not_before(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    before, original = await story.get(one), await document(story, one)
    opened = await story.done(one, "amendments", GUIDE, LESS)
    assert (opened["state"], opened["amendments"][0]["state"]) == ("active", "drafted")
    await story.done(one, "amendments/1/submit", GUIDE)
    approved = await story.done(one, "amendments/1/approve", LEGAL)
    amendment = approved["amendments"][0]
    assert amendment["protocol"] != approved["protocol"]
    assert amendment["before"]["quantities"] == [{"position": 0, "quantity": "3000"}]
    await story.done(one, "amendments/1/sign", partner(giver_of(match)))
    still = await story.get(one)
    assert still["allocations"] == before["allocations"]
    now = await story.done(one, "amendments/1/sign", SIGNATORY)
    assert now["amendments"][0]["state"] == "in_force"
    assert (now["allocations"][0]["quantity"], now["total_value_cents"]) == ("2400", 240_000)
    assert await document(story, one) == original
    paper = await document(story, one, "amendments/1/")
    assert paper.startswith(b"%PDF")
    assert paper != original

    events = await story.published(one, until="AgreementAmended")
    told = [event.state for event in events if isinstance(event, AgreementAmendmentChanged)]
    assert told == ["in_review", "approved"]
    [given] = [event for event in events if isinstance(event, AgreementSignatureGiven) and event.amendment]
    assert (given.amendment, given.party_id, given.missing) == (1, f"stakeholder:{giver_of(match)}", 1)
    assert given.awaited == ("department:education",)
    [event] = [event for event in events if isinstance(event, AgreementAmended)]
    assert event.version == now["version"]
    assert [(line.quantity, line.value_cents) for line in event.released or ()] == [(Decimal(600), 60_000)]
    assert [line.quantity for line in event.allocations or ()] == [Decimal(2400)]
    async with story.desk.app.state.units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
        assert faults(entries, await store.register.disclosures(Scope(CITY))) == []
        found = await audit(store, CITY)
    assert found.faults == ()
    assert found.documents == 2
    acts = [entry.act for entry in entries if entry.agreement_id == UUID(one)]
    assert acts[-2:] == ["registered", "amended"]


async def test_an_amendment_that_comes_to_nothing_changes_nothing(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    before = await story.get(one)
    await story.done(one, "amendments", GUIDE, LESS)
    await story.done(one, "amendments/1/withdraw", GUIDE, {"reason": "ci ripensa"})
    await story.done(one, "amendments", GUIDE, LESS)
    await story.done(one, "amendments/2/submit", GUIDE)
    await story.done(one, "amendments/2/approve", LEGAL)
    after = await story.done(one, "amendments/2/reject", LEGAL, {"reason": "non opportuna"})
    assert [amendment["state"] for amendment in after["amendments"]] == ["withdrawn", "rejected"]
    unlike = {name for name in before if before[name] != after[name]}
    assert unlike <= {"version", "amendments", "next_step", "timeline", "schedule"}
    refused = await story.post(one, "amendments/2/sign", SIGNATORY)
    assert refused.status_code == 409


async def test_one_at_a_time_and_only_downwards_each_refusal_says_why(story: Story) -> None:
    one = await story.signed(donation())
    for body, pointer in (
        ({"quantities": [{"position": 0, "quantity": "3001"}]}, "/quantities/0/quantity"),
        ({"quantities": [{"position": 4, "quantity": "1"}]}, "/quantities/0/position"),
        ({"valid_to": "2020-01-01"}, "/valid_to"),
        ({"terms": {"nonsense": "x"}}, "/terms/nonsense"),
    ):
        answer = await story.post(one, "amendments", GUIDE, {"reason": "motivo"} | body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert answer.json()["errors"][0]["message_it"]
    nothing = await story.post(one, "amendments", GUIDE, {"reason": "motivo"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing-changes")
    await story.done(one, "amendments", GUIDE, LESS)
    edited = await story.done(one, "amendments", GUIDE, LESS | {"reason": "meglio detto"})
    assert [amendment["reason"] for amendment in edited["amendments"]] == ["meglio detto"]
    renewal = await story.post(one, "renew", GUIDE, {"reason": "motivo", "valid_to": "2030-01-01"})
    assert renewal.status_code == 409


async def test_what_was_delivered_cannot_be_amended_away(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    [line] = match.allocations
    event = DeliveryRecorded(
        plan_id=UUID(one), version=2, agreement_id=UUID(one), match_id=match.match_id, need_id=match.need_id,
        department=match.department, stakeholder_ids=(), delivery_id=new_id(), offer_id=line.offer_id,
        offer_line=line.offer_line, need_line=line.need_line, quantity=Decimal(2500), unit="EUR",
        delivered_on=date(2026, 11, 20),
    )  # fmt: skip
    await story.happened(event, UUID(one), match.need_id)

    async def known() -> bool:
        return (await story.post(one, "amendments", GUIDE, LESS)).status_code == 422

    # Each try that comes too early opens the draft or edits it; the last one must be refused.
    await eventually(known)
    answer = await story.post(one, "amendments", GUIDE, LESS)
    assert answer.json()["errors"][0]["code"] == "below-delivered"


async def test_a_renewal_moves_the_last_day_within_what_the_instrument_allows(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    today = datetime.now(UTC).date()
    end = today + timedelta(days=60)
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione", "valid_to": end.isoformat()})
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    await story.done(one, "sign", partner(giver_of(match)))
    await story.done(one, "sign", SIGNATORY)
    shorter = await story.post(one, "renew", GUIDE, {"reason": "proroga", "valid_to": today.isoformat()})
    assert shorter.json()["errors"][0]["code"] == "not-later"
    later = (end + timedelta(days=365)).isoformat()
    await story.done(one, "renew", GUIDE, {"reason": "Il progetto continua", "valid_to": later})
    renewed = await amended(story, one, match)
    assert renewed["valid_to"] == later
    early = await story.post(one, "renew", GUIDE, {"reason": "ancora", "valid_to": "2031-01-01"})
    assert (early.status_code, early.json()["code"]) == (409, "too-early-to-renew")
    events = await story.published(one, until="AgreementAmended")
    assert (events[-1].kind, events[-1].valid_to.isoformat()) == ("renewal", later)  # type: ignore[attr-defined]


async def test_only_those_who_may_do_it(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    assert (await story.post(one, "amendments", SIGNATORY, LESS)).status_code == 403
    await story.done(one, "amendments", GUIDE, LESS)
    await story.done(one, "amendments/1/submit", GUIDE)
    assert (await story.post(one, "amendments/1/approve", GUIDE)).status_code == 403
    await story.done(one, "amendments/1/approve", LEGAL)
    assert (await story.post(one, "amendments/1/sign", GUIDE)).status_code == 403
    missing = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/amendments/7/document.pdf")
    assert missing.status_code == 404
