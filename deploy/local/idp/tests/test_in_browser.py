"""Logging in as people do: with a browser, with and without scripts."""

import pytest
from playwright.async_api import Browser

from chassis.web.tests.chromium import chromium, faults, picture  # noqa: F401  (a fixture)
from deploy.local.idp.tests.conftest import Site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
async def test_a_partner_finds_herself_logs_in_and_out(
    chromium: Browser,  # noqa: F811
    site: Site,
    scripts: bool,
) -> None:
    context = await chromium.new_context(locale="it-IT", java_script_enabled=scripts)
    page = await context.new_page()
    page.set_default_timeout(10_000)
    await page.goto(f"{site.url}/accessibility")
    await page.click("text=Accedi")
    await page.fill("#q", "bracco")
    await page.click("button:has-text('Cerca')")
    assert await page.locator(".personas button").count() == 1
    await page.click("button[value=fondazione-bracco]")
    await page.locator(".shell-name").wait_for()
    assert page.url == f"{site.url}/accessibility"
    assert await page.inner_text(".shell-name") == "Giorgio Monti"
    await page.click("text=Esci")
    await page.locator("a:has-text('Accedi')").wait_for()
    assert page.url == f"{site.url}/"
    await context.close()


async def test_axe_finds_nothing_on_the_page_of_personas(chromium: Browser, site: Site) -> None:  # noqa: F811
    context = await chromium.new_context(locale="it-IT")
    page = await context.new_page()
    await page.goto(f"{site.url}/auth/login")
    assert await faults(page) == ""
    await picture(page, "personas")
    await page.click("summary")
    assert await faults(page) == ""
    await context.close()
