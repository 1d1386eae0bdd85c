"""An amendment signed outside: judged like the agreement's document, in order, taken in once, kept for every audit."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from contracts.events.agreements import AgreementAmended
from services.agreements.handlers.auditing import audit
from services.agreements.tests.outside import Provider
from services.agreements.tests.pki import Holder
from services.agreements.tests.story import CITY, DEPARTMENT, EDUCATION, GUIDE, LEGAL, SIGNATORY, Story, partner
from services.agreements.tests.test_amendments import LESS
from services.agreements.tests.test_outside_signing import Outside, opened
from services.agreements.tests.test_outside_signing import carlo as carlo
from services.agreements.tests.test_outside_signing import desk as desk
from services.agreements.tests.test_outside_signing import paolo as paolo
from services.agreements.tests.test_outside_signing import provider as provider

pytestmark = pytest.mark.integration


@dataclass
class OutsideAmendment(Outside):
    """The first amendment of a signed agreement, approved; `Outside`, with another document."""

    @property
    def place(self) -> str:
        return f"/agreements/api/v1/agreements/{self.agreement}/amendments/1"

    async def document(self) -> bytes:
        answer = await self.story.as_(LEGAL).get(f"{self.place}/document.pdf", params={"to-sign": ""})
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        return answer.content

    async def hand_in(self, content: bytes, actor: Any = LEGAL, name: str = "a.pdf", **headers: str) -> httpx.Response:
        body = {"name": name, "content": base64.b64encode(content).decode()}
        return await self.story.post(self.agreement, "amendments/1/signatures", actor, body, **headers)

    async def state(self) -> str:
        return str((await self.story.get(self.agreement))["amendments"][0]["state"])


async def amendment(story: Story, provider: Provider, order: str = "parallel") -> OutsideAmendment:
    """An approved amendment of an agreement that was signed with the development signer."""
    first = await opened(story, provider, order)
    await story.done(first.agreement, "sign", partner(first.giver))
    await story.done(first.agreement, "sign", SIGNATORY)
    await approved(story, first.agreement)
    return OutsideAmendment(story, provider, first.agreement, first.giver)


async def approved(story: Story, agreement: str) -> None:
    await story.done(agreement, "amendments", GUIDE, LESS)
    await story.done(agreement, "amendments/1/submit", GUIDE)
    await story.done(agreement, "amendments/1/approve", LEGAL)


async def faults(story: Story) -> tuple[str, ...]:
    async with story.desk.app.state.units.reading() as store:
        return (await audit(store, CITY)).faults


def codes(answer: httpx.Response) -> list[str]:
    return [one["code"] for one in answer.json()["errors"]]


async def test_both_parties_sign_the_amendment_at_home(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    outside = await amendment(story, provider)
    first = await outside.hand_in(await outside.pades(paolo, outside.party), partner(outside.giver))
    assert first.status_code == 201, first.text
    assert (first.json()["signatures"][0]["level"], first.json()["revision"]) == ("qualified", 1)
    assert "person_name" not in first.json()["signatures"][0], "names are for who checks them"
    assert await outside.state() == "signing"
    assert (await story.get(outside.agreement))["allocations"][0]["quantity"] == "3000"

    last, key = await outside.pades(carlo, EDUCATION), {"Idempotency-Key": f"last-{outside.agreement}"}
    answer = await outside.hand_in(last, SIGNATORY, **key)
    assert answer.status_code == 201, answer.text
    again = await outside.hand_in(last, SIGNATORY, **key)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, answer.json(), "true")
    file = await story.get(outside.agreement)
    assert (file["amendments"][0]["state"], file["allocations"][0]["quantity"]) == ("in_force", "2400")

    await story.done(outside.agreement, "terminate", LEGAL, {"reason": "Finito prima"})
    events = await story.published(outside.agreement, until="AgreementTerminated")
    [amended] = [event for event in events if isinstance(event, AgreementAmended)]
    assert {one.level for one in amended.signatures or ()} == {"qualified"}
    assert amended.document_sha256 == file["amendments"][0]["signed_sha256"]
    assert b"CNTPLA" not in b"".join(event.to_bytes() for event in events), "no personal data on the bus"
    assert await faults(story) == ()


async def test_the_agreements_own_signatures_are_not_the_amendments(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    first = await opened(story, provider)
    of_the_agreement = await first.pades(paolo, first.party)
    assert (await first.hand_in(of_the_agreement)).status_code == 201
    assert (await first.hand_in(await first.pades(carlo, EDUCATION))).status_code == 201
    await approved(story, first.agreement)
    outside = OutsideAmendment(story, provider, first.agreement, first.giver)
    answer = await outside.hand_in(of_the_agreement)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert codes(answer) == ["not-the-approved-document"]
    assert await outside.state() == "approved"

    (line,) = (await story.as_(LEGAL).get(f"{outside.place}/signatures")).json()["items"]
    assert (line["accepted"], line["kept"], line["upload_id"]) == (False, True, answer.json()["upload_id"])
    kept = f"/agreements/api/v1/agreements/{outside.agreement}/signatures/{line['upload_id']}/file"
    assert (await story.as_(LEGAL).get(kept)).content == of_the_agreement
    own = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/signatures")).json()["items"]
    assert [one["accepted"] for one in own] == [True, True], "each document has its own list"
    # And the other way round: the agreement is signed already.
    theirs = await outside.pades(paolo, outside.party)
    assert (await first.hand_in(theirs)).status_code == 409
    assert (await outside.hand_in(theirs)).status_code == 201
    await story.done(outside.agreement, "amendments/1/sign", SIGNATORY)
    assert await outside.state() == "in_force"
    assert await faults(story) == ()


async def test_in_order_and_from_an_envelope(story: Story, provider: Provider, paolo: Holder, carlo: Holder) -> None:
    outside = await amendment(story, provider, "in_order")
    early = await outside.hand_in(await outside.pades(carlo, EDUCATION))
    assert codes(early) == ["out-of-turn"]
    now = datetime.now(UTC)
    envelope = await provider.p7m(await outside.document(), paolo, now=now)
    assert (await outside.hand_in(envelope, name="a.pdf.p7m")).status_code == 201
    assert await outside.document() == envelope
    read = await story.as_(LEGAL).get(f"{outside.place}/document.pdf")
    assert read.content.startswith(b"%PDF-")
    assert (await story.post(outside.agreement, "amendments/1/sign", SIGNATORY)).json()["code"] == "enveloped"
    nested = await provider.p7m(envelope, carlo, now=now)
    assert (await outside.hand_in(nested, name="a.pdf.p7m.p7m")).status_code == 201
    assert await outside.state() == "in_force"
    assert await faults(story) == ()


async def test_what_the_amendment_was_judged_by_is_kept_with_its_revisions(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    """Nothing of the agreement's own stands in for it, and nobody can take it away."""
    outside = await amendment(story, provider)
    for holder, party in ((paolo, outside.party), (carlo, EDUCATION)):
        assert (await outside.hand_in(await outside.pades(holder, party))).status_code == 201
    assert await faults(story) == ()
    units, one = story.desk.app.state.units, UUID(outside.agreement)
    async with units.pool.acquire() as connection:
        kept = "SELECT count(*) FROM amendment_revision_material WHERE agreement_id = $1 AND amendment = 1"
        assert await connection.fetchval(kept, one) >= 2
        assert await connection.fetchval("SELECT count(*) FROM revision_material WHERE agreement_id = $1", one) == 0
        for table in ("amendment_revision_material", "amendment_revision"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(f"DELETE FROM {table} WHERE agreement_id = $1", one)


async def test_who_may_hand_in_and_when(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await amendment(story, provider)
    document = await outside.pades(paolo, outside.party)
    assert (await outside.hand_in(document, DEPARTMENT)).status_code == 403
    other = await story.post(outside.agreement, "amendments/2/signatures", LEGAL, {"name": "a.pdf", "content": ""})
    assert (other.status_code, other.json()["code"]) == (409, "no-such-amendment-under-way")
    assert (await story.as_(LEGAL).get(f"{outside.place[:-1]}2/signatures")).status_code == 404
    await story.done(outside.agreement, "amendments/1/withdraw", GUIDE, {"reason": "ci ripensa"})
    assert (await outside.hand_in(document)).status_code == 409


async def test_the_page_of_changes_takes_the_signed_file(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    outside = await amendment(story, provider)
    here, html = f"/agreements/files/{outside.agreement}", {"Accept": "text/html", "Accept-Language": "en"}
    client = story.as_(LEGAL)

    async def sent(content: bytes) -> httpx.Response:
        shown = (await client.get(f"{here}/changes", headers=html)).text
        form = shown[shown.index(f"{here}/amendments/1/signatures") :]
        assert "/amendments/1/document.pdf?to-sign=" in shown
        key = re.findall(r'name="idempotency_key" value="([^"]*)"', form)[0]
        return await client.post(
            f"{here}/amendments/1/signatures",
            data={"idempotency_key": key},
            files={"signed_file": ("a.pdf", content)},
            headers=html,
        )

    nothing = await sent(b"")
    assert (nothing.status_code, "Choose the signed file." in nothing.text) == (422, True)
    refused = await sent(b"%PDF-1.7 nothing")
    assert (refused.status_code, "was not taken in" in refused.text) == (422, True)
    assert "The refused file" in refused.text
    for holder, party in ((paolo, outside.party), (carlo, EDUCATION)):
        taken = await sent(await outside.pades(holder, party))
        assert (taken.status_code, taken.headers["location"].endswith("/changes")) == (303, True), taken.text
    assert await outside.state() == "in_force"
    done = (await client.get(f"{here}/changes", headers=html)).text
    assert f"{here}/amendments/1/signatures" not in done
    assert (await client.get(here, headers=html)).status_code == 200


async def test_somebody_else_may_be_named_for_an_amendment_alone(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    outside = await amendment(story, provider)
    anna = provider.ca.signatory(given_name="Anna", surname="Verdi", person_id="TINIT-VRDNNA80A41F205X")
    assert codes(await outside.hand_in(await outside.pades(anna, outside.party))) == ["wrong-signatory"]
    place = f"/files/{outside.agreement}/changes"
    shown = (await story.as_(GUIDE).get(f"/agreements{place}")).text
    form = shown[shown.index("/amendments/1/signing") :]
    key, version = (
        form.split(f'name="{name}" value="', 1)[1].split('"', 1)[0] for name in ("idempotency_key", "version")
    )
    parties = [one["party_id"] for one in (await story.get(outside.agreement))["signatories"]]
    index = parties.index(outside.party)
    sent = {f"signatories.{place}.party_id": party for place, party in enumerate(parties)}
    sent |= {f"signatories.{index}.people.0.tax_code": "VRDNNA80A41F205X", "idempotency_key": key, "version": version}
    answer = await story.as_(GUIDE).post(f"/agreements/files/{outside.agreement}/amendments/1/signing", data=sent)
    assert answer.status_code == 303, answer.text
    view = (await story.as_(LEGAL).get(f"{outside.place}/signing")).json()
    people = {one["party_id"]: one["person"] for one in view["signatures"]}
    assert people[outside.party]["tax_code"] == "VRDNNA80A41F205X"
    assert people[EDUCATION]["name"] == "Neri Carlo", "as for the agreement"
    assert (await story.as_(partner(outside.giver)).get(f"{outside.place}/signing")).json()["signatures"][0][
        "person"
    ] is None
    own = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/signing")).json()
    assert next(one for one in own["signatures"] if one["party_id"] == outside.party)["person"]["name"] == "Paolo Conti"
    assert codes(await outside.hand_in(await outside.pades(paolo, outside.party))) == ["wrong-signatory"]
    assert (await outside.hand_in(await outside.pades(anna, outside.party))).status_code == 201
    # Who has signed stays named, whatever is said afterwards.
    too_many = {"signatories": [{"party_id": outside.party, "people": [{"name": "A B"}, {"name": "C D"}]}]}
    refused = await story.post(outside.agreement, "amendments/1/signing", GUIDE, too_many)
    assert refused.json()["errors"][0]["pointer"] == "/signatories/0/people"
    nobody = await story.post(outside.agreement, "amendments/1/signing", GUIDE, {"signatories": []})
    assert nobody.status_code == 200, nobody.text
    view = (await story.as_(LEGAL).get(f"{outside.place}/signing")).json()
    assert {one["party_id"]: one["person"] for one in view["signatures"]} == people
    assert (await outside.hand_in(await outside.pades(carlo, EDUCATION))).status_code == 201
    assert await outside.state() == "in_force"
    assert await faults(story) == ()
    refused = await story.post(outside.agreement, "amendments/1/signing", GUIDE, {"signatories": []})
    assert refused.status_code == 409
