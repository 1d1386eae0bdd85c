"""The forms of needs and offers with their limits unfolded, and the pages that show them: on desk and telephone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, Route

from chassis.testing import PUBLIC_URL
from chassis.web.static import static_router
from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401
from services.intake.tests.city import API, LINE, City, a_need, an_offer

pytestmark = [pytest.mark.integration, pytest.mark.browser]
SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


@asynccontextmanager
async def looking(browser: Browser, client: httpx.AsyncClient) -> AsyncIterator[Page]:
    """A browser whose every request the service answers, as if it were behind the edge."""
    looks = httpx.AsyncClient(transport=httpx.ASGITransport(FastAPI(routes=static_router().routes)))

    async def answered(route: Route) -> None:
        asked = looks if "/static/" in route.request.url else client
        answer = await asked.get(route.request.url, headers={"Accept": route.request.headers.get("accept", "*/*")})
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    async with await browser.new_context(locale="it-IT", reduced_motion="reduce") as context:
        await context.route("**/*", answered)
        yield await context.new_page()


async def look(page: Page, address: str, name: str) -> None:
    for size in SIZES:
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.goto(f"{PUBLIC_URL}{address}?lang=it")
        await page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        await picture(page, f"{name}-{size['width']}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert await faults(page) == "", f"{name} at {size['width']}"


async def test_limits_on_every_page(open_city: City, chromium: Browser) -> None:  # noqa: F811
    enel = await open_city.stakeholder(name="Fondazione Esempio")
    async with open_city.manager() as client:
        await client.post(f"{API}/stakeholders/{enel['id']}/vet", json={"outcome": "approved"})
    lot = [LINE | {"min_lot": "50"}]
    limits = {"only_in": {"municipi": [9], "nils": [1]}, "excluded_stakeholder_types": ["company", "university"]}
    async with open_city.department() as client:
        need = await client.post(
            f"{API}/needs", json=a_need(title="Computer" * 20, lines=lot, excluded_stakeholders=[enel["id"]], **limits)
        )
        async with looking(chromium, client) as page:
            await look(page, "/intake/needs/new", "need-form-limits")
            await look(page, f"/intake/needs/{need.json()['id']}", "need-limits")
            await look(page, f"/intake/needs/{need.json()['id']}/edit", "need-edit")
            await look(page, "/intake/mine", "mine-long")
            await look(page, "/", "home-long")
    async with open_city.manager() as client:
        body = an_offer(
            enel["id"], lines=lot, note="per telefono", only_in={"nils": [14, 15]}, excluded_departments=["environment"]
        )
        offer = await client.post(f"{API}/offers", json=body)
        assert offer.status_code == 201, offer.text
        async with looking(chromium, client) as page:
            await look(page, "/intake/offers/new", "offer-form-limits")
            await look(page, f"/intake/offers/{offer.json()['id']}", "offer-limits")
            await look(page, f"/intake/offers/{offer.json()['id']}/edit", "offer-edit")
