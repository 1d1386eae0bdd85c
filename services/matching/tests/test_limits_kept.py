"""Limits end to end: what intake says of them on Kafka decides what is proposed, and every refusal says why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from contracts.events import intake
from contracts.events.matching import MatchExpired
from contracts.places import Place, PlaceLimit
from contracts.values import OfferPartner
from services.matching.tests.world import World, goods, service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
API = "/matching/api/v1"
DUOMO, NIGUARDA = Place(label="Duomo", nil=1), Place(label="Niguarda", nil=14)
NINE = PlaceLimit(municipi=(9,))


async def why_not(world: World, need: UUID, offer: UUID) -> list[str]:
    await world.settled()
    async with world.manager() as client:
        answer = await client.get(f"{API}/needs/{need}/why-not", params={"offer": str(offer)})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    assert all(one["text_it"] and one["text_en"] for one in said["obstacles"])
    return [one["code"] for one in said["obstacles"]]


async def test_each_limit_is_the_answer_to_why_not(world: World) -> None:
    giver, partner = await world.stakeholder("Enel"), await world.stakeholder("Arimo", "association")
    need = await world.need("Sedie", goods("10"), place=DUOMO, excluded_stakeholder_types=["association"])
    beyond = {
        "outside_place": {"only_in": NINE},
        "excluded": {"partners": [OfferPartner(stakeholder_id=partner)]},
        "below_lot": {},
    }
    offers = {
        code: await world.offer("Sedie", giver, goods("50", min_lot="20" if code == "below_lot" else None), **more)
        for code, more in beyond.items()
    }
    for code, offer in offers.items():
        assert await why_not(world, need, offer) == [code]
    assert await world.matches(need=need) == []
    fine = await world.offer("Sedie", giver, goods("50", min_lot="10"), only_in=PlaceLimit(nils=(1,)))
    [match] = await world.proposals(need)
    assert match["allocations"][0]["offer_id"] == str(fine)


async def test_what_is_not_known_closely_enough_is_said_with_the_proposal(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("10"), place=Place(label="da qualche parte"))
    await world.offer("Sedie", giver, goods("10"), only_in=NINE)
    [match] = await world.proposals(need)
    reason = next(one for one in match["reasons"] if one["code"] == "place_to_check")
    assert reason["text_it"] == "Luogo da verificare: l'offerta vale solo in Municipio 9"
    assert reason["text_en"] == "Place to be checked: the offer is only for Municipio 9"
    assert reason["contribution"] == 0


async def test_a_new_limit_takes_back_what_was_proposed_and_a_wider_one_brings_it_again(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("10"), place=DUOMO)
    offer = await world.offer("Sedie", giver, goods("10"))
    await world.proposals(need)
    await world.offer("Sedie", giver, goods("10"), offer_id=offer, only_in=NINE)
    assert await why_not(world, need, offer) == ["outside_place"]
    assert await world.matches(need=need, state="proposed") == []
    await world.offer("Sedie", giver, goods("10"), offer_id=offer, only_in=PlaceLimit(municipi=(1, 9)))
    assert len(await world.proposals(need)) == 1


async def test_an_exclusion_ends_a_proposal_that_one_side_has_agreed_to(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("10"))
    offer = await world.offer("Sedie", giver, goods("10"))
    [match] = await world.proposals(need)
    assert (await world.consent(match, f"stakeholder:{giver}")).status_code == 200
    await world.need("Sedie", goods("10"), need_id=need, excluded_stakeholders=[giver])
    await world.balance_with(offer, free="10", reserved="0")
    [event] = await world.published(MatchExpired, match["match_id"])
    assert event["reason_code"] == "superseded"


async def test_one_of_several_that_is_excluded_is_replaced(world: World) -> None:
    first, other, goods_giver = [await world.stakeholder(name) for name in ("Sodalitas", "Rigenera", "Lexmark")]
    need = await world.need("Laptop rigenerati", goods("40"), requires=["refurbishing"])
    await world.offer("Laptop", goods_giver, goods("40"))
    work = await world.offer("Rigenerazione", first, service("refurbishing", "100"))
    [match] = await world.proposals(need)
    assert (await world.consent(match, f"stakeholder:{goods_giver}")).status_code == 200
    instead = await world.offer("Rigenerazione due", other, service("refurbishing", "100"))
    await world.settled()
    await world.need(
        "Laptop rigenerati", goods("40"), need_id=need, requires=["refurbishing"], excluded_stakeholders=[first]
    )
    await world.balance_with(work, reserved="0")
    await world.balance_with(instead, reserved="40")
    found = await world.matches(need=need, state="proposed")
    [heir] = [one for one in found if one["replaces"] == match["match_id"]]
    given = [one["stakeholder_id"] for one in heir["parties"] if one["consent"] == "given"]
    assert given == [str(goods_giver)], "the yes to the same part stands"


async def test_what_an_organisation_turns_out_to_be_counts_at_once(world: World) -> None:
    giver, partner = await world.stakeholder("Enel"), await world.stakeholder("Terna")
    need = await world.need("Sedie", goods("10"), excluded_stakeholder_types=["public_body"])
    offer = await world.offer("Sedie", giver, goods("10"), partners=[OfferPartner(stakeholder_id=partner)])
    await world.proposals(need)
    changed = intake.StakeholderChanged(
        stakeholder_id=partner, version=world._version(partner), name="Terna", stakeholder_type="public_body"
    )
    await world.say(changed, partner)
    assert await why_not(world, need, offer) == ["excluded"]
    assert await world.matches(need=need, state="proposed") == []


async def test_a_counter_below_the_lot_is_refused_at_its_field(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("100", min_lot="30"))
    await world.offer("Sedie", giver, goods("100", min_lot="40"))
    [match] = await world.proposals(need)
    async with world.partner(giver) as client:
        address = f"{API}/matches/{match['match_id']}/counter"
        answer = await client.post(address, json={"quantities": [{"position": 0, "quantity": "39"}]})
        assert answer.status_code == 422, answer.text
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/quantities/0/quantity", "below-lot")
        assert error["message_it"] == "Almeno 40 pezzi: chi offre non ne dà meno."
        assert error["message_en"] == "At least 40 pieces: the offer is not given in smaller lots."
        fine = await client.post(address, json={"quantities": [{"position": 0, "quantity": "40"}]})
        assert fine.status_code == 200, fine.text


async def test_what_both_leave_open_is_agreed_in_whole_lots(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Coperte", goods(None, min_lot="30"))
    await world.offer("Coperte", giver, goods(None))
    [match] = await world.proposals(need)
    async with world.partner(giver) as client:
        address = f"{API}/matches/{match['match_id']}/accept"
        answer = await client.post(address, json={"quantities": [{"position": 0, "quantity": "29"}]})
        assert [one["code"] for one in answer.json()["errors"]] == ["below-lot"]
        assert "30" in answer.json()["errors"][0]["message_it"]
        fine = await client.post(address, json={"quantities": [{"position": 0, "quantity": "30"}]})
        assert fine.status_code == 200, fine.text


async def test_the_few_that_a_need_allows_are_found_behind_the_many_it_does_not(world: World) -> None:
    company, association = await world.stakeholder("Enel"), await world.stakeholder("Arimo", "association")
    there = await world.offer("Poltroncine", association, goods("10"), place=NIGUARDA)
    for at in range(120):
        await world.offer(f"Sedie da ufficio {at}", company, goods("10"), place=DUOMO)
    await world.settled()
    limits: list[dict[str, Any]] = [
        {"only_in": NINE},
        {"excluded_stakeholders": [company]},
        {"excluded_stakeholder_types": ["company"]},
    ]
    for limit in limits:
        need = await world.need("Sedie da ufficio", goods("10"), **limit)
        [match] = await world.proposals(need)
        assert match["allocations"][0]["offer_id"] == str(there), limit
