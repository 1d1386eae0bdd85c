"""The desk's list and the page of changes in a real browser: no fault found by axe, at a desk and in the hand."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from chassis.auth.actor import Actor
from chassis.auth.tokens import SESSION_COOKIE
from chassis.web.tests.chromium import SIZES, chromium, complaints  # noqa: F401  (a fixture)
from services.agreements.tests.story import CITY, GUIDE, LEGAL, Story, donation, giver_of, partner
from services.agreements.tests.test_amendments import LESS
from services.agreements.tests.test_several import triangle

pytestmark = pytest.mark.browser

OFFICER = Actor(
    subject="officer", city=CITY, name="Livia Legge", roles=frozenset({"legal", "account_manager", "signatory"})
)


@pytest.fixture(scope="module")
async def pages(story: Story) -> dict[str, str]:
    """Pages with something on them, by the name of their picture."""
    match = donation(need_title="Doposcuola al Corvetto")
    amended, signing = await story.signed(match), await story.signed(donation())
    await story.done(amended, "amendments", GUIDE, LESS)
    await story.done(amended, "amendments/1/withdraw", GUIDE, {"reason": "ci ripensa"})
    await story.done(amended, "amendments", GUIDE, LESS)
    await story.done(amended, "amendments/2/submit", GUIDE)
    await story.done(amended, "amendments/2/approve", LEGAL)
    await story.done(amended, "amendments/2/sign", partner(giver_of(match)))
    await story.done(signing, "terminate", LEGAL, {"reason": "si scioglie", "effective_on": "2990-01-01"})
    draft = (await story.file_of(triangle()))["agreement_id"]
    return {
        "list": "desk",
        "list-filtered": "desk?q=corvetto&sort=value&owner=signatory",
        "list-nothing": "desk?q=nothing-like-it",
        "changes-signing": f"files/{amended}/changes",
        "changes-ending": f"files/{signing}/changes",
        "changes-split": f"files/{draft}/changes",
    }


@pytest.mark.parametrize("size", SIZES)
async def test_axe_finds_nothing_on_the_desk(
    chromium: Browser,  # noqa: F811
    story: Story,
    site: str,
    pages: dict[str, str],
    size: str,
) -> None:
    addresses = {f"agreements-{name}": f"/agreements/{path}" for name, path in pages.items()}
    cookie = story.desk.app.state.identity.sessions.issue(OFFICER)
    assert await complaints(chromium, site, cookie, addresses, size) == {}


async def test_the_list_is_filtered_by_keyboard_alone(
    chromium: Browser,  # noqa: F811
    story: Story,
    site: str,
    pages: dict[str, str],
) -> None:
    context = await chromium.new_context(locale="it-IT")
    cookie = story.desk.app.state.identity.sessions.issue(OFFICER)
    await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": site}])
    page = await context.new_page()
    await page.goto(f"{site}/agreements/desk")
    await page.focus("#filter-q")
    await page.keyboard.type("corvetto")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk?*q=corvetto*")
    assert await page.locator("tbody tr").count() == 1
    await page.focus("tbody a")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/files/*")
    await context.close()
