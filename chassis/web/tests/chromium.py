"""The system's Chromium for page tests. Without one they are skipped and the run's last lines say so."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
async def chromium(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        request.getfixturevalue("servers").not_proven("no Chromium was found: pages were NOT tried in a browser")
        pytest.skip("needs Chromium")
    # A container's root has no user namespaces to build Chromium's own sandbox from.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
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
