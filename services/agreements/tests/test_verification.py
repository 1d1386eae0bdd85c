"""Attacks on signed documents: each is refused, with its reason."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from services.agreements.documents.fields import with_fields
from services.agreements.documents.render import render
from services.agreements.documents.signing import (
    Authority,
    Credential,
    Signatory,
    create_authority,
    issue,
    sign,
)
from services.agreements.documents.verification import Expected, Reason, Trust, Verification, verify
from services.agreements.tests.documents_sample import FIELDS, PARTIES, device_document

pytestmark = pytest.mark.unit

NOW = datetime.now(UTC)
AUTHORITY = create_authority("c_f205", NOW)
EXPECTED = {field: Expected(f"org:{field}", f"person:{field}") for field in FIELDS}
TRUST = Trust(roots=(AUTHORITY.certificate,), moment=NOW + timedelta(minutes=1))


def signatory(field: str) -> Signatory:
    return Signatory(f"org:{field}", PARTIES[FIELDS.index(field)], f"person:{field}", "Maria Bianchi")


def credential(field: str, authority: Authority = AUTHORITY, now: datetime = NOW) -> Credential:
    return issue(authority, signatory(field), now)


async def signed(document: bytes, fields: tuple[str, ...] = FIELDS, **credentials: Credential) -> bytes:
    for field in fields:
        by = credentials.get(field.replace("-", "_")) or credential(field)
        document = await sign(document, field=field, fields=FIELDS, credential=by, now=NOW)
    return document


@pytest.fixture(scope="module")
def approved() -> bytes:
    return with_fields(render(device_document()), FIELDS)


@pytest.fixture(scope="module")
async def agreement(approved: bytes) -> bytes:
    return await signed(approved)


def why(verification: Verification) -> set[Reason]:
    return {refusal.reason for refusal in verification.reasons}


async def judge(document: bytes, approved: bytes, trust: Trust = TRUST) -> Verification:
    return await verify(document, approved=approved, expected=EXPECTED, trust=trust)


async def test_three_parties_in_order_are_accepted(agreement: bytes, approved: bytes) -> None:
    verification = await judge(agreement, approved)
    assert verification.ok, verification.reasons
    assert [facts.field for facts in verification.signatures] == list(FIELDS)
    assert {facts.baseline for facts in verification.signatures} == {"PAdES B-B"}
    assert verification.signatures[0].person_name == "Maria Bianchi"


async def test_every_object_of_a_signed_document_begins_on_its_own_line(agreement: bytes) -> None:
    """ISO 19005-2, 6.1.9: otherwise the first signature would end the document's being PDF/A."""
    objects = list(re.finditer(rb"(?<![0-9])[0-9]+ 0 obj\n", agreement))
    assert len(objects) > 10
    assert [found[0] for found in objects if agreement[found.start() - 1 : found.start()] != b"\n"] == []


async def test_a_signature_still_missing_is_named(approved: bytes) -> None:
    verification = await judge(await signed(approved, FIELDS[:2]), approved)
    assert [(r.reason, r.field) for r in verification.reasons] == [(Reason.SIGNATURE_MISSING, FIELDS[2])]


async def test_a_document_without_signatures_is_refused(approved: bytes) -> None:
    assert Reason.NOT_SIGNED in why(await judge(approved, approved))


async def test_a_flipped_byte_in_the_text_is_refused(agreement: bytes, approved: bytes) -> None:
    changed = bytearray(agreement)
    changed[len(approved) // 2] ^= 0x01
    reasons = why(await judge(bytes(changed), approved))
    assert reasons & {Reason.CONTENT_CHANGED, Reason.UNREADABLE}
    assert Reason.NOT_THE_APPROVED_DOCUMENT in reasons


@pytest.mark.parametrize(("index", "step"), [(0, 600), (2, 13)])
async def test_a_flipped_byte_anywhere_in_a_signature_is_refused(
    agreement: bytes, approved: bytes, index: int, step: int
) -> None:
    signature = PdfFileReader(BytesIO(agreement)).embedded_regular_signatures[index]
    start, end = int(signature.byte_range[1]), int(signature.byte_range[2])
    # The first bytes hold versions and algorithms that the signature itself does not protect.
    for place in (*range(start + 2, start + 120, step), *range(start + 120, start + 2300, 600), end - 40, end - 2):
        changed = bytearray(agreement)
        changed[place] ^= 0x01
        assert not (await judge(bytes(changed), approved)).ok, place - start


async def test_another_spelling_of_the_signature_is_refused(agreement: bytes, approved: bytes) -> None:
    """Hexadecimal digits mean the same in either case; the file would be another one all the same."""
    signature = PdfFileReader(BytesIO(agreement)).embedded_regular_signatures[-1]
    start, end = int(signature.byte_range[1]), int(signature.byte_range[2])
    place = next(i for i in range(start, end) if agreement[i : i + 1] in b"abcdefABCDEF")
    changed = bytearray(agreement)
    changed[place] ^= 0x20
    assert Reason.SIGNATURE_DAMAGED in why(await judge(bytes(changed), approved))


async def test_an_incremental_update_after_signing_is_refused(agreement: bytes, approved: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(agreement))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)
    output = BytesIO()
    writer.write(output)
    reasons = why(await judge(output.getvalue(), approved))
    assert {Reason.CHANGED_AFTER_SIGNING, Reason.NOT_WHOLE_DOCUMENT} <= reasons


async def test_a_harmless_looking_update_of_the_metadata_is_refused(agreement: bytes, approved: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(agreement))
    writer.set_info(generic.DictionaryObject({generic.pdf_name("/Title"): generic.pdf_string("Altro")}))
    output = BytesIO()
    writer.write(output)
    assert Reason.CHANGED_AFTER_SIGNING in why(await judge(output.getvalue(), approved))


async def test_bytes_appended_after_the_end_are_refused(agreement: bytes, approved: bytes) -> None:
    assert not (await judge(agreement + b"\n% more\n", approved)).ok


async def test_a_change_between_two_signatures_is_refused(approved: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(await signed(approved, FIELDS[:1])))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)
    output = BytesIO()
    writer.write(output)
    document = output.getvalue()
    for field in FIELDS[1:]:
        document = await sign(document, field=field, fields=FIELDS, credential=credential(field), now=NOW)
    assert Reason.CHANGED_AFTER_SIGNING in why(await judge(document, approved))


async def test_a_stripped_signature_is_refused(agreement: bytes, approved: bytes) -> None:
    """Cutting the last revision off leaves a valid file that lacks one signature."""
    last = PdfFileReader(BytesIO(agreement)).embedded_regular_signatures[-2]
    _start, _length, resume, rest = (int(value) for value in last.byte_range)
    verification = await judge(agreement[: resume + rest], approved)
    assert [(r.reason, r.field) for r in verification.reasons] == [(Reason.SIGNATURE_MISSING, FIELDS[2])]


async def test_another_document_signed_by_the_right_people_is_refused(approved: bytes) -> None:
    other = await signed(with_fields(render(device_document(title="Laptop e PC per altri")), FIELDS))
    assert why(await judge(other, approved)) == {Reason.NOT_THE_APPROVED_DOCUMENT}


async def test_another_person_of_the_same_party_is_refused(approved: bytes) -> None:
    stranger = issue(AUTHORITY, replace(signatory(FIELDS[1]), person_id="person:stranger"), NOW)
    document = await signed(approved, stakeholder_giver=stranger)
    verification = await judge(document, approved)
    assert [(r.reason, r.field) for r in verification.reasons] == [(Reason.WRONG_SIGNATORY, FIELDS[1])]


async def test_one_party_signing_in_the_field_of_another_is_refused(approved: bytes) -> None:
    document = await signed(approved, stakeholder_giver=credential(FIELDS[2]))
    assert Reason.WRONG_SIGNATORY in why(await judge(document, approved))


async def test_a_certificate_expired_at_signing_is_refused(approved: bytes) -> None:
    old = credential(FIELDS[0], now=NOW - timedelta(days=3))
    reasons = why(await judge(await signed(approved, department_education=old), approved))
    assert {Reason.EXPIRED, Reason.WRONG_TIME} <= reasons


async def test_an_early_signature_is_judged_by_its_own_day(agreement: bytes, approved: bytes) -> None:
    """Certificates live a day; parties may take a week to sign."""
    week = replace(TRUST, moment=NOW + timedelta(days=7))
    assert Reason.EXPIRED in why(await judge(agreement, approved, week))
    recorded = {field: replace(one, signed_at=NOW + timedelta(minutes=1)) for field, one in EXPECTED.items()}
    assert (await verify(agreement, approved=approved, expected=recorded, trust=week)).ok


async def test_a_signature_that_claims_another_time_than_it_was_made_is_refused(
    agreement: bytes, approved: bytes
) -> None:
    recorded = {field: replace(one, signed_at=NOW + timedelta(hours=2)) for field, one in EXPECTED.items()}
    verification = await verify(agreement, approved=approved, expected=recorded, trust=TRUST)
    assert why(verification) == {Reason.WRONG_TIME}


async def test_no_name_of_a_signatory_gets_into_a_log(
    agreement: bytes, approved: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await judge(agreement, approved, replace(TRUST, moment=NOW + timedelta(days=7)))
    await judge(agreement + b"x", approved, replace(TRUST, roots=()))
    assert "Bianchi" not in caplog.text


async def test_a_certificate_of_an_unknown_root_is_refused(approved: bytes) -> None:
    foreign = credential(FIELDS[0], create_authority("c_f205", NOW))
    verification = await judge(await signed(approved, department_education=foreign), approved)
    assert [(r.reason, r.field) for r in verification.reasons] == [(Reason.UNTRUSTED, FIELDS[0])]


async def test_a_revoked_certificate_is_refused(agreement: bytes, approved: bytes) -> None:
    facts = (await judge(agreement, approved)).signatures[1]
    root = x509.load_pem_x509_certificate(AUTHORITY.certificate)
    key = serialization.load_pem_private_key(AUTHORITY.private_key, None)
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(facts.certificate_serial, 16))
        .revocation_date(NOW - timedelta(minutes=2))
        .build()
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(NOW - timedelta(minutes=1))
        .next_update(NOW + timedelta(days=1))
        .add_revoked_certificate(revoked)
        .sign(key, hashes.SHA256())
    )
    trust = replace(TRUST, crls=(crl.public_bytes(serialization.Encoding.DER),))
    verification = await judge(agreement, approved, trust)
    assert (Reason.REVOKED, FIELDS[1]) in [(r.reason, r.field) for r in verification.reasons]


async def test_what_is_no_pdf_is_refused_without_an_error(approved: bytes) -> None:
    assert Reason.UNREADABLE in why(await judge(b"%PDF-1.7 nothing", approved))
