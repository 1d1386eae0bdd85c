"""A person at the pages of the running system: logs in, presses, reads, and looks at every page with axe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from chassis.web.tests.chromium import faults, picture

PATIENCE = 60_000
"""Milliseconds for whatever comes by event, on a busy machine of two cores."""

WIDE = {"width": 1280, "height": 900}
SMALL = {"width": 390, "height": 844}
# Chromium logs every answer that is not 2xx or 3xx; a refused form is one on purpose.
_REFUSALS = re.compile(r"status of 4(01|09|12|22) ")


class Visitor:
    """One browser profile. What its console says against the pages is kept in ``complaints``."""

    def __init__(self, page: Page, url: str, scripts: bool) -> None:
        self.page = page
        self._scripts = scripts
        self.complaints: list[str] = []
        self._url = url
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not _REFUSALS.search(text):
            self.complaints.append(text)

    async def go(self, path: str) -> None:
        answer = await self.page.goto(self._url + path)
        assert answer is not None
        assert answer.ok, f"{path} answered {answer.status}"

    async def log_in(self, username: str, city: str) -> None:
        """From the header of the home page, through the page of the development identity provider."""
        await self.go("/")
        await self.page.get_by_role("link", name="Accedi").click()
        await self.page.locator("summary", has_text="altra città").click()
        await self.page.fill("#city", city)
        await self.page.click(f"button[name=username][value={username}]")
        await self.page.locator(".shell-name").wait_for()

    async def menu(self, text: str) -> None:
        """By the main navigation."""
        await self.page.locator(".shell-links").get_by_role("link", name=text, exact=True).click()
        await self.page.locator(".shell-links [aria-current=page]", has_text=text).wait_for()

    def field(self, label: str, inside: Locator | None = None) -> Locator:
        """The field with this label; labels may go on with “(facoltativo)”."""
        where = inside if inside is not None else self.page.locator("main")
        return where.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(\(facoltativ[oa]\))?\s*$"))

    async def press(self, text: str, inside: Locator | None = None) -> None:
        where = inside if inside is not None else self.page.locator("main")
        await where.get_by_role("button", name=text).click()

    async def told(self, text: str) -> None:
        """The message at the top of the page after something was done."""
        await expect(self.page.locator("main .alert").first).to_contain_text(text, timeout=PATIENCE)

    async def wrong(self, text: str) -> None:
        """The summary of what is to be corrected names it."""
        await expect(self.page.locator(".shell-error-summary")).to_contain_text(text, timeout=PATIENCE)

    async def sees(self, text: str) -> None:
        await expect(self.page.locator("main")).to_contain_text(text, timeout=PATIENCE)

    async def reloads_until(self, text: str, inside: str = "main") -> None:
        """For pages that do not renew themselves: looks again until it is there."""
        for _look in range(PATIENCE // 1_000):
            try:
                await expect(self.page.locator(inside)).to_contain_text(text, timeout=1_000)
            except AssertionError:
                await self.page.reload()
            else:
                return
        raise AssertionError(f"{self.page.url} never showed {text!r}: {await self.page.inner_text(inside)}")

    async def looks(self, name: str) -> None:
        """The page as it stands, wide and small: a picture of each, no fault by axe, nothing over the edge."""
        for size in (SMALL, WIDE):
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]
            width = await self.page.evaluate("document.documentElement.scrollWidth")
            await picture(self.page, f"story/{name}-{size['width']}")
            assert width <= size["width"], f"{name} scrolls sideways at {size['width']}: {width}"
            assert await self._faults() == "", f"{name} at {size['width']}"

    async def _faults(self) -> str:
        """axe needs scripts: the page of somebody who has none is shown to it in a browser that has them."""
        if self._scripts:
            return await faults(self.page)
        browser = self.page.context.browser
        assert browser is not None
        shown = await self.page.content()
        async with await browser.new_context(viewport=self.page.viewport_size, reduced_motion="reduce") as context:
            twin = await context.new_page()
            await twin.route(self.page.url, lambda route: route.fulfill(body=shown, content_type="text/html"))
            await twin.goto(self.page.url)
            return await faults(twin)


async def _opened(browser: Browser, scripts: bool, language: str) -> BrowserContext:
    context = await browser.new_context(
        viewport=WIDE,  # type: ignore[arg-type]
        locale=language,
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    context.set_default_navigation_timeout(PATIENCE)
    return context


@asynccontextmanager
async def visitor(
    browser: Browser, url: str, *, scripts: bool = True, language: str = "it-IT"
) -> AsyncIterator[Visitor]:
    """Somebody with a fresh browser, closed at the end; their console must have had nothing to say."""
    context = await _opened(browser, scripts, language)
    try:
        someone = Visitor(await context.new_page(), url, scripts)
        yield someone
        assert someone.complaints == []
    finally:
        await context.close()
