"""From an offer that meets a need to an accepted match, a signature and a delivery."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.events.matching import LineBalanceChanged, MatchConsentGiven, MatchProposed
from services.matching.tests.world import MANAGER, World, money

pytestmark = pytest.mark.integration


async def test_donation_from_proposal_to_delivery(world: World) -> None:
    giver = await world.stakeholder("Fondazione Bracco", "foundation")
    need = await world.need("Settimana dei Diritti dell'Infanzia 2022", money("3000"))
    offer = await world.offer("Donazione liberale", giver, money("3000"))
    [proposed] = await world.proposals(need)
    assert proposed["score"] > 0
    assert {one["code"] for one in proposed["reasons"]} >= {"same_resource", "quantity_fit"}
    assert proposed["account_manager_id"] == MANAGER
    [event] = await world.published(MatchProposed, proposed["match_id"])
    assert event["allocations"][0]["quantity"] == "3000"

    async with world.partner(giver) as client:
        answer = await client.post(f"/matching/api/v1/matches/{proposed['match_id']}/accept")
    assert answer.status_code == 200, answer.text
    assert answer.json()["awaited"] == ["department:education"]
    assert answer.headers["etag"] == '"2"'
    assert (await world.balance(offer))["reserved"] == Decimal(3000)
    assert (await world.balance(need))["reserved"] == Decimal(3000)

    async with world.officer() as client:
        answer = await client.post(f"/matching/api/v1/matches/{proposed['match_id']}/accept", json={})
    match = answer.json()
    assert match["state"] == "accepted"
    accepted = await world.accepted(match["match_id"])
    assert accepted.version == 4
    assert [one.allocations[0].value_cents for one in [accepted]] == [300000]
    assert [one["channel"] for one in await world.published(MatchConsentGiven)] == ["own", "own"]

    await world.signed(match)
    await world.delivered(match, "3000")
    await world.settled()
    for subject in (offer, need):
        balance = await world.balance_with(subject, delivered="3000")
        assert balance["total"] == Decimal(3000)
    told = await world.published(LineBalanceChanged, f"{need}/0")
    assert [one["version"] for one in told] == [2, 3, 4]
    assert told[-1]["delivered"] == "3000"
    assert await world.kept_aside() == []
