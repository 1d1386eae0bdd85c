"""What certificates are judged by: anchors, and what is known about revocation."""

from __future__ import annotations

import base64
import copyreg
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign.validation.qualified.tsp import (
    CA_QC_URI,
    QTST_URI,
    CAServiceInformation,
    QualifiedServiceInformation,
    TSPRegistry,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import (
    Authority,
    AuthorityWithCert,
    TrustAnchor,
    TrustQualifiers,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import TrustManager

# Certificates travel to another process as what they are: half-parsed ones lose their bytes on the way.
copyreg.pickle(asn1_x509.Certificate, lambda one: (asn1_x509.Certificate.load, (one.dump(),)))

Revocation = Literal["hard", "soft"]
"""Whether a signature is refused of whose certificate nobody knows if it was revoked."""
_CHECKED = RevocationCheckingPolicy(
    ee_certificate_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
    intermediate_ca_cert_rule=RevocationCheckingRule.CHECK_IF_DECLARED,
)


@dataclass(frozen=True)
class Trust:
    """Roots and certificates are PEM or DER, revocation lists and answers DER.

    `roots` are those of the development signer: what they issue lives a day, no revocation service goes with it,
    and its level is `development`. `others` are further roots (level `advanced`); `services` come from trusted
    lists and may make a signature `qualified`. `stamps` are roots of time-stamping authorities, `certificates`
    intermediate ones that documents may lack. `kept` are the anchors that signatures on record stood on, and for those
    only. `moment` is now: signatures are judged by it whose time nobody proves.
    """

    roots: tuple[bytes, ...]
    moment: datetime
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    others: tuple[bytes, ...] = ()
    stamps: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()
    services: tuple[QualifiedServiceInformation, ...] = ()
    revocation: Revocation = "hard"
    kept: tuple[bytes, ...] = ()

    def for_recorded(self) -> Trust:
        """For a signature that was accepted before: what it stood on then, and the status it had then."""
        return replace(self, others=(*self.others, *self.kept), revocation="soft")

    def is_development(self, certificate: asn1_x509.Certificate) -> bool:
        """Whether the development signer's root may have issued the certificate."""
        return any(certificate_of(root).subject == certificate.issuer for root in self.roots)

    def signers(self, moment: datetime) -> Anchors:
        """Anchors for signatories other than the development signer's."""
        return Anchors(map(certificate_of, self.others), self._of_type(CA_QC_URI), moment)

    def developers(self, moment: datetime) -> Anchors:
        """Anchors for the development signer."""
        return Anchors(map(certificate_of, self.roots), (), moment)

    def stampers(self, moment: datetime) -> Anchors:
        """Anchors for time stamps, also of the development signer's stamps."""
        return Anchors(map(certificate_of, (*self.stamps, *self.roots, *self.kept)), self._of_type(QTST_URI), moment)

    def registry(self) -> TSPRegistry:
        """The trusted lists' certificate services, for judging qualification."""
        registry = TSPRegistry()
        for service in self.services:
            if isinstance(service, CAServiceInformation):
                registry.register_ca(service)
        return registry

    def _of_type(self, uri: str) -> Iterator[QualifiedServiceInformation]:
        return (service for service in self.services if service.base_info.service_type == uri)


class _Anchor(AuthorityWithCert):
    """An anchor that stands for itself, although another authority may have issued its certificate.

    The library looks for the issuer of a revocation list's signer in the path, which begins with the anchor; trusted
    lists name authorities whose own issuer they do not name.
    """

    def is_potential_issuer_of(self, cert: asn1_x509.Certificate) -> bool:
        return cert.dump() == self.certificate.dump() or bool(super().is_potential_issuer_of(cert))


class Anchors(TrustManager):
    """Trust anchors as of one moment: a service counts in the time for which its list says `granted`."""

    def __init__(
        self,
        roots: Iterable[asn1_x509.Certificate],
        services: Iterable[QualifiedServiceInformation],
        moment: datetime,
    ) -> None:
        self._anchors: dict[Authority, TrustAnchor] = {}
        for service in services:
            begin, end = service.base_info.valid_from, service.base_info.valid_until
            if begin <= moment and (end is None or moment <= end):
                for certificate in service.base_info.provider_certs:
                    authority = _Anchor(certificate)
                    quals = TrustQualifiers(valid_from=begin, valid_until=end)
                    self._anchors.setdefault(authority, TrustAnchor(authority, quals))
        for root in roots:
            authority = _Anchor(root)
            self._anchors.setdefault(authority, TrustAnchor(authority))

    @property
    def certificates(self) -> list[asn1_x509.Certificate]:
        return [one.certificate for one in self._anchors if isinstance(one, AuthorityWithCert)]

    def as_trust_anchor(self, authority: Authority) -> TrustAnchor | None:
        return self._anchors.get(authority)

    def find_potential_issuers(self, cert: asn1_x509.Certificate) -> Iterator[TrustAnchor]:
        for authority, anchor in self._anchors.items():
            if authority.name == cert.issuer and authority.is_potential_issuer_of(cert):
                yield anchor

    def context(
        self,
        moment: datetime,
        *,
        revocation: bool,
        crls: Iterable[bytes] = (),
        ocsps: Iterable[bytes] = (),
        certificates: Iterable[asn1_x509.Certificate] = (),
    ) -> ValidationContext:
        """For judging one certificate at `moment`; the network is never asked.

        With `revocation` nothing passes of which it is not known that it was not revoked. What is known may
        be younger than the moment: it says when a certificate was revoked.
        """
        known = [*certificates, *self.certificates]
        return ValidationContext(
            trust_manager=self,
            moment=moment,
            best_signature_time=moment,
            allow_fetching=False,
            crls=[one for one in crls if _is_genuine(one, known)],
            ocsps=list(ocsps),
            # Revocation lists are looked up by the certificates of their issuers, the anchors' own among them.
            other_certs=known,
            revinfo_policy=CertRevTrustPolicy(_CHECKED if revocation else NO_REVOCATION, retroactive_revinfo=True),
        )


def anchor_of(path: ValidationPath | None) -> str:
    """The anchor at the beginning of a path: its certificate, DER in Base64."""
    authority = path.trust_anchor.authority if path else None
    return base64.b64encode(authority.certificate.dump()).decode() if isinstance(authority, AuthorityWithCert) else ""


def _is_genuine(crl: bytes, certificates: Iterable[asn1_x509.Certificate]) -> bool:
    """Whether somebody known has signed the list: a forged one must not stand in the way of a genuine one."""
    try:
        read = x509.load_der_x509_crl(crl)
        issuer = read.issuer.public_bytes()
    except ValueError:
        return False
    return any(_has_signed(one, read) for one in certificates if one.subject.dump() == issuer)


def _has_signed(certificate: asn1_x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    try:
        key = x509.load_der_x509_certificate(certificate.dump()).public_key()
        return crl.is_signature_valid(key)  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def certificate_of(encoded: bytes) -> asn1_x509.Certificate:
    """A certificate from PEM or DER. Raises ValueError."""
    if pem.detect(encoded):
        _, _, encoded = pem.unarmor(encoded)
    return asn1_x509.Certificate.load(encoded)
