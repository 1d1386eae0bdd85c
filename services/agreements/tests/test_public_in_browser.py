"""The public pages in a real browser: no fault found by axe, at a desk and in the hand, without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from chassis.web.tests.chromium import SIZES, chromium, complaints  # noqa: F401  (a fixture)
from services.agreements.tests.story import LEGAL, Story, donation
from services.agreements.tests.test_publication import lent, sign, sponsored

pytestmark = pytest.mark.browser

PAGES = (
    "vademecum",
    "vademecum/which",
    "vademecum/which?what=service&back=visibility&who=foundation&group=alone",
    "vademecum/sponsorizzazione",
    "vademecum/accordo_di_co_produzione",
    "register",
    "register?q=nothing-like-it",
    "notices",
)


@pytest.fixture(scope="module")
async def pages(story: Story) -> dict[str, str]:
    """Pages of things that have happened, by the name of their picture."""
    loan, match = await lent(story, "Sala di via Sottocorno")
    await sign(story, loan, match)
    gift = await story.signed(donation(need_title="Aiuto a una famiglia"))
    await story.post(gift, "hide", LEGAL, {"which": ["parties", "subject"], "reason": "Disagio"})
    noticed, _ = await sponsored(story, "Murale partecipato")
    file = await story.done(noticed, "notice", LEGAL)
    lines = (await story.desk.client().get("/agreements/api/v1/register")).json()["items"]
    found = {
        "entry": "register/" + lines[-1]["protocol"],
        "entry-hidden": "register/" + lines[0]["protocol"],
        "notice": f"notices/{file['notices'][0]['notice_id']}",
        "publicity": f"files/{noticed}/publicity",
        "publicity-hidden": f"files/{gift}/publicity",
        "days": "register/days",
    }
    return {path.replace("/", "-").split("?")[0] + ("-asked" if "?" in path else ""): path for path in PAGES} | found


@pytest.mark.parametrize("size", SIZES)
async def test_axe_finds_nothing_on_the_public_pages(
    chromium: Browser,  # noqa: F811
    story: Story,
    site: str,
    pages: dict[str, str],
    size: str,
) -> None:
    addresses = {f"agreements-{name}": f"/agreements/{path}" for name, path in pages.items()}
    cookie = story.desk.app.state.identity.sessions.issue(LEGAL)
    assert await complaints(chromium, site, cookie, addresses, size) == {}
