"""One signature, whatever carries it: integrity, time, certificate, revocation, level."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from asn1crypto import cms, crl, ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.ades import qualified_asn1
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation import async_validate_cms_signature
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_self_reported_ts,
)
from pyhanko.sign.validation.qualified.assess import QualificationAssessor
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers.common_utils import format_ocsp_request
from pyhanko_certvalidator.path import ValidationPath

from services.agreements.documents.verification.stamps import Stamp, stamps_of
from services.agreements.documents.verification.trust import Trust, anchor_of, certificate_of
from services.agreements.documents.verification.verdict import CLOCK_SLACK, Asks, Finding, Level, Reason, clean

_FOR_SIGNING = KeyUsageConstraints(key_usage={"non_repudiation"})
_REVOKED = {AdESFailure.REVOKED, AdESIndeterminate.REVOKED_NO_POE, AdESIndeterminate.REVOKED_CA_NO_POE}
_WEAK = {AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE, AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE}
_TIME_LEVEL = {False: "B-B", True: "B-T"}


@dataclass(frozen=True)
class Signed:
    """One signature as its carrier presents it; `digest` is None when the container holds what was signed."""

    field: str
    container: Literal["pades", "cades"]
    signed_data: cms.SignedData
    digest: bytes | None
    claimed_at: datetime | None
    reasons: tuple[Reason, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    certificates: tuple[asn1_x509.Certificate, ...] = ()
    later_stamps: tuple[Stamp, ...] = ()
    long_term: bool = False


def fingerprint(certificate: asn1_x509.Certificate) -> str:
    """SHA-256 of the certificate (DER), lower-case hexadecimal."""
    return hashlib.sha256(certificate.dump()).hexdigest()


def signature_id(signed_data: cms.SignedData) -> str:
    """What tells signatures of one certificate apart: SHA-256 of all that the signatory put the signature under.

    Not of the signature itself, which can be written in more than one way; a copy is the same signature.
    """
    attributes = signed_data["signer_infos"][0]["signed_attrs"]
    return hashlib.sha256(attributes.untag().dump(force=True)).hexdigest()


async def judge(signed: Signed, trust: Trust, recorded: Mapping[str, datetime]) -> Finding | Reason:
    """What is to be said of one signature; a bare reason when not even its certificate can be read.

    `recorded` are the moments at which earlier verifications saw a signature, by its id; before ids were kept, by the
    fingerprint of its certificate.
    """
    try:
        certificate = extract_certs_for_validation(signed.signed_data).signer_cert
        known = recorded.get(signature_id(signed.signed_data)) or recorded.get(fingerprint(certificate))
        if known is not None:
            trust = trust.for_recorded()
        stamps = await stamps_of(signed.signed_data, trust, signed.crls, signed.ocsps)
        reasons = list(signed.reasons)
        if any(stamp.damaged for stamp in stamps):
            reasons.append(Reason.TIME_STAMP_DAMAGED)
        proven_at, proof = _proven(known, [*stamps, *signed.later_stamps], trust)
        checked = await _checked(signed, certificate, trust, proven_at)
        reasons += checked.reasons
        reasons += _time(signed, certificate, proven_at)
        return _finding(signed, certificate, checked, stamps, proven_at, proof, reasons)
    except Exception:  # a hostile container may break the parser in any way it likes: refused, never an error page
        return Reason.SIGNATURE_DAMAGED


def _proven(
    known: datetime | None, stamps: Sequence[Stamp], trust: Trust
) -> tuple[datetime, Literal["time-stamp", "received", "record"]]:
    if known is not None:
        return known, "record"
    trusted = [stamp.at for stamp in stamps if stamp.trusted and stamp.at <= trust.moment + CLOCK_SLACK]
    return (min(trusted), "time-stamp") if trusted else (trust.moment, "received")


@dataclass(frozen=True)
class _Checked:
    reasons: tuple[Reason, ...]
    level: Level | None
    trusted_by: str
    revocation: Literal["crl", "ocsp", "not-checked"]
    anchor: str
    asks: Asks | None = None


async def _checked(signed: Signed, certificate: asn1_x509.Certificate, trust: Trust, moment: datetime) -> _Checked:
    development = trust.is_development(certificate)
    anchors = trust.developers(moment) if development else trust.signers(moment)
    crls, ocsps = (*trust.crls, *signed.crls), (*trust.ocsps, *signed.ocsps)

    def context(revocation: bool) -> ValidationContext:
        more = (*signed.certificates, *map(certificate_of, trust.certificates))
        return anchors.context(moment, revocation=revocation, crls=crls, ocsps=ocsps, certificates=more)

    # What the development signer issues names no service to ask; without any list there is nothing to look into.
    known = not development or bool(crls or ocsps)
    status = await _status(signed, context(known))
    reasons = _integrity(status)
    asks: Asks | None = None
    if not reasons and status.trust_problem_indic is not None:
        otherwise = await _status(signed, context(False)) if known else status
        problem = _problem(status, otherwise, certificate, moment)
        if problem is Reason.REVOCATION_UNKNOWN and not development:
            asks = asks_of(certificate, otherwise.validation_path)
        if problem is not Reason.REVOCATION_UNKNOWN or not (development or trust.revocation == "soft"):
            reasons.append(problem)
        status = otherwise
    path = status.validation_path if not reasons else None
    if not signed_with_certificate(signed.signed_data):
        reasons.append(Reason.NOT_PADES if signed.container == "pades" else Reason.NOT_CADES)
    kinds = _qualified_for(certificate)
    if kinds == {"qct_eseal"}:
        reasons.append(Reason.SEAL)
    level: Level | None = None
    if path is not None:
        level = "development" if development else _level(path, trust, moment)
    how = _revocation(certificate, crls, ocsps)
    return _Checked(tuple(reasons), level, _anchor_name(path), how, anchor_of(path), asks)


def asks_of(certificate: asn1_x509.Certificate, path: ValidationPath | None) -> Asks | None:
    """The addresses in a certificate whose trusted issuer is known, and the question for OCSP."""
    if path is None:
        return None
    request = format_ocsp_request(
        certificate, path.find_issuing_authority(certificate), certid_hash_algo="sha1", request_nonces=False
    )
    lists = (point.url for point in certificate.crl_distribution_points)
    return Asks(
        tuple(certificate.ocsp_urls), base64.b64encode(request.dump()).decode(), tuple(url for url in lists if url)
    )


async def _status(signed: Signed, context: ValidationContext) -> SignatureStatus:
    return await async_validate_cms_signature(
        signed.signed_data,
        raw_digest=signed.digest,
        validation_context=context,
        key_usage_settings=_FOR_SIGNING,
    )


def _integrity(status: SignatureStatus) -> list[Reason]:
    reasons: list[Reason] = []
    if not status.intact:
        reasons.append(Reason.CONTENT_CHANGED)
    if not status.valid:
        reasons.append(Reason.SIGNATURE_DAMAGED)
    return reasons


def _problem(
    status: SignatureStatus, otherwise: SignatureStatus, certificate: asn1_x509.Certificate, moment: datetime
) -> Reason:
    """Why a certificate is not trusted; `otherwise` is the answer without asking for revocation."""
    if moment < certificate.not_valid_before:
        return Reason.NOT_YET_VALID
    if moment > certificate.not_valid_after:
        return Reason.EXPIRED
    if status.trust_problem_indic in _REVOKED:
        return Reason.REVOKED
    found = otherwise.trust_problem_indic
    if found is None:
        return Reason.REVOCATION_UNKNOWN
    if found in _WEAK:
        return Reason.WEAK_ALGORITHM
    return Reason.WRONG_KEY_USAGE if found is AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE else Reason.UNTRUSTED


def _time(signed: Signed, certificate: asn1_x509.Certificate, proven_at: datetime) -> list[Reason]:
    """A signature may claim an earlier time than the proven one, within its certificate's life, never a later one."""
    claimed = signed.claimed_at
    if claimed is None:
        return []
    begin, end = certificate.not_valid_before, certificate.not_valid_after
    return [] if begin <= claimed <= end and claimed <= proven_at + CLOCK_SLACK else [Reason.WRONG_TIME]


def signed_with_certificate(signed_data: cms.SignedData) -> bool:
    """Whether the signature protects the choice of its certificate, as every AdES signature has to."""
    attributes = extract_signer_info(signed_data)["signed_attrs"] or ()
    return bool({one["type"].native for one in attributes} & {"signing_certificate", "signing_certificate_v2"})


def _qualified_for(certificate: asn1_x509.Certificate) -> set[str]:
    return {
        kind
        for statement in qualified_asn1.get_qc_statements(certificate)
        if statement["statement_id"].native == "qc_type"
        for kind in statement["statement_info"].native
    }


def _level(path: ValidationPath, trust: Trust, moment: datetime) -> Level:
    """Qualified: a qualified certificate for signatures with its key in a qualified device (art. 3.12 eIDAS)."""
    status = QualificationAssessor(trust.registry()).check_entity_cert_qualified(path, moment).status
    return "qualified" if status.qualified and status.qc_key_security.is_qscd else "advanced"


def _anchor_name(path: ValidationPath | None) -> str:
    if path is None:
        return ""
    name = path.trust_anchor.authority.name.native
    return _first(name.get("common_name") or name.get("organization_name"))


def _revocation(
    certificate: asn1_x509.Certificate, crls: Sequence[bytes], ocsps: Sequence[bytes]
) -> Literal["crl", "ocsp", "not-checked"]:
    for encoded in ocsps:
        basic = ocsp.OCSPResponse.load(encoded).basic_ocsp_response
        if any(
            one["cert_id"]["serial_number"].native == certificate.serial_number
            for one in basic["tbs_response_data"]["responses"]
        ):
            return "ocsp"
    if any(crl.CertificateList.load(encoded).issuer == certificate.issuer for encoded in crls):
        return "crl"
    return "not-checked"


def _finding(
    signed: Signed,
    certificate: asn1_x509.Certificate,
    checked: _Checked,
    stamps: Sequence[Stamp],
    proven_at: datetime,
    proof: Literal["time-stamp", "received", "record"],
    reasons: Sequence[Reason],
) -> Finding:
    subject: dict[str, Any] = certificate.subject.native
    stamped = any(stamp.trusted for stamp in stamps)
    used = (*stamps, *signed.later_stamps)
    baseline = _TIME_LEVEL[stamped]
    if stamped and signed.long_term:
        baseline = "B-LTA" if any(stamp.trusted for stamp in signed.later_stamps) else "B-LT"
    return Finding(
        field=clean(signed.field),
        container=signed.container,
        baseline=f"{'PAdES' if signed.container == 'pades' else 'CAdES'} {baseline}",
        level=checked.level,
        organisation_id=_first(subject.get("organization_identifier")),
        organisation_name=_first(subject.get("organization_name")),
        person_id=_first(subject.get("serial_number")),
        person_name=_person(subject),
        certificate_serial=format(certificate.serial_number, "x"),
        certificate_sha256=fingerprint(certificate),
        signature_id=signature_id(signed.signed_data),
        asks=checked.asks,
        issuer=clean(certificate.issuer.human_friendly),
        trusted_by=checked.trusted_by,
        revocation=checked.revocation,
        claimed_at=signed.claimed_at,
        proven_at=proven_at,
        proof=proof,
        anchors=tuple(filter(None, dict.fromkeys([checked.anchor, *(one.anchor for one in used)]))),
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _person(subject: dict[str, Any]) -> str:
    given, surname = _first(subject.get("given_name")), _first(subject.get("surname"))
    return f"{given} {surname}" if given and surname else _first(subject.get("common_name"))


def _first(value: Any) -> str:
    return clean(str((value[0] if isinstance(value, list) else value) or ""))


def claimed_time(signed_data: cms.SignedData) -> datetime | None:
    """The signing time that the signature states, in UTC."""
    claimed = extract_self_reported_ts(extract_signer_info(signed_data))
    return claimed.astimezone(UTC) if claimed else None
