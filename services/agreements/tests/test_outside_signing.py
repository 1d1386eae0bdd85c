"""Documents signed outside, through the API: who is expected, in which order, what is kept, what is refused."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from pyhanko.sign.fields import SigFieldSpec

from chassis.scope import Scope
from chassis.testing import Running, running
from contracts.events.agreements import AgreementApproved, AgreementSignatureGiven
from services.agreements.app import service
from services.agreements.documents.verification import MAX_SIZE, examine
from services.agreements.documents.verification.apart import Busy
from services.agreements.handlers.auditing import audit
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.outside import Provider
from services.agreements.tests.pki import DAY, Holder
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
PAOLO = {"name": "Paolo Conti", "tax_code": "CNTPLA80A01F205X", "organisation_code": "12345678901"}
CARLO = {"name": "Neri Carlo"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return Provider.make()


@pytest.fixture(scope="module")
async def desk(
    settings: AgreementsSettings, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A city that trusts one provider's list."""
    place = tmp_path_factory.mktemp("trust")
    write(place, "crls/ca.crl", provider.ca.crl(datetime.now(UTC)))
    async with trusting(provider, settings, place, agreements_development_signer=True) as running_:
        yield running_


@asynccontextmanager
async def trusting(
    provider: Provider, settings: AgreementsSettings, place: Path, **more: Any
) -> AsyncIterator[Running]:
    """The service of a city that trusts the provider's list, kept in `place` beside what a test puts there."""
    write(place, "lists/it.xml", provider.list())
    write(place, "operators/it.pem", provider.operator.holder.pem)
    own = settings.model_copy(update={"agreements_trust_lists": place, **more})
    async with running(service(own)) as running_:
        # A process for each document would take longer than all the rest; one test has it (`test_signature_trust`).
        state = running_.app.state
        state.desk = replace(state.desk, examine=examine)
        yield running_


def write(place: Path, name: str, content: bytes) -> None:
    path = place / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


@dataclass
class Outside:
    """One agreement that is being signed, and the people who sign it at home."""

    story: Story
    provider: Provider
    agreement: str
    giver: UUID

    async def document(self) -> bytes:
        answer = await self.story.as_(LEGAL).get(
            f"/agreements/api/v1/agreements/{self.agreement}/document.pdf", params={"to-sign": ""}
        )
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        return answer.content

    async def hand_in(self, content: bytes, actor: Any = LEGAL, name: str = "a.pdf", **headers: str) -> httpx.Response:
        body = {"name": name, "content": base64.b64encode(content).decode()}
        return await self.story.post(self.agreement, "signatures", actor, body, **headers)

    async def pades(self, holder: Holder, party: str, **more: Any) -> bytes:
        field = "sign-" + party.replace(":", "-")
        now = datetime.now(UTC)
        return await self.provider.pades(await self.document(), holder, **({"field": field, "now": now} | more))

    @property
    def party(self) -> str:
        return f"stakeholder:{self.giver}"

    async def state(self) -> str:
        return str((await self.story.get(self.agreement))["state"])


async def opened(story: Story, provider: Provider, order: str = "parallel", **people: Any) -> Outside:
    """An approved agreement; unless told otherwise Carlo signs for the city and Paolo for the giver."""
    match = donation()
    one = await story.filled(match)
    outside = Outside(story, provider, one, giver_of(match))
    signatories = [
        {"party_id": outside.party, "people": people.get("giver", [PAOLO])},
        {"party_id": EDUCATION, "people": people.get("city", [CARLO]), "due_on": "2999-01-01"},
    ]
    await story.done(one, "signing", GUIDE, {"order": order, "signatories": signatories})
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    return outside


@pytest.fixture
def paolo(provider: Provider) -> Holder:
    return provider.ca.signatory()


@pytest.fixture
def carlo(provider: Provider) -> Holder:
    return provider.ca.signatory(
        organisation="", organisation_id="", given_name="Carlo", surname="Neri", person_id="TINIT-NRECRL70A01F205X"
    )


async def test_both_parties_sign_at_home(story: Story, provider: Provider, paolo: Holder, carlo: Holder) -> None:
    outside = await opened(story, provider)
    first = await outside.hand_in(await outside.pades(paolo, outside.party), partner(outside.giver))
    assert first.status_code == 201, first.text
    (found,) = first.json()["signatures"]
    assert (found["baseline"], found["level"], found["trusted_by"]) == (
        "PAdES B-B",
        "qualified",
        "CA qualificata di prova",
    )
    assert "person_name" not in found, "names are for who checks them"
    assert await outside.state() == "signing"
    second = await outside.hand_in(await outside.pades(carlo, EDUCATION, stamped=datetime.now(UTC)), SIGNATORY)
    assert second.status_code == 201, second.text
    assert [one["person_name"] for one in second.json()["signatures"]] == ["Paolo Conti", "Carlo Neri"]
    assert await outside.state() == "active"
    events = await story.published(outside.agreement, until="AgreementActivated")
    signed = next(event for event in events if type(event).__name__ == "AgreementSigned")
    assert {one.level for one in signed.signatures} == {"qualified"}
    assert b"CNTPLA" not in b"".join(event.to_bytes() for event in events), "no personal data on the bus"
    async with story.desk.app.state.units.reading() as store:
        found = await audit(store, CITY)
    assert found.faults == ()


async def test_an_envelope_and_then_another_signature_in_it(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    outside = await opened(story, provider)
    now = datetime.now(UTC)
    envelope = await provider.p7m(await outside.document(), paolo, now=now)
    assert (await outside.hand_in(envelope, name="a.pdf.p7m")).status_code == 201
    read = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/document.pdf")
    assert read.content.startswith(b"%PDF-")
    assert (await outside.document()) == envelope
    pressed = await story.post(outside.agreement, "sign", SIGNATORY)
    assert (pressed.status_code, pressed.json()["code"]) == (409, "enveloped")
    nested = await provider.p7m(envelope, carlo, now=now)
    answer = await outside.hand_in(nested, name="a.pdf.p7m.p7m")
    assert answer.status_code == 201, answer.text
    assert await outside.state() == "active"
    async with story.desk.app.state.units.reading() as store:
        assert (await audit(store, CITY)).faults == ()


async def test_one_at_home_and_one_with_the_development_signer(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await opened(story, provider)
    await story.done(outside.agreement, "sign", SIGNATORY)
    answer = await outside.hand_in(await outside.pades(paolo, outside.party))
    assert answer.status_code == 201, answer.text
    assert await outside.state() == "active"
    other = await opened(story, provider)
    assert (await other.hand_in(await other.pades(paolo, other.party))).status_code == 201
    await story.done(other.agreement, "sign", SIGNATORY)
    assert await other.state() == "active"
    async with story.desk.app.state.units.reading() as store:
        assert (await audit(store, CITY)).faults == ()


async def test_a_signature_in_a_field_of_the_software_finds_its_signatory(
    story: Story, provider: Provider, paolo: Holder
) -> None:
    outside = await opened(story, provider)
    document = await outside.pades(paolo, outside.party, field="Firma1", spec=SigFieldSpec("Firma1"))
    assert (await outside.hand_in(document)).status_code == 201
    view = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/signing")
    given = {one["party_id"]: one["level"] for one in view.json()["signatures"]}
    assert given == {outside.party: "qualified", EDUCATION: None}


async def test_in_order(story: Story, provider: Provider, paolo: Holder, carlo: Holder) -> None:
    outside = await opened(story, provider, "in_order")
    early = await outside.hand_in(await outside.pades(carlo, EDUCATION))
    assert [one["code"] for one in early.json()["errors"]] == ["out-of-turn"]
    pressed = await story.post(outside.agreement, "sign", SIGNATORY)
    assert (pressed.status_code, pressed.json()["code"]) == (409, "out-of-turn")
    assert "Fondazione Bracco" in pressed.json()["detail"]
    view = (await story.as_(GUIDE).get(f"/agreements/api/v1/agreements/{outside.agreement}/signing")).json()
    assert [(one["party_id"], one["awaited_now"]) for one in view["signatures"]] == [
        (outside.party, True),
        (EDUCATION, False),
    ]
    assert view["signatures"][0]["person"]["tax_code"] == PAOLO["tax_code"]
    hidden = await story.as_(partner(outside.giver)).get(f"/agreements/api/v1/agreements/{outside.agreement}/signing")
    assert hidden.json()["signatures"][0]["person"] is None
    assert (await outside.hand_in(await outside.pades(paolo, outside.party))).status_code == 201
    assert (await outside.hand_in(await outside.pades(carlo, EDUCATION))).status_code == 201
    assert await outside.state() == "active"
    events = await story.published(outside.agreement, until="Signed")
    [approved] = [event for event in events if isinstance(event, AgreementApproved)]
    assert approved.awaited == (outside.party,)
    [given] = [event for event in events if isinstance(event, AgreementSignatureGiven)]
    assert (given.party_id, given.missing) == (outside.party, 1)
    assert given.awaited == given.called == (EDUCATION,)


async def test_two_people_of_one_party(story: Story, provider: Provider, paolo: Holder, carlo: Holder) -> None:
    anna = provider.ca.signatory(given_name="Anna", surname="Verdi", person_id="TINIT-VRDNNA80A41F205X")
    outside = await opened(story, provider, giver=[PAOLO, {"tax_code": "VRDNNA80A41F205X"}])
    assert (await outside.hand_in(await outside.pades(paolo, outside.party))).status_code == 201
    again = await outside.hand_in(await outside.pades(paolo, outside.party + "-2"))
    assert again.status_code == 422, "the same person does not sit on both seats"
    assert (await outside.hand_in(await outside.pades(carlo, EDUCATION))).status_code == 201
    assert await outside.state() == "signing"
    assert (await outside.hand_in(await outside.pades(anna, outside.party + "-2"))).status_code == 201
    assert await outside.state() == "active"


@pytest.mark.parametrize(
    ("signatory", "code"),
    [
        ({"person_id": "TINIT-XXXXXX80A01F205X"}, "wrong-signatory"),
        ({"organisation_id": "VATIT-99999999999"}, "wrong-signatory"),
        ({"end": datetime.now(UTC) - DAY}, "expired"),
        ({"usage": "digital_signature"}, "wrong-key-usage"),
        ({"kind": "seal"}, "seal"),
    ],
)
async def test_refusals_say_why_and_are_written_down(
    story: Story, provider: Provider, signatory: dict[str, Any], code: str
) -> None:
    outside = await opened(story, provider)
    document = await outside.pades(provider.ca.signatory(**signatory), outside.party)
    answer = await outside.hand_in(document)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert code in [one["code"] for one in answer.json()["errors"]]
    assert await outside.state() == "approved"
    place = f"/agreements/api/v1/agreements/{outside.agreement}/signatures"
    (line,) = (await story.as_(LEGAL).get(place)).json()["items"]
    assert (line["accepted"], line["kept"], line["upload_id"]) == (False, True, answer.json()["upload_id"])
    kept = await story.as_(LEGAL).get(f"{place}/{line['upload_id']}/file")
    assert kept.content == document
    for other in (partner(outside.giver), DEPARTMENT):
        assert (await story.as_(other).get(f"{place}/{line['upload_id']}/file")).status_code == 404
        (seen,) = (await story.as_(other).get(place)).json()["items"]
        assert "Conti" not in str(seen)


async def test_a_level_that_the_instrument_does_not_take(story: Story, provider: Provider) -> None:
    """Between what the certificate is and what the record asks for, the record decides."""
    outside = await opened(story, provider)
    weak = provider.ca.signatory(device=False)
    answer = await outside.hand_in(await outside.pades(weak, outside.party))
    assert answer.status_code == 201, "a donation takes an advanced signature"
    assert answer.json()["signatures"][0]["level"] == "advanced"


async def test_nobody_is_named(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await opened(story, provider, giver=[])
    document = await outside.pades(paolo, outside.party)
    answer = await outside.hand_in(document)
    assert [one["code"] for one in answer.json()["errors"]] == ["wrong-signatory"]
    body = {"signatories": [{"party_id": outside.party, "people": [PAOLO]}, {"party_id": EDUCATION, "people": [CARLO]}]}
    await story.done(outside.agreement, "signing", LEGAL, body)
    assert (await outside.hand_in(document)).status_code == 201, "named afterwards, the same document is taken"


async def test_what_the_approved_document_fixes_stays(story: Story, provider: Provider) -> None:
    outside = await opened(story, provider)
    two = {"signatories": [{"party_id": outside.party, "people": [PAOLO, CARLO]}, {"party_id": EDUCATION}]}
    answer = await story.post(outside.agreement, "signing", LEGAL, two)
    assert (answer.status_code, answer.json()["code"]) == (409, "order-fixed")
    due = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    body = {"signatories": [{"party_id": outside.party, "people": [PAOLO], "due_on": due}, {"party_id": EDUCATION}]}
    await story.done(outside.agreement, "signing", LEGAL, body)
    view = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/signing")).json()
    assert view["signatures"][0]["due_on"] == due


async def test_who_may_hand_in(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await opened(story, provider)
    document = await outside.pades(paolo, outside.party)
    assert (await outside.hand_in(document, STRANGER)).status_code == 404
    assert (await outside.hand_in(document, DEPARTMENT)).status_code == 403
    early = await story.filled(donation())
    body = {"name": "a.pdf", "content": base64.b64encode(document).decode()}
    answer = await story.post(early, "signatures", LEGAL, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-possible-in-this-state")


async def test_the_same_document_again(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await opened(story, provider)
    document = await outside.pades(paolo, outside.party)
    key = {"Idempotency-Key": f"once-{outside.agreement}"}
    first, again = await outside.hand_in(document, **key), await outside.hand_in(document, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    third = await outside.hand_in(document)
    assert [one["code"] for one in third.json()["errors"]] == ["nothing-new"]
    missing = await outside.hand_in(b"", LEGAL)
    assert missing.status_code == 422


async def test_as_a_form_and_what_is_too_large(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await opened(story, provider)
    place = f"/agreements/api/v1/agreements/{outside.agreement}/signatures"
    large = await story.as_(LEGAL).post(place, files={"file": ("a.pdf", b"%PDF-" + b"0" * MAX_SIZE)})
    assert [one["code"] for one in large.json()["errors"]] == ["too-large"]
    document = await outside.pades(paolo, outside.party)
    answer = await story.as_(LEGAL).post(place, files={"file": ("a.pdf", document)})
    assert answer.status_code == 201, answer.text


async def test_a_signed_document_can_never_change(story: Story, provider: Provider, paolo: Holder) -> None:
    """Whatever the program does: the database refuses."""
    outside = await opened(story, provider)
    assert (await outside.hand_in(await outside.pades(paolo, outside.party))).status_code == 201
    units = story.desk.app.state.units
    for statement in (
        "UPDATE document_revision SET content = 'x'::bytea WHERE agreement_id = $1",
        "DELETE FROM document_revision WHERE agreement_id = $1",
        "UPDATE document_revision SET media_type = 'application/pdf' WHERE agreement_id = $1",
        "DELETE FROM revision_material WHERE agreement_id = $1",
    ):
        async with units.pool.acquire() as connection:
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement, UUID(outside.agreement))


async def test_refused_documents_are_forgotten_in_time(story: Story, provider: Provider) -> None:
    outside = await opened(story, provider)
    assert (await outside.hand_in(b"%PDF-1.7 nothing")).status_code == 422
    units = story.desk.app.state.units
    async with units.reading() as store:
        assert await store.signatures.forget_refused(datetime.now(UTC).date() + timedelta(days=29)) == 0
        assert await store.signatures.forget_refused(datetime.now(UTC).date() + timedelta(days=40)) >= 1
        (line,) = await store.signatures.uploads(Scope(CITY), UUID(outside.agreement))
    assert (line.kept, line.reasons[0]["reason"]) == (False, "not-the-approved-document")


async def test_when_too_many_documents_are_in_hand_one_is_asked_to_come_back(
    desk: Running, story: Story, provider: Provider
) -> None:
    outside = await opened(story, provider)

    async def busy(*_arguments: Any, **_more: Any) -> Any:
        raise Busy

    before = desk.app.state.desk
    desk.app.state.desk = replace(before, examine=busy)
    try:
        answer = await outside.hand_in(await outside.document())
    finally:
        desk.app.state.desk = before
    assert (answer.status_code, answer.json()["code"]) == (503, "too-many-documents")
    assert answer.headers["retry-after"] == "30"
