"""Documents signed as `.p7m` (CAdES): what is read, and what is refused with which reason."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass

import pytest
from asn1crypto import cms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.agreements.documents.verification import Reason, Verification
from services.agreements.documents.verification.envelope import DEEPEST
from services.agreements.tests.outside import (
    NOW,
    Provider,
    approved_document,
    armoured,
    asked,
    indefinite,
    side_by_side,
    why,
)
from services.agreements.tests.pki import DAY, Holder

pytestmark = pytest.mark.unit
R = Reason


@dataclass(frozen=True)
class Case:
    """An approved document, two people, and the envelope that the first one made."""

    provider: Provider
    approved: bytes
    paolo: Holder
    anna: Holder
    envelope: bytes

    async def asked(self, document: bytes, latest: bytes | None = None) -> Verification:
        return await asked(document, self.approved, self.provider.trust(), latest)


@pytest.fixture(scope="module")
async def case() -> Case:
    provider, approved = Provider.make(), approved_document()
    paolo = provider.ca.signatory()
    anna = provider.ca.signatory(given_name="Anna", surname="Verdi")
    return Case(provider, approved, paolo, anna, await provider.p7m(approved, paolo))


async def names(found: Verification) -> list[str]:
    assert found.ok, found.reasons
    return [one.person_name for one in found.signatures]


async def test_an_envelope_round_the_approved_document(case: Case) -> None:
    found = await case.asked(case.envelope)
    assert await names(found) == ["Paolo Conti"]
    assert [(one.field, one.baseline, one.level) for one in found.signatures] == [("p7m-1", "CAdES B-B", "advanced")]


async def test_the_ways_in_which_software_writes_it(case: Case) -> None:
    for written in (
        indefinite(case.envelope),
        armoured(case.envelope),
        base64.b64encode(case.envelope),
        base64.encodebytes(case.envelope),
    ):
        assert await names(await case.asked(written)) == ["Paolo Conti"]


async def test_a_second_signature_beside_the_first(case: Case) -> None:
    both = side_by_side(case.envelope, await case.provider.p7m(case.approved, case.anna, stamped=NOW))
    found = await case.asked(both, latest=case.envelope)
    assert await names(found) == ["Paolo Conti", "Anna Verdi"]
    assert [one.baseline for one in found.signatures] == ["CAdES B-B", "CAdES B-T"]


async def test_a_second_signature_round_the_first(case: Case) -> None:
    nested = await case.provider.p7m(case.envelope, case.anna)
    assert await names(await case.asked(nested, latest=case.envelope)) == ["Anna Verdi", "Paolo Conti"]


async def test_an_envelope_round_a_signed_pdf(case: Case) -> None:
    signed = await case.provider.pades(case.approved, case.paolo)
    found = await case.asked(await case.provider.p7m(signed, case.anna), latest=signed)
    assert await names(found) == ["Paolo Conti", "Anna Verdi"]


async def test_a_signature_inside_the_pdf_after_the_envelope_is_refused(case: Case) -> None:
    signed = await case.provider.pades(case.approved, case.anna)
    assert why(await case.asked(signed, latest=case.envelope)) == {R.ENVELOPED}


async def test_the_first_envelope_must_not_get_lost(case: Case) -> None:
    own = await case.provider.p7m(case.approved, case.anna)
    assert why(await case.asked(own, latest=case.envelope)) == {R.NOT_THE_LATEST}


async def test_an_envelope_round_an_older_state_is_refused(case: Case) -> None:
    signed = await case.provider.pades(case.approved, case.paolo)
    assert why(await case.asked(case.envelope, latest=signed)) == {R.NOT_THE_LATEST}


async def test_another_content_is_refused(case: Case) -> None:
    """The right people signed it, but it is another document; or the content was swapped afterwards."""
    other = case.approved.replace(b"/CreationDate", b"/CreationDatf", 1)
    assert R.NOT_THE_APPROVED_DOCUMENT in why(await case.asked(await case.provider.p7m(other, case.paolo)))
    swapped = cms.ContentInfo.load(await case.provider.p7m(other, case.paolo))
    swapped["content"]["encap_content_info"]["content"] = case.approved
    assert why(await case.asked(swapped.dump(force=True))) == {R.CONTENT_CHANGED}


async def test_a_stripped_signer_is_refused(case: Case) -> None:
    stripped = cms.ContentInfo.load(case.envelope)
    stripped["content"]["signer_infos"] = []
    assert why(await case.asked(stripped.dump(force=True))) == {R.NOT_SIGNED}


async def test_a_missing_certificate_is_refused(case: Case) -> None:
    bare = cms.ContentInfo.load(case.envelope)
    bare["content"]["certificates"] = []
    assert R.SIGNATURE_DAMAGED in why(await case.asked(bare.dump(force=True)))


async def test_a_signature_beside_the_document_is_refused(case: Case) -> None:
    detached = cms.ContentInfo.load(case.envelope)
    detached["content"]["encap_content_info"] = {"content_type": "data"}
    assert why(await case.asked(detached.dump(force=True))) == {R.DETACHED}


@pytest.mark.parametrize("cut", [1, 100, 2000, 30000])
async def test_a_truncated_envelope_is_refused(case: Case, cut: int) -> None:
    assert not (await case.asked(case.envelope[:-cut])).ok


async def test_envelopes_without_end_are_refused(case: Case) -> None:
    document = case.approved
    for _ in range(DEEPEST + 1):
        document = await case.provider.p7m(document, case.paolo)
    assert why(await case.asked(document)) == {R.TOO_MUCH_WORK}


async def test_certificates_are_judged_as_everywhere(case: Case) -> None:
    old = case.provider.ca.signatory(end=NOW - DAY)
    found = await case.asked(await case.provider.p7m(case.approved, old))
    assert R.EXPIRED in why(found)
    foreign = Provider.make()
    foreign.ca = foreign.root.below("Altra CA")
    unknown = await foreign.p7m(case.approved, foreign.ca.signatory())
    assert why(await case.asked(unknown)) == {R.UNTRUSTED}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_changes_what_was_signed(case: Case, where: float, bit: int) -> None:
    """Unlike in a PDF some bits of an envelope mean nothing: then the verdict stays, and so does the document."""
    changed = bytearray(case.envelope)
    changed[int(where * len(changed))] ^= 1 << bit
    found = asyncio.run(case.asked(bytes(changed)))
    if found.ok:
        assert [one.person_name for one in found.signatures] == ["Paolo Conti"]
