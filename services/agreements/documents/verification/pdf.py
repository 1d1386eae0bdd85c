"""Signatures inside a PDF, and everything that was added to the approved document besides them.

A PDF signature covers a byte range, not "the document": what comes after it, what it leaves out and what came in
together with it are questions of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509 as asn1_x509
from lxml import etree
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.constants import ROOT_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from services.agreements.documents.verification.certificate import Signed, judge
from services.agreements.documents.verification.container import certificates_in, gap_is_clean, is_plain
from services.agreements.documents.verification.stamps import Stamp, read
from services.agreements.documents.verification.trust import Trust
from services.agreements.documents.verification.verdict import Finding, Reason, Refusal, clean

PADES = "/ETSI.CAdES.detached"
_FORM_RULES = [SigFieldCreationRule(), SigFieldModificationRule()]  # type: ignore[no-untyped-call]
_RULES = [
    # A first signature may certify the document, which the catalogue notes.
    CatalogModificationRule(ROOT_EXEMPT_STRICT_COMPARISON | {"/Perms"}),  # type: ignore[no-untyped-call]
    XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
    DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
    # Signing software notes its name and the time. That the title stays is looked at apart.
    DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
    MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),  # type: ignore[no-untyped-call]
]
_SIGNING_ONLY = StandardDiffPolicy(_RULES, FormUpdatingRule(field_rules=_FORM_RULES))
"""What a revision may bring that holds a signature: the field, its value, the traces of the software."""
_EVIDENCE_ONLY = StandardDiffPolicy(_RULES, form_rule=None)
"""What a revision may bring that holds none: validation data (PAdES B-LT), and it must bring some."""
_NOTED_BY_SOFTWARE = {"/ModDate", "/Producer"}
_TITLES = tuple(f"{{http://purl.org/dc/elements/1.1/}}{name}" for name in ("title", "description", "creator"))


@dataclass(frozen=True)
class _Opened:
    """A PDF under examination."""

    document: bytes
    reader: PdfFileReader
    signatures: Sequence[EmbeddedPdfSignature]
    stamps: Sequence[EmbeddedPdfSignature]
    approved: PdfFileReader

    @property
    def base(self) -> int:
        """How many revisions the approved document has."""
        return int(self.approved.xrefs.total_revisions)

    @property
    def revisions(self) -> int:
        return int(self.reader.xrefs.total_revisions)


async def examine_pdf(
    document: bytes, approved: bytes, trust: Trust, recorded: Mapping[str, datetime]
) -> tuple[list[Refusal], list[Finding]]:
    """Everything against `document` as an `approved` that was signed, and what is known of each signature."""
    try:
        opened = _open(document, approved)
        refusals = [Refusal(reason) for reason in _additions(opened, trust)]
        if document.startswith(approved):  # of another document there is nothing to compare
            refusals += [Refusal(reason) for reason in _words(opened)]
        stamps = [await _document_stamp(stamp, opened, trust) for stamp in opened.stamps]
        refusals += [Refusal(Reason.TIME_STAMP_DAMAGED) for stamp in stamps if stamp is None or not stamp.trusted]
    except Exception:  # a hostile file may break the parser in any way it likes
        return [Refusal(Reason.UNREADABLE)], []
    findings: list[Finding] = []
    for index, signature in enumerate(opened.signatures):
        found = await _judged(signature, opened, index, stamps, trust, recorded)
        if isinstance(found, Finding):
            findings.append(found)
        else:
            refusals.append(Refusal(found, clean(signature.field_name)))
    return refusals, findings


def _open(document: bytes, approved: bytes) -> _Opened:
    reader = PdfFileReader(BytesIO(document), strict=True)
    return _Opened(
        document,
        reader,
        list(reader.embedded_regular_signatures),
        list(reader.embedded_timestamp_signatures),
        PdfFileReader(BytesIO(approved), strict=True),
    )


def _additions(opened: _Opened, trust: Trust) -> list[Reason]:
    """What was added to the approved document that is neither a signature nor evidence for one."""
    reasons: list[Reason] = []
    if not re.search(rb"%%EOF[\r\n]{0,2}\Z", opened.document):
        reasons.append(Reason.CHANGED_AFTER_SIGNING)
    holders = [one.signed_revision for one in (*opened.signatures, *opened.stamps)]
    first = min((one.signed_revision for one in opened.signatures), default=opened.revisions)
    if len(holders) != len(set(holders)) or any(holder < opened.base for holder in holders):
        reasons.append(Reason.SIGNATURE_UNEXPECTED)
    for revision in range(opened.base, opened.revisions):
        if not _is_signing(opened, revision, holders) and not _made_here(opened, revision, trust):
            reasons.append(Reason.CHANGED_BEFORE_SIGNING if revision <= first else Reason.CHANGED_AFTER_SIGNING)
    if any(_is_visible(field) for _, _, field in enumerate_sig_fields(opened.reader)):
        reasons.append(Reason.VISIBLE_SIGNATURE)
    return reasons


def _is_signing(opened: _Opened, revision: int, holders: Sequence[int]) -> bool:
    old, new = (opened.reader.get_historical_resolver(number) for number in (revision - 1, revision))
    policy = _SIGNING_ONLY if revision in holders else _EVIDENCE_ONLY
    if revision not in holders and _pieces_of_evidence(old) == _pieces_of_evidence(new):
        return False
    try:
        policy.apply(old, new, doc_mdp=MDPPerm.FILL_FORMS)
    except (SuspiciousModification, PdfError):
        return False
    return True


def _pieces_of_evidence(resolver: Any) -> list[int]:
    if "/DSS" not in resolver.root:
        return []
    store = resolver.root["/DSS"]
    return [len(store[kind]) if kind in store else 0 for kind in ("/Certs", "/CRLs", "/OCSPs", "/VRI")]


def _made_here(opened: _Opened, revision: int, trust: Trust) -> bool:
    """Whether the development signer made the revision in a document from before fields were part of the approved one.

    There is nothing then that its form could be compared with; but it was made by us, before our eyes.
    """
    if "/AcroForm" in opened.reader.get_historical_resolver(opened.base - 1).root:
        return False
    return any(one.signed_revision == revision and trust.is_development(one.signer_cert) for one in opened.signatures)


def _is_visible(reference: Any) -> bool:
    """A signature's picture may lie over the text: no area, no picture."""
    field = reference.get_object()
    if "/Rect" in field:
        left, bottom, right, top = (float(value) for value in field["/Rect"])
        if left != right and bottom != top:
            return True
    return any(_is_visible(kid) for kid in field.get("/Kids", ()))


def _words(opened: _Opened) -> list[Reason]:
    """Whether the document still calls itself what it was approved as."""
    before, now = opened.approved, opened.reader
    same = _information(before) == _information(now) and _title(before) == _title(now)
    return [] if same else [Reason.CHANGED_AFTER_SIGNING]


def _information(reader: PdfFileReader) -> dict[str, Any]:
    entries = reader.trailer["/Info"] if "/Info" in reader.trailer else {}  # noqa: SIM401 (its get does not resolve)
    return {key: entries[key] for key in entries if key not in _NOTED_BY_SOFTWARE}


def _title(reader: PdfFileReader) -> list[str]:
    if "/Metadata" not in reader.root:
        return []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    tree = etree.fromstring(reader.root["/Metadata"].data, parser)
    return ["".join(one.itertext()).strip() for one in tree.iter(*_TITLES)]


async def _document_stamp(embedded: EmbeddedPdfSignature, opened: _Opened, trust: Trust) -> Stamp | None:
    """A time stamp over the whole document so far (PAdES B-LTA); None when it is not that."""
    embedded.compute_integrity_info(skip_diff=True)  # type: ignore[no-untyped-call]
    if embedded.coverage is None or embedded.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return None
    anchors = trust.stampers(trust.moment).certificates
    if not gap_is_clean(embedded, opened.document) or not is_plain(embedded.signed_data, anchors):
        return None
    crls, ocsps, _ = _evidence(opened)
    stamp = await read(embedded.signed_data, embedded.compute_digest, trust, crls, ocsps)
    return None if stamp.damaged else stamp


async def _judged(
    embedded: EmbeddedPdfSignature,
    opened: _Opened,
    index: int,
    stamps: Sequence[Stamp | None],
    trust: Trust,
    recorded: Mapping[str, datetime],
) -> Finding | Reason:
    try:
        anchors = [
            *trust.developers(trust.moment).certificates,
            *trust.signers(trust.moment).certificates,
            *trust.stampers(trust.moment).certificates,
        ]
        reasons: list[Reason] = []
        if str(embedded.sig_object.get("/SubFilter")) != PADES:
            reasons.append(Reason.NOT_PADES)
        if not gap_is_clean(embedded, opened.document) or not is_plain(embedded.signed_data, anchors):
            reasons.append(Reason.SIGNATURE_DAMAGED)
        reasons += _coverage(embedded, opened, last=index == len(opened.signatures) - 1 and not opened.stamps)
        crls, ocsps, certificates = _evidence(opened)
        later = tuple(
            stamp
            for one, stamp in zip(opened.stamps, stamps, strict=True)
            if stamp and one.signed_revision > embedded.signed_revision
        )
        claimed = embedded.self_reported_timestamp
        signed = Signed(
            field=embedded.field_name,
            container="pades",
            signed_data=embedded.signed_data,
            digest=embedded.compute_digest(),
            claimed_at=claimed.astimezone(UTC) if claimed else None,
            reasons=tuple(reasons if claimed else [*reasons, Reason.WRONG_TIME]),
            crls=crls,
            ocsps=ocsps,
            certificates=(*certificates, *certificates_in(embedded.signed_data)),
            later_stamps=later,
            long_term=bool(crls or ocsps),
        )
    except Exception:  # as above
        return Reason.SIGNATURE_DAMAGED
    return await judge(signed, trust, recorded)


def _coverage(embedded: EmbeddedPdfSignature, opened: _Opened, *, last: bool) -> list[Reason]:
    reasons: list[Reason] = []
    embedded.compute_integrity_info(skip_diff=True)  # type: ignore[no-untyped-call]
    evidence = last and _has_evidence(embedded)
    needed = SignatureCoverageLevel.ENTIRE_FILE if last and not evidence else SignatureCoverageLevel.ENTIRE_REVISION
    if embedded.coverage is None or embedded.coverage < needed:
        reasons.append(Reason.NOT_WHOLE_DOCUMENT)
    if any(_forbids(embedded, one) for one in opened.signatures if one.signed_revision > embedded.signed_revision):
        reasons.append(Reason.CHANGED_AFTER_SIGNING)
    return reasons


def _forbids(earlier: EmbeddedPdfSignature, later: EmbeddedPdfSignature) -> bool:
    """Whether the signature before allowed no further change, or locked the field of the one after it."""
    lock = earlier.fieldmdp
    locked = lock is not None and lock.is_locked(later.field_name)
    return locked or earlier.docmdp_level == MDPPerm.NO_CHANGES


def _has_evidence(embedded: EmbeddedPdfSignature) -> bool:
    """Whether validation data follow the signature, the one thing that may."""
    return bool(embedded.reader.xrefs.total_revisions > embedded.signed_revision + 1) and "/DSS" in embedded.reader.root


def _evidence(
    opened: _Opened,
) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[asn1_x509.Certificate, ...]]:
    """Revocation lists, answers and certificates that came with the document."""
    try:
        store = DocumentSecurityStore.read_dss(opened.reader)
    except NoDSSFoundError:
        return (), (), ()
    return (
        tuple(one.get_object().data for one in store.crls),
        tuple(one.get_object().data for one in store.ocsps),
        tuple(store.load_certs()),
    )
