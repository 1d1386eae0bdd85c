"""Whether a signed document may be relied on, and if not, why.

A PDF signature covers a byte range, not "the document": what comes after it, what it leaves out and who
made it are questions of their own. Each is asked here, and every refusal has its reason. The answer does
not depend on the clock of the machine but on the moment asked about.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import BytesIO
from typing import Any

from asn1crypto import cms, pem
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

PADES = "/ETSI.CAdES.detached"
CLOCK_SLACK = timedelta(minutes=5)

# These libraries explain a refusal in their log by the certificate's subject, which names a person.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


class Reason(StrEnum):
    """Why a document is refused."""

    UNREADABLE = "unreadable"
    NOT_THE_APPROVED_DOCUMENT = "not-the-approved-document"
    NOT_SIGNED = "not-signed"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_UNEXPECTED = "signature-unexpected"
    NOT_PADES = "not-pades"
    SIGNATURE_DAMAGED = "signature-damaged"
    CONTENT_CHANGED = "content-changed"
    CHANGED_AFTER_SIGNING = "changed-after-signing"
    NOT_WHOLE_DOCUMENT = "not-whole-document"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WRONG_SIGNATORY = "wrong-signatory"
    WRONG_TIME = "wrong-time"


@dataclass(frozen=True)
class Refusal:
    """One reason, and the signature field it is about (None: the document as a whole)."""

    reason: Reason
    field: str | None = None


@dataclass(frozen=True)
class Expected:
    """Who must have signed a field: the party, the person when it is known, and when, if we were there.

    Certificates are judged as of `signed_at`: those of early signatories may have run out when the last one signs.
    """

    organisation_id: str
    person_id: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True)
class Trust:
    """What certificates are judged by: the roots (PEM or DER), revocation lists (DER), and the moment of judging
    those whose time of signature nobody recorded."""

    roots: tuple[bytes, ...]
    moment: datetime
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class SignatureFacts:
    """What one signature says of itself, for the record; to be believed only if the verification is ok."""

    field: str
    organisation_id: str
    person_id: str
    person_name: str
    certificate_serial: str
    issuer: str
    level: str
    claimed_at: datetime | None


@dataclass(frozen=True)
class Verification:
    """`ok` only without any reason against it."""

    reasons: tuple[Refusal, ...]
    signatures: tuple[SignatureFacts, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not self.reasons


async def verify(
    document: bytes,
    *,
    approved: bytes,
    expected: Mapping[str, Expected],
    trust: Trust,
) -> Verification:
    """Judge `document`, which must be `approved` plus one signature for each expected field and nothing else."""
    refusals: list[Refusal] = []
    # Signing only ever appends, so the approved document must still be there, byte for byte: whatever a
    # shadow or wrapping attack hides in the first revision was not in what was approved.
    if not document.startswith(approved):
        refusals.append(Refusal(Reason.NOT_THE_APPROVED_DOCUMENT))
    try:
        reader = PdfFileReader(BytesIO(document), strict=True)
        embedded = list(reader.embedded_regular_signatures)
        revisions = reader.xrefs.total_revisions
        extra = len(reader.embedded_timestamp_signatures)
    except Exception:  # a hostile file may break the parser in any way it likes
        return Verification((*refusals, Refusal(Reason.UNREADABLE)))
    refusals += _presence(embedded, expected)
    base = _revisions(approved)
    if base is None or revisions != base + len(embedded) or extra:
        refusals.append(Refusal(Reason.CHANGED_AFTER_SIGNING))
    facts: list[SignatureFacts] = []
    for index, signature in enumerate(embedded):
        last = index == len(embedded) - 1
        found, said = await _judge(signature, document, last=last, expected=expected, trust=trust)
        refusals += found
        if said:
            facts.append(said)
    return Verification(tuple(dict.fromkeys(refusals)), tuple(facts))


async def verify_off_loop(
    document: bytes, *, approved: bytes, expected: Mapping[str, Expected], trust: Trust
) -> Verification:
    """As `verify`, in a thread with a loop of its own: checking signatures is work for a processor."""
    return await asyncio.to_thread(
        lambda: asyncio.run(verify(document, approved=approved, expected=expected, trust=trust))
    )


def _presence(embedded: Sequence[EmbeddedPdfSignature], expected: Mapping[str, Expected]) -> list[Refusal]:
    fields = [signature.field_name for signature in embedded]
    if not fields:
        return [Refusal(Reason.NOT_SIGNED)]
    missing = [Refusal(Reason.SIGNATURE_MISSING, name) for name in expected if name not in fields]
    unexpected = [
        Refusal(Reason.SIGNATURE_UNEXPECTED, name) for name in fields if name not in expected or fields.count(name) > 1
    ]
    return missing + unexpected


def _revisions(approved: bytes) -> int | None:
    try:
        return int(PdfFileReader(BytesIO(approved), strict=True).xrefs.total_revisions)
    except Exception:
        return None


async def _judge(
    signature: EmbeddedPdfSignature,
    document: bytes,
    *,
    last: bool,
    expected: Mapping[str, Expected],
    trust: Trust,
) -> tuple[list[Refusal], SignatureFacts | None]:
    name = signature.field_name
    wanted = expected.get(name)
    if wanted and wanted.signed_at:
        trust = replace(trust, moment=wanted.signed_at)
    reasons: list[Reason] = []
    if str(signature.sig_object.get("/SubFilter")) != PADES:
        reasons.append(Reason.NOT_PADES)
    if not _container_is_clean(signature, document):
        reasons.append(Reason.SIGNATURE_DAMAGED)
    try:
        status = await async_validate_pdf_signature(
            signature,
            signer_validation_context=_context(trust),
            key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
        )
        facts = _facts(signature)
    except Exception:  # as above: whatever cannot be judged is refused, never an error page
        reasons.append(Reason.SIGNATURE_DAMAGED)
        return [Refusal(reason, name) for reason in reasons], None
    reasons += _integrity(status, last=last)
    reasons += _certificate(status, signature.signer_cert, facts, trust)
    if wanted and wanted.signed_at and not _said_truly(facts, wanted.signed_at):
        reasons.append(Reason.WRONG_TIME)
    if wanted and not _is_expected(facts, wanted):
        reasons.append(Reason.WRONG_SIGNATORY)
    return [Refusal(reason, name) for reason in reasons], facts


def _integrity(status: PdfSignatureStatus, *, last: bool) -> list[Reason]:
    reasons: list[Reason] = []
    if not status.intact:
        reasons.append(Reason.CONTENT_CHANGED)
    if not status.valid:
        reasons.append(Reason.SIGNATURE_DAMAGED)
    needed = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
    if status.coverage is None or status.coverage < needed:
        reasons.append(Reason.NOT_WHOLE_DOCUMENT)
    allowed = ModificationLevel.NONE if last else ModificationLevel.FORM_FILLING
    level = status.modification_level
    if level is None or level > allowed or not status.docmdp_ok:
        reasons.append(Reason.CHANGED_AFTER_SIGNING)
    return reasons


def _certificate(
    status: PdfSignatureStatus, certificate: asn1_x509.Certificate, facts: SignatureFacts, trust: Trust
) -> list[Reason]:
    reasons: list[Reason] = []
    begin, end = certificate.not_valid_before, certificate.not_valid_after
    if not begin <= trust.moment <= end:
        reasons.append(Reason.EXPIRED)
    elif status.revoked:
        reasons.append(Reason.REVOKED)
    elif not status.trusted:
        reasons.append(Reason.UNTRUSTED)
    if facts.claimed_at is None or not begin <= facts.claimed_at <= end:
        reasons.append(Reason.WRONG_TIME)
    return reasons


def _said_truly(facts: SignatureFacts, signed_at: datetime) -> bool:
    """Whether the signature claims the time at which it was made before our eyes."""
    return facts.claimed_at is not None and abs(facts.claimed_at - signed_at) <= CLOCK_SLACK


def _is_expected(facts: SignatureFacts, wanted: Expected) -> bool:
    return facts.organisation_id == wanted.organisation_id and (
        wanted.person_id is None or facts.person_id == wanted.person_id
    )


def _container_is_clean(signature: EmbeddedPdfSignature, document: bytes) -> bool:
    """The gap that a signature cannot cover holds one DER container, zeros, and no other writing of it."""
    try:
        start, length, resume, rest = (int(value) for value in signature.byte_range)
        gap = document[length:resume]
        text = gap[1:-1]
        raw = bytes.fromhex(text.decode("ascii"))
        container = cms.ContentInfo.load(raw)
        der = container.dump(force=True)
        plain = _is_plain(container["content"], signature.signer_cert)
    except (ValueError, TypeError, IndexError, KeyError):
        return False
    return (
        plain
        and start == 0
        and rest > 0
        and gap[:1] == b"<"
        and gap[-1:] == b">"
        and text in (text.lower(), text.upper())
        and raw.startswith(der)
        and not raw[len(der) :].strip(b"\0")
    )


def _is_plain(signed_data: cms.SignedData, certificate: asn1_x509.Certificate) -> bool:
    """What the signature itself does not protect in its container can only have one value (RFC 5652 §5).

    A validator passes over these parts, so that a changed bit in them would go unnoticed.
    """
    (signer,) = signed_data["signer_infos"]
    sid = signer["sid"].chosen
    unsigned = {attribute["type"].native for attribute in signer["unsigned_attrs"] or ()}
    return bool(
        signed_data["version"].native == signer["version"].native == "v1"
        and [one.dump() for one in signed_data["digest_algorithms"]] == [signer["digest_algorithm"].dump()]
        and signed_data["encap_content_info"]["content_type"].native == "data"
        and signed_data["encap_content_info"]["content"].native is None
        and not signed_data["crls"]
        and isinstance(sid, cms.IssuerAndSerialNumber)
        and sid["issuer"].dump() == certificate.issuer.dump()
        and sid["serial_number"].native == certificate.serial_number
        and unsigned <= {"signature_time_stamp_token"}
    )


def _context(trust: Trust) -> ValidationContext:
    return ValidationContext(
        trust_roots=[_certificate_of(root) for root in trust.roots],
        moment=trust.moment,
        allow_fetching=False,
        crls=list(trust.crls),
        # Without lists there is nothing to ask: the development certificates live a day and name no service.
        revocation_mode="require" if trust.crls else "soft-fail",
    )


def _certificate_of(encoded: bytes) -> asn1_x509.Certificate:
    if pem.detect(encoded):
        _, _, encoded = pem.unarmor(encoded)
    return asn1_x509.Certificate.load(encoded)


def _facts(signature: EmbeddedPdfSignature) -> SignatureFacts:
    certificate = signature.signer_cert
    subject: dict[str, Any] = certificate.subject.native
    claimed = signature.self_reported_timestamp
    return SignatureFacts(
        field=signature.field_name,
        organisation_id=str(subject.get("organization_identifier", "")),
        person_id=str(subject.get("serial_number", "")),
        person_name=str(subject.get("common_name", "")),
        certificate_serial=format(certificate.serial_number, "x"),
        issuer=certificate.issuer.human_friendly,
        level="PAdES B-B",
        claimed_at=claimed.astimezone(UTC) if claimed else None,
    )
