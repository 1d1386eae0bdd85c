"""What goes with a file, over the API: proposal, risks, timeline, documents, overrides, comments, history."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest

from chassis.auth import Actor
from chassis.testing import eventually
from services.agreements.handlers.desk import CITY_TIME
from services.agreements.tests.story import (
    CITY,
    DEPARTMENT,
    EDUCATION,
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

RISK = {"kind": "disengagement", "text": "Il partner cambia idea", "level": "medium", "mitigation": "Tappe brevi"}
NOBODY = "00000000-0000-7000-8000-000000000000"
WHY = "Polizza quadro del Comune già in vigore"
PACT_TERMS = {
    "shared_place": "Giardino", "duration": "Un anno", "monitoring": "Ogni trimestre", "withdrawal": "Trenta giorni",
    "gifts": "Nessuna", "transparency": "Relazione annuale",
}  # fmt: skip


async def a_file(story: Story, **match: Any) -> str:
    return str((await story.file_of(donation(**match)))["agreement_id"])


async def a_pact_without_insurance(story: Story) -> str:
    """Everything is there but the insurance."""
    return await story.filled(donation(), "patto_di_collaborazione", PACT_TERMS)


async def row(story: Story, agreement_id: str) -> Any:
    async with story.desk.app.state.units.reading() as store:
        connection = store.files._connection
        return await connection.fetchrow(
            "SELECT due_on, owner FROM agreement WHERE city = $1 AND agreement_id = $2", CITY, agreement_id
        )


async def test_the_proposal_knows_the_kinds_of_the_organisations(story: Story) -> None:
    match = donation()
    one = (await story.file_of(match))["agreement_id"]
    address = f"/agreements/api/v1/agreements/{one}/instrument-proposal"
    answer = await story.as_(GUIDE).get(address)
    assert answer.status_code == 200
    assert [found["code"] for found in answer.json() if found["fits"]] == ["donazione"]
    await story.announced(giver_of(match), "Ente", "public_body")

    async def known() -> bool:
        found = (await story.as_(GUIDE).get(address)).json()
        return any(one["code"] == "accordo_di_collaborazione" and one["fits"] for one in found)

    await eventually(known)
    assert (await story.as_(STRANGER).get(address)).status_code == 404


async def test_risks_and_timeline_are_set_and_milestones_reached(story: Story) -> None:
    one = await a_file(story)
    warned = {check["code"] for check in (await story.get(one))["checks"] if not check["closed"]}
    assert {"risks", "timeline", "responsibilities"} <= warned
    file = await story.done(one, "risks", GUIDE, {"risks": [RISK | {"party_id": EDUCATION}]})
    assert file["risks"][0]["kind"] == "disengagement"
    days = [(datetime.now(CITY_TIME).date() + timedelta(number)).isoformat() for number in (50, 55, 200)]
    milestones = [{"title": "Fine", "due_on": days[2]}, {"title": "Avvio", "due_on": days[0]}]
    file = await story.done(one, "timeline", GUIDE, {"milestones": milestones})
    assert [found["title"] for found in file["milestones"]] == ["Avvio", "Fine"]
    first = file["milestones"][0]
    file = await story.done(one, f"timeline/{first['milestone_id']}", DEPARTMENT, {"done": True})
    assert file["milestones"][0]["done_on"] == datetime.now(CITY_TIME).date().isoformat()
    kept = {"milestone_id": first["milestone_id"], "title": "Avvio dei lavori", "due_on": days[1]}
    file = await story.done(one, "timeline", GUIDE, {"milestones": [kept]})
    assert [(found["title"], bool(found["done_on"])) for found in file["milestones"]] == [("Avvio dei lavori", True)]
    file = await story.done(one, f"timeline/{first['milestone_id']}", DEPARTMENT, {"done": False})
    assert file["milestones"][0]["done_on"] is None
    assert not {"risks", "timeline"} & {check["code"] for check in file["checks"] if not check["closed"]}


@pytest.mark.parametrize(
    ("act", "body", "pointer"),
    [
        ("risks", {"risks": [RISK | {"party_id": "stakeholder:nobody"}]}, "/risks/0/party_id"),
        ("risks", {"risks": [RISK | {"kind": "astral"}]}, "/risks/0/kind"),
        ("timeline", {"milestones": [{"title": "x", "due_on": "1800-01-01"}]}, "/milestones/0/due_on"),
        (
            "timeline",
            {"milestones": [{"title": "x", "due_on": "2027-01-01", "milestone_id": NOBODY}]},
            "/milestones/0/milestone_id",
        ),
        ("overrides", {"check": "acceptance", "reason": "corta"}, "/reason"),
        ("overrides", {"check": "vat", "reason": WHY}, "/check"),
        ("comments", {"words": "x", "reply_to": NOBODY}, "/reply_to"),
        (f"documents/{NOBODY}/remove", None, "/document_id"),
        (f"timeline/{NOBODY}", {"done": True}, "/milestone_id"),
    ],
)
async def test_what_is_wrong_is_named_with_its_field(story: Story, act: str, body: Any, pointer: str) -> None:
    one = await a_file(story)
    refused = await story.post(one, act, LEGAL, body)
    assert refused.status_code == 422, refused.text
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


async def test_nothing_goes_to_review_with_an_open_check_unless_it_was_set_aside(story: Story) -> None:
    one = await a_pact_without_insurance(story)
    refused = await story.post(one, "submit", GUIDE)
    assert (refused.status_code, [e["code"] for e in refused.json()["errors"]]) == (422, ["insurance"])
    body = {"check": "insurance", "reason": WHY}
    assert (await story.post(one, "overrides", GUIDE, body)).status_code == 403
    file = await story.done(one, "overrides", LEGAL, body)
    assert file["open_checks"] == 0
    assert (file["overrides"][0]["by"], file["overrides"][0]["role"]) == (LEGAL.subject, "legal")
    await story.done(one, "submit", GUIDE)
    back = await story.done(one, "overrides/revoke", LEGAL, {"check": "insurance", "reason": "La polizza è scaduta"})
    assert back["open_checks"] == 1
    assert (await story.post(one, "approve", LEGAL)).status_code == 422
    await story.done(one, "overrides", LEGAL, body)
    file = await story.done(one, "approve", LEGAL)
    assert [mark["revoked_by"] for mark in file["overrides"]] == [LEGAL.subject, None]
    history = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/history")).json()["items"]
    notes = [line["note"] for line in history if line["act"].startswith("override")]
    assert len(notes) == 3
    assert WHY in notes[0]
    late = await story.post(one, "overrides/revoke", LEGAL, {"check": "insurance", "reason": "La polizza è scaduta"})
    assert late.status_code == 409


async def test_the_deed_of_a_donation_is_never_set_aside(story: Story) -> None:
    one = await a_file(story)
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione", "terms": {"acceptance": "Determina"}})
    refused = await story.post(one, "overrides", LEGAL, {"check": "form", "reason": WHY})
    assert (refused.status_code, refused.json()["code"]) == (409, "firm")
    assert "art. 782" in refused.text


async def test_documents_are_taken_out_and_replaced_until_the_file_is_handed_in(story: Story) -> None:
    one = await story.filled(donation())
    upload = {"name": "elenco.txt", "media_type": "text/plain", "content": base64.b64encode(b"uno").decode()}
    body = {"kind": "item_list", "title": "Elenco", "file": upload}
    file = await story.done(one, "documents", GUIDE, body)
    first = file["documents"][0]["document_id"]
    slot = next(slot for slot in file["checklist"] if slot["code"] == "item_list")
    assert slot["documents"] == [first]
    newer = body | {"file": upload | {"content": base64.b64encode(b"due").decode()}}
    file = await story.done(one, f"documents/{first}/replace", GUIDE, newer)
    second = file["documents"][0]["document_id"]
    assert (len(file["documents"]), second == first) == (1, False)
    address = f"/agreements/api/v1/agreements/{one}/documents"
    assert (await story.as_(GUIDE).get(f"{address}/{second}")).content == b"due"
    assert (await story.as_(GUIDE).get(f"{address}/{first}")).status_code == 404
    file = await story.done(one, f"documents/{second}/remove", GUIDE)
    assert file["documents"] == []
    kept = (await story.done(one, "documents", GUIDE, body))["documents"][0]["document_id"]
    await story.done(one, "submit", GUIDE)
    for act, content in (("remove", None), ("replace", body)):
        refused = await story.post(one, f"documents/{kept}/{act}", GUIDE, content)
        assert (refused.status_code, refused.json()["code"]) == (409, "handed-in")


async def test_the_next_step_stands_in_the_row_for_lists(story: Story) -> None:
    one = await a_file(story)
    today = datetime.now(CITY_TIME).date()
    assert tuple(await row(story, one)) == (today + timedelta(10), "account_manager")
    one = await story.filled(donation())
    file = await story.done(one, "submit", GUIDE)
    assert (file["next_step"]["code"], file["next_step"]["owner"]) == ("review", "legal")
    assert tuple(await row(story, one)) == (today + timedelta(10), "legal")
    file = await story.done(one, "approve", LEGAL)
    assert file["next_step"]["owner"] == "partner"
    giver = next(party["party_id"] for party in file["parties"] if party["role"] == "giver")
    assert file["next_step"]["parties"] == [giver]
    file = await story.done(one, "sign", partner(giver.removeprefix("stakeholder:")))
    assert file["next_step"]["owner"] == "signatory"
    file = await story.done(one, "sign", SIGNATORY)
    assert (file["next_step"]["code"], file["next_step"]["owner"]) == ("deliver", "department")
    await story.done(one, "terminate", LEGAL, {"reason": "prova"})
    assert tuple(await row(story, one)) == (None, None)


async def test_comments_are_for_the_city_or_for_all_and_answers_stay_in_their_thread(story: Story) -> None:
    match = donation()
    one = (await story.file_of(match))["agreement_id"]
    giver = partner(giver_of(match))
    inside = await story.done(one, "comments", LEGAL, {"words": "Solo per noi"})
    shared = await story.done(one, "comments", GUIDE, {"words": "Per tutti", "audience": "parties"})
    answer = await story.done(one, "comments", giver, {"words": "Grazie", "reply_to": shared["comment_id"]})
    assert (answer["author_role"], answer["audience"], answer["party_id"]) == (
        "partner", "parties", f"stakeholder:{giver_of(match)}",
    )  # fmt: skip
    # An answer in the city's thread stays there, whatever was asked for; one to an answer joins the thread.
    within = {"words": "Anch'io", "audience": "parties", "reply_to": inside["comment_id"]}
    assert (await story.done(one, "comments", DEPARTMENT, within))["audience"] == "city"
    deeper = await story.done(one, "comments", GUIDE, {"words": "Prego", "reply_to": answer["comment_id"]})
    assert deeper["reply_to"] == shared["comment_id"]
    address = f"/agreements/api/v1/agreements/{one}/comments"

    async def seen(actor: Any, **params: Any) -> list[str]:
        page = (await story.as_(actor).get(address, params=params)).json()
        return [comment["words"] for comment in page["items"]]

    assert await seen(LEGAL) == ["Per tutti", "Grazie", "Prego", "Solo per noi", "Anch'io"]
    assert await seen(giver) == ["Per tutti", "Grazie"]
    assert await seen(LEGAL, limit=1) == ["Per tutti", "Grazie", "Prego"]
    after = (await story.as_(LEGAL).get(address, params={"limit": 1})).json()["next"]
    assert await seen(LEGAL, limit=1, after=after) == ["Solo per noi", "Anch'io"]
    assert (await story.as_(STRANGER).get(address)).status_code == 404
    hidden = await story.post(one, "comments", giver, {"words": "?", "reply_to": inside["comment_id"]})
    assert hidden.status_code == 422
    # The file itself has not changed: nobody who fills it in is held up.
    assert (await story.get(one))["version"] == 1


async def test_words_are_taken_back_by_their_author_or_the_legal_office_and_are_gone(story: Story) -> None:
    one = await a_file(story)
    comment = await story.done(one, "comments", GUIDE, {"words": "Il numero della signora è 333…"})
    path = f"comments/{comment['comment_id']}/retract"
    assert (await story.post(one, path, DEPARTMENT)).status_code == 403
    gone = await story.done(one, path, LEGAL)
    assert gone["words"] is None
    assert gone["retracted_at"]
    assert (await story.done(one, path, GUIDE))["retracted_at"] == gone["retracted_at"]


async def test_history_is_read_in_pages_newest_first(story: Story) -> None:
    one = await a_file(story)
    for _ in range(3):
        await story.done(one, "risks", GUIDE, {"risks": [RISK]})
    address = f"/agreements/api/v1/agreements/{one}/history"
    first = (await story.as_(GUIDE).get(address, params={"limit": 2})).json()
    assert [line["version"] for line in first["items"]] == [4, 3]
    rest = (await story.as_(GUIDE).get(address, params={"limit": 2, "after": first["next"]})).json()
    assert [(line["version"], line["act"]) for line in rest["items"]] == [(2, "risks"), (1, "draft")]
    assert rest["next"] is None
    assert (await story.as_(GUIDE).get(address, params={"after": "%%"})).status_code == 400


async def test_a_repeated_comment_is_answered_without_a_second_copy_of_its_words(story: Story) -> None:
    one = (await story.file_of(donation()))["agreement_id"]
    key = {"Idempotency-Key": f"comment-{one}"}
    words = {"words": "Il signor Rossi non sta bene", "audience": "city"}
    first = await story.post(one, "comments", GUIDE, words, **key)
    again = await story.post(one, "comments", GUIDE, words, **key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    pool = story.desk.app.state.units.pool
    kept = await pool.fetchval("SELECT encode(body, 'escape') FROM idempotency_key WHERE key = $1", f"comment-{one}")
    assert "Rossi" not in kept
    await story.done(one, f"comments/{first.json()['comment_id']}/retract", GUIDE)
    after = await story.post(one, "comments", GUIDE, words, **key)
    assert (after.status_code, after.json()["words"]) == (201, None)
    thread = (await story.as_(GUIDE).get(f"/agreements/api/v1/agreements/{one}/comments")).json()["items"]
    assert len(thread) == 1


@pytest.mark.parametrize("role", ["coordinator", "operations"])
async def test_files_are_the_desks_work_and_of_nobody_who_only_steers_or_operates(story: Story, role: str) -> None:
    file = await story.file_of(donation(need_title="Solo per l'ufficio"))
    one = file["agreement_id"]
    await story.done(one, "comments", GUIDE, {"words": "Tra noi", "audience": "city"})
    someone = Actor(subject=f"{role}-1", city=CITY, name="B", roles=frozenset({role}))
    client, place = story.as_(someone), f"/agreements/api/v1/agreements/{one}"
    for path in ("", "/history", "/comments", "/signing", "/signatures", "/instrument-proposal", "/preview.pdf"):
        assert (await client.get(place + path)).status_code == 404, path
    assert (await story.post(one, "comments", someone, {"words": "Anch'io"})).status_code == 404
    listed = await client.get("/agreements/api/v1/agreements", params={"q": "Solo per"})
    assert (listed.status_code, listed.json()["items"]) == (200, [])
    assert (await client.get("/agreements/api/v1/register")).status_code == 200
