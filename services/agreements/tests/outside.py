"""What parties do at home: sign with software of their own, as PAdES or as `.p7m`. And what attackers do to it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import cms, core, crl, ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper, SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services.agreements.documents.fields import with_fields
from services.agreements.documents.render import render
from services.agreements.documents.verification import Reason, Trust, Verification, examine
from services.agreements.tests.documents_sample import FIELDS, device_document
from services.agreements.tests.pki import DAY, Authority, Holder, trusted_list

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


class _Clocked(PdfSigner):
    """Software on a machine whose clock stands at `now`."""

    now: datetime

    def init_signing_session(self, *arguments: Any, **more: Any) -> Any:
        session = super().init_signing_session(*arguments, **more)
        session.system_time = self.now
        return session


def signer_of(holder: Holder, *chain: Holder) -> SimpleSigner:
    store = SimpleCertificateStore()
    store.register_multiple(one.asn1 for one in chain)
    return SimpleSigner(signing_cert=holder.asn1, signing_key=holder.asn1_key, cert_registry=store, embed_roots=False)


@dataclass
class Provider:
    """A trust service provider with its trusted list, as the city's installation knows it."""

    root: Authority
    ca: Authority
    operator: Authority

    @classmethod
    def make(cls) -> Provider:
        root = Authority.root(NOW)
        return cls(root, root.below(), Authority.root(NOW, "Gestore dell'elenco"))

    def list(self, **more: Any) -> bytes:
        services = [("CA/QC", self.ca.holder, NOW - 300 * DAY), ("TSA/QTST", self.ca.holder, NOW - 300 * DAY)]
        return trusted_list(self.operator.holder, services, **({"next_update": NOW + 30 * DAY} | more))

    def trust(self, moment: datetime = NOW, **more: Any) -> Trust:
        """By the provider's issuing authority, with the revocation list of the moment."""
        values: dict[str, Any] = {
            "roots": (), "others": (self.ca.holder.der,), "stamps": (self.ca.holder.der,),
            "crls": (self.ca.crl(moment),),
        }  # fmt: skip
        return Trust(moment=moment, **(values | more))

    async def pades(
        self,
        pdf: bytes,
        holder: Holder,
        *,
        field: str = FIELDS[0],
        now: datetime = NOW,
        stamped: datetime | None = None,
        signing: dict[str, Any] | None = None,
        spec: SigFieldSpec | None = None,
        also: Callable[[IncrementalPdfFileWriter], None] | None = None,
        forced: bool = False,
    ) -> bytes:
        """One more PAdES signature, B-B or with `stamped` B-T. `also` is done in the same revision; `forced` signs
        also where an earlier signature forbids it."""
        metadata = PdfSignatureMetadata(
            **({"field_name": field, "md_algorithm": "sha256", "subfilter": SigSeedSubFilter.PADES} | (signing or {}))
        )
        signer = _Clocked(
            metadata,
            signer=signer_of(holder, self.ca.holder),
            timestamper=self.ca.stamper(stamped) if stamped else None,
            new_field_spec=spec,
        )
        signer.now = now
        output, writer = BytesIO(), IncrementalPdfFileWriter(BytesIO(pdf))
        if also:
            also(writer)
        if forced:
            signer._enforce_certification_constraints = lambda _reader: None
        await signer.async_sign_pdf(writer, output=output)
        return output.getvalue()

    def long_term(self, pdf: bytes, *, crls: Sequence[bytes] = (), ocsps: Sequence[bytes] = ()) -> bytes:
        """Validation data appended: B-LT."""
        output = BytesIO(pdf)
        DocumentSecurityStore.add_dss(
            output,
            None,
            certs=[self.ca.holder.asn1],
            crls=[crl.CertificateList.load(one) for one in crls],
            ocsps=[ocsp.OCSPResponse.load(one) for one in ocsps],
        )
        return output.getvalue()

    async def archived(self, pdf: bytes, at: datetime) -> bytes:
        """A time stamp over all of it: B-LTA."""
        output = BytesIO()
        await PdfTimeStamper(self.ca.stamper(at)).async_timestamp_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)), "sha256", None, output=output
        )
        return output.getvalue()

    async def p7m(
        self, content: bytes, holder: Holder, *, now: datetime = NOW, stamped: datetime | None = None, **more: Any
    ) -> bytes:
        """A CAdES envelope round `content` (DER)."""
        signer = signer_of(holder, self.ca.holder)
        attributes = PdfCMSSignedAttributes(signing_time=now, cades_signed_attrs=CAdESSignedAttrSpec())
        info = await signer.async_sign_general_data(
            content,
            "sha256",
            detached=False,
            use_cades=True,
            timestamper=self.ca.stamper(stamped) if stamped else None,
            signed_attr_settings=attributes,
            **more,
        )
        return info.dump()


def side_by_side(one: bytes, other: bytes) -> bytes:
    """Two envelopes round the same content as one with both signatures."""
    first, second = (cms.ContentInfo.load(each) for each in (one, other))
    merged = first["content"].copy()
    merged["signer_infos"] = [*first["content"]["signer_infos"], *second["content"]["signer_infos"]]
    merged["certificates"] = [*first["content"]["certificates"], *second["content"]["certificates"]]
    return cms.ContentInfo({"content_type": "signed_data", "content": merged}).dump(force=True)


def indefinite(envelope: bytes) -> bytes:
    """The same envelope in BER with indefinite lengths and the content in pieces, as streaming software writes it."""
    signed_data = cms.ContentInfo.load(envelope)["content"]
    content = bytes(signed_data["encap_content_info"]["content"])
    pieces = b"".join(core.OctetString(content[i : i + 1000]).dump() for i in range(0, len(content), 1000))

    def open_ended(tag: int, inside: bytes) -> bytes:
        return bytes([tag, 0x80]) + inside + b"\0\0"

    encapsulated = open_ended(
        0x30,
        signed_data["encap_content_info"]["content_type"].dump() + open_ended(0xA0, open_ended(0x24, pieces)),
    )
    body = b"".join(
        [
            signed_data["version"].dump(),
            signed_data["digest_algorithms"].dump(),
            encapsulated,
            signed_data["certificates"].dump(),
            signed_data["signer_infos"].dump(),
        ]
    )
    return open_ended(
        0x30, core.ObjectIdentifier("1.2.840.113549.1.7.2").dump() + open_ended(0xA0, open_ended(0x30, body))
    )


def armoured(envelope: bytes) -> bytes:
    return b"-----BEGIN PKCS7-----\n" + base64.encodebytes(envelope) + b"-----END PKCS7-----\n"


def approved_document() -> bytes:
    return with_fields(render(device_document()), FIELDS)


async def asked(document: bytes, approved: bytes, trust: Trust, latest: bytes | None = None) -> Verification:
    return await examine(document, approved=approved, latest=latest or approved, trust=trust)


def why(verification: Verification) -> set[Reason]:
    return {refusal.reason for refusal in verification.reasons}


NO_CHANGES = {"certify": True, "docmdp_permissions": MDPPerm.NO_CHANGES}
