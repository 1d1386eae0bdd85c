"""One person may be named for two parties and signs twice with one certificate; one signature never counts twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms

from chassis.testing import Running
from services.agreements.handlers.auditing import audit
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.outside import Provider, side_by_side
from services.agreements.tests.pki import Holder
from services.agreements.tests.story import CITY, EDUCATION, LEGAL, Story
from services.agreements.tests.test_outside_signing import Outside, opened, trusting, write
from services.agreements.tests.test_outside_signing import carlo as carlo
from services.agreements.tests.test_outside_signing import paolo as paolo
from services.agreements.tests.test_outside_signing import provider as provider

pytestmark = pytest.mark.integration
ANNA = {"tax_code": "VRDNNA80A41F205X"}


@pytest.fixture(scope="module")
async def desk(
    settings: AgreementsSettings, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    place = tmp_path_factory.mktemp("trust")
    write(place, "crls/ca.crl", provider.ca.crl(datetime.now(UTC)))
    async with trusting(provider, settings, place) as running_:
        yield running_


@pytest.fixture
def anna(provider: Provider) -> Holder:
    """She represents both the city and the giver."""
    return provider.ca.signatory(
        organisation="", organisation_id="", given_name="Anna", surname="Verdi", person_id="TINIT-VRDNNA80A41F205X"
    )


async def signs_for_both(story: Story, provider: Provider) -> Outside:
    return await opened(story, provider, giver=[ANNA], city=[ANNA])


async def holds(story: Story, outside: Outside) -> None:
    assert await outside.state() == "active"
    file = await story.get(outside.agreement)
    given = [one["evidence"]["certificate_sha256"] for one in file["signatories"]]
    assert len(given) == 2
    assert len(set(given)) == 1
    assert len({one["signature_id"] for one in file["signatories"]}) == 2
    async with story.desk.app.state.units.reading() as store:
        assert (await audit(store, CITY)).faults == ()


async def test_she_signs_for_one_party_and_later_for_the_other(story: Story, provider: Provider, anna: Holder) -> None:
    outside = await signs_for_both(story, provider)
    first = await outside.hand_in(await outside.pades(anna, outside.party))
    assert first.status_code == 201, first.text
    assert await outside.state() == "signing", "one signature is one party's"
    again = await outside.hand_in(await outside.document())
    assert [one["code"] for one in again.json()["errors"]] == ["nothing-new"]
    assert "twice" in again.json()["detail"] or "due volte" in again.json()["detail"]
    second = await outside.hand_in(await outside.pades(anna, EDUCATION))
    assert second.status_code == 201, second.text
    await holds(story, outside)


async def test_both_signatures_in_one_document(story: Story, provider: Provider, anna: Holder) -> None:
    outside = await signs_for_both(story, provider)
    once = await outside.pades(anna, outside.party)
    field = "sign-" + EDUCATION.replace(":", "-")
    twice = await provider.pades(once, anna, field=field, now=datetime.now(UTC))
    answer = await outside.hand_in(twice)
    assert answer.status_code == 201, answer.text
    await holds(story, outside)


async def test_side_by_side_in_an_envelope_only_two_signatures_are_two(
    story: Story, provider: Provider, anna: Holder
) -> None:
    outside = await signs_for_both(story, provider)
    document, now = await outside.document(), datetime.now(UTC)
    one = await provider.p7m(document, anna, now=now - timedelta(seconds=5))
    doubled = cms.ContentInfo.load(one)
    signers = doubled["content"]["signer_infos"]
    doubled["content"]["signer_infos"] = [signers[0], signers[0]]
    copied = await outside.hand_in(doubled.dump(force=True), LEGAL, "a.pdf.p7m")
    assert copied.status_code == 422, "the same signature twice"
    assert await outside.state() == "approved"
    assert (await outside.hand_in(one, LEGAL, "a.pdf.p7m")).status_code == 201
    other = await provider.p7m(document, anna, now=now)
    answer = await outside.hand_in(side_by_side(one, other), LEGAL, "a.pdf.p7m")
    assert answer.status_code == 201, answer.text
    await holds(story, outside)


async def test_a_later_signature_is_judged_by_its_own_moment(story: Story, provider: Provider, anna: Holder) -> None:
    """Revoked after the first signature: the first stays, a second one does not stand on the first one's record."""
    outside = await signs_for_both(story, provider)
    assert (await outside.hand_in(await outside.pades(anna, outside.party))).status_code == 201
    place = story.desk.app.state.desk.trust.directory
    before = (place / "crls" / "ca.crl").read_bytes()
    provider.ca.revoked[anna.certificate.serial_number] = datetime.now(UTC)
    write(place, "crls/ca.crl", provider.ca.crl(datetime.now(UTC)))
    try:
        refused = await outside.hand_in(await outside.pades(anna, EDUCATION))
        assert "revoked" in [one["code"] for one in refused.json()["errors"]]
        assert await outside.state() == "signing"
    finally:
        provider.ca.revoked.clear()
        write(place, "crls/ca.crl", before)
