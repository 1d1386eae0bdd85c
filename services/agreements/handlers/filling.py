"""Commands that fill in a file, up to handing it to the Legal Office."""

from __future__ import annotations

import hashlib
from uuid import UUID

from chassis.auth.actor import Actor
from chassis.scope import Scope
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.domain import drafting
from services.agreements.domain.commands import AddDocument, ChooseInstrument, Decide
from services.agreements.domain.file import AgreementFile, FiledDocument
from services.agreements.domain.instruments import in_force
from services.agreements.domain.states import Act, allows
from services.agreements.handlers.access import FILLS_IN, refuse_reading, refuse_role
from services.agreements.handlers.desk import AgreementsUnit, Stale, city_day, instrument_of, keep
from services.agreements.store import Store
from services.agreements.store.documents import Upload


async def opened(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None) -> AgreementFile:
    """The file, locked, as `actor` may see it. Raises Unknown, or Stale when it is not the `expected` version."""
    file = refuse_reading(actor, await unit.store.files.load(unit.scope, agreement_id))
    if expected is not None and file.version != expected:
        raise Stale
    return await with_types(unit.store, unit.scope, file) if allows(file.state, Act.EDIT) else file


async def with_types(store: Store, scope: Scope, file: AgreementFile) -> AgreementFile:
    """The file with the kinds of its organisations as they are known now; rules depend on them."""
    types = await store.directory.types(scope, file.stakeholder_ids)
    return file.model_copy(update={"organisation_types": {str(one): kind for one, kind in types.items()}})


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
    if not actor.has("legal"):
        drafting.refuse_typed_notice(file, command, record)
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
    document = await _filed(unit, actor, agreement_id, command)
    return await keep(unit, drafting.add_document(file, document), "document", document.title)


async def remove_document(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, document_id: UUID, expected: int | None = None
) -> AgreementFile:
    """Takes a document out of a file that was not handed in yet; an uploaded file is let go of."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    outcome = drafting.without_document(file, document_id)
    await unit.store.documents.remove(unit.scope, agreement_id, document_id)
    return await keep(unit, outcome, "document_removed", _title(file, document_id))


async def replace_document(
    unit: AgreementsUnit,
    actor: Actor,
    agreement_id: UUID,
    document_id: UUID,
    command: AddDocument,
    expected: int | None = None,
) -> AgreementFile:
    """Puts another document in the place of one, in a file that was not handed in yet."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    drafting.without_document(file, document_id)
    document = await _filed(unit, actor, agreement_id, command)
    await unit.store.documents.remove(unit.scope, agreement_id, document_id)
    outcome = drafting.with_replaced(file, document_id, document)
    return await keep(unit, outcome, "document_replaced", document.title)


async def submit(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, expected: int | None = None) -> AgreementFile:
    """Hands a complete file to the Legal Office."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, *FILLS_IN)
    outcome = drafting.submit(file, await instrument_of(unit, file), actor.subject, city_day(unit.now))
    return await keep(unit, outcome, "submit")


async def send_back(
    unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Decide, expected: int | None = None
) -> AgreementFile:
    """Gives a file in review back to its account manager; the remarks are a line of its history."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    return await keep(unit, drafting.send_back(file), "send_back", command.reason)


async def _filed(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: AddDocument) -> FiledDocument:
    """The document with its bytes kept."""
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
    if upload and document.sha256:
        content = Upload(upload.name, upload.media_type, upload.content)
        await unit.store.documents.file(unit.scope, agreement_id, document.document_id, document.sha256, content)
    return document


def _title(file: AgreementFile, document_id: UUID) -> str:
    return next((one.title for one in file.documents if one.document_id == document_id), "")
