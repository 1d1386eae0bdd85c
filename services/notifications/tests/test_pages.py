"""The pages as a browser without scripts uses them."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest

from chassis.testing import Running
from services.notifications.tests.tale import Tale
from services.notifications.tests.test_inbox import told
from services.notifications.tests.wire import manager, officer

pytestmark = pytest.mark.integration
PAGE = "/notifications/inbox"


@pytest.fixture
def city() -> str:
    return f"c_{uuid4().hex[:8]}"


def browser(desk: Running, city: str, language: str = "en") -> httpx.AsyncClient:
    return desk.client(manager("giulia", city), Accept="text/html", **{"Accept-Language": language})


def forms(page: str) -> dict[str, dict[str, str]]:
    """Action to hidden fields of every form on the page (the first of each action)."""
    found: dict[str, dict[str, str]] = {}
    for form in re.findall(r"<form.*?</form>", page, re.S):
        action = re.search(r'action="([^"]+)"', form)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        if action:
            found.setdefault(action[1], fields)
    return found


async def test_an_item_is_done_and_taken_back_with_plain_forms(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.registered())
    async with browser(desk, city) as giulia:
        page = (await giulia.get(PAGE)).text
        assert f"Take charge of “{tale.title}”" in page
        assert f'href="/intake/needs/{tale.need}"' in page
        assert f'href="/notifications/cases/{tale.need}"' in page
        assert 'data-live-src="/notifications/api/v1/inbox/stream"' in page
        done = next(action for action in forms(page) if action.endswith("/done") and len(action) > 30)
        fields = forms(page)[done]
        answer = await giulia.post(done, data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
        assert (await giulia.post(done, data=fields)).status_code == 303, "a repeated click does no harm"
        after = (await giulia.get(PAGE)).text
        assert "Done. You can take it back" in after
        assert "Nothing to do here" in after
        page = (await giulia.get(f"{PAGE}?state=done")).text
        undo = next(action for action in forms(page) if action.endswith("/undo"))
        answer = await giulia.post(undo, data=forms(page)[undo])
        assert answer.headers["location"] == f"{PAGE}?state=done"
        assert tale.title in (await giulia.get(PAGE)).text


async def test_putting_off_taking_and_ticking_several(desk: Running, city: str) -> None:
    tales = [Tale(title=f"Bisogno {number}") for number in range(3)]
    await told(desk, city, *[tale.registered() for tale in tales])
    async with browser(desk, city) as giulia:
        page = (await giulia.get(PAGE, params={"kind": "triage_need"})).text
        every = forms(page)
        snooze = next(action for action in every if action.endswith("/snooze"))
        answer = await giulia.post(snooze, data=every[snooze] | {"days": "7"})
        assert answer.headers["location"] == f"{PAGE}?kind=triage_need"
        page = (await giulia.get(PAGE)).text
        assert "Later (1)" in page
        take = next(action for action in forms(page) if action.endswith("/take"))
        await giulia.post(take, data=forms(page)[take])
        page = (await giulia.get(PAGE)).text
        assert "Give it back" in page
        ticks = re.findall(r'name="items\[\]" value="([^"]+)"', page)
        assert len(ticks) == 2
        every = forms(page)["/notifications/inbox/done"]
        answer = await giulia.post("/notifications/inbox/done", data=every | {"items[]": ticks})
        assert answer.status_code == 303
        assert "2 items are done." in (await giulia.get(PAGE)).text
        answer = await giulia.post("/notifications/inbox/done", data={"state": "open"})
        assert "Tick the items" in (await giulia.get(PAGE)).text
        gone = await giulia.post(f"{PAGE}/{uuid4()}/done", data={})
        assert gone.status_code == 303
        assert "changed in the meantime" in (await giulia.get(PAGE)).text


async def test_the_partial_page_is_what_the_live_list_fetches(desk: Running, city: str) -> None:
    await told(desk, city, Tale(title="Vivo").registered())
    async with browser(desk, city) as giulia:
        page = (await giulia.get(f"{PAGE}?kind=triage_need")).text
        source = re.search(r'data-live-fetch="([^"]+)"', page)
        assert source
        part = (await giulia.get(source[1].replace("&amp;", "&"))).text
        assert "Vivo" in part
        assert "<html" not in part


async def test_a_monday_with_two_hundred_items_is_paged_and_grouped(desk: Running, city: str) -> None:
    await told(desk, city, *[Tale(title=f"Bisogno {number}").registered() for number in range(120)])
    async with browser(desk, city, "it") as giulia:
        seen: set[str] = set()
        address: str | None = PAGE
        pages = 0
        while address:
            page = (await giulia.get(address)).text
            pages += 1
            seen.update(re.findall(r"«(Bisogno \d+)»", page))
            assert "Alta" in page
            following = re.search(r'href="([^"]+)" rel="next"', page)
            address = following[1].replace("&amp;", "&") if following else None
        assert len(seen) == 120
        assert pages == 3


@pytest.mark.parametrize(("language", "words"), [("it", "chiede: Laptop"), ("en", "asks for: Laptop")])
async def test_the_story_of_a_case_in_both_languages(desk: Running, city: str, language: str, words: str) -> None:
    tale = Tale()
    await told(desk, city, *tale.all())
    async with browser(desk, city, language) as giulia:
        found = (await giulia.get("/notifications/cases", params={"q": "laptop", "state": "", "department": ""})).text
        assert f'href="/notifications/cases/{tale.need}"' in found
        page = (await giulia.get(f"/notifications/cases/{tale.need}")).text
        assert words in page
        assert page.count("<time") == len(tale.all())
        assert f'href="/intake/needs/{tale.need}"' in page
        assert f'href="/agreements/files/{tale.agreement}"' in page
        assert "/impact/plans/" in page
        assert (await giulia.get(f"/notifications/cases/{tale.giver}")).status_code == 200
        assert (await giulia.get(f"/notifications/cases/{uuid4()}")).status_code == 404
        assert "niente" in found or "Nothing" not in found


async def test_somebody_elses_case_looks_like_none(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, *tale.until_proposals())
    async with desk.client(officer("elsewhere", city), Accept="text/html") as other:
        assert (await other.get(f"/notifications/cases/{tale.need}")).status_code == 404
        assert tale.title not in (await other.get("/notifications/cases")).text
