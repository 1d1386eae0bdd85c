"""A file and the instruments at the desk in a real browser: no fault found by axe, on a screen and in the hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser

from chassis.web.tests.chromium import SIZES, chromium, complaints  # noqa: F401  (a fixture)
from services.agreements.handlers.desk import CITY_TIME
from services.agreements.tests.story import DEPARTMENT, GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_amendments import LESS
from services.agreements.tests.test_clauses import NEW
from services.agreements.tests.test_file_work import PACT_TERMS, RISK, WHY

pytestmark = pytest.mark.browser

BOTH = replace(LEGAL, subject="both", name="Elena Riva", roles=frozenset({"legal", "account_manager"}))


@pytest.fixture(scope="module")
async def pages(story: Story) -> dict[str, str]:
    """A file just opened, one with everything in it, a signed one, and an instrument whose draft changes something."""
    fresh = (await story.file_of(donation(need_title="Settimana dei diritti")))["agreement_id"]
    full = await story.filled(donation(need_title="Giardino condiviso"), "patto_di_collaborazione", PACT_TERMS)
    await story.done(full, "risks", GUIDE, {"risks": [RISK, RISK | {"kind": "political", "level": "high"}]})
    soon = (datetime.now(CITY_TIME).date() + timedelta(50)).isoformat()
    milestones = [{"title": "Avvio dei lavori", "due_on": soon, "party_id": "department:education"}]
    file = await story.done(full, "timeline", GUIDE, {"milestones": milestones})
    await story.done(full, f"timeline/{file['milestones'][0]['milestone_id']}", DEPARTMENT, {"done": True})
    await story.done(full, "documents", GUIDE, {"kind": "other", "title": "Planimetria", "text": "Agli atti"})
    await story.done(full, "overrides", LEGAL, {"check": "insurance", "reason": WHY})
    first = await story.done(full, "comments", GUIDE, {"words": "Chi porta le chiavi?", "audience": "parties"})
    await story.done(full, "comments", LEGAL, {"words": "La direzione.", "reply_to": first["comment_id"]})
    signed = await story.signed(donation(need_title="Libri per la scuola"))
    await story.done(signed, "amendments", GUIDE, LESS)
    await story.done(signed, "amendments/1/submit", GUIDE)
    await story.done(signed, "amendments/1/approve", LEGAL)
    api = "/agreements/api/v1/instruments/sponsorizzazione"
    legal = story.as_(LEGAL)
    assert (await legal.post(f"{api}/versions", json={"reason": "Nuova circolare"})).status_code == 201
    edit = {"rules": {"public_notice_period": {"days": 45}}, "without_clauses": ["saving"]}
    assert (await legal.post(f"{api}/draft", json=edit)).status_code == 200
    assert (await legal.post("/agreements/api/v1/clauses", json=NEW)).status_code == 201
    return {
        "file-fresh": f"files/{fresh}",
        "file-full": f"files/{full}",
        "file-signed": f"files/{signed}",
        "file-amended": f"files/{signed}/changes",
        "toolkit": "toolkit",
        "toolkit-draft": "toolkit/sponsorizzazione",
        "toolkit-plain": "toolkit/accordo_di_co_produzione",
        "clauses": "toolkit/clauses",
        "clauses-nothing": "toolkit/clauses?q=nothing-like-it",
        "clause-differing": "toolkit/clauses/form",
        "clause-kept": "toolkit/clauses/anti_corruption",
    }


@pytest.mark.parametrize("size", SIZES)
async def test_axe_finds_nothing_at_the_desk(
    chromium: Browser,  # noqa: F811
    story: Story,
    site: str,
    pages: dict[str, str],
    size: str,
) -> None:
    addresses = {f"agreements-{name}": f"/agreements/{path}" for name, path in pages.items()}
    cookie = story.desk.app.state.identity.sessions.issue(BOTH)
    assert await complaints(chromium, site, cookie, addresses, size) == {}
