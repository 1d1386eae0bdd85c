"""The clause library: wordings found in instruments, order in a draft, and one change for all that have a clause."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth import Actor
from services.agreements.domain.clauses import found_by, in_order, library, placed, reordered
from services.agreements.domain.instruments import Clause
from services.agreements.domain.rules import Bilingual
from services.agreements.tests.story import GUIDE, Story
from services.agreements.tests.test_file_page import fields
from services.agreements.tests.test_pages import page
from services.agreements.tests.test_toolkit import SPONSOR
from services.agreements.tests.test_toolkit_desk import WHY, done, file_of, lawyer, post, today
from services.agreements.tests.test_toolkit_desk import versions as versions_of

API = "/agreements/api/v1/clauses"
NEW = {
    "code": "anti_corruption",
    "heading": {"it": "Integrità", "en": "Integrity"},
    "text": {"it": "Le parti rispettano il codice di comportamento.", "en": "The parties keep to the code of conduct."},
    "source": "DPR 62/2013",
    "certainty": "C",
} | WHY
WORDS = {
    "heading": {"it": "Recesso", "en": "Withdrawal"},
    "text": {"it": "Si recede con sessanta giorni di preavviso.", "en": "Sixty days' notice is given."},
} | WHY
CHANGED = {
    "heading.it": "Dati", "heading.en": "Data", "text.it": "Nuovo testo.", "text.en": "New words.", **WHY,
}  # fmt: skip
HAVE_WITHDRAWAL = {
    "sponsorizzazione", "concessione_comodato", "patto_di_collaborazione", "accordo_di_collaborazione",
    "accordo_di_partenariato", "accordo_di_co_produzione",
}  # fmt: skip


def clause(code: str, text: str = "x") -> Clause:
    return Clause(code=code, heading=Bilingual(it=code, en=code), text=Bilingual(it=text, en=text))


def test_the_same_words_are_one_wording_and_others_stand_beside_them() -> None:
    other = SPONSOR.model_copy(update={"code": "other", "clauses": (clause("vat", "{vat}!"), SPONSOR.clauses[-1])})
    found = {one.code: one for one in library([(SPONSOR, "in_force"), (other, "draft")], [])}
    assert [use.instrument for use in found["register"].wordings[0].uses] == [SPONSOR.code, "other"]
    assert not found["register"].wordings_differ
    assert found["vat"].wordings_differ
    assert [one.terms for one in found["vat"].wordings] == [("vat",), ("vat",)]
    assert found["vat"].wording(None) is None
    assert found["vat"].wording(found["vat"].wordings[1].id) is found["vat"].wordings[1]
    assert {one.code for one in found_by(tuple(found.values()), "REGISTRO pubblico")} == {"register"}


@given(st.permutations(list("abcdef")))
def test_an_order_is_kept_and_told(order: list[str]) -> None:
    before = tuple(clause(code) for code in "abcdef")
    after = in_order(before, order)
    assert [one.code for one in after] == order
    assert (reordered(before, after) is None) == (order == list("abcdef"))
    assert in_order(before, order[:2])[:2] == after[:2]


def test_a_clause_comes_to_stand_where_it_is_put() -> None:
    for here, there in permutations(range(1, 6), 2):
        moved = "abcde"[here - 1]
        order = placed(tuple("abcde"), {moved: there})
        assert order.index(moved) == there - 1
        assert [code for code in order if code != moved] == [code for code in "abcde" if code != moved]


def test_adding_at_the_end_and_taking_away_are_no_other_order() -> None:
    before = tuple(clause(code) for code in "abc")
    assert reordered(before, (clause("a"), clause("c"), clause("d"))) is None
    assert reordered(before, (clause("d"), clause("a"), clause("b"), clause("c"))) == ("a; b; c", "d; a; b; c")


async def get(story: Story, actor: Actor, path: str = "", **params: str) -> dict[str, Any]:
    answer = await story.as_(actor).get(f"{API}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def send(story: Story, actor: Actor, path: str, body: Any, **headers: str) -> httpx.Response:
    return await story.as_(actor).post(f"{API}{path}", json=body, headers=headers)


@pytest.mark.integration
async def test_the_library_is_what_the_instruments_in_force_say(story: Story) -> None:
    actor = lawyer()
    found = {one["code"]: one for one in (await get(story, actor))["items"]}
    assert {use["instrument"] for use in found["withdrawal"]["wordings"][0]["uses"]} >= {"sponsorizzazione"}
    assert {(use["version"], use["status"]) for use in found["privacy"]["wordings"][0]["uses"]} == {(2, "in_force")}
    assert len(found["privacy"]["wordings"][0]["uses"]) == 7
    assert found["form"]["wordings_differ"]
    assert [one["code"] for one in (await get(story, actor, q="2016/679"))["items"]] == ["privacy"]
    assert (await story.as_(GUIDE).get(API)).status_code == 403
    assert (await send(story, GUIDE, "", NEW)).status_code == 403


@pytest.mark.integration
async def test_a_clause_is_kept_taken_into_a_draft_moved_and_removed(story: Story) -> None:
    actor = lawyer()
    assert (await send(story, actor, "", NEW)).status_code == 201
    again = await send(story, actor, "", NEW)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/code")
    await done(story, actor, "donazione/versions", WHY)
    taken = await done(story, actor, "donazione/draft/clauses", {"clause": "anti_corruption", "position": 2})
    assert taken["record"]["clauses"][1] == {name: NEW[name] for name in NEW if name != "reason"}
    assert {one["pointer"] for one in taken["differences"]} == {"/clauses/anti_corruption", "/clause_order"}
    twice = await post(story, actor, "donazione/draft/clauses", {"clause": "anti_corruption"})
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "already-there")
    moved = await done(story, actor, "donazione/draft", {"clause_order": ["register"]})
    assert [one["code"] for one in moved["record"]["clauses"][:3]] == ["register", "gift", "anti_corruption"]
    wrong = await post(story, actor, "donazione/draft", {"clause_order": ["nothing", "gift", "gift"]})
    assert [one["code"] for one in wrong.json()["errors"]] == ["unknown-code", "twice"]
    gone = await done(story, actor, "donazione/draft", {"without_clauses": ["anti_corruption"]})
    assert "anti_corruption" not in {one["code"] for one in gone["record"]["clauses"]}
    assert (await send(story, actor, "/anti_corruption/remove", WHY)).status_code == 204
    assert (await story.as_(actor).get(f"{API}/anti_corruption")).status_code == 404
    assert [one["act"] for one in (await get(story, actor, "/anti_corruption/history"))["items"]] == ["removed", "kept"]
    assert (await send(story, actor, "/privacy/remove", WHY)).status_code == 409


@pytest.mark.integration
async def test_a_clause_that_names_a_term_the_instrument_lacks_is_refused_with_the_reason(story: Story) -> None:
    actor = lawyer()
    await done(story, actor, "donazione/versions", WHY)
    refused = await post(story, actor, "donazione/draft/clauses", {"clause": "rights"})
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/clause", "unknown-term")
    assert "{rights}" in fault["message_it"]
    several = await post(story, actor, "donazione/draft/clauses", {"clause": "spaces", "wording": "0" * 12})
    assert several.json()["errors"][0]["pointer"] == "/wording"
    assert (await post(story, actor, "donazione/draft/clauses", {"clause": "none"})).status_code == 422
    assert (await post(story, actor, "sponsorizzazione/draft/clauses", {"clause": "rights"})).status_code == 404


@pytest.mark.integration
async def test_one_change_opens_or_continues_a_draft_of_each_and_changes_no_file(story: Story) -> None:
    actor = lawyer()
    open_file = await file_of(story, actor)
    await story.done(open_file, "instrument", lawyer(actor.city), {"instrument": "sponsorizzazione"})
    seen = (await story.as_(actor).get(f"/agreements/api/v1/agreements/{open_file}")).json()
    await done(story, actor, "sponsorizzazione/versions", WHY)
    await done(story, actor, "sponsorizzazione/draft", {"certainty": "B"})
    changed = await send(story, actor, "/withdrawal", WORDS | {"instruments": sorted(HAVE_WITHDRAWAL)})
    assert changed.status_code == 200, changed.text
    new = next(one for one in changed.json()["wordings"] if one["text"] == WORDS["text"])
    assert {(use["instrument"], use["status"]) for use in new["uses"]} == {(code, "draft") for code in HAVE_WITHDRAWAL}
    # What was in the draft stays; nothing counts before it is published, each by itself.
    sponsor = (await story.as_(actor).get("/agreements/api/v1/instruments/sponsorizzazione/versions")).json()["draft"]
    assert {one["pointer"].split("/")[1] for one in sponsor["differences"]} == {"certainty", "clauses"}
    day = (today() + timedelta(9)).isoformat()
    await done(story, actor, "accordo_di_partenariato/draft/publish", WHY | {"valid_from": day})
    assert (await versions_of(story, actor, "accordo_di_partenariato"))[:2] == [(3, "coming"), (2, "in_force")]
    assert (await versions_of(story, actor, "sponsorizzazione"))[0] == (2, "in_force")
    assert (await story.as_(actor).get(f"/agreements/api/v1/agreements/{open_file}")).json() == seen
    same = await send(story, actor, "/withdrawal", WORDS | {"instruments": sorted(HAVE_WITHDRAWAL)})
    assert (same.status_code, same.json()["code"]) == (409, "no-difference")
    noted = (await story.as_(actor).get("/agreements/api/v1/instruments/sponsorizzazione/history")).json()["items"]
    assert "/clauses/withdrawal/text/it" in noted[0]["note"]
    assert noted[1]["note"] == WHY["reason"]


@pytest.mark.integration
async def test_a_change_that_one_instrument_cannot_have_is_made_nowhere(story: Story) -> None:
    actor = lawyer()
    text = {"it": "Secondo {vat}.", "en": "By {vat}."}
    refused = await send(story, actor, "/privacy", WORDS | {"text": text})
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/text/it", "/text/en"}
    assert any("Donazione" in one["message_it"] for one in refused.json()["errors"])
    assert not any("Sponsor" in one["message_it"] for one in refused.json()["errors"])
    assert {use["status"] for use in (await get(story, actor, "/privacy"))["wordings"][0]["uses"]} == {"in_force"}
    differing = await send(story, actor, "/form", WORDS)
    assert (differing.status_code, differing.json()["errors"][0]["pointer"]) == (422, "/instruments")
    absent = await send(story, actor, "/vat", WORDS | {"instruments": ["donazione"]})
    assert (absent.status_code, absent.json()["errors"][0]["code"]) == (422, "not-there")


@pytest.mark.integration
async def test_who_read_an_older_clause_does_not_overwrite_the_newer(story: Story) -> None:
    actor = lawyer()
    seen = (await story.as_(actor).get(f"{API}/privacy")).headers["etag"]
    assert (await send(story, actor, "/privacy", WORDS, **{"If-Match": seen})).status_code == 200
    late = WORDS | {"text": {"it": "Altro testo.", "en": "Other words."}}
    assert (await send(story, actor, "/privacy", late, **{"If-Match": seen})).status_code == 412


@pytest.mark.integration
async def test_the_library_s_pages_show_search_change_and_refuse(story: Story) -> None:
    actor = lawyer()
    at = "/agreements/toolkit/clauses"
    assert "privacy" in await page(story, actor, at)
    assert "clauses/vat" not in await page(story, actor, f"{at}?q=2016/679")
    assert "No clause has these words" in await page(story, actor, f"{at}?q=xyz")
    kept = {"code": "integrity", "heading.it": "Integrità", "heading.en": "Integrity", "text.it": "Con {vat}."}
    wrong = await form(story, actor, at, **kept, reason="Serve")
    assert wrong.status_code == 422
    assert 'id="field-keep-text-en-error"' in wrong.text
    assert "Con {vat}." in wrong.text
    kept |= {"text.en": "With {vat}.", "reason": "Serve", "certainty": "C"}
    assert (await form(story, actor, at, **kept)).status_code == 303
    assert "No instrument says this yet" in await page(story, actor, f"{at}/integrity")

    # Where instruments say different things, both stand side by side.
    differing = await page(story, actor, f"{at}/form")
    assert "Wording 2" in differing
    nothing = await form(story, actor, f"{at}/form/change", **CHANGED)
    assert (nothing.status_code, 'id="field-change-instruments-error"' in nothing.text) == (422, True)
    state = re.search(r'name="revision" value="(\d+)"', await page(story, actor, f"{at}/privacy"))
    chosen = CHANGED | {"instruments[]": ["donazione", "sponsorizzazione"], "revision": state and state[1]}
    assert (await form(story, actor, f"{at}/privacy/change", **chosen)).status_code == 303
    late = await form(story, actor, f"{at}/privacy/change", **(chosen | {"text.it": "Scritto invano."}))
    assert (late.status_code, "Scritto invano." in late.text) == (412, True)
    for none in ("²", "9" * 5000, "x"):
        assert (await form(story, actor, f"{at}/privacy/change", **(chosen | {"revision": none}))).status_code == 412
    assert "draft" in await page(story, actor, f"{at}/privacy")

    # Taken into a draft that lacks the term: refused at the field; into one that has it: there, where it was put.
    option = re.search(r'value="(integrity:\w{12})"', await page(story, actor, "/agreements/toolkit/donazione"))
    assert option
    refused = await form(story, actor, "/agreements/toolkit/donazione/take", clause=option[1])
    assert (refused.status_code, 'id="field-take-clause-error"' in refused.text) == (422, True)
    taken = await form(story, actor, "/agreements/toolkit/sponsorizzazione/take", clause=option[1], position="1")
    assert taken.status_code == 303
    shown = await page(story, actor, "/agreements/toolkit/sponsorizzazione")
    assert "1. Integrity" in shown
    assert "Order of the clauses" in shown
    sent = fields(shown) | {"clauses.integrity.position": "3"}
    assert (await form(story, actor, "/agreements/toolkit/sponsorizzazione/edit", **sent)).status_code == 303
    assert "3. Integrity" in await page(story, actor, "/agreements/toolkit/sponsorizzazione")
    assert (await form(story, actor, f"{at}/integrity/remove", reason="Non serve")).status_code == 303
    assert (await story.as_(GUIDE).get(at, headers={"Accept": "text/html"})).status_code == 403


async def form(story: Story, actor: Actor, address: str, **data: Any) -> httpx.Response:
    return await story.as_(actor).post(address, data=data, headers={"Accept": "text/html"})
