"""The document as it would be if the file were approved now."""

from __future__ import annotations

from datetime import date

from chassis.scope import Scope
from services.agreements.documents.compose import Surroundings, compose
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.signing import signatories_of
from services.agreements.handlers.desk import Desk
from services.agreements.store import Store


async def preview(
    store: Store, scope: Scope, file: AgreementFile, record: Instrument, desk: Desk, today: date
) -> bytes:
    """PDF bytes, marked as a draft on every page; nothing is kept and no number is drawn."""
    types = await store.directory.types(scope, file.stakeholder_ids)
    names = await store.directory.names(scope, file.stakeholder_ids)
    as_approved = file.model_copy(update={"approved_on": today, "signatories": signatories_of(file, scope.city, types)})
    around = Surroundings(desk.city_name(scope.city), types, names, desk.development_signer)
    return await desk.render(compose(as_approved, record, around))
