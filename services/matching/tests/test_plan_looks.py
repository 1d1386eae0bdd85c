"""The pages of plans as people see them: they bring themselves up to date, and axe has nothing against them."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from chassis.clock import new_id
from chassis.testing import PUBLIC_URL
from chassis.web.tests.chromium import chromium  # noqa: F401
from contracts.events import intake
from contracts.places import Place
from services.matching.tests.test_looks import SMALL, WIDE, look, looking
from services.matching.tests.test_plan_pages import PLANS, submit
from services.matching.tests.world import World, goods
from services.matching.tests.world import service as ability

pytestmark = [pytest.mark.integration, pytest.mark.browser, pytest.mark.timeout(300)]


async def a_skewed_city(world: World) -> None:
    """Two neighbourhoods that ask the same, all offers near the better-off one, and a need nobody can help."""
    readings = intake.NeighbourhoodIndicatorsLoaded(
        indicators_id=new_id(), version=1, name="hardship", source="test", values={1: 0.05, 76: 0.95}
    )
    await world.say(readings, readings.indicators_id)
    giver = await world.stakeholder("Fondazione Bracco", "foundation")
    workshop = await world.stakeholder("PC Officina", "association")
    for nil, place in ((1, "Duomo"), (76, "Quarto Oggiaro")):
        where = Place(label=place, nil=nil)
        await world.need(f"Portatili per la scuola di {place}", goods("20"), place=where)
        await world.need(f"Portatili rigenerati a {place}", goods("8"), place=where, requires=["refurbishing"])
    await world.need("Portatili con deposito", goods("5"), requires=["storage"])
    await world.offer("Portatili per la scuola", giver, goods("30"), place=Place(label="Duomo", nil=1))
    await world.offer("Rigenerazione", workshop, ability("refurbishing", "8"))
    await world.settled()


async def test_plans_on_desk_and_telephone(world: World, chromium: Browser) -> None:  # noqa: F811
    await a_skewed_city(world)
    async with world.manager() as client, looking(chromium, client) as page:
        client.headers["Accept-Language"] = "it"
        await look(page, PLANS, "plans-none", SMALL)
        answer = await submit(client, PLANS, fairness="0.3", most_givers="5", smallest_share="0.1")
        address = answer.headers["location"]
        await page.goto(PUBLIC_URL + address)
        await expect(page.get_by_role("heading", name="Quanto costerebbe insistere")).to_be_visible(timeout=60_000)
        await look(page, address, "plan", SMALL, WIDE)
        await look(page, PLANS, "plans", SMALL, WIDE)
