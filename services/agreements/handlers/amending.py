"""Commands of amendments, renewals and of several agreements for one match."""

from __future__ import annotations

import asyncio
from uuid import UUID

from chassis.auth.actor import Actor
from services.agreements.documents.amendment import compose_amendment, render_amendment_off_loop
from services.agreements.documents.compose import Surroundings
from services.agreements.documents.fields import with_fields
from services.agreements.documents.render import content_hash
from services.agreements.domain import amending, splitting
from services.agreements.domain.commands import Amend, Decide, Renew, Sign, Split
from services.agreements.domain.file import AgreementFile, Amendment, Protocol
from services.agreements.handlers.access import FILLS_IN, refuse_role
from services.agreements.handlers.closing import siblings
from services.agreements.handlers.desk import AgreementsUnit, Desk, city_day, instrument_of, keep, publish
from services.agreements.handlers.filling import opened
from services.agreements.handlers.numbering import with_number
from services.agreements.handlers.registering import enter, enter_in_force
from services.agreements.handlers.signing import development_signature


async def amend(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Amend, expected: int | None = None
) -> AgreementFile:
    """Opens an amendment, or edits the one under way. What is known to be delivered cannot be taken back."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    came = await unit.store.amendments.delivered(unit.scope, agreement_id, file.allocations)
    record = await instrument_of(unit, file)
    outcome = amending.amend(file, command, record, came, actor.subject, city_day(unit.now))
    return await keep(unit, outcome, "amend", command.reason)


async def renew(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Renew, desk: Desk, expected: int | None = None
) -> AgreementFile:
    """Opens a renewal, or edits the one under way."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    record = await instrument_of(unit, file)
    from_days = desk.calendar.renewal_from_days
    outcome = amending.renew(file, command, record, actor.subject, city_day(unit.now), from_days)
    return await keep(unit, outcome, "renew", command.reason)


async def submit_amendment(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, number: int, expected: int | None = None
) -> AgreementFile:
    """Hands the amendment to the Legal Office."""
    file = await _with_amendment(unit, actor, agreement_id, number, expected)
    refuse_role(actor, *FILLS_IN)
    return await keep(unit, amending.submit(file), "submit_amendment", str(number))


async def withdraw_amendment(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, number: int, command: Decide, expected: int | None = None
) -> AgreementFile:
    """Takes the amendment back; its number, if it has one, stays in the register as annulled."""
    file = await _with_amendment(unit, actor, agreement_id, number, expected)
    refuse_role(actor, *FILLS_IN)
    withdrawn = await keep(unit, amending.withdraw(file, command.reason), "withdraw_amendment", command.reason)
    await _annul(unit, withdrawn, number)
    return withdrawn


async def refuse_amendment(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, number: int, command: Decide, expected: int | None = None
) -> AgreementFile:
    """Refuses the amendment; the agreement goes on as it is."""
    file = await _with_amendment(unit, actor, agreement_id, number, expected)
    refuse_role(actor, "legal")
    refused = await keep(unit, amending.refuse(file, command.reason), "refuse_amendment", command.reason)
    await _annul(unit, refused, number)
    return refused


async def approve_amendment(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, number: int, desk: Desk, expected: int | None = None
) -> AgreementFile:
    """Numbers the amendment, makes its document and enters both in the register."""
    file = await _with_amendment(unit, actor, agreement_id, number, expected)
    refuse_role(actor, "legal")
    today = city_day(unit.now)
    came = await unit.store.amendments.delivered(unit.scope, agreement_id, file.allocations)
    _amendment, record = amending.may_be_approved(file, await instrument_of(unit, file), came, today)
    types = await unit.store.directory.types(unit.scope, file.stakeholder_ids)
    names = await unit.store.directory.names(unit.scope, file.stakeholder_ids)
    around = Surroundings(desk.city_name(unit.scope.city), types, names, desk.development_signer)

    async def make(protocol: Protocol) -> tuple[AgreementFile, bytes]:
        numbered = amending.numbered(file, protocol, today)
        one = _one(numbered, number)
        rendered = await render_amendment_off_loop(compose_amendment(numbered, one, record, around))
        return numbered, await asyncio.to_thread(with_fields, rendered, [seat.field for seat in one.signatories])

    protocol, (numbered, document) = await with_number(unit, desk.numbering, today.year, make)
    sha256 = content_hash(document)
    outcome = amending.approved(numbered, sha256)
    await unit.store.amendments.add_revision(unit.scope, agreement_id, number, 0, sha256, document, unit.now)
    approved = await keep(unit, outcome, "approve_amendment", str(protocol))
    await enter(unit, amending.face(approved, _one(approved, number)), "registered", sha256)
    return approved


async def sign_amendment(
    unit: AgreementsUnit,
    actor: Actor,
    agreement_id: UUID,
    number: int,
    command: Sign,
    desk: Desk,
    expected: int | None = None,
) -> AgreementFile:
    """Signs the amendment's document for one party. With the last signature what it changes takes effect."""
    file = await _with_amendment(unit, actor, agreement_id, number, expected)
    today = city_day(unit.now)
    face = amending.face(file, amending.may_be_signed(file, today))
    approved = await unit.store.amendments.approved(unit.scope, agreement_id, number)
    latest = await unit.store.amendments.latest(unit.scope, agreement_id, number)
    if approved is None or latest is None:
        raise RuntimeError("an approved amendment has no document")
    made = await development_signature(unit, actor, face, command, desk, approved, latest[1], number)
    sha256 = content_hash(made.document)
    await unit.store.amendments.add_revision(
        unit.scope, agreement_id, number, latest[0] + 1, sha256, made.document, unit.now
    )
    outcome = amending.signed(file, made.evidence, actor.subject, sha256, today)
    signed = await keep(unit, outcome, "sign_amendment", made.evidence.party_id)
    await enter_in_force(unit, signed, number, sha256)
    return signed


async def split(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Split, expected: int | None = None
) -> AgreementFile:
    """Moves some lines into a file of their own; returns the new one."""
    others = await siblings(unit, agreement_id)
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    part = max(one.part for one in others) + 1
    stays, goes = splitting.split(file, command, unit.new_id(), part, unit.now, city_day(unit.now))
    await keep(unit, stays, "split", str(goes.file.agreement_id))
    await unit.store.files.add(unit.scope, goes.file)
    await unit.store.files.note(unit.scope, goes.file, unit.now, "split", str(file.agreement_id))
    publish(unit, goes)
    return goes.file


async def _with_amendment(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, number: int, expected: int | None
) -> AgreementFile:
    """The file, locked, whose amendment under way is `number`. Raises NotPossible when it is another, or none."""
    file = await opened(unit, actor, agreement_id, expected)
    amending.under_way(file, number)
    return file


def _one(file: AgreementFile, number: int) -> Amendment:
    return next(one for one in file.amendments if one.number == number)


async def _annul(unit: AgreementsUnit, file: AgreementFile, number: int) -> None:
    one = _one(file, number)
    if one.protocol is not None:
        await enter(unit, amending.face(file, one), "rejected", one.signed_sha256 or one.approved_sha256 or "")
