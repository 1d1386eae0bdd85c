"""Documents signed outside: handed in, judged apart, matched with who is expected, and only then part of the file.

Judging takes seconds and happens before the transaction; the transaction makes sure that nothing moved meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import TypeAdapter

from chassis.auth.actor import Actor
from chassis.scope import Scope
from contracts.values import SignatureEvidence
from services.agreements.documents.revocation import Answers
from services.agreements.documents.trust_files import TrustFiles
from services.agreements.documents.verification import Finding, Reason, Refusal, Trust, Verification
from services.agreements.documents.verification.apart import Busy
from services.agreements.domain import amending, signatories, signing
from services.agreements.domain.checks import required_levels
from services.agreements.domain.file import AgreementFile, Signatory
from services.agreements.domain.refusals import NotAllowed, TooBusy
from services.agreements.domain.signatories import Claim, NameSignatories, PlanSignatures
from services.agreements.domain.states import Act, after
from services.agreements.handlers.access import FILLS_IN, refuse_reading, refuse_role, signs_for
from services.agreements.handlers.desk import AgreementsUnit, Desk, Stale, city_day, instrument_of, keep
from services.agreements.handlers.filling import opened
from services.agreements.handlers.registering import enter, enter_in_force, publish_owed, recorded_signatures
from services.agreements.store import Store
from services.agreements.store.documents import ENVELOPE, PDF
from services.agreements.store.signatures import Material, UploadLine

MAY_HAND_IN = ("legal", "account_manager", "signatory")
_Made = tuple[int, str, bytes, datetime, str, Literal["outside"]]
_FINDINGS = TypeAdapter(tuple[Finding, ...])
_NOT_NOTED = {"__all__": {"anchors", "asks"}}


@dataclass(frozen=True)
class HandedIn:
    """A signed document as somebody sends it."""

    name: str
    content: bytes

    @property
    def media_type(self) -> str:
        return PDF if self.content.startswith(b"%PDF-") else ENVELOPE


@dataclass(frozen=True)
class Judged:
    """What was found in a document, as of the file's version and the document's revision at that time.

    `amendment` says for which document it was handed in: that of an amendment, or with 0 the agreement's own.
    """

    handed_in: HandedIn
    verification: Verification
    version: int
    revision: int
    crls: tuple[bytes, ...]
    amendment: int = 0
    ocsps: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Base:
    """What a document is judged against: the file, as `amendment` sees it if there is one, and its document."""

    file: AgreementFile
    approved: bytes
    revision: int
    latest: bytes
    authority: bytes | None
    material: Material
    amendment: int = 0


async def base_of(store: Store, scope: Scope, actor: Actor, agreement_id: UUID, amendment: int = 0) -> Base:
    """Reads it, for somebody who may hand in. Raises Unknown, NotAllowed or NotPossible."""
    file = refuse_reading(actor, await store.files.read(scope, agreement_id))
    _refuse_handing_in(actor, file)
    seen = _as_seen(file, amendment)
    after(seen.state, Act.SIGN)
    if amendment:
        approved = await store.amendments.approved(scope, agreement_id, amendment)
        latest = await store.amendments.latest(scope, agreement_id, amendment)
    else:
        approved = await store.documents.approved(scope, agreement_id)
        latest = await store.documents.latest(scope, agreement_id)
    if approved is None or latest is None:
        raise RuntimeError("what is approved has no document")
    authority = await store.documents.authority(scope)
    material = await store.signatures.material(scope, agreement_id, amendment)
    return Base(seen, approved, *latest, authority.certificate if authority else None, material, amendment)


async def judge(base: Base, handed_in: HandedIn, desk: Desk, now: datetime) -> Judged:
    """Judges the document in a process of its own. It takes a second or more: no transaction is open."""
    files = await asyncio.to_thread(desk.trust.current)
    trust = files.trust(now, (base.authority,) if base.authority else (), desk.revocation)
    recorded = recorded_signatures(base.file)
    trust = replace(
        trust,
        crls=(*trust.crls, *base.material.crls),
        ocsps=(*trust.ocsps, *base.material.ocsps),
        kept=base.material.anchors,
    )
    found = await _examined(base, handed_in, desk, trust, recorded)
    answers = Answers()
    asks = [one.asks for one in found.signatures if one.asks is not None and not one.is_among(recorded)]
    if desk.ask is not None and asks:
        answers = await desk.ask(asks)
    if answers:
        asked = replace(trust, crls=(*trust.crls, *answers.crls), ocsps=(*trust.ocsps, *answers.ocsps))
        found = await _examined(base, handed_in, desk, asked, recorded)
    new = tuple(one for one in found.signatures if not one.is_among(recorded))
    if found.ok and not new:
        found = found.also(Refusal(Reason.NOTHING_NEW))
    # Who may have a development certificate is decided by us, with every signature, and never by a document.
    found = found.also(*(Refusal(Reason.UNTRUSTED, one.field) for one in new if one.level == "development"))
    crls = (*_relevant(files, new), *answers.crls)
    return Judged(handed_in, found, base.file.version, base.revision, crls, base.amendment, answers.ocsps)


async def _examined(
    base: Base, handed_in: HandedIn, desk: Desk, trust: Trust, recorded: Mapping[str, datetime]
) -> Verification:
    try:
        return await desk.examine(
            handed_in.content, approved=base.approved, latest=base.latest, trust=trust, recorded=recorded
        )
    except Busy:
        raise TooBusy(
            "too-many-documents",
            "In questo momento si stanno verificando troppi documenti: riprova tra un minuto.",
            "Too many documents are being verified right now: try again in a minute.",
        ) from None


async def receive(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, judged: Judged, desk: Desk, expected: int | None = None
) -> tuple[AgreementFile, UploadLine]:
    """Takes the signatures of a judged document into the file, or notes why not; either way it is written down."""
    file = await opened(unit, actor, agreement_id, expected)
    _refuse_handing_in(actor, file)
    record, today = await instrument_of(unit, file), city_day(unit.now)
    seen = _as_seen(file, judged.amendment)
    signing.may_be_signed(seen, record, today)
    if file.version != judged.version:
        raise Stale
    recorded = recorded_signatures(seen)
    new = [one for one in judged.verification.signatures if not one.is_among(recorded)]
    refusals = [*judged.verification.reasons, *_copies(new)]
    given: list[tuple[Signatory, Claim]] = []
    if not refusals:
        named = await unit.store.signatures.named(unit.scope, agreement_id, judged.amendment)
        given, nobodys = signatories.assign(seen, [_claim(one) for one in new], named, required_levels(file, record))
        refusals += [Refusal(Reason(code), field) for field, code in nobodys]
    line = _line(unit, judged, refusals, desk)
    await unit.store.signatures.note(
        unit.scope, agreement_id, line, judged.handed_in.content if not line.accepted else None, judged.amendment
    )
    if not line.accepted:
        await unit.store.files.note(unit.scope, file, unit.now, "upload_refused", ", ".join(_codes(refusals)))
        return file, line
    return await _accepted(unit, file, judged, given, line), line


async def _accepted(
    unit: AgreementsUnit,
    file: AgreementFile,
    judged: Judged,
    given: Sequence[tuple[Signatory, Claim]],
    line: UploadLine,
) -> AgreementFile:
    await _keep_revision(unit, file.agreement_id, judged, line.sha256)
    sign = amending.signed if judged.amendment else signing.signed
    for signatory, claim in given:
        evidence = SignatureEvidence(
            party_id=signatory.party_id,
            level=claim.level,
            signed_at=claim.proven_at,
            certificate_sha256=claim.certificate_sha256,
        )
        outcome = sign(file, evidence, None, line.sha256, city_day(unit.now), signatory.field, claim.signature_id)
        file = await keep(unit, outcome, "sign_outside", signatory.party_id)
    if judged.amendment:
        await enter_in_force(unit, file, judged.amendment, line.sha256)
    elif file.signed_on is not None:
        await enter(unit, file, "signed", line.sha256)
        file = await publish_owed(unit, file)
    return file


async def _keep_revision(unit: AgreementsUnit, agreement_id: UUID, judged: Judged, sha256: str) -> None:
    """The document becomes the next revision, with what its signatures were judged by."""
    revision, document, number = judged.revision + 1, judged.handed_in, judged.amendment
    made: _Made = (revision, sha256, document.content, unit.now, document.media_type, "outside")
    if number:
        await unit.store.amendments.add_revision(unit.scope, agreement_id, number, *made)
    else:
        await unit.store.documents.add_revision(unit.scope, agreement_id, *made)
    anchors = {anchor for one in judged.verification.signatures for anchor in one.anchors}
    material = Material(tuple(base64.b64decode(one) for one in sorted(anchors)), judged.crls, judged.ocsps)
    await unit.store.signatures.keep_material(unit.scope, agreement_id, revision, material, number)


def _as_seen(file: AgreementFile, amendment: int) -> AgreementFile:
    """The file as the document sees it that is signed. Raises NotPossible when that amendment awaits no signatures."""
    if not amendment:
        return file
    amending.under_way(file, amendment)
    return amending.face(file, amending.awaiting_signatures(file))


async def plan_signatures(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: PlanSignatures, expected: int | None = None
) -> AgreementFile:
    """Says in which order, through whom and until when the parties sign. People already signed stay as they were."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    outcome = signatories.plan(file, command)
    signed = {(one.party_id, one.seat) for one in file.signatories if one.evidence}
    before = await unit.store.signatures.named(unit.scope, agreement_id)
    named = [one for one in before if (one.party_id, one.seat) in signed]
    named += [one for one in command.named() if (one.party_id, one.seat) not in signed]
    await unit.store.signatures.name(unit.scope, agreement_id, named, unit.now)
    return await keep(unit, outcome, "signing_plan", command.order)


async def name_for_amendment(
    unit: AgreementsUnit,
    actor: Actor,
    agreement_id: UUID,
    number: int,
    command: NameSignatories,
    expected: int | None = None,
) -> AgreementFile:
    """Says through whom the parties sign an amendment under way. Nothing of the file changes: names are beside it."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    one = amending.under_way(file, number)
    wanted = signatories.named_for_amendment(file, command)
    signed = {(seat.party_id, seat.seat) for seat in one.signatories if seat.evidence}
    before = await unit.store.signatures.named_for(unit.scope, agreement_id, number)
    named = [each for each in before if (each.party_id, each.seat) in signed]
    named += [each for each in wanted if (each.party_id, each.seat) not in signed]
    await unit.store.signatures.name(unit.scope, agreement_id, named, unit.now, number)
    await unit.store.files.note(unit.scope, file, unit.now, "signing_names", str(number))
    return file


def may_see_names(actor: Actor) -> bool:
    """Names and codes of signatories are for those who check them."""
    return actor.has(*MAY_HAND_IN)


def may_hand_in(actor: Actor, file: AgreementFile) -> bool:
    return actor.has(*MAY_HAND_IN) or bool(signs_for(actor, file))


def _refuse_handing_in(actor: Actor, file: AgreementFile) -> None:
    if not may_hand_in(actor, file):
        raise NotAllowed(
            "not-your-party", "Non puoi consegnare firme per questo accordo.", "You may not hand in signatures here."
        )


def _claim(one: Finding) -> Claim:
    if one.level not in ("advanced", "qualified"):
        raise ValueError("only a signature without any reason against it claims a place")
    return Claim(
        field=one.field,
        organisation_id=one.organisation_id,
        person_id=one.person_id,
        person_name=one.person_name,
        certificate_sha256=one.certificate_sha256,
        level=one.level,
        proven_at=one.proven_at,
        signature_id=one.signature_id,
    )


def _copies(new: Sequence[Finding]) -> list[Refusal]:
    """One signature counts once: a copy of it beside it is none of another party's."""
    seen: set[str] = set()
    found = []
    for one in new:
        found += [Refusal(Reason.NOTHING_NEW, one.field)] if one.signature_id in seen else []
        seen.add(one.signature_id)
    return found


def _line(unit: AgreementsUnit, judged: Judged, refusals: Sequence[Refusal], desk: Desk) -> UploadLine:
    document, accepted = judged.handed_in, not refusals
    return UploadLine(
        upload_id=unit.new_id(),
        at=unit.now,
        actor=unit.scope.actor,
        file_name=document.name,
        media_type=document.media_type,
        sha256=hashlib.sha256(document.content).hexdigest(),
        size=len(document.content),
        accepted=accepted,
        revision=judged.revision + 1 if accepted else None,
        reasons=[{"reason": one.reason.value, "field": one.field} for one in refusals],
        signatures=_FINDINGS.dump_python(judged.verification.signatures, mode="json", exclude=_NOT_NOTED),
        kept=not accepted,
        keep_until=None if accepted else city_day(unit.now) + timedelta(desk.keep_refused_days),
    )


def _codes(refusals: Sequence[Refusal]) -> list[str]:
    return sorted({one.reason.value for one in refusals})


def _relevant(files: TrustFiles, new: Sequence[Finding]) -> tuple[bytes, ...]:
    """The revocation lists that the new signatures were judged by."""
    issuers = {one.issuer for one in new}
    return tuple(one.encoded for one in files.crls if one.issuer in issuers)
