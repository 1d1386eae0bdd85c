"""The page of a proposal as people see it: nothing against it by axe, nothing over the edge, on desk and telephone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, Route

from chassis.auth import Actor
from chassis.testing import PUBLIC_URL
from chassis.web.static import static_router
from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401
from services.matching.tests.test_second_thoughts import device_case, post
from services.matching.tests.world import MANAGER, World

pytestmark = [pytest.mark.integration, pytest.mark.browser]
SMALL, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@asynccontextmanager
async def looking(browser: Browser, client: httpx.AsyncClient) -> AsyncIterator[Page]:
    """A browser whose every request the service answers, as if it were behind the edge; intake serves ``/static``."""
    looks = httpx.AsyncClient(transport=httpx.ASGITransport(FastAPI(routes=static_router().routes)))

    async def answered(route: Route) -> None:
        said, asked = route.request, looks if "/static/" in route.request.url else client
        headers = {name: said.headers[name] for name in ("accept", "content-type") if name in said.headers}
        answer = await asked.request(said.method, said.url, headers=headers, content=said.post_data_buffer)
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    async with await browser.new_context(locale="it-IT", reduced_motion="reduce") as context:
        await context.route("**/*", answered)
        yield await context.new_page()


async def look(page: Page, address: str, name: str, *sizes: dict[str, int]) -> None:
    for size in sizes:
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.goto(PUBLIC_URL + address)
        await page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        await picture(page, f"{name}-{size['width']}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert await faults(page) == "", f"{name} at {size['width']}"


async def test_all_answers_on_desk_and_telephone(world: World, chromium: Browser) -> None:  # noqa: F811
    match, _, givers = await device_case(world)
    address = f"/matching/proposals/{match['match_id']}"
    until = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    async with world.officer() as officer:
        await post(officer, match, "postpone", until=until)
    async with world.partner(givers["Intesa Sanpaolo"]) as partner:
        await post(partner, match, "counter", quantities=[{"position": 0, "quantity": "25"}])
        async with looking(chromium, _italian(world, partner)) as page:
            await look(page, address, "proposal-partner", SMALL, WIDE)
    manager = world.running.client(Actor(MANAGER, world.city, roles=frozenset({"account_manager"})))
    async with manager, looking(chromium, _italian(world, manager)) as page:
        await look(page, address, "proposal-manager", WIDE)
        declined = await post(
            manager,
            match,
            "decline",
            party_id=f"stakeholder:{givers['Sodalitas']}",
            reason_code="not_available",
            channel="telephone",
            note="said so on Monday",
        )
        await look(page, address, "proposal-declined", SMALL)
        await look(page, f"/matching/proposals/{declined.json()['replaced_by']}", "proposal-heir", SMALL)


def _italian(world: World, client: Any) -> httpx.AsyncClient:
    client.headers["Accept-Language"] = "it"
    found: httpx.AsyncClient = client
    return found
