"""The list, several answers at once, why-not and a match that is to end, as people see them, on desk and telephone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser

from chassis.auth import Actor
from chassis.testing import PUBLIC_URL
from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401
from services.matching.tests.test_listing import chosen, city_of_three
from services.matching.tests.test_looks import SMALL, WIDE, _italian, look, looking
from services.matching.tests.test_pages import page as read
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
        listing = await read(manager, "/matching/proposals")
        answer = await manager.post(
            "/matching/proposals/selected",
            data={
                "match[]": await chosen(manager, listing),
                "act": "postpone",
                "until": (datetime.now(UTC) + timedelta(days=20)).date().isoformat(),
                "channel": "telephone",
                "note": "the office is closed",
            },
            headers={"Accept": "text/html"},
        )
        await page.set_viewport_size(SMALL)  # type: ignore[arg-type]
        await page.goto(PUBLIC_URL + "/matching/proposals")
        await page.set_content(answer.text)
        await picture(page, "selected-390")
        assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
        assert await faults(page) == ""
