"""The page of changes: what an officer sees and sends, step by step."""

from __future__ import annotations

import re

import pytest

from chassis.testing import eventually
from services.agreements.tests.story import DONATION_TERMS, GUIDE, LEGAL, SIGNATORY, Story, donation, giver_of, partner
from services.agreements.tests.test_pages import page, send
from services.agreements.tests.test_several import triangle

pytestmark = pytest.mark.integration


async def test_an_amendment_is_proposed_approved_and_signed_on_the_page(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    here = f"/agreements/files/{one}"
    assert f"{here}/changes" in await page(story, GUIDE, here)
    shown = await page(story, GUIDE, f"{here}/changes")
    assert "Amend the agreement" in shown
    assert 'value="3000"' in shown
    kept = {"quantities.0.position": "0"} | {f"terms.{code}": text for code, text in DONATION_TERMS.items()}
    more = await send(story, GUIDE, f"{here}/amend", reason="di più", **kept | {"quantities.0.quantity": "4000"})
    assert more.status_code == 422
    assert "field-amend-quantities-0-quantity-error" in more.text
    less = {**kept, "quantities.0.quantity": "2400", "terms.acceptance": "Determina 99/2026"}
    done = await send(story, GUIDE, f"{here}/amend", reason="Il donatore riduce", **less)
    assert done.status_code == 303
    assert done.headers["location"].endswith("/changes")
    shown = await page(story, LEGAL, f"{here}/changes")
    assert "Determina 12/2026" in shown
    assert "Determina 99/2026" in shown
    for act, who in (("submit", GUIDE), ("approve", LEGAL), ("sign", partner(giver_of(match))), ("sign", SIGNATORY)):
        answer = await send(story, who, f"{here}/amendments/1/{act}")
        assert answer.status_code == 303, answer.text
    assert (await story.get(one))["allocations"][0]["quantity"] == "2400"
    assert "Amendment no. 1" in await page(story, GUIDE, f"{here}/changes")


async def test_days_and_reasons_are_asked_for_at_their_fields(story: Story) -> None:
    one = await story.signed(donation())
    here = f"/agreements/files/{one}"
    missing = await send(story, LEGAL, f"{here}/end", reason="", effective_on="2999-01-01")
    assert "field-end-reason-error" in missing.text
    past = await send(story, LEGAL, f"{here}/suspend", reason="lavori", until="2020-01-01")
    assert "field-suspend-until-error" in past.text
    decided = await send(story, LEGAL, f"{here}/end", reason="si scioglie", effective_on="2990-01-01")
    assert decided.status_code == 303
    assert "It was decided that this agreement ends" in await page(story, LEGAL, here)
    assert (await send(story, LEGAL, f"{here}/keep-on")).status_code == 303
    dropped = await send(story, GUIDE, f"{here}/amendments/1/withdraw", reason="non serve")
    assert dropped.status_code == 409


async def test_a_draft_is_divided_on_the_page(story: Story) -> None:
    match = triangle()
    one = (await story.file_of(match))["agreement_id"]
    here = f"/agreements/files/{one}"
    assert "Lines of the new agreement" in await page(story, GUIDE, f"{here}/changes")
    none = await send(story, GUIDE, f"{here}/split")
    assert "field-split-allocations-error" in none.text
    assert (await send(story, GUIDE, f"{here}/split", **{"allocations[]": "1"})).status_code == 303

    async def two() -> bool:
        found = await story.as_(LEGAL).get("/agreements/api/v1/agreements", params={"match": str(match.match_id)})
        return len(found.json()["items"]) == 2

    await eventually(two)
    assert "Other agreements of the same match" in await page(story, GUIDE, f"{here}/changes")


async def test_the_desk_groups_by_deadline_filters_and_gives_a_table(story: Story) -> None:
    title = "=Cena, solidale"
    one = await story.signed(donation(need_title=title))
    listed = await story.as_(LEGAL).get(
        "/agreements/api/v1/agreements", params={"q": "cena, sol", "sort": "deadline", "group": "waiting"}
    )
    assert [row["agreement_id"] for row in listed.json()["items"]] == [one]
    shown = await page(story, LEGAL, "/agreements/desk?q=cena&sort=title&owner=legal&ends_within=90&value_from=10")
    assert "No file fits this filter." in shown
    shown = await page(story, LEGAL, "/agreements/desk?q=fondazione+bracco&group=waiting")
    assert "Cena, solidale" in shown
    table = await story.as_(LEGAL).get("/agreements/api/v1/agreements.csv", params={"q": "cena"})
    assert table.headers["content-type"].startswith("text/csv")
    assert re.search(r'"\'=Cena, solidale"', table.text), "a spreadsheet takes it for text"
    assert "Part of this address makes no sense" in await page(story, LEGAL, "/agreements/desk?owner=nobody")


async def test_a_list_goes_on_where_it_stopped_whatever_its_order(story: Story) -> None:
    for number in range(4):
        await story.file_of(donation(need_title=f"Ordine {number}"))
    for sort in ("newest", "deadline", "value", "title"):
        whole = await story.as_(LEGAL).get("/agreements/api/v1/agreements", params={"sort": sort, "q": "ordine"})
        found, after = [], None
        for _ in range(5):
            query = {"sort": sort, "q": "ordine", "limit": "1"} | ({"after": after} if after else {})
            answer = (await story.as_(LEGAL).get("/agreements/api/v1/agreements", params=query)).json()
            found += [row["agreement_id"] for row in answer["items"]]
            after = answer["next"]
            if after is None:
                break
        assert found == [row["agreement_id"] for row in whole.json()["items"]]
        assert len(found) == 4
