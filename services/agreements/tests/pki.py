"""A trust service provider for tests: root, issuing authority, qualified-like certificates, revocation, time stamps.

Everything is the real thing at small size; only the names are invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import core
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from lxml import etree
from pyhanko.sign.timestamps import DummyTimeStamper
from signxml import methods
from signxml.xades import XAdESSigner

DAY = timedelta(days=1)
_QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QC_TYPES = {"signature": "0.4.0.1862.1.6.1", "seal": "0.4.0.1862.1.6.2"}
_TSL = "http://uri.etsi.org/02231/v2#"
_TL = "http://uri.etsi.org/TrstSvc/TrustedList"


_OCSP_AT = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.fiducia.example/")
        )
    ]
)
_CRL_AT = x509.CRLDistributionPoints(
    [
        x509.DistributionPoint(
            full_name=[x509.UniformResourceIdentifier("http://crl.fiducia.example/ca.crl")],
            relative_name=None,
            reasons=None,
            crl_issuer=None,
        )
    ]
)


class _Statement(core.Sequence):
    _fields = [("id", core.ObjectIdentifier), ("info", core.Any, {"optional": True})]  # noqa: RUF012


class _Statements(core.SequenceOf):
    _child_spec = _Statement


class _Types(core.SequenceOf):
    _child_spec = core.ObjectIdentifier


def qc_statements(kind: str, *, device: bool) -> bytes:
    """qcStatements (ETSI EN 319 412-5): qualified, for signatures or seals, key in a qualified device."""
    statements = [{"id": "0.4.0.1862.1.1"}, {"id": "0.4.0.1862.1.6", "info": _Types([_QC_TYPES[kind]])}]
    if device:
        statements.append({"id": "0.4.0.1862.1.4"})
    return _Statements([_Statement(one) for one in statements]).dump()


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.der)

    @property
    def asn1_key(self) -> asn1_keys.PrivateKeyInfo:
        return asn1_keys.PrivateKeyInfo.load(
            self.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _name(**parts: str) -> x509.Name:
    oids = {
        "country": NameOID.COUNTRY_NAME,
        "organisation": NameOID.ORGANIZATION_NAME,
        "organisation_id": NameOID.ORGANIZATION_IDENTIFIER,
        "person_id": NameOID.SERIAL_NUMBER,
        "given_name": NameOID.GIVEN_NAME,
        "surname": NameOID.SURNAME,
        "common_name": NameOID.COMMON_NAME,
    }
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in parts.items() if value])


def _usage(**bits: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names})


@dataclass
class Authority:
    """A certificate authority that remembers what it revoked."""

    holder: Holder
    now: datetime
    revoked: dict[int, datetime] = field(default_factory=dict)

    @classmethod
    def root(cls, now: datetime, name: str = "Radice di prova") -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(country="IT", organisation="Fiducia S.p.A.", common_name=name)
        return cls(Holder(_certificate(subject, subject, key, key, now, authority=True), key), now)

    def below(self, name: str = "CA qualificata di prova") -> Authority:
        key = rsa_key(name)
        subject = _name(country="IT", organisation="Fiducia S.p.A.", common_name=name)
        return Authority(Holder(self._issue(subject, key, authority=True), key), self.now)

    def signatory(
        self,
        *,
        organisation: str = "Fondazione Bracco",
        organisation_id: str = "VATIT-12345678901",
        person_id: str = "TINIT-CNTPLA80A01F205X",
        given_name: str = "Paolo",
        surname: str = "Conti",
        begin: datetime | None = None,
        end: datetime | None = None,
        usage: str = "content_commitment",
        kind: str | None = "signature",
        device: bool = True,
        hash_algorithm: Any = None,
    ) -> Holder:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(
            country="IT", organisation=organisation, organisation_id=organisation_id, person_id=person_id,
            given_name=given_name, surname=surname, common_name=f"{given_name} {surname}".upper(),
        )  # fmt: skip
        more = [x509.UnrecognizedExtension(_QC_STATEMENTS, qc_statements(kind, device=device))] if kind else []
        certificate = self._issue(
            subject, key, begin=begin, end=end, usage={usage: True}, more=more, hash_algorithm=hash_algorithm
        )
        return Holder(certificate, key)

    def stamper(self, at: datetime) -> DummyTimeStamper:
        """A time-stamping service whose clock stands at `at`."""
        key = rsa_key("tsa")
        subject = _name(country="IT", organisation="Fiducia S.p.A.", common_name="Marcatura di prova")
        more = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])]
        holder = Holder(self._issue(subject, key, usage={"content_commitment": True}, more=more), key)
        return DummyTimeStamper(holder.asn1, holder.asn1_key, certs_to_embed=[self.holder.asn1], fixed_dt=at)

    def _issue(self, subject: x509.Name, key: Any, **more: Any) -> x509.Certificate:
        issuer = self.holder
        points = () if more.get("authority") else (_OCSP_AT, _CRL_AT)
        more["more"] = [*more.get("more", ()), *points]
        return _certificate(subject, issuer.certificate.subject, key, issuer.key, self.now, **more)

    def revoke(self, holder: Holder, at: datetime) -> None:
        self.revoked[holder.certificate.serial_number] = at

    def crl(self, at: datetime, following: datetime | None = None) -> bytes:
        """What was revoked by `at` (DER)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.holder.certificate.subject)
            .last_update(at)
            .next_update(following or at + DAY)
        )
        for serial, when in self.revoked.items():
            if when <= at:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
                builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.holder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def ocsp(self, holder: Holder, at: datetime) -> bytes:
        """The authority's own answer about one certificate (DER)."""
        when = self.revoked.get(holder.certificate.serial_number)
        revoked = when is not None and when <= at
        answer = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=holder.certificate,
                issuer=self.holder.certificate,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=at,
                next_update=at + DAY,
                revocation_time=when if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.holder.certificate)
        )
        return answer.sign(self.holder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: Any,
    issuer_key: Any,
    now: datetime,
    *,
    authority: bool = False,
    begin: datetime | None = None,
    end: datetime | None = None,
    usage: dict[str, bool] | None = None,
    more: Any = (),
    hash_algorithm: Any = None,
) -> x509.Certificate:
    bits = {"key_cert_sign": True, "crl_sign": True} if authority else (usage or {})
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin or now - 365 * DAY)
        .not_valid_after(end or now + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(**bits), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension in more:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.ExtendedKeyUsage))
    return builder.sign(issuer_key, hash_algorithm or hashes.SHA256())


def trusted_list(
    operator: Holder,
    services: list[tuple[str, Holder, datetime]],
    *,
    next_update: datetime,
    status: str = "granted",
    history: list[tuple[str, datetime]] | None = None,
) -> bytes:
    """A signed trusted list (ETSI TS 119 612) as small as one can be. Services are (type, certificate, since)."""
    listed = "".join(_service(kind, holder, since, status, history or []) for kind, holder, since in services)
    xml = f"""<TrustServiceStatusList xmlns="{_TSL}" TSLTag="http://uri.etsi.org/19612/TSLTag" Id="TSL">
<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier><TSLSequenceNumber>7</TSLSequenceNumber>
<SchemeTerritory>IT</SchemeTerritory><ListIssueDateTime>2026-01-01T00:00:00Z</ListIssueDateTime>
<NextUpdate><dateTime>{next_update:%Y-%m-%dT%H:%M:%SZ}</dateTime></NextUpdate></SchemeInformation>
<TrustServiceProviderList><TrustServiceProvider><TSPInformation/><TSPServices>{listed}</TSPServices>
</TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"""
    signer = XAdESSigner(method=methods.enveloped, signature_algorithm="ecdsa-sha256", digest_algorithm="sha256")
    signed = signer.sign(etree.fromstring(xml), key=operator.key, cert=operator.pem.decode())
    return etree.tostring(signed)


def _service(kind: str, holder: Holder, since: datetime, status: str, history: list[tuple[str, datetime]]) -> str:
    import base64

    def information(tag: str, state: str, begin: datetime, more: str) -> str:
        certificate = base64.b64encode(holder.der).decode()
        return (
            f"<{tag}><ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{kind}</ServiceTypeIdentifier>"
            '<ServiceName><Name xml:lang="en">Servizio di prova</Name></ServiceName>'
            f"<ServiceDigitalIdentity><DigitalId><X509Certificate>{certificate}</X509Certificate></DigitalId>"
            f"</ServiceDigitalIdentity><ServiceStatus>{_TL}/Svcstatus/{state}</ServiceStatus>"
            f"<StatusStartingTime>{begin:%Y-%m-%dT%H:%M:%SZ}</StatusStartingTime>{more}</{tag}>"
        )

    past = "".join(information("ServiceHistoryInstance", state, begin, "") for state, begin in history)
    now = information("ServiceInformation", status, since, "")
    return f"<TSPService>{now}<ServiceHistory>{past}</ServiceHistory></TSPService>"
