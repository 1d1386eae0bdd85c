"""Whether a signed document may be relied on, and if not, why.

The answer does not depend on the clock of the machine but on the moment asked about, and never on the network.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime

from services.agreements.documents.verification.envelope import Unopened, Unwrapped, examine_envelopes, unwrap
from services.agreements.documents.verification.pdf import examine_pdf
from services.agreements.documents.verification.trust import Trust
from services.agreements.documents.verification.verdict import (
    CLOCK_SLACK,
    MAX_SIZE,
    Expected,
    Finding,
    Reason,
    Refusal,
    Verification,
)

__all__ = [
    "CLOCK_SLACK",
    "MAX_SIZE",
    "Expected",
    "Finding",
    "Reason",
    "Refusal",
    "Trust",
    "Verification",
    "examine",
    "recheck",
    "recheck_off_loop",
    "verify",
    "verify_off_loop",
]

# These libraries explain a refusal in their log by the certificate's subject, which names a person.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


async def examine(
    document: bytes,
    *,
    approved: bytes,
    latest: bytes,
    trust: Trust,
    recorded: Mapping[str, datetime] | None = None,
) -> Verification:
    """Judge `document`: the `approved` PDF, with every signature of `latest`, with further ones, and nothing else.

    `recorded` are moments at which signatures were verified before, by their ids or the fingerprints of certificates.
    Says nothing about who ought to have signed: the findings name who did.
    """
    if len(document) > MAX_SIZE:
        return Verification((Refusal(Reason.TOO_LARGE),))
    try:
        unwrapped, before = unwrap(document), unwrap(latest)
    except Unopened as unopened:
        return Verification((Refusal(unopened.reason),))
    refusals = [Refusal(reason) for reason in _continuity(unwrapped, before, approved)]
    in_pdf, findings = await examine_pdf(unwrapped.pdf, approved, trust, recorded or {})
    round_it, more = await examine_envelopes(unwrapped, trust, recorded or {})
    refusals += in_pdf + round_it
    findings += more
    if not findings and not any(one.field or one.reason is Reason.UNREADABLE for one in refusals):
        refusals.append(Refusal(Reason.NOT_SIGNED))
    refusals += [Refusal(reason, one.field) for one in findings for reason in one.reasons]
    return Verification(tuple(dict.fromkeys(refusals)), tuple(findings))


def _continuity(unwrapped: Unwrapped, before: Unwrapped, approved: bytes) -> list[Reason]:
    """Signing only ever appends or wraps, so what was there before must still be there, byte for byte.

    Whatever a shadow or wrapping attack hides in the first revision was not in what was approved.
    """
    if not unwrapped.pdf.startswith(approved):
        return [Reason.NOT_THE_APPROVED_DOCUMENT]
    if not before.envelopes:
        return [] if unwrapped.pdf.startswith(before.pdf) else [Reason.NOT_THE_LATEST]
    if unwrapped.pdf != before.pdf:
        # The envelope that holds the document cannot take note of a signature made inside it.
        return [Reason.ENVELOPED]
    return [] if before.signatures <= unwrapped.signatures else [Reason.NOT_THE_LATEST]


async def verify(
    document: bytes,
    *,
    approved: bytes,
    expected: Mapping[str, Expected],
    trust: Trust,
) -> Verification:
    """Judge `document`, which must be `approved` plus one signature in each expected field and nothing else."""
    found = await examine(document, approved=approved, latest=approved, trust=trust)
    if Refusal(Reason.UNREADABLE) in found.reasons:
        return found
    recorded = {
        one.signature_id: wanted.signed_at
        for one in found.signatures
        if (wanted := expected.get(one.field)) and wanted.signed_at
    }
    if recorded:
        found = await examine(document, approved=approved, latest=approved, trust=trust, recorded=recorded)
    signed = [one.field for one in found.signatures]
    missing = [Refusal(Reason.SIGNATURE_MISSING, name) for name in expected if name not in signed]
    unexpected = [Refusal(Reason.SIGNATURE_UNEXPECTED, name) for name in signed if name not in expected]
    wrong = [
        Refusal(reason, one.field)
        for one in found.signatures
        if one.field in expected
        for reason in _against(one, expected[one.field])
    ]
    return found.also(*missing, *unexpected, *wrong)


def _against(finding: Finding, wanted: Expected) -> list[Reason]:
    reasons: list[Reason] = []
    person = wanted.person_id is None or finding.person_id == wanted.person_id
    if finding.organisation_id != wanted.organisation_id or not person:
        reasons.append(Reason.WRONG_SIGNATORY)
    claimed = finding.claimed_at
    if wanted.signed_at and (claimed is None or abs(claimed - wanted.signed_at) > CLOCK_SLACK):
        reasons.append(Reason.WRONG_TIME)
    return reasons


async def recheck(document: bytes, *, approved: bytes, recorded: Mapping[str, datetime], trust: Trust) -> Verification:
    """Judge a document that was accepted before: the signatures on record, each as of its moment, and no other.

    They are known by their ids, or the fingerprints of their certificates, so no name needs to be asked about again.
    """
    found = await examine(document, approved=approved, latest=approved, trust=trust, recorded=recorded)
    there = {name for one in found.signatures for name in (one.signature_id, one.certificate_sha256)}
    missing = [Refusal(Reason.SIGNATURE_MISSING) for one in recorded if one not in there]
    unexpected = [
        Refusal(Reason.SIGNATURE_UNEXPECTED, one.field) for one in found.signatures if not one.is_among(recorded)
    ]
    return found.also(*missing, *unexpected)


async def recheck_off_loop(
    document: bytes, *, approved: bytes, recorded: Mapping[str, datetime], trust: Trust
) -> Verification:
    """As `recheck`, in a thread with a loop of its own."""
    return await asyncio.to_thread(
        lambda: asyncio.run(recheck(document, approved=approved, recorded=recorded, trust=trust))
    )


async def verify_off_loop(
    document: bytes, *, approved: bytes, expected: Mapping[str, Expected], trust: Trust
) -> Verification:
    """As `verify`, in a thread with a loop of its own: checking signatures is work for a processor."""
    return await asyncio.to_thread(
        lambda: asyncio.run(verify(document, approved=approved, expected=expected, trust=trust))
    )
