"""The desk's pages, used as people without scripts use them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from services.agreements.tests.story import (
    GUIDE,
    LEGAL,
    SIGNATORY,
    STRANGER,
    Story,
    donation,
    giver_of,
    partner,
)

pytestmark = pytest.mark.integration


async def page(story: Story, actor: Any, address: str) -> str:
    answer = await story.as_(actor).get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


async def send(story: Story, actor: Any, address: str, **data: Any) -> httpx.Response:
    return await story.as_(actor).post(address, data=data, headers={"Accept": "text/html"})


async def test_a_file_is_filled_in_approved_and_signed_on_the_page(story: Story) -> None:
    match = donation()
    one = (await story.file_of(match))["agreement_id"]
    at = f"/agreements/files/{one}"
    assert "Choose the legal instrument" in await page(story, GUIDE, at)

    assert (await send(story, GUIDE, f"{at}/instrument", instrument="donazione")).status_code == 303
    shown = await page(story, GUIDE, at)
    assert "terms.modest_value" in shown
    terms = {"terms.modest_value": "Modico", "terms.acceptance": "Determina 12", "valid_to": "2099-12-31"}
    assert (await send(story, GUIDE, f"{at}/terms", **terms, language="it")).status_code == 303
    plan = {"summary": "Comunicato", "channels": "sito web, stampa", "logo_approved": "true"}
    assert (await send(story, GUIDE, f"{at}/communication-plan", **plan)).status_code == 303
    rows = {
        "indicators.0.code": "children",
        "indicators.0.title_it": "Bambini",
        "indicators.0.title_en": "Children",
        "indicators.0.unit": "IE",
        "indicators.0.target": "300",
        "indicators.1.code": "",
        "indicators.1.unit": "",
    }
    assert (await send(story, GUIDE, f"{at}/impact-plan", **rows)).status_code == 303
    uploaded = await story.as_(GUIDE).post(
        f"{at}/documents",
        data={"kind": "item_list", "document_title": "Elenco"},
        files={"upload": ("elenco.pdf", b"%PDF-1.4 x", "application/pdf")},
        headers={"Accept": "text/html"},
    )
    assert uploaded.status_code == 303, uploaded.text
    assert (await send(story, GUIDE, f"{at}/submit")).status_code == 303
    assert (await send(story, LEGAL, f"{at}/approve")).status_code == 303
    assert (await send(story, partner(giver_of(match)), f"{at}/sign")).status_code == 303
    assert (await send(story, SIGNATORY, f"{at}/sign")).status_code == 303
    file = await story.get(one)
    assert file["state"] == "active"
    assert file["communication_plan"]["channels"] == ["sito_web", "stampa"]
    assert [indicator["code"] for indicator in file["impact_plan"]["indicators"]] == ["children"]
    assert file["documents"][0]["file_name"] == "elenco.pdf"
    filed = await story.as_(GUIDE).get(
        f"/agreements/api/v1/agreements/{one}/documents/{file['documents'][0]['document_id']}"
    )
    assert filed.content == b"%PDF-1.4 x"
    assert match.need_title.replace("'", "&#39;") in (await story.desk.client().get("/agreements/register")).text


async def test_an_incomplete_file_says_on_the_page_what_is_missing(story: Story) -> None:
    one = (await story.file_of(donation()))["agreement_id"]
    refused = await send(story, GUIDE, f"/agreements/files/{one}/submit")
    assert refused.status_code == 422
    assert "The file is not complete" in refused.text
    wrong = await send(story, GUIDE, f"/agreements/files/{one}/impact-plan", **{"indicators.0.code": "Not a code"})
    assert wrong.status_code == 422
    assert "field-indicators-0-code-error" in wrong.text


async def test_the_forms_of_a_page_do_what_they_say_once(story: Story) -> None:
    one = (await story.file_of(donation()))["agreement_id"]
    shown = await page(story, GUIDE, f"/agreements/files/{one}")
    key = re.findall(r'name="idempotency_key" value="([^"]+)"', shown)[0]
    for _ in range(2):
        answer = await send(
            story,
            GUIDE,
            f"/agreements/files/{one}/instrument",
            instrument="donazione",
            version="1",
            idempotency_key=key,
        )
        assert answer.status_code == 303
    stale = await send(story, GUIDE, f"/agreements/files/{one}/instrument", instrument="donazione", version="1")
    assert stale.status_code == 412


async def test_the_desk_shows_who_waits_first_and_filters(story: Story) -> None:
    waiting = await story.filled(donation(need_title="Aspetta la revisione"))
    await story.done(waiting, "submit", GUIDE)
    await story.file_of(donation(need_title="Appena aperto"))
    shown = await page(story, LEGAL, "/agreements/desk")
    assert shown.index("Aspetta la revisione") < shown.index("Appena aperto")
    assert "Appena aperto" not in await page(story, LEGAL, "/agreements/desk?q=revisione")
    assert "No file fits this filter." in await page(story, LEGAL, "/agreements/desk?q=zzz")
    assert "There is no open file" in await page(story, STRANGER, "/agreements/desk")


async def test_an_amount_beyond_all_measure_is_no_error_page(story: Story) -> None:
    assert "Agreement files" in await page(story, LEGAL, "/agreements/desk?value_from=" + "9" * 5000)


async def test_whoever_has_no_business_with_a_file_does_not_see_it(story: Story) -> None:
    one = (await story.file_of(donation()))["agreement_id"]
    hidden = await story.as_(STRANGER).get(f"/agreements/files/{one}", headers={"Accept": "text/html"})
    assert hidden.status_code == 404
    guest = await story.desk.client().get(f"/agreements/files/{one}", headers={"Accept": "text/html"})
    assert guest.status_code == 401


async def test_pages_speak_italian(story: Story) -> None:
    one = await story.filled(donation())
    for address in ("/agreements/desk?lang=it", f"/agreements/files/{one}?lang=it", "/agreements/register?lang=it"):
        shown = await page(story, LEGAL, address)
        assert '<html lang="it">' in shown
    assert "Che cosa fare" in await page(story, LEGAL, f"/agreements/files/{one}?lang=it")
