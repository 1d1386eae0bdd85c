"""Several companies, helpers, and one of them falls out: by a cut, by a check that lapses, by a no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.testing import eventually
from contracts.events.intake import StakeholderVetted
from contracts.events.matching import MatchExpired
from services.matching.tests.test_second_thoughts import device_case, post
from services.matching.tests.world import World, goods, service

pytestmark = pytest.mark.integration


async def heir_of(world: World, match: dict[str, Any]) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        again = await world.match(match["match_id"])
        return await world.match(again["replaced_by"]) if again["replaced_by"] else None

    return await eventually(found)


async def test_three_companies_two_refurbishers_one_courier_all_or_none(world: World) -> None:
    names = ("Intesa Sanpaolo", "Enel", "Aviva", "Sodalitas", "Rigenera", "Corriere", "Lexmark")
    givers = {name: await world.stakeholder(name) for name in names}
    need = await world.need("Laptop per tutte le scuole", goods("200"), requires=["refurbishing", "delivery"])
    offers: dict[str, UUID] = {}
    for name, line in (
        ("Intesa Sanpaolo", goods("90")),
        ("Enel", goods("70")),
        ("Aviva", goods("40")),
        ("Sodalitas", service("refurbishing", "120")),
        ("Rigenera", service("refurbishing", "100")),
        ("Corriere", service("delivery", "16", "HUR")),
    ):
        offers[name] = await world.offer(f"Offerta di {name}", givers[name], line)
    await world.settled()
    found = await world.proposals(need)
    match = next(one for one in found if len(one["parties"]) == 7)
    main = [part for part in match["allocations"] if part["need_line"] is not None]
    assert sorted(part["quantity"] for part in main) == ["40", "70", "90"]
    for name in ("Intesa Sanpaolo", "Aviva", "Sodalitas", "Rigenera", "Corriere"):
        assert (await world.consent(match, f"stakeholder:{givers[name]}")).status_code == 200
    for name, quantity in (("Intesa Sanpaolo", 90), ("Enel", 70), ("Aviva", 40), ("Corriere", 16)):
        assert (await world.balance(offers[name]))["reserved"] == quantity, "all are reserved by the first yes"
    spare = await world.offer("Altri laptop", givers["Lexmark"], goods("75"))
    await world.settled()
    async with world.partner(givers["Enel"]) as partner:
        declined = (await post(partner, match, "decline", reason_code="not_available")).json()
    heir = await world.match(declined["replaced_by"])
    assert set(heir["awaited"]) == {"department:education", f"stakeholder:{givers['Lexmark']}"}
    assert (await world.balance(spare))["reserved"] == 70
    for party_id in heir["awaited"]:
        answer = await world.consent(heir, party_id)
    assert answer.json()["state"] == "accepted"
    assert (await world.balance(need))["reserved"] == 200


async def test_an_offer_cut_below_what_it_promised_is_replaced(world: World) -> None:
    match, offers, givers = await device_case(world)
    await world.consent(match, f"stakeholder:{givers['Intesa Sanpaolo']}")
    await world.settled()
    await world.offer(
        "Rigenerazione", givers["Sodalitas"], service("refurbishing", "10"), offer_id=offers["refurbishing"]
    )
    heir = await heir_of(world, match)
    assert set(heir["awaited"]) == {"department:education", f"stakeholder:{givers['Rigenera']}"}
    await world.settled()
    balance = await world.balance(offers["refurbishing"])
    assert (balance["total"], balance["shortfall"], balance["reserved"]) == (10, 0, 0)


async def test_a_check_that_lapses_is_a_falling_out(world: World) -> None:
    match, offers, givers = await device_case(world)
    await world.consent(match, f"stakeholder:{givers['Intesa Sanpaolo']}")
    await world.settled()
    lapsing = StakeholderVetted(
        stakeholder_id=givers["Sodalitas"],
        version=world._version(givers["Sodalitas"]),
        outcome="approved",
        valid_until=datetime.now(UTC) + timedelta(seconds=1),
    )
    await world.say(lapsing, givers["Sodalitas"])
    heir = await heir_of(world, match)
    assert f"stakeholder:{givers['Rigenera']}" in heir["awaited"]
    [event] = await world.published(MatchExpired, match["match_id"])
    assert event["reason_code"] == "offer_closed"
    assert (await world.balance(offers["refurbishing"]))["reserved"] == 0
