"""Whether a signature container has any freedom left: whatever a signature does not protect can be written in one way.

A validator passes over these parts, so that a changed bit in them would go unnoticed (RFC 5652 §5).
"""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_ABSENT_OR_NULL = (b"", b"\x05\x00")


def gap_is_clean(signature: EmbeddedPdfSignature, document: bytes) -> bool:
    """The gap that a PDF signature cannot cover holds one DER container, zeros, and no other writing of it."""
    try:
        start, length, resume, rest = (int(value) for value in signature.byte_range)
        gap = document[length:resume]
        text = gap[1:-1]
        raw = bytes.fromhex(text.decode("ascii"))
        der = cms.ContentInfo.load(raw).dump(force=True)
    except (ValueError, TypeError, IndexError, KeyError):
        return False
    return (
        start == 0
        and rest > 0
        and gap[:1] == b"<"
        and gap[-1:] == b">"
        and text in (text.lower(), text.upper())
        and raw.startswith(der)
        and not raw[len(der) :].strip(b"\0")
    )


def is_plain(signed_data: cms.SignedData, anchors: Iterable[asn1_x509.Certificate]) -> bool:
    """One signer, known versions and algorithms, no revocation lists, no certificate that nothing vouches for."""
    try:
        return _is_plain(signed_data, tuple(anchors))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_plain(signed_data: cms.SignedData, anchors: tuple[asn1_x509.Certificate, ...]) -> bool:
    (signer,) = signed_data["signer_infos"]
    (listed,) = signed_data["digest_algorithms"]
    stamps = [
        stamp["content"]
        for attribute in signer["unsigned_attrs"] or ()
        for stamp in attribute["values"]
        if attribute["type"].native == "signature_time_stamp_token"
    ]
    unsigned = {attribute["type"].native for attribute in signer["unsigned_attrs"] or ()}
    return (
        signer["version"].native == ("v1" if signer["sid"].name == "issuer_and_serial_number" else "v3")
        and signed_data["version"].native == _version(signed_data, signer)
        and _same_algorithm(listed, signer["digest_algorithm"])
        and not signed_data["crls"]
        and unsigned <= {"signature_time_stamp_token"}
        and _points_at_its_certificate(signed_data, signer)
        and _vouched_for(signed_data, anchors)
        and all(_is_plain(stamp, anchors) for stamp in stamps)
    )


def _version(signed_data: cms.SignedData, signer: cms.SignerInfo) -> str:
    data = signed_data["encap_content_info"]["content_type"].native == "data"
    return "v1" if data and signer["version"].native == "v1" else "v3"


def _same_algorithm(one: cms.DigestAlgorithm, other: cms.DigestAlgorithm) -> bool:
    return one["algorithm"].native == other["algorithm"].native and all(
        each["parameters"].dump() in _ABSENT_OR_NULL for each in (one, other)
    )


def certificates_in(signed_data: cms.SignedData) -> list[asn1_x509.Certificate]:
    """All X.509 certificates in the container."""
    return [one.chosen for one in signed_data["certificates"] or () if one.name == "certificate"]


def _points_at_its_certificate(signed_data: cms.SignedData, signer: cms.SignerInfo) -> bool:
    return any(_is_signers(signer, one) for one in certificates_in(signed_data))


def _is_signers(signer: cms.SignerInfo, certificate: asn1_x509.Certificate) -> bool:
    sid = signer["sid"].chosen
    if not isinstance(sid, cms.IssuerAndSerialNumber):
        return bool(sid.native == certificate.key_identifier)
    same_issuer = sid["issuer"].dump() == certificate.issuer.dump()
    return bool(same_issuer and sid["serial_number"].native == certificate.serial_number)


def _vouched_for(signed_data: cms.SignedData, anchors: tuple[asn1_x509.Certificate, ...]) -> bool:
    """Every certificate in the container is an anchor, or one whose signature an issuer at hand has made.

    Whether the signatory's own was issued by whom it says is asked elsewhere. A certificate whose issuer is nowhere
    to be found is let be, as no path can lead through it, unless it is a known one with something changed in it.
    """
    inside = certificates_in(signed_data)
    if len(inside) != len(signed_data["certificates"] or ()):
        return False
    (signer,) = signed_data["signer_infos"]
    known = [one.dump() for one in anchors]
    for certificate in inside:
        if certificate.dump() in known or _is_signers(signer, certificate):
            continue
        issuers = [one for one in (*inside, *anchors) if one.subject == certificate.issuer]
        if any(_issued(certificate, issuer) for issuer in issuers):
            continue
        if issuers or any(_resembles(certificate, one) for one in anchors):
            return False
    return True


def _resembles(certificate: asn1_x509.Certificate, anchor: asn1_x509.Certificate) -> bool:
    """One changed bit leaves at least two of these as they were."""
    return (
        certificate.subject.dump() == anchor.subject.dump()
        or certificate.public_key.dump() == anchor.public_key.dump()
        or bool(certificate.signature == anchor.signature)
    )


def _issued(certificate: asn1_x509.Certificate, issuer: asn1_x509.Certificate) -> bool:
    try:
        x509.load_der_x509_certificate(certificate.dump()).verify_directly_issued_by(
            x509.load_der_x509_certificate(issuer.dump())
        )
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
