"""The list, several answers at once, why-not and a match that is to end, as people see them, on desk and telephone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page

from chassis.auth import Actor
from chassis.testing import PUBLIC_URL
from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401
from services.matching.tests.test_listing import city_of_three
from services.matching.tests.test_looks import SMALL, WIDE, _italian, look, looking
from services.matching.tests.world import MANAGER, World

pytestmark = [pytest.mark.integration, pytest.mark.browser]


async def test_the_list_and_what_it_leads_to(world: World, chromium: Browser) -> None:  # noqa: F811
    await city_of_three(world)
    matches = await world.matches(state="proposed")
    first = matches[-1]
    await world.accepted_by_all(first)
    manager = world.running.client(Actor(MANAGER, world.city, roles=frozenset({"account_manager"})))
    async with manager, looking(chromium, _italian(world, manager)) as page:
        await look(page, "/matching/proposals", "proposals", SMALL, WIDE)
        await look(page, "/matching/proposals?q=treni", "proposals-none", SMALL)
        need, offer = matches[0]["need_id"], matches[1]["allocations"][0]["offer_id"]
        await look(page, f"/matching/why-not?need={need}&offer={offer}", "why-not", SMALL, WIDE)
        own = matches[0]["allocations"][0]["offer_id"]
        await look(page, f"/matching/why-not?need={need}&offer={own}", "why-not-signals", SMALL, WIDE)
        await look(page, "/matching/why-not?need_q=la", "why-not-search", SMALL)
        await manager.post(f"/matching/api/v1/matches/{first['match_id']}/release")
        await look(page, f"/matching/proposals/{first['match_id']}", "proposal-ending", SMALL, WIDE)


async def test_several_are_answered_from_the_list_and_the_way_leads_back(
    world: World,
    chromium: Browser,  # noqa: F811
) -> None:
    await city_of_three(world)
    manager = world.running.client(Actor(MANAGER, world.city, roles=frozenset({"account_manager"})))
    async with manager, looking(chromium, _italian(world, manager)) as page:
        for size in (SMALL, WIDE):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            await page.goto(f"{PUBLIC_URL}/matching/proposals?kind=goods&sort=best")
            await page.get_by_label("Torna il").fill((datetime.now(UTC) + timedelta(days=2)).date().isoformat())
            await page.get_by_label("Come lo ha detto").select_option("telephone")
            await page.get_by_label("Nota").fill("L'ufficio è chiuso")
            await page.get_by_role("button", name="Rispondi a quelle scelte").click()
            await seen(page, "several-wrong", size)
            assert await page.get_by_role("alert").get_by_role("link").inner_text() == (
                "Non hai scelto nulla: spunta prima le proposte."
            )
            assert await page.get_by_label("Nota").input_value() == "L'ufficio è chiuso"
            await page.get_by_role("checkbox", name="Scegli").first.check()
            await page.get_by_role("button", name="Rispondi a quelle scelte").click()
            await seen(page, "selected", size)
            await page.get_by_role("button", name="Annulla tutte queste").click()
            await page.get_by_role("link", name="Torna alle proposte").click()
            assert page.url == f"{PUBLIC_URL}/matching/proposals?state=proposed&kind=goods&sort=best"


async def seen(page: Page, name: str, size: dict[str, int]) -> None:
    await picture(page, f"{name}-{size['width']}")
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert await faults(page) == "", name
