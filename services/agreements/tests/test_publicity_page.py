"""What is public of a file, worked on from its page without scripts."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from services.agreements.tests.story import GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_publication import sponsored

pytestmark = pytest.mark.integration
TERM = "public_notice_on"
HTML = {"Accept": "text/html"}


async def send(story: Story, at: str, **data: Any) -> httpx.Response:
    return await story.as_(LEGAL).post(at, data=data, headers=HTML)


async def shown(story: Story, at: str, lang: str = "en") -> str:
    answer = await story.as_(LEGAL).get(f"{at}?lang={lang}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_a_notice_is_published_corrected_and_withdrawn_on_the_page(story: Story) -> None:
    one, _ = await sponsored(story, "Un murale")
    at = f"/agreements/files/{one}/publicity"
    page = await shown(story, at)
    words = dict.fromkeys(("title_it", "title_en", "text_it", "text_en", "write_to"), "Parole") | {"term": TERM}
    assert "Un murale" in page
    assert (await send(story, f"{at}/notice", **words, published_on="2020-01-01")).status_code == 422
    wrong = await send(story, f"{at}/notice", **(words | {"title_en": ""}))
    assert wrong.status_code == 422
    assert f"field-notice_{TERM}-title_en-error" in wrong.text
    assert "Parole" in wrong.text
    key = re.findall(r'name="idempotency_key" value="([^"]+)"', page)[0]
    for _again in range(2):
        answer = await send(story, f"{at}/notice", **words, idempotency_key=key)
        assert answer.status_code == 303, answer.text
    [notice] = (await story.get(one))["notices"]
    public = f"/agreements/notices/{notice['notice_id']}"
    assert "Parole" in (await story.desk.client().get(public, headers=HTML)).text

    end = f"{at}/notices/{notice['notice_id']}"
    assert "Say why" in (await send(story, f"{end}/correct", **words)).text
    corrected = await send(story, f"{end}/correct", **words, reason="Importo sbagliato")
    assert corrected.status_code == 303, corrected.text
    page = (await story.desk.client().get(public, headers=HTML)).text
    assert "Importo sbagliato" in page
    [second] = (await story.get(one))["notices"]
    assert f"/agreements/notices/{second['notice_id']}" in page
    end = f"{at}/notices/{second['notice_id']}"
    assert (await send(story, f"{end}/withdraw", term=TERM, reason="")).status_code == 422
    assert (await send(story, f"{end}/withdraw", term=TERM, reason="Proposta ritirata")).status_code == 303
    assert (await send(story, f"{end}/withdraw", term=TERM, reason="Due volte")).status_code == 409
    assert "Withdrawn" in await shown(story, at)
    assert "[Withdrawn]" in (await story.desk.client().get("/agreements/api/v1/notices.atom")).text


async def test_words_are_hidden_shown_and_erased_on_the_page(story: Story) -> None:
    title = "Per una persona"
    one = await story.signed(donation(need_title=title))
    at = f"/agreements/files/{one}/publicity"
    assert "Nothing is hidden." in await shown(story, at)
    nothing = await send(story, f"{at}/hide", reason="Salute")
    assert nothing.status_code == 422
    body = {"which[]": ["subject", "parties"], "reason": "Salute", "basis": "art. 26 c. 4 D.Lgs. 33/2013"}
    assert (await send(story, f"{at}/hide", **body)).status_code == 303
    register = "/agreements/register"
    assert title not in (await story.desk.client().get(register, headers=HTML)).text
    assert (await send(story, f"{at}/show", **{"which[]": ["subject"], "reason": "Consenso"})).status_code == 303
    assert title in (await story.desk.client().get(register, headers=HTML)).text
    assert (await send(story, f"{at}/hide", **body, erase="true")).status_code == 303
    page = await shown(story, at)
    assert "erased for good" in page
    assert "Show again" not in page
    assert title not in (await story.desk.client().get(register, headers=HTML)).text


async def test_the_page_is_the_legal_offices(story: Story) -> None:
    one = (await story.file_of(donation()))["agreement_id"]
    at = f"/agreements/files/{one}/publicity"
    assert (await story.as_(GUIDE).get(at, headers=HTML)).status_code == 403
    assert (await story.desk.client().get(at, headers=HTML)).status_code == 401
    assert "asks for no public notice" in await shown(story, at)
    link = f'href="{at}"'
    assert link in (await story.as_(LEGAL).get(f"/agreements/files/{one}", headers=HTML)).text
    assert link not in (await story.as_(GUIDE).get(f"/agreements/files/{one}", headers=HTML)).text
