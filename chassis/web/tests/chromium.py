"""The system's Chromium for page tests. Without one they are skipped and the run's last lines say so."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from chassis.auth.tokens import SESSION_COOKIE

PATIENCE = 30_000
"""Milliseconds until what a page should show is given up, on a machine that does other things too."""
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
async def chromium(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        request.getfixturevalue("servers").not_proven("no Chromium was found: pages were NOT tried in a browser")
        pytest.skip("needs Chromium")
    # A container's root has no user namespaces to build Chromium's own sandbox from.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        await browser.close()


async def faults(page: Page) -> str:
    """What axe has against the page as it is shown now; empty when nothing."""
    found = await Axe().run(page)
    return "" if found.violations_count == 0 else str(found.generate_report())


async def picture(page: Page, name: str) -> None:
    """Keep a screenshot for whoever wants to look."""
    folder = Path("test-artifacts") / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png", full_page=True)


SIZES = {"desk": (1280, 900), "hand": (390, 844)}
"""Width and height of a screen on a desk and of one in the hand."""


async def complaints(
    browser: Browser, site: str, cookie: str, addresses: Mapping[str, str], size: str
) -> dict[str, str]:
    """Walks through pages as the person of the session ``cookie`` and keeps a picture of each, closed and opened.

    ``addresses`` are paths by the name of their picture. Returns what axe has against a page, and which are wider than
    the screen, by name; empty when all is well.
    """
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, locale="it-IT")
    await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": site}])
    found = {}
    for name, address in addresses.items():
        page = await context.new_page()
        await page.goto(f"{site}{address}")
        await picture(page, f"{name}-{size}")
        await page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        await picture(page, f"{name}-open-{size}")
        if wrong := await faults(page):
            found[name] = wrong
        if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[f"{name} is too wide"] = f"wider than {width} px"
        await page.close()
    await context.close()
    return found
