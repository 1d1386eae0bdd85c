"""Signatures round a document: CAdES `.p7m` (CMS SignedData with the document inside), also one in another."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, core, pem

from services.agreements.documents.verification.certificate import Signed, claimed_time, judge
from services.agreements.documents.verification.container import certificates_in
from services.agreements.documents.verification.trust import Trust
from services.agreements.documents.verification.verdict import Finding, Reason, Refusal

DEEPEST = 5
"""Envelopes in each other that are opened; nobody signs that often by accident."""
PDF = b"%PDF-"


class Unopened(Exception):
    """What was handed in is neither a PDF nor an envelope with one inside."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Envelope:
    """One layer: the CMS container and what it holds."""

    signed_data: cms.SignedData
    content: bytes

    @property
    def signatures(self) -> frozenset[bytes]:
        """The values of its signatures: what must not get lost when another one is added."""
        return frozenset(one["signature"].native for one in self.signed_data["signer_infos"])


@dataclass(frozen=True)
class Unwrapped:
    """A PDF and the envelopes round it, the outermost first."""

    pdf: bytes
    envelopes: tuple[Envelope, ...]

    @property
    def signatures(self) -> frozenset[bytes]:
        return frozenset().union(*(one.signatures for one in self.envelopes))


def unwrap(document: bytes) -> Unwrapped:
    """The PDF inside all envelopes. Raises Unopened."""
    envelopes: list[Envelope] = []
    while not document.startswith(PDF):
        if len(envelopes) == DEEPEST:
            raise Unopened(Reason.TOO_MUCH_WORK)
        envelope = _opened(document)
        envelopes.append(envelope)
        document = envelope.content
    return Unwrapped(document, tuple(envelopes))


def _opened(document: bytes) -> Envelope:
    try:
        info = cms.ContentInfo.load(_binary(document), strict=True)
        if info["content_type"].native != "signed_data":
            raise Unopened(Reason.UNREADABLE)
        signed_data = info["content"]
        content = signed_data["encap_content_info"]["content"]
        if not signed_data["signer_infos"]:
            raise Unopened(Reason.NOT_SIGNED)
    except (ValueError, TypeError, KeyError) as error:
        raise Unopened(Reason.UNREADABLE) from error
    if content is None or isinstance(content, core.Void) or content.native is None:
        raise Unopened(Reason.DETACHED)
    return Envelope(signed_data, bytes(content))


def _binary(document: bytes) -> bytes:
    """Some software writes the container as text: PEM, or bare Base64."""
    if pem.detect(document):
        return bytes(pem.unarmor(document)[2])
    if re.fullmatch(rb"[A-Za-z0-9+/=\s]+", document):
        try:
            return base64.b64decode(b"".join(document.split()), validate=True)
        except binascii.Error:
            return document
    return document


async def examine_envelopes(
    unwrapped: Unwrapped, trust: Trust, recorded: Mapping[str, datetime]
) -> tuple[list[Refusal], list[Finding]]:
    """Each signature of each envelope is judged by itself: its content is what the envelope holds."""
    refusals: list[Refusal] = []
    findings: list[Finding] = []
    number = 0
    for envelope in unwrapped.envelopes:
        for signer in envelope.signed_data["signer_infos"]:
            number += 1
            field = f"p7m-{number}"
            found = await _judged(envelope.signed_data, signer, field, trust, recorded)
            if isinstance(found, Finding):
                findings.append(found)
            else:
                refusals.append(Refusal(found, field))
    return refusals, findings


async def _judged(
    signed_data: cms.SignedData, signer: cms.SignerInfo, field: str, trust: Trust, recorded: Mapping[str, datetime]
) -> Finding | Reason:
    try:
        alone = cms.SignedData(
            {
                **{name: signed_data[name] for name in ("version", "digest_algorithms", "encap_content_info")},
                "certificates": signed_data["certificates"],
                "signer_infos": [signer],
            }
        )
        signed = Signed(
            field=field,
            container="cades",
            signed_data=alone,
            digest=None,
            claimed_at=claimed_time(alone),
            crls=tuple(one.chosen.dump() for one in signed_data["crls"] or () if one.name == "certificate_list"),
            certificates=tuple(certificates_in(signed_data)),
        )
    except Exception:  # a hostile container may break the parser in any way it likes
        return Reason.SIGNATURE_DAMAGED
    return await judge(signed, trust, recorded)
