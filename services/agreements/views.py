"""What the API shows of a file, of the register and of the vademecum."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, computed_field

from chassis.auth import Actor
from chassis.scope import Scope
from services.agreements.domain.checklist import Slot, checklist
from services.agreements.domain.checks import Check, checks
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.steps import StepView, next_step, schedule
from services.agreements.handlers.commenting import is_city_staff
from services.agreements.handlers.desk import city_day
from services.agreements.publication.entries import called as called
from services.agreements.store import Store
from services.agreements.store.files import NEVER
from services.agreements.store.lists import Group, Row


class AgreementView(AgreementFile):
    """The file with what the system checks in it; `total_value_cents` sums the lines whose value is known.

    `open_checks` hold the file up, `warnings` do not; `to_be_confirmed` when its instrument is not fully verified.
    """

    total_value_cents: int | None = None
    checks: tuple[Check, ...] = ()
    open_checks: int = 0
    warnings: int = 0
    checklist: tuple[Slot, ...] = ()
    steps: tuple[StepView, ...] = ()
    to_be_confirmed: bool = False


class InstrumentView(Instrument):
    """A version of an instrument, and what in it is to be confirmed by the Legal Office."""

    @computed_field(description="something in it is not verified")  # type: ignore[prop-decorator]
    @property
    def to_be_confirmed(self) -> bool:
        return super().to_be_confirmed

    @computed_field(description="codes of the rules and criteria that are not verified")  # type: ignore[prop-decorator]
    @property
    def unconfirmed_parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.code for one in (*self.rules, *self.applies) if one.unconfirmed))


class AgreementSummary(BaseModel):
    """One file in a list. `deadline` is the next day on which something is due, `owner` the role whose turn it is.

    `part` tells several agreements of one match apart; `amendment` is the state of the one under way.
    """

    agreement_id: UUID
    version: int
    state: str
    group: Group
    title: str
    department: str
    match_id: UUID
    need_id: UUID
    part: int
    instrument: str | None
    protocol: str | None
    parties: tuple[str, ...]
    total_value_cents: int | None
    triangulation: bool
    account_manager_id: str | None
    owner: str | None
    deadline: date | None
    valid_to: date | None
    ends_on: date | None
    amendment: str | None
    open_checks: int | None
    drafted_at: datetime


async def view_of(store: Store, scope: Scope, file: AgreementFile, now: datetime) -> AgreementView:
    """The file with its checks as of today."""
    record = await pinned(store, scope, file)
    today = city_day(now)
    found = checks(file, record, today)
    content = {name: getattr(file, name) for name in AgreementFile.model_fields}
    return AgreementView(
        **content | {"next_step": next_step(file, record, today)},
        total_value_cents=file.value_cents,
        checks=found,
        open_checks=sum(not check.settled for check in found),
        warnings=sum(check.severity == "warning" and not check.closed for check in found),
        checklist=checklist(file, record, found),
        steps=schedule(file, record, today),
        to_be_confirmed=record is not None and record.to_be_confirmed,
    )


def shown_to(actor: Actor, file: AgreementFile, view: AgreementView) -> AgreementView:
    """The view as `actor` may read it: advice is what the city tells its own people about the parties."""
    if is_city_staff(actor, file):
        return view
    checks = tuple(check for check in view.checks if check.severity == "block")
    return view.model_copy(update={"checks": checks, "warnings": 0})


async def pinned(store: Store, scope: Scope, file: AgreementFile) -> Instrument | None:
    """The instrument's version that the file keeps to."""
    if file.instrument is None or file.instrument_version is None:
        return None
    return await store.instruments.one(scope, file.instrument, file.instrument_version)


def summary_of(row: Row) -> AgreementSummary:
    return AgreementSummary(
        **{name: getattr(row, name) for name in AgreementSummary.model_fields if hasattr(row, name)}
        | {"deadline": None if row.deadline == NEVER else row.deadline},
        parties=tuple(called(name, row.department) for name in row.party_names),
        total_value_cents=row.value_cents,
    )
