"""Commands that fill in a file, up to handing it to the Legal Office."""

from __future__ import annotations

import hashlib
from uuid import UUID

from chassis.auth.actor import Actor
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain import drafting
from services.agreements.domain.commands import AddDocument, ChooseInstrument
from services.agreements.domain.file import AgreementFile, FiledDocument
from services.agreements.domain.instruments import in_force
from services.agreements.handlers.access import FILLS_IN, refuse_reading, refuse_role
from services.agreements.handlers.desk import AgreementsUnit, Stale, city_day, instrument_of, keep
from services.agreements.store.documents import Upload


async def opened(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None) -> AgreementFile:
    """The file, locked, as `actor` may see it. Raises Unknown, or Stale when it is not the `expected` version."""
    file = refuse_reading(actor, await unit.store.files.load(unit.scope, agreement_id))
    if expected is not None and file.version != expected:
        raise Stale
    return file


async def choose_instrument(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: ChooseInstrument, expected: int | None = None
) -> AgreementFile:
    """Sets instrument and terms. A file keeps the version it has as long as it keeps the instrument."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    if command.instrument == file.instrument:
        record = await instrument_of(unit, file)
    else:
        record = in_force(await unit.store.instruments.all(unit.scope), command.instrument, city_day(unit.now))
    return await keep(unit, drafting.choose_instrument(file, command, record), "instrument", command.instrument)


async def set_communication_plan(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, plan: CommunicationPlan, expected: int | None = None
) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    return await keep(unit, drafting.set_communication_plan(file, plan), "communication_plan")


async def set_impact_plan(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, plan: ImpactPlan, expected: int | None = None
) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    return await keep(unit, drafting.set_impact_plan(file, plan), "impact_plan")


async def add_document(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: AddDocument, expected: int | None = None
) -> AgreementFile:
    """Puts a document on file; its bytes are kept beside it, its hash goes into the agreement's document."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    upload = command.file
    document = FiledDocument(
        document_id=unit.new_id(),
        kind=command.kind,
        title=command.title,
        text=command.text,
        file_name=upload.name if upload else None,
        media_type=upload.media_type if upload else None,
        size=len(upload.content) if upload else None,
        sha256=hashlib.sha256(upload.content).hexdigest() if upload else None,
        added_at=unit.now,
        added_by=actor.subject,
    )
    outcome = drafting.add_document(file, document)
    if upload and document.sha256:
        content = Upload(upload.name, upload.media_type, upload.content)
        await unit.store.documents.file(unit.scope, agreement_id, document.document_id, document.sha256, content)
    return await keep(unit, outcome, "document", document.title)


async def submit(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None = None) -> AgreementFile:
    """Hands a complete file to the Legal Office."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    outcome = drafting.submit(file, await instrument_of(unit, file), actor.subject, city_day(unit.now))
    return await keep(unit, outcome, "submit")
