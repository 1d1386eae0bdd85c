"""What handlers stand on besides the store: the documents room and the city's own words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chassis.delivery import Delivery
from chassis.unit import Unit
from services.agreements.documents.data import DocumentData
from services.agreements.documents.render import render_off_loop
from services.agreements.documents.revocation import Answers
from services.agreements.documents.trust_files import TrustDirectory
from services.agreements.documents.verification import Verification
from services.agreements.documents.verification.apart import examine_apart
from services.agreements.documents.verification.trust import Revocation
from services.agreements.documents.verification.verdict import Asks
from services.agreements.domain.checks import open_checks
from services.agreements.domain.closing import Calendar
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome
from services.agreements.domain.refusals import Refused
from services.agreements.domain.states import Act, allows
from services.agreements.domain.steps import moved
from services.agreements.handlers.numbering import Numbering
from services.agreements.store import Store

CITY_TIME = ZoneInfo("Europe/Rome")
"""Days of acts and years of protocol numbers are those of the city, not of UTC."""

AgreementsUnit = Unit[Store]


class Unknown(Refused):
    """There is no such agreement, or it is none of the asker's business."""

    def __init__(self) -> None:
        super().__init__("unknown-agreement", "Accordo non trovato.", "There is no such agreement.")


class Stale(Refused):
    """Somebody else changed the file since it was read."""

    def __init__(self) -> None:
        super().__init__(
            "stale",
            "Nel frattempo qualcun altro ha modificato questo fascicolo: ricaricalo e riprova.",
            "Somebody else changed this file in the meantime: reload and try again.",
        )


@dataclass(frozen=True)
class Desk:
    """How documents are made. `development_signer` is False where only real signatures may be used."""

    development_signer: bool = True
    city_names: Mapping[str, str] = field(default_factory=dict)
    write_to: str = ""
    render: Callable[[DocumentData], Awaitable[bytes]] = render_off_loop
    calendar: Calendar = field(default_factory=Calendar)
    trust: TrustDirectory = field(default_factory=lambda: TrustDirectory(None))
    revocation: Revocation = "hard"
    keep_refused_days: int = 30
    examine: Callable[..., Awaitable[Verification]] = examine_apart
    ask: Callable[[Iterable[Asks]], Awaitable[Answers]] | None = None
    """Asks issuers about revocation over the network; None where that is switched off."""
    numbering: Numbering = field(default_factory=Numbering)

    def city_name(self, city: str) -> str:
        return self.city_names.get(city, city)


def city_day(moment: datetime) -> date:
    """The calendar day in the city."""
    return moment.astimezone(CITY_TIME).date()


async def instrument_of(unit: AgreementsUnit, file: AgreementFile) -> Instrument | None:
    """The version of the instrument that the file has pinned; None as long as none is chosen."""
    if file.instrument is None or file.instrument_version is None:
        return None
    return await unit.store.instruments.one(unit.scope, file.instrument, file.instrument_version)


async def keep(
    unit: AgreementsUnit,
    outcome: Outcome,
    act: str,
    note: str | None = None,
    cause: Delivery[Any] | None = None,
) -> AgreementFile:
    """Saves what was decided, notes it in the history and publishes its events; `cause` is the event that led here."""
    record, today = await instrument_of(unit, outcome.file), city_day(unit.now)
    file = moved(outcome.file, record, today)
    await unit.store.files.save(unit.scope, file, unit.now, _still_open(file, record, today))
    await unit.store.files.note(unit.scope, file, unit.now, act, note)
    if file.signed_on is None:
        await unit.store.versions.keep(unit.scope, file, unit.now, act)
    publish(unit, Outcome(file, outcome.events), cause)
    return file


def _still_open(file: AgreementFile, record: Instrument | None, today: date) -> int | None:
    """How many checks hold the file up, for lists; None once it is signed or has ended."""
    if not allows(file.state, Act.RELEASE) or file.signed_on is not None:
        return None
    return len(open_checks(file, record, today))


def publish(unit: AgreementsUnit, outcome: Outcome, cause: Delivery[Any] | None = None) -> None:
    """Appends the events; each carries the version it reports, and whose turn it is as the file says it."""
    step = outcome.file.next_step
    told = {"next_owner": step.owner, "next_due_on": step.due_on} if step else {}
    for event in outcome.events:
        version: int = event.version  # type: ignore[attr-defined]
        unit.append(
            event.model_copy(update=told),
            aggregate_id=outcome.file.agreement_id,
            version=version,
            case=outcome.file.need_id,
            cause=cause,
        )
