"""One agreement through its whole life, on real Postgres and Kafka."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import asyncpg
import pytest
import typer
from pypdf import PdfReader
from typer.testing import CliRunner

from chassis.clock import new_id
from chassis.scope import Scope
from chassis.testing import eventually
from contracts.events.agreements import AgreementSigned
from contracts.events.impact import PlanFulfilled
from contracts.events.matching import MatchReleased
from contracts.values import Party
from services.agreements.cli import register
from services.agreements.documents.signing import sign_off_loop
from services.agreements.handlers.auditing import audit
from services.agreements.tests.story import (
    CITY,
    DEPARTMENT,
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


async def test_a_donation_from_acceptance_to_completion(story: Story) -> None:
    match = donation()
    await story.announced(giver_of(match), "Fondazione Bracco")
    one = await story.signed(match)

    file = await story.get(one)
    assert file["state"] == "active"
    assert all(signatory["evidence"] for signatory in file["signatories"])

    plan = PlanFulfilled(
        plan_id=new_id(), version=9, agreement_id=one, match_id=match.match_id, need_id=match.need_id,
        department="education", stakeholder_ids=(giver_of(match),),
    )  # fmt: skip
    await story.happened(plan, plan.plan_id, match.need_id)
    events = await story.published(one, until="Completed")
    assert [type(event).__name__ for event in events] == [
        "AgreementDrafted",
        "AgreementReviewRequested",
        "AgreementApproved",
        "AgreementSignatureGiven",
        "AgreementSigned",
        "AgreementActivated",
        "AgreementCompleted",
    ]
    versions = [event.version for event in events]  # type: ignore[attr-defined]
    assert versions == sorted(set(versions))
    signed = events[4]
    assert isinstance(signed, AgreementSigned)
    assert signed.allocations == match.allocations
    assert signed.parties == match.parties
    assert signed.impact_plan.indicators[0].code == "children_reached"
    assert signed.communication_plan.channels == ("web_site",)
    assert {one.party_id for one in signed.signatures} == {party.party_id for party in match.parties}
    document = await story.as_(GUIDE).get(f"/agreements/api/v1/agreements/{one}/document.pdf")
    assert document.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(document.content).hexdigest() == signed.document_sha256


async def test_an_acceptance_delivered_twice_opens_one_file(story: Story) -> None:
    match = donation()
    first = await story.file_of(match)
    again = await story.file_of(match)
    assert first["agreement_id"] == again["agreement_id"]
    events = await story.published(first["agreement_id"], until="Drafted")
    assert len(events) == 1


async def test_nothing_goes_to_review_without_what_is_needed(story: Story) -> None:
    file = await story.file_of(donation())
    one = file["agreement_id"]
    refused = await story.post(one, "submit", GUIDE)
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert {error["pointer"] for error in refused.json()["errors"]} == {
        "/instrument",
        "/communication_plan",
        "/impact_plan",
    }
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione"})
    await story.done(one, "communication-plan", GUIDE, {"summary": "Comunicato"})
    await story.done(one, "impact-plan", GUIDE, {})
    refused = await story.post(one, "submit", GUIDE)
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/terms/modest_value", "/terms/acceptance"}
    await story.done(one, "documents", GUIDE, {"kind": "public_deed", "title": "Atto", "text": "Rep. 100"})
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione", "terms": {"acceptance": "Determina"}})
    assert (await story.done(one, "submit", GUIDE))["state"] == "in_review"


async def test_each_person_does_what_the_role_allows(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    giver = partner(giver_of(match))
    assert (await story.get(one, giver))["agreement_id"] == one
    assert (await story.get(one, DEPARTMENT))["agreement_id"] == one
    address = f"/agreements/api/v1/agreements/{one}"
    assert (await story.as_(STRANGER).get(address)).status_code == 404
    assert (await story.desk.client().get(address)).status_code == 401
    assert (await story.post(one, "submit", giver)).status_code == 403
    await story.done(one, "submit", GUIDE)
    assert (await story.post(one, "approve", GUIDE)).status_code == 403
    assert (await story.post(one, "sign", SIGNATORY)).status_code == 409
    await story.done(one, "approve", LEGAL)
    assert (await story.post(one, "sign", LEGAL)).status_code == 403
    city_party = {"party_id": "department:education"}
    assert (await story.post(one, "sign", giver, city_party)).status_code == 403
    await story.done(one, "sign", giver)
    assert (await story.post(one, "sign", giver)).status_code == 409
    refused = await story.post(one, "instrument", LEGAL, {"instrument": "donazione"})
    assert refused.status_code == 409
    former = replace(
        giver, subject="former", roles=frozenset({"department"})
    )  # a claim without the role it belongs to opens nothing
    for outsider in (STRANGER, former):
        listed = await story.as_(outsider).get("/agreements/api/v1/agreements")
        assert listed.json()["items"] == []
    assert (await story.as_(former).get(address)).status_code == 404


async def test_a_repeated_request_has_its_effect_once(story: Story) -> None:
    match = donation()
    one = await story.approved(match)
    key = {"Idempotency-Key": f"sign-{one}"}
    first = await story.post(one, "sign", SIGNATORY, **key)
    again = await story.post(one, "sign", SIGNATORY, **key)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()


async def test_a_stale_entity_tag_is_refused(story: Story) -> None:
    one = (await story.file_of(donation()))["agreement_id"]
    body = {"summary": "Comunicato"}
    assert (await story.post(one, "communication-plan", GUIDE, body, **{"If-Match": '"1"'})).status_code == 200
    assert (await story.post(one, "communication-plan", GUIDE, body, **{"If-Match": '"1"'})).status_code == 412


async def test_a_rejected_file_releases_and_an_ended_match_closes_its_file(story: Story) -> None:
    one = await story.approved(donation())
    await story.done(one, "reject", LEGAL, {"reason": "Il donante ha una gara in corso"})
    assert type((await story.published(one, until="Rejected"))[-1]).__name__ == "AgreementRejected"

    match = donation()
    file = await story.file_of(match)
    released = MatchReleased(match_id=match.match_id, version=4, need_id=match.need_id, reason_code="party_withdrew")
    await story.happened(released, match.match_id, match.need_id)
    await story.published(file["agreement_id"], until="Rejected")
    assert (await story.get(file["agreement_id"]))["state"] == "rejected"


async def test_an_agreement_rests_goes_on_and_ends_early(story: Story) -> None:
    one = await story.signed(donation())
    assert (await story.done(one, "suspend", LEGAL, {"reason": "Scuole chiuse"}))["state"] == "suspended"
    assert (await story.done(one, "resume", LEGAL))["state"] == "active"
    assert (await story.done(one, "terminate", LEGAL, {"reason": "Recesso"}))["state"] == "terminated"
    names = [type(event).__name__ for event in await story.published(one, until="Terminated")]
    assert names[-3:] == ["AgreementSuspended", "AgreementActivated", "AgreementTerminated"]


async def test_the_register_is_public_has_no_gap_and_verifies(story: Story) -> None:
    one = await story.signed(donation())
    protocol = (await story.get(one))["protocol"]
    public = await story.desk.client().get("/agreements/api/v1/register")
    assert public.status_code == 200
    line = next(line for line in public.json()["items"] if line["agreement_id"] == one)
    assert line["protocol"] == f"{protocol['year']}/{protocol['number']:07d}"
    assert line["parties"] == ["Direzione Educazione", "Fondazione Bracco"]
    async with story.desk.app.state.units.reading() as store:
        found = await audit(store, CITY)
    assert found.faults == ()
    assert found.documents >= 1


async def test_a_change_in_the_database_is_found_by_the_audit(story: Story) -> None:
    one = await story.signed(donation())
    pool = story.desk.app.state.units.pool
    position = await pool.fetchval("SELECT max(position) FROM register_entry WHERE agreement_id = $1::uuid", one)
    words = "UPDATE register_disclosure SET words = $2 WHERE position = $1 AND name = 'subject'"
    before = await pool.fetchval(
        "SELECT words FROM register_disclosure WHERE position = $1 AND name = 'subject'", position
    )
    await pool.execute(words, position, "Altro oggetto")
    async with story.desk.app.state.units.reading() as store:
        assert (await audit(store, CITY)).faults == (f"entry {position}: words-changed",)
    await pool.execute(words, position, before)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document_revision SET content = '\\x00'",
        "DELETE FROM document_revision",
        "UPDATE register_entry SET instrument = 'x'",
        "DELETE FROM register_entry",
        "DELETE FROM instrument",
    ],
)
async def test_what_is_registered_can_not_be_changed(story: Story, statement: str) -> None:
    await story.signed(donation())
    with pytest.raises(asyncpg.RestrictViolationError):
        await story.desk.app.state.units.pool.execute(statement)


async def test_the_city_does_not_sign_twice_for_its_own_warehouse(story: Story) -> None:
    giver, warehouse, receiver = new_id(), new_id(), new_id()
    await story.announced(warehouse, "Magazzino del Comune", "department")
    base = donation(giver)
    extra = (
        Party(party_id=f"stakeholder:{warehouse}", role="giver", stakeholder_id=warehouse, name="Magazzino"),
        Party(party_id=f"stakeholder:{receiver}", role="receiver", stakeholder_id=receiver, name="Arimo"),
    )
    match = donation(giver, parties=(*base.parties, *extra), triangulation=True)

    async def known() -> bool:
        async with story.desk.app.state.units.reading() as store:
            return bool(await store.directory.types(Scope(CITY), [warehouse]))

    await eventually(known)
    one = await story.approved(match)
    assert [signatory["party_id"] for signatory in (await story.get(one))["signatories"]] == [
        "department:education",
        f"stakeholder:{giver}",
        f"stakeholder:{receiver}",
    ]


async def test_a_signature_that_does_not_verify_is_not_kept(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await story.approved(donation())

    async def broken(*arguments: Any, **more: Any) -> bytes:
        return await sign_off_loop(*arguments, **more) + b"\n% one more thing"

    monkeypatch.setattr("services.agreements.handlers.signing.sign_off_loop", broken)
    refused = await story.post(one, "sign", SIGNATORY)
    assert refused.status_code == 409
    assert refused.json()["code"] == "signature-not-verified"
    assert "not-whole-document" in refused.json()["detail"]
    monkeypatch.undo()
    file = await story.get(one)
    assert file["state"] == "approved"
    assert not any(signatory["evidence"] for signatory in file["signatories"])
    assert (await story.done(one, "sign", SIGNATORY))["state"] == "signing"


async def test_the_document_can_be_looked_at_before_it_is_approved(story: Story) -> None:
    file = await story.file_of(donation())
    address = f"/agreements/api/v1/agreements/{file['agreement_id']}/preview.pdf"
    assert (await story.as_(GUIDE).get(address)).status_code == 404
    await story.done(file["agreement_id"], "instrument", GUIDE, {"instrument": "donazione"})
    shown = await story.as_(GUIDE).get(address)
    assert shown.headers["content-type"] == "application/pdf"
    words = " ".join(page.extract_text() for page in PdfReader(BytesIO(shown.content)).pages)
    assert "BOZZA" in words
    assert "Fondazione Bracco" in words


async def test_the_command_verifies_the_register(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await story.signed(donation())
    url = story.desk.settings.database_url.get_secret_value()
    monkeypatch.setenv("SPORTELLO_DATABASE_URL", url)
    root = typer.Typer()
    register(root)
    result = await asyncio.to_thread(CliRunner().invoke, root, ["agreements", "verify", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["ok"]
    assert told["cities"][0]["documents"] >= 1

    # Behind the triggers' back, as somebody with the keys of the database could.
    owner = await asyncpg.connect(story.desk.settings.migration_database_url.get_secret_value())
    try:
        await owner.execute("ALTER TABLE document_revision DISABLE TRIGGER USER")
        swap = "UPDATE document_revision SET content = set_byte(content, length(content) / 2, 1)"
        swap += " WHERE agreement_id = $1::uuid AND revision = 2 RETURNING true"
        before = await owner.fetchval(
            "SELECT content FROM document_revision WHERE agreement_id = $1::uuid AND revision = 2", one
        )
        assert await owner.fetchval(swap, one)
        result = await asyncio.to_thread(CliRunner().invoke, root, ["agreements", "verify", "--city", CITY])
        assert result.exit_code == 1
        assert "document is not the one registered" in result.output
    finally:
        await owner.execute(
            "UPDATE document_revision SET content = $2 WHERE agreement_id = $1::uuid AND revision = 2", one, before
        )
        await owner.execute("ALTER TABLE document_revision ENABLE TRIGGER USER")
        await owner.close()
