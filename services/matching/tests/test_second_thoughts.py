"""Other quantities, later, not after all: what a decision brings about, and what taking it back does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.clock import new_id
from contracts.events.matching import (
    MatchAccepted,
    MatchCountered,
    MatchDecisionUndone,
    MatchPostponed,
    MatchProposed,
    MatchReleased,
)
from services.matching.tests.world import World, goods, service

pytestmark = pytest.mark.integration
API = "/matching/api/v1/matches"
NOTE = {"channel": "telephone", "note": "called on Monday"}


async def post(client: httpx.AsyncClient, match: Mapping[str, Any], what: str, **body: Any) -> httpx.Response:
    return await client.post(f"{API}/{match['match_id']}/{what}", json=body)


async def laptops(world: World, asked: str = "40", offered: str = "40") -> tuple[dict[str, Any], UUID, UUID]:
    """One proposal: its match, the need's offer and the giver."""
    giver = await world.stakeholder("Intesa Sanpaolo")
    need = await world.need("Laptop per le scuole", goods(asked))
    offer = await world.offer("Laptop", giver, goods(offered))
    [match] = await world.proposals(need)
    return match, offer, giver


async def device_case(world: World) -> tuple[dict[str, Any], dict[str, UUID], dict[str, UUID]]:
    givers = {name: await world.stakeholder(name) for name in ("Intesa Sanpaolo", "Sodalitas", "Rigenera")}
    need = await world.need("Laptop rigenerati", goods("40"), requires=["refurbishing", "delivery"])
    offers = {
        "goods": await world.offer("Laptop", givers["Intesa Sanpaolo"], goods("40")),
        "refurbishing": await world.offer("Rigenerazione", givers["Sodalitas"], service("refurbishing", "100")),
        "other": await world.offer("Rigenerazione due", givers["Rigenera"], service("refurbishing", "100")),
    }
    offers["delivery"] = await world.offer("Consegna", givers["Intesa Sanpaolo"], service("delivery", "9", "HUR"))
    found = await world.proposals(need, at_least=2)
    match = next(one for one in found if any(p["offer_id"] == str(offers["refurbishing"]) for p in one["allocations"]))
    return match, offers, givers


async def test_yes_but_thirty_instead_of_forty(world: World) -> None:
    match, offer, giver = await laptops(world)
    async with world.officer() as officer, world.partner(giver) as partner:
        assert (await post(officer, match, "accept")).status_code == 200
        answer = await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "30"}])
        assert answer.status_code == 200, answer.text
        after = answer.json()
        assert after["match_id"] == match["match_id"]
        assert after["awaited"] == ["department:education"], "the department said yes to forty"
        assert after["allocations"][0]["quantity"] == "30"
        assert (await world.balance(offer))["reserved"] == 30
        [event] = await world.published(MatchCountered)
        assert (event["changes"][0]["before"], event["changes"][0]["after"]) == ("40", "30")
        assert event["version"] == after["version"]
        accepted = await post(officer, match, "accept")
        assert accepted.json()["state"] == "accepted"
    assert (await world.accepted(match["match_id"])).allocations[0].quantity == 30


async def test_more_than_there_is_stays_refused_and_says_how_much_there_would_be(world: World) -> None:
    match, offer, giver = await laptops(world, asked="40", offered="100")
    async with world.partner(giver) as partner:
        answer = await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "41"}])
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/quantities/0/quantity", "not-so-much")
        assert "40" in error["message_it"]
        same = await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "40"}])
        assert same.json()["errors"][0]["code"] == "nothing-countered"
        unknown = await post(partner, match, "counter", quantities=[{"position": 9, "quantity": "1"}])
        assert unknown.json()["errors"][0]["code"] == "unknown-position"
        assert (await post(partner, match, "decline", reason_code="other", note="a\x00b")).status_code == 422
    assert (await world.balance(offer))["free"] == 100


async def test_what_depends_on_the_main_line_follows_it(world: World) -> None:
    match, offers, givers = await device_case(world)
    await world.consent(match, f"stakeholder:{givers['Sodalitas']}")
    async with world.partner(givers["Intesa Sanpaolo"]) as partner:
        after = (await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "25"}])).json()
    quantities = {part["capability"]: part["quantity"] for part in after["allocations"]}
    assert quantities == {None: "25", "refurbishing": "25", "delivery": "9"}
    assert set(after["awaited"]) == {"department:education", f"stakeholder:{givers['Sodalitas']}"}
    assert (await world.balance(offers["refurbishing"]))["reserved"] == 25


async def test_quantities_open_on_both_sides_are_said_as_open(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Coperte", goods(None))
    await world.offer("Coperte", giver, goods(None))
    [match] = await world.proposals(need)
    [event] = await world.published(MatchProposed)
    assert "quantity" not in event["allocations"][0]
    async with world.partner(giver) as partner:
        after = (await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "12"}])).json()
        assert (after["allocations"][0]["quantity"], after["awaited"]) == ("12", ["department:education"])
        undone = (await post(partner, match, "undo")).json()
    assert undone["allocations"][0]["quantity"] is None
    assert (await world.balance(need))["total"] == 0


async def test_a_proposal_is_put_off_and_comes_back(world: World) -> None:
    match, _, giver = await laptops(world)
    day = (datetime.now(UTC) + timedelta(days=10)).date()
    async with world.officer() as officer, world.partner(giver) as partner:
        answer = await post(officer, match, "postpone", until=day.isoformat(), reason="the board meets then")
        assert answer.status_code == 200, answer.text
        after = answer.json()
        assert after["postponed_until"].startswith((day - timedelta(days=1)).isoformat()[:8])
        assert after["expires_at"] > match["expires_at"]
        [event] = await world.published(MatchPostponed)
        assert event["expires_at"] == after["expires_at"]
        assert "board" not in str(event)
        far = (datetime.now(UTC) + timedelta(days=100)).date()
        refused = await post(officer, match, "postpone", until=far.isoformat())
        assert refused.json()["errors"][0]["code"] == "too-far-policy"
        past = await post(officer, match, "postpone", until=datetime.now(UTC).date().isoformat())
        assert past.json()["errors"][0]["code"] == "not-later"
        yes = (await post(partner, match, "accept")).json()
        assert yes["postponed_until"] is None, "somebody's yes brings it back"
        late = await post(officer, match, "postpone", until=(day + timedelta(days=20)).isoformat())
        assert late.json()["errors"][0]["code"] == "too-far-reservation"


async def test_never_beyond_the_needs_deadline(world: World) -> None:
    giver = await world.stakeholder("Enel")
    until = datetime.now(UTC) + timedelta(days=20)
    need = await world.need("Coperte", goods("5"), valid_until=until)
    await world.offer("Coperte", giver, goods("5"))
    [match] = await world.proposals(need)
    async with world.officer() as officer:
        refused = await post(officer, match, "postpone", until=(until + timedelta(days=2)).date().isoformat())
        assert refused.json()["errors"][0]["code"] == "too-far-deadline"
        assert (await post(officer, match, "postpone", until=until.date().isoformat())).status_code == 200


async def test_a_first_yes_is_taken_back(world: World) -> None:
    match, offer, giver = await laptops(world)
    async with world.officer() as officer, world.partner(giver) as partner:
        said = (await post(officer, match, "accept")).json()
        assert said["last_step"]["undo_until"] is not None
        assert (await post(partner, match, "undo")).json()["code"] == "somebody-elses"
        undone = (await post(officer, match, "undo")).json()
        assert undone["version"] == said["version"] + 1
        assert undone["expires_at"] == match["expires_at"]
        assert len(undone["awaited"]) == 2
        assert (await post(officer, match, "undo")).json()["code"] == "nothing-to-undo"
    assert (await world.balance(offer))["free"] == 40
    [event] = await world.published(MatchDecisionUndone)
    assert (event["undone"], event["version"], event["consented"]) == ("consent", undone["version"], [])


async def test_only_the_last_decision_and_only_in_time(world: World) -> None:
    match, _, giver = await laptops(world)
    async with world.officer() as officer, world.partner(giver) as partner:
        await post(officer, match, "accept")
        await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "30"}])
        assert (await post(officer, match, "undo")).json()["code"] == "somebody-elses"
        await post(partner, match, "undo")
        back = (await world.match(match["match_id"]))["allocations"][0]["quantity"]
        assert back == "40"
        async with world.running.app.state.units.pool.acquire() as connection:
            await connection.execute(
                "UPDATE match_step SET at = at - interval '16 minutes' WHERE city = $1", world.city
            )
        assert (await post(officer, match, "undo")).json()["code"] == "too-late"


async def test_the_last_yes_taken_back_ends_the_match_and_goes_on_as_another(world: World) -> None:
    match, offer, giver = await laptops(world)
    async with world.officer() as officer, world.partner(giver) as partner:
        await post(officer, match, "accept")
        await post(partner, match, "accept")
        assert (await world.balance(offer))["reserved"] == 40
        asked = (await post(partner, match, "undo")).json()
        assert (asked["match_id"], asked["state"], asked["asked"]["reason"]) == (
            match["match_id"],
            "accepted",
            "undone",
        )
        assert (await post(partner, match, "undo")).json()["code"] == "ending-already"
        again = await world.match((await world.closed_as_asked(match))["replaced_by"])
        assert (again["state"], again["replaces"]) == ("proposed", match["match_id"])
        assert again["awaited"] == [f"stakeholder:{giver}"]
        assert (await world.balance(offer))["reserved"] == 40, "the department's yes still reserves"
        old = await world.match(match["match_id"])
        assert (old["state"], old["reason_code"], old["replaced_by"]) == ("released", "undone", again["match_id"])
        [released] = await world.published(MatchReleased)
        assert released["reason_code"] == "undone"
        proposed = (await world.published(MatchProposed))[-1]
        assert (proposed["replaces_match_id"], proposed["consented"]) == (match["match_id"], ["department:education"])
        assert (await post(partner, again, "accept")).json()["state"] == "accepted"
    assert len(await world.published(MatchAccepted)) == 2
    await world.settled()
    assert (await world.balance(offer))["reserved"] == 40


async def test_a_no_taken_back_while_everything_is_still_free(world: World) -> None:
    match, offer, giver = await laptops(world)
    async with world.officer() as officer, world.partner(giver) as partner:
        await post(officer, match, "accept")
        await post(partner, match, "decline", reason_code="too_late")
        await world.settled()
        assert (await world.balance(offer))["free"] == 40
        again = (await post(partner, match, "undo")).json()
        assert (again["state"], again["awaited"]) == ("proposed", [f"stakeholder:{giver}"])
        assert (await world.balance(offer))["reserved"] == 40
        await post(partner, again, "accept")
    await world.settled()
    assert (await world.match(again["match_id"]))["state"] == "accepted"


async def test_a_no_stays_when_others_took_the_quantities(world: World) -> None:
    match, _, giver = await laptops(world)
    other = await world.need("Laptop altrove", goods("40"))
    async with world.partner(giver) as partner:
        await post(partner, match, "decline", reason_code="too_late")
        [rival] = await world.proposals(other)
        assert (await post(partner, rival, "accept")).status_code == 200
        refused = await post(partner, match, "undo")
        assert (refused.status_code, refused.json()["code"]) == (409, "gone-meanwhile")
    assert (await world.match(match["match_id"]))["state"] == "declined"


async def test_who_fell_out_is_replaced_and_nobody_is_asked_twice(world: World) -> None:
    match, offers, givers = await device_case(world)
    intesa, sodalitas = f"stakeholder:{givers['Intesa Sanpaolo']}", f"stakeholder:{givers['Sodalitas']}"
    await world.consent(match, intesa)
    await world.consent(match, "department:education")
    await world.settled()
    async with world.manager() as manager:
        declined = await post(manager, match, "decline", party_id=sodalitas, reason_code="not_available", **NOTE)
        assert declined.status_code == 200, declined.text
    heir = await world.match(declined.json()["replaced_by"])
    assert heir["awaited"] == [f"stakeholder:{givers['Rigenera']}"]
    carried = {one["party_id"]: one["carried"] for one in heir["parties"]}
    assert carried == {intesa: True, "department:education": True, f"stakeholder:{givers['Rigenera']}": False}
    assert (await world.balance(offers["goods"]))["reserved"] == 40
    assert (await world.balance(offers["refurbishing"]))["reserved"] == 0
    assert (await world.balance(offers["other"]))["reserved"] == 40
    proposed = (await world.published(MatchProposed, heir["match_id"]))[0]
    assert proposed["replaces_because"] == "party_replaced"
    accepted = (await world.consent(heir, f"stakeholder:{givers['Rigenera']}")).json()
    assert accepted["state"] == "accepted"
    await world.settled()
    open_ones = [one for one in await world.matches() if one["state"] in ("proposed", "accepted")]
    assert [one["match_id"] for one in open_ones] == [heir["match_id"]]


async def test_who_takes_the_no_back_takes_the_place_back_until_another_agreed(world: World) -> None:
    match, _, givers = await device_case(world)
    await world.consent(match, f"stakeholder:{givers['Intesa Sanpaolo']}")
    async with world.partner(givers["Sodalitas"]) as partner:
        declined = (await post(partner, match, "decline", reason_code="other")).json()
        again = (await post(partner, match, "undo")).json()
        assert set(again["awaited"]) == {"department:education", f"stakeholder:{givers['Sodalitas']}"}
        assert (await world.match(declined["replaced_by"]))["reason_code"] == "superseded"
        declined = (await post(partner, again, "decline", reason_code="other")).json()
        await world.consent({"match_id": declined["replaced_by"]}, f"stakeholder:{givers['Rigenera']}")
        refused = await post(partner, again, "undo")
        assert refused.json()["code"] == "gone-meanwhile"


async def test_a_withdrawal_before_the_signature_is_replaced_too(world: World) -> None:
    match, offers, givers = await device_case(world)
    await world.accepted_by_all(match)
    await world.settled()
    await world.withdraw_offer(offers["refurbishing"])
    await world.settled()
    await world.closed_as_asked(match)
    await world.balance_with(offers["other"], reserved="40")
    await world.settled()
    [released] = await world.published(MatchReleased)
    assert released["reason_code"] == "party_withdrew"
    [heir] = [one for one in await world.matches(state="proposed") if one["replaces"] == match["match_id"]]
    assert heir["awaited"] == [f"stakeholder:{givers['Rigenera']}"]


async def test_without_anybody_to_take_over_all_is_released(world: World) -> None:
    match, offers, givers = await device_case(world)
    await world.withdraw_offer(offers["other"])
    await world.settled()
    await world.consent(match, f"stakeholder:{givers['Intesa Sanpaolo']}")
    async with world.partner(givers["Sodalitas"]) as partner:
        declined = (await post(partner, match, "decline", reason_code="not_available")).json()
    assert declined["replaced_by"] is None
    assert (await world.balance(offers["goods"]))["free"] == 40


async def test_a_repeated_command_is_carried_out_once(world: World) -> None:
    match, offer, giver = await laptops(world)
    async with world.partner(giver) as partner:
        key = {"Idempotency-Key": str(new_id())}
        body = {"quantities": [{"position": 0, "quantity": "30"}]}
        answers = await asyncio.gather(
            *(partner.post(f"{API}/{match['match_id']}/counter", json=body, headers=key) for _ in range(4))
        )
        assert {one.status_code for one in answers} <= {200, 409}
        first = next(one for one in answers if one.status_code == 200)
        again = await partner.post(f"{API}/{match['match_id']}/counter", json=body, headers=key)
        assert again.json() == first.json()
        key = {"Idempotency-Key": str(new_id())}
        undone = [await partner.post(f"{API}/{match['match_id']}/undo", json={}, headers=key) for _ in range(2)]
        assert undone[0].json() == undone[1].json()
    assert len(await world.published(MatchDecisionUndone)) == 1
    assert (await world.balance(offer))["free"] == 40


async def test_who_comes_late_reads_who_did_what_and_when(world: World) -> None:
    match, _, giver = await laptops(world)
    async with world.manager() as first, world.partner(giver) as partner:
        await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "30"}])
        stale = await first.post(
            f"{API}/{match['match_id']}/accept",
            json={"party_id": "department:education", **NOTE},
            headers={"If-Match": f'"{match["version"]}"', "Accept-Language": "it"},
        )
        assert stale.status_code == 412
        assert "Nel frattempo Intesa Sanpaolo ha accettato con altre quantità alle" in stale.json()["detail"]
        await post(partner, match, "decline", reason_code="other")
        late = await first.post(
            f"{API}/{match['match_id']}/accept",
            json={"party_id": "department:education", **NOTE},
            headers={"Accept-Language": "en"},
        )
        assert (late.status_code, late.json()["code"]) == (409, "match-declined")
        assert "Intesa Sanpaolo declined at" in late.json()["detail"]
        steps = (await first.get(f"{API}/{match['match_id']}/steps")).json()
    assert [one["act"] for one in steps] == ["counter", "decline"]
