"""The redline between two versions of a file, and the document as it would be with what is not saved yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.scope import Scope
from services.agreements.documents.data import DocumentData
from services.agreements.documents.redline import Change, redline
from services.agreements.domain import drafting
from services.agreements.domain.commands import ChooseInstrument
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import in_force
from services.agreements.domain.refusals import Invalid
from services.agreements.handlers.desk import Desk, city_day
from services.agreements.handlers.previewing import drafted
from services.agreements.store import Store


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from version `first` to version `last`; `changes` also holds the parts that stayed."""

    first: int
    last: int
    changes: tuple[Change, ...]

    @property
    def differs(self) -> bool:
        return any(change.changed for change in self.changes)


async def compare(store: Store, scope: Scope, file: AgreementFile, desk: Desk, first: int, last: int) -> Comparison:
    """The redline between two kept versions. Raises Invalid for a version that was not kept or has no instrument."""
    before = await _document(store, scope, file, desk, first, "from")
    after = await _document(store, scope, file, desk, last, "to")
    return Comparison(first, last, redline(before, after))


async def drafted_unsaved(
    store: Store, scope: Scope, file: AgreementFile, command: ChooseInstrument, desk: Desk, today: date
) -> DocumentData:
    """The words of the draft as it would be with these terms; nothing is saved. Raises what saving would raise."""
    if command.instrument == file.instrument and file.instrument_version is not None:
        record = await store.instruments.one(scope, command.instrument, file.instrument_version)
    else:
        record = in_force(await store.instruments.all(scope), command.instrument, today)
    as_saved = drafting.choose_instrument(file, command, record).file
    if record is None:
        raise ValueError("choosing an unknown instrument is refused")
    return await drafted(store, scope, as_saved, record, desk, today)


async def _document(
    store: Store, scope: Scope, file: AgreementFile, desk: Desk, version: int, field: str
) -> DocumentData:
    kept = await store.versions.one(scope, file.agreement_id, version)
    if kept is not None:
        then, saved_at = kept
        if then.instrument is not None and then.instrument_version is not None:
            record = await store.instruments.one(scope, then.instrument, then.instrument_version)
            if record is not None:
                return await drafted(store, scope, then, record, desk, city_day(saved_at))
    raise Invalid(
        "no-such-version",
        "Questa versione non c'è, o lo strumento non era ancora scelto.",
        "There is no such version, or its instrument was not chosen yet.",
        f"/{field}",
    )
