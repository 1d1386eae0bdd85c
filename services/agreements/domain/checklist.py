"""The documents an instrument asks for, and which of them are on file."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from contracts.values import Value
from services.agreements.domain.checks import Check
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.rules import Bilingual, Evidence, Valued


class Slot(Value):
    """One kind of document. `asked_by` are the open checks that it would close; other ways may close them too."""

    code: str
    label: Bilingual
    documents: tuple[UUID, ...]
    asked_by: tuple[str, ...]


def checklist(file: AgreementFile, record: Instrument | None, found: Iterable[Check]) -> tuple[Slot, ...]:
    """Every kind of document of the instrument, in the record's order."""
    if record is None:
        return ()
    waiting = {check.code for check in found if not check.settled}
    askers = [rule for rule in record.rules if isinstance(rule, Evidence | Valued) and rule.code in waiting]
    return tuple(
        Slot(
            code=kind.code,
            label=kind.label,
            documents=tuple(one.document_id for one in file.documents if one.kind == kind.code),
            asked_by=tuple(rule.code for rule in askers if kind.code in rule.documents),
        )
        for kind in record.documents
    )
