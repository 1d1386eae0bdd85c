"""Approval fixes the document and its number; each signature is made, verified and kept before it counts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from chassis.auth.actor import Actor
from contracts.values import SignatureEvidence
from services.agreements.documents.compose import Surroundings, compose
from services.agreements.documents.fields import with_fields
from services.agreements.documents.render import content_hash
from services.agreements.documents.signing import (
    Authority,
    create_authority,
    fingerprint,
    issue,
    sign_off_loop,
)
from services.agreements.documents.signing import Signatory as Signer
from services.agreements.documents.verification import Trust, Verification, recheck_off_loop
from services.agreements.domain import signing
from services.agreements.domain.commands import Sign
from services.agreements.domain.file import AgreementFile, Protocol, Signatory
from services.agreements.domain.publication import with_duty
from services.agreements.domain.refusals import NotAllowed, NotPossible, Refused
from services.agreements.domain.states import Act, after
from services.agreements.handlers.access import refuse_role, signs_for
from services.agreements.handlers.desk import (
    AgreementsUnit,
    Desk,
    city_day,
    instrument_of,
    keep,
)
from services.agreements.handlers.filling import opened
from services.agreements.handlers.numbering import with_number
from services.agreements.handlers.registering import enter, publish_owed, recorded_signatures


class NotVerified(Refused):
    """The document with the new signature did not verify; nothing was kept."""

    def __init__(self, verification: Verification) -> None:
        reasons = ", ".join(sorted({refusal.reason.value for refusal in verification.reasons}))
        super().__init__(
            "signature-not-verified",
            f"La firma non ha superato la verifica: {reasons}.",
            f"The signature did not pass verification: {reasons}.",
        )
        self.verification = verification


async def approve(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, desk: Desk, expected: int | None = None
) -> AgreementFile:
    """Numbers the file, makes its document and enters both in the register."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    today = city_day(unit.now)
    record = signing.may_be_approved(file, await instrument_of(unit, file), today)
    types = await unit.store.directory.types(unit.scope, file.stakeholder_ids)
    names = await unit.store.directory.names(unit.scope, file.stakeholder_ids)
    signatories = signing.signatories_of(file, unit.scope.city, types)
    around = Surroundings(desk.city_name(unit.scope.city), types, names, desk.development_signer)

    async def make(protocol: Protocol) -> tuple[AgreementFile, bytes]:
        numbered = with_duty(signing.numbered(file, signatories, protocol, today), record)
        rendered = await desk.render(compose(numbered, record, around))
        return numbered, await asyncio.to_thread(with_fields, rendered, [one.field for one in signatories])

    protocol, (numbered, document) = await with_number(unit, desk.numbering, today.year, make)
    outcome = signing.approved(numbered, content_hash(document))
    await unit.store.documents.add_revision(unit.scope, agreement_id, 0, content_hash(document), document, unit.now)
    approved = await keep(unit, outcome, "approve", str(protocol))
    await enter(unit, approved, "registered", content_hash(document))
    return approved


async def sign(
    unit: AgreementsUnit,
    actor: Actor,
    agreement_id: UUID,
    command: Sign,
    desk: Desk,
    expected: int | None = None,
) -> AgreementFile:
    """Signs for one party with the development signer. With the last signature the agreement is signed."""
    file = await opened(unit, actor, agreement_id, expected)
    today = city_day(unit.now)
    after(file.state, Act.SIGN)
    approved = await unit.store.documents.approved(unit.scope, agreement_id)
    latest = await unit.store.documents.latest(unit.scope, agreement_id)
    if approved is None or latest is None:
        raise RuntimeError("an approved file has no document")
    made = await development_signature(unit, actor, file, command, desk, approved, latest[1])
    sha256 = content_hash(made.document)
    await unit.store.documents.add_revision(unit.scope, agreement_id, latest[0] + 1, sha256, made.document, unit.now)
    outcome = signing.signed(file, made.evidence, actor.subject, sha256, today)
    signed = await keep(unit, outcome, "sign", made.evidence.party_id)
    if signed.signed_on is not None:
        await enter(unit, signed, "signed", sha256)
        signed = await publish_owed(unit, signed)
    return signed


@dataclass(frozen=True)
class Made:
    """A document with one more signature, which was verified, and what is noted of it."""

    document: bytes
    evidence: SignatureEvidence


async def development_signature(
    unit: AgreementsUnit,
    actor: Actor,
    file: AgreementFile,
    command: Sign,
    desk: Desk,
    approved: bytes,
    latest: bytes,
    amendment: int = 0,
) -> Made:
    """Signs `latest`, which began as `approved`, for one of the file's signatories; nothing is kept yet.

    The document of `amendment` is signed in the same way: `file` is then the file as the amendment sees it.
    """
    if not desk.development_signer:
        raise NotPossible(
            "no-signer",
            "In questa installazione il firmatario di sviluppo è spento.",
            "The development signer is switched off in this installation.",
        )
    party = signing.awaited(file, await instrument_of(unit, file), _party(actor, file, command), city_day(unit.now))
    if party not in signs_for(actor, file):
        raise NotAllowed(
            "not-your-party",
            "Non puoi firmare per questa parte.",
            "You may not sign for this party.",
            "/party_id",
        )
    if not latest.startswith(b"%PDF-"):
        raise NotPossible(
            "enveloped",
            "Il documento è già in una busta .p7m: le altre firme si aggiungono alla busta, con il software di firma.",
            "The document is in a .p7m envelope already: further signatures are added to the envelope, by software.",
        )
    authority = await _authority(unit)
    credential = issue(authority, _signer(desk.city_name(unit.scope.city), actor, party), unit.now)
    fields = [one.field for one in file.signatories]
    document = await sign_off_loop(latest, field=party.field, fields=fields, credential=credential, now=unit.now)
    material = await unit.store.signatures.material(unit.scope, file.agreement_id, amendment)
    verification = await recheck_off_loop(
        document,
        approved=approved,
        recorded=recorded_signatures(file) | {fingerprint(credential): unit.now},
        trust=Trust(
            (authority.certificate,), unit.now, crls=material.crls, ocsps=material.ocsps, kept=material.anchors
        ),
    )
    if not verification.ok:
        raise NotVerified(verification)
    evidence = SignatureEvidence(
        party_id=party.party_id,
        level="development",
        signed_at=unit.now,
        certificate_sha256=fingerprint(credential),
    )
    return Made(document, evidence)


def _party(actor: Actor, file: AgreementFile, command: Sign) -> str:
    if command.party_id is not None:
        return command.party_id
    own = signs_for(actor, file)
    waiting = [one for one in own if one.evidence is None] or own
    return waiting[0].party_id if waiting else ""


def _signer(city: str, actor: Actor, party: Signatory) -> Signer:
    name = city if party.is_city else party.name
    return Signer(party.organisation_id, name, actor.subject, actor.name or actor.subject)


async def _authority(unit: AgreementsUnit) -> Authority:
    known = await unit.store.documents.authority(unit.scope)
    if known is not None:
        return known
    return await unit.store.documents.keep_authority(unit.scope, create_authority(unit.scope.city, unit.now), unit.now)
