"""The document as it would be if the file were approved now. It is rendered where no connection is held."""

from __future__ import annotations

from datetime import date

from chassis.scope import Scope
from services.agreements.documents.compose import Surroundings, compose
from services.agreements.documents.data import DocumentData
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.signing import signatories_of
from services.agreements.handlers.desk import Desk
from services.agreements.store import Store


async def drafted(
    store: Store, scope: Scope, file: AgreementFile, record: Instrument, desk: Desk, on: date
) -> DocumentData:
    """The words of the document as if the file had been approved on that day."""
    types = await store.directory.types(scope, file.stakeholder_ids)
    names = await store.directory.names(scope, file.stakeholder_ids)
    signatories = file.signatories or signatories_of(file, scope.city, types)
    as_approved = file.model_copy(update={"approved_on": file.approved_on or on, "signatories": signatories})
    return compose(as_approved, record, Surroundings(desk.city_name(scope.city), types, names, desk.development_signer))
