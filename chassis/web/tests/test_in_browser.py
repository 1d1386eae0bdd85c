"""The shell and every building block in a real browser: no fault found by axe, usable without scripts and small."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from chassis.auth import Actor, install_identity
from chassis.auth.tokens import SESSION_COOKIE, Sessions
from chassis.http import problem
from chassis.settings import Settings
from chassis.web.forms import Form, parse_form
from chassis.web.install import install_web
from chassis.web.pages import Pages
from chassis.web.site import site_router
from chassis.web.static import static_router
from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401  (a fixture)
from chassis.web.tests.serving import address, listening, served

pytestmark = pytest.mark.browser

SECRET = "a secret that all services share"
WIDE = {"width": 1280, "height": 900}
SMALL = {"width": 320, "height": 640}


class Need(BaseModel):
    title: str = Field(min_length=3)
    kind: Literal["goods", "money"]


def gallery(url: str, news: asyncio.Event) -> FastAPI:
    settings = Settings(environment="test", public_url=url, session_secret=SecretStr(SECRET))
    app = FastAPI()
    problem.install(app)
    install_identity(app, settings)
    pages = Pages(Path(__file__).parent / "templates", "intake")
    install_web(app, pages, settings)
    router = pages.router()

    @router.get("/")
    async def shown(request: Request, title: str = "Computer") -> Response:
        return pages.render(request, "gallery.html", form=Form.of(kind="goods"), title=title)

    @router.post("/")
    async def sent(request: Request) -> Response:
        form = await parse_form(request, Need)
        return pages.render(request, "gallery.html", form=form, title="Computer", status=422 if form.errors else 200)

    @router.get("/stream")
    async def stream() -> Response:
        async def events() -> AsyncIterator[str]:
            await news.wait()
            yield "event: inbox\ndata: {}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    @router.get("/fresh")
    async def fresh() -> Response:
        return HTMLResponse("<p>dopo</p>")

    for each in (router, site_router(pages), static_router()):
        app.include_router(each)
    return app


@pytest.fixture(scope="module")
async def news() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture(scope="module")
async def url(news: asyncio.Event) -> AsyncIterator[str]:
    taker = listening()
    async with served(gallery(address(taker), news), taker):
        yield address(taker)
        news.set()  # no stream may keep the server from ending


async def opened(
    browser: Browser, url: str, *, path: str = "/", size: dict[str, int] = WIDE, scripts: bool = True, role: str = ""
) -> Page:
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale="it-IT", java_script_enabled=scripts
    )
    if role:
        actor = Actor(subject="s", city="c_f205", name="Giulia Ferri", roles=frozenset({role}))
        await context.add_cookies([{"name": SESSION_COOKIE, "value": Sessions(SECRET).issue(actor), "url": url}])
    page = await context.new_page()
    page.set_default_timeout(10_000)
    await page.goto(url + path)
    return page


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
@pytest.mark.parametrize("role", ["", "account_manager"], ids=["guest", "account-manager"])
async def test_axe_finds_nothing(
    chromium: Browser,  # noqa: F811
    url: str,
    size: dict[str, int],
    role: str,
) -> None:
    page = await opened(chromium, url, size=size, role=role)
    assert await faults(page) == ""
    await picture(page, f"gallery-{role or 'guest'}-{size['width']}")
    await page.context.close()


@pytest.mark.parametrize("path", ["/nowhere", "/accessibility", "/licence", "/source", "/?lang=en"])
async def test_axe_finds_nothing_on_the_other_pages(chromium: Browser, url: str, path: str) -> None:  # noqa: F811
    page = await opened(chromium, url, path=path)
    assert await faults(page) == ""
    await page.context.close()


async def test_what_is_wrong_is_named_and_one_step_away(chromium: Browser, url: str) -> None:  # noqa: F811
    page = await opened(chromium, url, scripts=False)
    await page.locator("main form").first.evaluate("form => form.noValidate = true")
    await page.fill("#field-title", "ab")
    await page.click("main form button:has-text('Invia')")
    summary = page.locator(".shell-error-summary")
    assert "Titolo: È troppo corto" in await summary.inner_text()
    await summary.locator("a").first.click()
    assert page.url.endswith("#field-title")
    assert await page.locator("#field-title").get_attribute("aria-invalid") == "true"
    assert await page.input_value("#field-title") == "ab"
    await page.context.close()


async def test_a_wrong_form_has_no_fault_either(chromium: Browser, url: str) -> None:  # noqa: F811
    page = await opened(chromium, url)
    await page.locator("main form").first.evaluate("form => form.noValidate = true")
    await page.click("main form button:has-text('Invia')")
    await page.wait_for_selector(".shell-error-summary:focus")
    assert await faults(page) == ""
    await picture(page, "gallery-wrong")
    await page.context.close()


async def test_the_menu_opens_without_scripts(chromium: Browser, url: str) -> None:  # noqa: F811
    page = await opened(chromium, url, size=SMALL, scripts=False)
    link = page.locator(".shell-menu a:has-text('Risultati')")
    assert not await link.is_visible()
    await page.click(".shell-menu summary")
    assert await link.is_visible()
    await page.context.close()


async def test_the_keyboard_comes_to_the_content_first(chromium: Browser, url: str) -> None:  # noqa: F811
    page = await opened(chromium, url)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    await page.context.close()


async def test_nothing_runs_over_the_edge_of_a_small_screen(chromium: Browser, url: str) -> None:  # noqa: F811
    """WCAG 2.1, 1.4.10: no scrolling in two directions at a width of 320 pixels."""
    page = await opened(chromium, url, size=SMALL, role="account_manager")
    assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
    await page.context.close()


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_a_title_without_a_space_widens_no_page(chromium: Browser, url: str, size: dict[str, int]) -> None:  # noqa: F811
    page = await opened(chromium, url, path=f"/?title={'Computer' * 20}", size=size)
    await picture(page, f"gallery-long-{size['width']}")
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    await page.context.close()


async def test_no_policy_is_broken_and_no_file_missing(chromium: Browser, url: str) -> None:  # noqa: F811
    context = await chromium.new_context(locale="it-IT")
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(url, wait_until="load")
    assert said == []
    await context.close()


async def test_a_live_region_shows_what_is_new(chromium: Browser, url: str, news: asyncio.Event) -> None:  # noqa: F811
    page = await opened(chromium, url)
    region = page.locator("#fresh")
    assert await region.inner_text() == "prima"
    news.set()
    await region.get_by_text("dopo").wait_for()
    assert await page.locator("[data-live-status=fresh]").inner_text() == "Questo elenco è stato aggiornato."
    await page.context.close()
