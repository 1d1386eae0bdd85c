"""Time stamps (RFC 3161): since when something is known to exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import (
    extract_tst_data_iter,
    message_imprint_checker,
    validate_tst_signed_data,
)
from pyhanko.sign.validation.status import TimestampSignatureStatus

from services.agreements.documents.verification.trust import Trust, anchor_of, certificate_of


@dataclass(frozen=True)
class Stamp:
    """One time stamp. `damaged`: it is not one of this thing, or was changed; only a `trusted` one proves a time.

    `anchor` is the certificate that it was trusted by, DER in Base64.
    """

    at: datetime
    damaged: bool
    trusted: bool
    anchor: str = ""


async def stamps_of(
    signed_data: cms.SignedData, trust: Trust, crls: Sequence[bytes] = (), ocsps: Sequence[bytes] = ()
) -> list[Stamp]:
    """The time stamps over a signature's value."""
    signer = extract_signer_info(signed_data)
    imprint = message_imprint_checker(signer)
    return [await read(token, imprint, trust, crls, ocsps) for token in extract_tst_data_iter(signer, signed=False)]


async def read(
    token: cms.SignedData,
    imprint: Callable[[str], bytes],
    trust: Trust,
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
) -> Stamp:
    """Judge one token as of the time that it states; `imprint` is the digest that it must be about."""
    at: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
    anchors = trust.stampers(at)
    more = [certificate_of(one) for one in trust.certificates]

    async def status(revocation: bool) -> TimestampSignatureStatus:
        context = anchors.context(
            at,
            revocation=revocation,
            crls=(*trust.crls, *crls),
            ocsps=(*trust.ocsps, *ocsps),
            certificates=more,
        )
        return TimestampSignatureStatus(**await validate_tst_signed_data(token, context, imprint))

    found = await status(True)
    damaged = not (found.intact and found.valid)
    if not found.trusted and not found.revoked:
        # Of stamping services revocation is asked only as far as it is known: a stamp alone lets nobody sign.
        found = await status(False)
    trusted = found.trusted and not damaged
    return Stamp(at, damaged, trusted, anchor_of(found.validation_path) if trusted else "")
