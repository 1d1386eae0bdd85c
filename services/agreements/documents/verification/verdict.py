"""What is asked of a signed document, and what is answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

CLOCK_SLACK = timedelta(minutes=5)
MAX_SIZE = 20 * 1024 * 1024
"""Bytes that a signed document may have at most."""


def clean(text: str) -> str:
    """A text out of a stranger's document as it may be stored and shown: one line of printable characters."""
    return "".join(one for one in text if one.isprintable())[:200]


class Reason(StrEnum):
    """Why a document is refused."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    TOO_MUCH_WORK = "too-much-work"
    NOT_THE_APPROVED_DOCUMENT = "not-the-approved-document"
    NOT_THE_LATEST = "not-the-latest"
    NOT_SIGNED = "not-signed"
    NOTHING_NEW = "nothing-new"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_UNEXPECTED = "signature-unexpected"
    NOT_PADES = "not-pades"
    NOT_CADES = "not-cades"
    DETACHED = "detached"
    ENVELOPED = "enveloped"
    SIGNATURE_DAMAGED = "signature-damaged"
    CONTENT_CHANGED = "content-changed"
    CHANGED_BEFORE_SIGNING = "changed-before-signing"
    CHANGED_AFTER_SIGNING = "changed-after-signing"
    NOT_WHOLE_DOCUMENT = "not-whole-document"
    VISIBLE_SIGNATURE = "visible-signature"
    WEAK_ALGORITHM = "weak-algorithm"
    WRONG_KEY_USAGE = "wrong-key-usage"
    SEAL = "seal"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"
    TIME_STAMP_DAMAGED = "time-stamp-damaged"
    WRONG_TIME = "wrong-time"
    WRONG_SIGNATORY = "wrong-signatory"
    LEVEL_TOO_LOW = "level-too-low"
    OUT_OF_TURN = "out-of-turn"


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


Level = Literal["development", "advanced", "qualified"]


@dataclass(frozen=True)
class Asks:
    """Where a certificate's issuer says whether it was revoked: OCSP with the question (DER in Base64), lists."""

    ocsp: tuple[str, ...] = ()
    request: str = ""
    crl: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One signature: what it says of itself, what was found out about it, and every reason against it.

    `field` is the PDF's signature field, or `p7m-1`, `p7m-2` … from the outermost envelope inwards.
    `proven_at` is the earliest moment at which the signature is known to have existed, `proof` how: a trusted
    time stamp, the moment the document came in, or the file's own record of an earlier verification.
    `anchors` are the certificates that it and its time stamps were trusted by (DER in Base64).
    What it says of itself is to be believed only if there is no reason against it.
    """

    field: str
    container: Literal["pades", "cades"]
    baseline: str
    level: Level | None
    organisation_id: str
    organisation_name: str
    person_id: str
    person_name: str
    certificate_serial: str
    certificate_sha256: str
    issuer: str
    trusted_by: str
    revocation: Literal["crl", "ocsp", "not-checked"]
    claimed_at: datetime | None
    proven_at: datetime
    proof: Literal["time-stamp", "received", "record"]
    anchors: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    signature_id: str = ""
    """The same for every copy of this signature and for no other; one certificate may have made several."""
    asks: Asks | None = None
    """Only where a trusted authority issued the certificate and nothing at hand says whether it was revoked."""

    def is_among(self, recorded: Collection[str]) -> bool:
        """Whether it was given before: by its id, or, from before ids were kept, by its certificate."""
        return self.signature_id in recorded or self.certificate_sha256 in recorded

    @property
    def ok(self) -> bool:
        return not self.reasons


@dataclass(frozen=True)
class Verification:
    """`ok` only without any reason against it. `reasons` repeats those of the single signatures."""

    reasons: tuple[Refusal, ...]
    signatures: tuple[Finding, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not self.reasons

    def also(self, *more: Refusal) -> Verification:
        """The same with further reasons against it."""
        return Verification(tuple(dict.fromkeys((*self.reasons, *more))), self.signatures)
