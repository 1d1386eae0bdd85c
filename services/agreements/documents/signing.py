"""The development signer: real PAdES B-B signatures from a certificate authority of our own.

It stands in for the qualified signatures of a city's trust service provider while one tries the system
out: the cryptography, the PDF structure and the verification are the real ones, only the certificates are
worth nothing outside. Every document it signs says so on its first page.

A certificate is issued per signature and lives one day, as one-shot certificates of remote signature
services do: there is no key of a person to keep, and none to lose.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services.agreements.documents.fields import append_missing

AUTHORITY_LIFE = timedelta(days=3650)
CERTIFICATE_LIFE = timedelta(days=1)
CLOCK_SLACK = timedelta(minutes=5)
_NAME_LIMIT = 64  # X.520 upper bound of commonName and organizationName


@dataclass(frozen=True)
class Authority:
    """A root certificate with its key, both PEM. Whoever holds the key can sign as anybody: development only."""

    certificate: bytes
    private_key: bytes


@dataclass(frozen=True)
class Signatory:
    """Who signs: the party (`organisation_id`) through a person, known by an opaque id and a name.

    The name goes into the certificate and so into the legal record, nowhere else.
    """

    organisation_id: str
    organisation_name: str
    person_id: str
    person_name: str


@dataclass(frozen=True)
class Credential:
    """A signatory's certificate and key (PEM), with the chain that a reader needs."""

    certificate: bytes
    private_key: bytes


def create_authority(city: str, now: datetime) -> Authority:
    """A new root for one city's trial installation."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Sportello {city}"[:_NAME_LIMIT]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Development signer, no legal value"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sportello development root {city}"[:_NAME_LIMIT]),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(_pem(certificate), _key_pem(key))


def issue(authority: Authority, signatory: Signatory, now: datetime, life: timedelta = CERTIFICATE_LIFE) -> Credential:
    """A fresh key and certificate for one signatory, valid from shortly before `now` for `life`."""
    root = x509.load_pem_x509_certificate(authority.certificate)
    root_key = serialization.load_pem_private_key(authority.private_key, password=None)
    if not isinstance(root_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the development authority's key is not an elliptic curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_subject(signatory))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return Credential(_pem(certificate), _key_pem(key))


def fingerprint(credential: Credential) -> str:
    """SHA-256 of the certificate (DER), lower-case hexadecimal."""
    certificate = x509.load_pem_x509_certificate(credential.certificate)
    return certificate.fingerprint(hashes.SHA256()).hex()


class _ClockedSigner(PdfSigner):
    """Says the time of signature that it is given; the library would ask the machine's clock."""

    def __init__(self, metadata: PdfSignatureMetadata, signer: SimpleSigner, now: datetime) -> None:
        super().__init__(metadata, signer=signer)
        self._now = now

    def init_signing_session(self, *arguments: Any, **more: Any) -> Any:
        session = super().init_signing_session(*arguments, **more)
        session.system_time = self._now
        return session


async def sign(pdf: bytes, *, field: str, fields: Sequence[str], credential: Credential, now: datetime) -> bytes:
    """`pdf` with one more signature, in `field`, as one incremental update, which says it was made at `now`.

    The first signature also lays out whichever of `fields` the document lacks, and certifies the document: from
    then on only filling in those fields is an allowed change (DocMDP level 2), so any later edit shows as one.
    """
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    first = not any(value for _, value, _ in enumerate_sig_fields(writer.prev))
    if first:
        append_missing(writer, fields)
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=first,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    signer = _ClockedSigner(metadata, _signer(credential), now)
    output = BytesIO()
    await signer.async_sign_pdf(writer, existing_fields_only=True, output=output)
    return output.getvalue()


async def sign_off_loop(
    pdf: bytes, *, field: str, fields: Sequence[str], credential: Credential, now: datetime
) -> bytes:
    """As `sign`, in a thread with a loop of its own."""
    return await asyncio.to_thread(
        lambda: asyncio.run(sign(pdf, field=field, fields=fields, credential=credential, now=now))
    )


def _signer(credential: Credential) -> SimpleSigner:
    certificate = x509.load_pem_x509_certificate(credential.certificate)
    key = serialization.load_pem_private_key(credential.private_key, password=None)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(der),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        # Every byte of a signature container must be protected by it; a copy of the root would not be.
        embed_roots=False,
    )


def _subject(signatory: Signatory) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, signatory.organisation_name[:_NAME_LIMIT]),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, signatory.organisation_id),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, signatory.person_id[:_NAME_LIMIT]),
            x509.NameAttribute(NameOID.COMMON_NAME, signatory.person_name[:_NAME_LIMIT]),
        ]
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
