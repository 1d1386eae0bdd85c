"""What the Legal Office publishes decides what is proposed, on real Postgres and Kafka."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.replay import replay
from chassis.testing import eventually
from contracts.events.agreements import InstrumentPublished, InstrumentRecord
from contracts.values import Line, OfferPartner
from services.matching.app import service
from services.matching.tests.test_instruments import criterion, record
from services.matching.tests.world import World

pytestmark = pytest.mark.integration
API = "/matching/api/v1"


def goods(quantity: str = "10") -> Line:
    return Line(kind="goods", unit="C62", quantity=quantity)


async def publishes(
    world: World, *records: InstrumentRecord, code: str = "donazione", version: int = 1, toolkit: Any = None
) -> None:
    event = InstrumentPublished(code=code, version=version, records=records, toolkit=toolkit)
    await world.say(event, f"{world.city}/{code}")
    await world.settled()


def needing(number: int = 1, valid_from: date = date(2026, 1, 1), **when: Any) -> InstrumentRecord:
    return record(criterion("needed", when), number=number, valid_from=valid_from)


async def why_not(world: World, need: UUID, offer: UUID) -> dict[str, Any]:
    async with world.manager() as client:
        answer = await client.get(f"{API}/needs/{need}/why-not", params={"offer": str(offer)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def asked(world: World, need: UUID) -> list[str]:
    """Who is proposed for it once all was heard."""
    await world.settled()
    found = await world.matches(need=need, state="proposed")
    return sorted(one["name"] for match in found for one in match["parties"] if one["role"] == "giver")


async def test_what_no_instrument_could_serve_is_not_proposed_and_why_not_names_the_rule(world: World) -> None:
    await publishes(world, needing(giver_types=["association"]))
    need = await world.need("Sedie", goods())
    company = await world.offer("Sedie", await world.stakeholder("Enel"), goods())
    await world.offer("Sedie", await world.stakeholder("Retake", "association"), goods())
    assert await asked(world, need) == ["Retake"]
    said = await why_not(world, need, company)
    assert (said["possible"], [one["code"] for one in said["obstacles"]]) == (False, ["no_instrument"])
    assert "art. 1" in said["obstacles"][0]["text_it"]
    assert said["obstacles"][0]["text_en"].startswith("No instrument in force allows it.")


async def test_a_partner_behind_the_offer_may_make_it_possible(world: World) -> None:
    await publishes(world, needing(party_types=["association"]))
    association = await world.stakeholder("Retake", "association")
    need = await world.need("Sedie", goods())
    alone = await world.offer("Sedie", await world.stakeholder("Enel"), goods())
    partner = (OfferPartner(stakeholder_id=association),)
    await world.offer("Sedie", await world.stakeholder("Fastweb"), goods(), partners=partner)
    assert await asked(world, need) == ["Fastweb"]
    assert [one["code"] for one in (await why_not(world, need, alone))["obstacles"]] == ["no_instrument"]


async def test_a_new_version_counts_from_its_day_and_an_older_one_never_comes_back(world: World) -> None:
    later = datetime.now(UTC).date() + timedelta(2)
    need = await world.need("Sedie", goods())
    company = await world.stakeholder("Enel")
    await publishes(world, needing(giver_types=["company"]), needing(2, later, giver_types=["school"]))
    await world.offer("Sedie", company, goods())
    assert await asked(world, need) == ["Enel"]
    await publishes(world, needing(2, giver_types=["school"]), version=2)
    await publishes(world, needing(giver_types=["company"]), version=1)
    other = await world.need("Sedie pieghevoli", goods())
    assert await asked(world, other) == []
    assert await asked(world, need) == ["Enel"], "what stands is not torn down by a new version"
    await publishes(world, needing(3, giver_types=["company"]), version=3)
    again = await world.need("Sedie impilabili", goods())
    assert await asked(world, again) == ["Enel"]


async def test_a_standing_proposal_ends_when_it_is_next_touched_unless_somebody_agreed(world: World) -> None:
    giver = await world.stakeholder("Enel")
    unanswered, answered = await world.need("Sedie", goods()), await world.need("Sedie", goods("5"))
    await world.offer("Sedie", giver, goods("100"))
    await world.proposals(unanswered)
    [match] = await world.proposals(answered)
    assert (await world.consent(match, f"stakeholder:{giver}")).status_code == 200
    await world.settled()  # what the yes reserves is a reason to look at the other one again
    await publishes(world, needing(giver_types=["school"]))
    assert await asked(world, unanswered) == ["Enel"]
    for need, quantity in ((unanswered, "9"), (answered, "5")):
        await world.need("Sedie da giardino", goods(quantity), need_id=need)
    assert await asked(world, unanswered) == []
    assert await asked(world, answered) == ["Enel"]


async def test_a_plan_has_no_pair_that_no_instrument_could_serve_and_proposes_none(world: World) -> None:
    await publishes(world, needing(party_types=["association"]))
    neighbours = await world.stakeholder("Vicini", "association")
    need = await world.need("Sedie", goods())
    theirs = {str(await world.need("Sedie", goods("8"), receivers=(neighbours,))) for _ in range(2)}
    company = await world.offer("Sedie", await world.stakeholder("Enel"), goods())
    await world.offer("Sedie", await world.stakeholder("Retake", "association"), goods("4"))
    await world.settled()
    plan = await planned(world)
    served = {one for one, offer in pairs(plan) if offer == str(company)}
    assert served
    assert served <= theirs, "only there an association takes part, which receives"
    await publishes(world, needing(giver_types=["school"]), version=2)
    choice = {"need_id": str(need), "need_line": 0, "offer_id": str(company), "offer_line": 0, "quantity": "1"}
    async with world.manager() as client:
        price = (await client.post(f"{API}/allocations/{plan['plan_id']}/insist", json=choice)).json()
        assert (price["possible"], price["why"]) == (False, "no_instrument")
        adopted = (await client.post(f"{API}/allocations/{plan['plan_id']}/propose")).json()
    # What is proposed today stays; what the plan would do otherwise is not proposed.
    assert (adopted["proposed"], set(adopted["left_out"].values())) == ({}, {"no_instrument"})


def pairs(plan: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["need_id"], one["offer_id"]) for one in plan["lines"]["items"] if one["change"] != "dropped"}


async def planned(world: World) -> dict[str, Any]:
    async with world.manager() as client:
        begun = await client.post(f"{API}/allocations", json={})
        assert begun.status_code == 202, begun.text

        async def ready() -> dict[str, Any] | None:
            found = (await client.get(f"{API}/allocations/{begun.json()['plan_id']}")).json()
            return found if found["state"] == "done" else None

        return await eventually(ready, within=60)


async def test_a_proposal_says_which_instruments_are_possible(world: World) -> None:
    need = await world.need("Sedie", goods())
    await world.offer("Sedie", await world.stakeholder("Enel"), goods())
    [match] = await world.proposals(need)
    assert await possible(world, match) == {"known": False, "possible": [], "divided": False}
    assert "Possible legal instruments" not in await page(world, match)
    await publishes(world, needing(2, giver_types=["company"]))
    await publishes(world, needing(kinds=["space"]), code="concessione_comodato")
    said = await possible(world, match)
    one = {"code": "donazione", "version": 2, "title_it": "Strumento", "title_en": "Instrument"}
    assert said == {"known": True, "possible": [one], "divided": False}
    assert "Possible legal instruments" in await page(world, match)
    await publishes(world, needing(3, giver_types=["school"]), version=2)
    assert (await possible(world, match))["possible"] == []
    assert "talk to the Legal Office" in await page(world, match)
    async with world.officer("elsewhere") as stranger:
        assert (await stranger.get(f"{API}/matches/{match['match_id']}/instruments")).status_code == 404


async def possible(world: World, match: dict[str, Any]) -> dict[str, Any]:
    async with world.manager() as client:
        return dict((await client.get(f"{API}/matches/{match['match_id']}/instruments")).json())


async def page(world: World, match: dict[str, Any]) -> str:
    async with world.manager() as client:
        return str((await client.get(f"/matching/proposals/{match['match_id']}")).text)


async def test_replay_rebuilds_what_is_known_of_the_instruments(world: World) -> None:
    await publishes(world, needing(giver_types=["school"]))
    await publishes(world, needing(2, giver_types=["association"]), version=2)
    await publishes(world, needing(kinds=["money"]), code="sponsorizzazione")
    pool = world.running.app.state.units.pool
    query = "SELECT * FROM instrument WHERE city = $1 ORDER BY code"
    before = await pool.fetch(query, world.city)
    assert [row["version"] for row in before] == [2, 1]
    await pool.execute(
        "UPDATE instrument SET records = '[]', version = 99, fingerprint = '' WHERE city = $1", world.city
    )
    done = await replay(service(world.running.settings), "steering")
    assert done.kept_aside == 0
    assert await pool.fetch(query, world.city) == before
    need = await world.need("Sedie", goods())
    offers = [("Enel", "company"), ("Retake", "association")]
    await asyncio.gather(*(offered(world, name, what) for name, what in offers))
    assert await asked(world, need) == ["Retake"]


async def offered(world: World, name: str, what: str) -> None:
    await world.offer("Sedie", await world.stakeholder(name, what), goods())


async def test_a_toolkit_of_which_a_part_is_known_refuses_nothing(world: World) -> None:
    both = ("donazione", "patto")
    await publishes(world, needing(giver_types=["association"]), code="patto", toolkit=both)
    first = await world.need("Sedie", goods())
    await world.offer("Sedie", await world.stakeholder("Enel"), goods())
    assert await asked(world, first) == ["Enel"]
    await publishes(world, needing(giver_types=["school"]), toolkit=both)
    second = await world.need("Sedie", goods())
    assert await asked(world, second) == []


async def test_what_another_instrument_makes_possible_is_proposed_when_it_comes(world: World) -> None:
    await publishes(world, needing(giver_types=["association"]), code="patto", toolkit=("patto",))
    need = await world.need("Sedie", goods())
    await world.offer("Sedie", await world.stakeholder("Enel"), goods())
    assert await asked(world, need) == []
    await publishes(world, needing(giver_types=["company"]), toolkit=("donazione", "patto"))
    assert await asked(world, need) == ["Enel"]
