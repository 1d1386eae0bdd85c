"""The HTTP API of the toolkit: how the Legal Office writes, publishes and takes back versions of an instrument."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from chassis.http.commands import Reply, command
from chassis.http.etag import etag, optional_version
from chassis.http.paging import After, Limit, Page, decode, page, small
from chassis.service import units_of
from services.agreements.api import DOCUMENTED, LoggedIn, scope_of
from services.agreements.domain.edits import InstrumentEdit, OpenDraft, Publish, Withdraw
from services.agreements.domain.instruments import Instrument, in_force
from services.agreements.domain.toolkit import Difference, differences
from services.agreements.handlers import toolkit
from services.agreements.handlers.access import refuse_role
from services.agreements.handlers.desk import AgreementsUnit, city_day
from services.agreements.problems import refusals_as_problems
from services.agreements.store import Store
from services.agreements.store.instruments import Draft, Noted, Published

router = APIRouter(prefix="/agreements/api/v1/instruments/{code}", tags=["toolkit"], responses=DOCUMENTED)
Code = Annotated[str, Path(pattern="^[a-z_]{1,64}$")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Status = Literal["in_force", "coming", "past", "withdrawn", "offered"]


class VersionView(BaseModel):
    """One version: since when it counts (or will), who published it, and what it says differently from the one before.

    `offered`: it came with a release after the city had written a version of its own; it does not count.
    """

    version: int
    status: Status
    valid_from: date
    common: bool
    to_be_confirmed: bool
    published_at: datetime
    published_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_because: str | None = None
    differences: tuple[Difference, ...]
    record: Instrument


class DraftView(BaseModel):
    """The version that is being written, and what it will say differently from the one it is based on."""

    version: int
    based_on: int
    revision: int
    reason: str
    opened_at: datetime
    opened_by: str
    changed_at: datetime
    changed_by: str
    differences: tuple[Difference, ...]
    record: Instrument


class Versions(BaseModel):
    """All versions of an instrument, the newest first, and the one being written."""

    code: str
    versions: tuple[VersionView, ...]
    draft: DraftView | None


async def versions_of(store: Store, request: Request, actor: LoggedIn, code: str) -> Versions:
    """Everything the Legal Office sees of one instrument. Raises Refused."""
    refuse_role(actor, toolkit.EDITS)
    found = await store.instruments.versions(scope_of(actor), code)
    if not found:
        raise toolkit.UnknownInstrument
    draft = await store.instruments.draft(scope_of(actor), code)
    today = city_day(units_of(request).clock())
    counting = tuple(one.record for one in found if one.counts)
    current = in_force(counting, code, today)
    shown = tuple(
        _version(one, next((two.record for two in found[index + 1 :]), None), current, today)
        for index, one in enumerate(found)
    )
    return Versions(code=code, versions=shown, draft=draft_view(draft, found) if draft else None)


def draft_view(draft: Draft, versions: list[Published]) -> DraftView:
    base = next((one.record for one in versions if one.record.version == draft.based_on), draft.record)
    return DraftView(
        **draft.model_dump(exclude={"record"}),
        version=draft.record.version,
        differences=differences(base, draft.record),
        record=draft.record,
    )


def _version(one: Published, before: Instrument | None, current: Instrument | None, today: date) -> VersionView:
    status: Status = "past"
    if one.withdrawn_at is not None:
        status = "withdrawn"
    elif not one.counts:
        status = "offered"
    elif one.record.valid_from > today:
        status = "coming"
    elif current is not None and one.record.version == current.version:
        status = "in_force"
    return VersionView(
        version=one.record.version,
        status=status,
        valid_from=one.record.valid_from,
        common=one.common,
        to_be_confirmed=one.record.to_be_confirmed,
        published_at=one.added_at,
        published_by=one.added_by,
        withdrawn_at=one.withdrawn_at,
        withdrawn_by=one.withdrawn_by,
        withdrawn_because=one.withdrawn_because,
        differences=differences(before, one.record) if before else (),
        record=one.record,
    )


@router.get("/versions")
async def list_versions(request: Request, actor: LoggedIn, code: Code) -> Versions:
    """Every version with who published it when, its differences from the one before, and the draft, if any."""
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            return await versions_of(store, request, actor, code)


@router.get("/history")
async def get_history(
    request: Request, actor: LoggedIn, code: Code, after: After = None, limit: Limit = 50
) -> Page[Noted]:
    """Who drafted, edited, published or withdrew what, when and why; newest first."""
    start = decode(after, small)
    async with units_of(request).reading() as store:
        with refusals_as_problems():
            refuse_role(actor, toolkit.EDITS)
        noted = await store.instruments.history(scope_of(actor), code, start, limit)
    return page(noted, limit, lambda one: (one.position,))


@router.post("/versions", response_model=DraftView, status_code=201)
async def open_draft(request: Request, actor: LoggedIn, code: Code, body: OpenDraft) -> Response:
    """Starts a new version from the newest one; it counts for nothing until it is published."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            draft = await toolkit.open_draft(unit, actor, code, body)
        return await _answer(unit, code, draft, 201)

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/draft", response_model=DraftView)
async def edit_draft(request: Request, actor: LoggedIn, code: Code, body: InstrumentEdit) -> Response:
    """Changes the draft; 422 names every field that does not fit, with its reason."""
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            draft = await toolkit.edit(unit, actor, code, body, expected)
        return await _answer(unit, code, draft)

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/draft/discard", response_model=DraftView)
async def discard_draft(request: Request, actor: LoggedIn, code: Code) -> Response:
    """Throws the draft away."""
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            draft = await toolkit.discard(unit, actor, code, expected)
        return await _answer(unit, code, draft)

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/draft/publish", response_model=Instrument)
async def publish_draft(request: Request, actor: LoggedIn, code: Code, body: Publish) -> Response:
    """Publishes the draft: from its day on new files take it; files that have an instrument keep theirs."""
    expected = optional_version(request)

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            return Reply(200, await toolkit.publish(unit, actor, code, body, expected))

    return await command(request, units_of(request), scope_of(actor), work)


@router.post("/versions/{version}/withdraw", response_model=Instrument)
async def withdraw(request: Request, actor: LoggedIn, code: Code, version: Number, body: Withdraw) -> Response:
    """Takes back a version of the city's own before its first day."""

    async def work(unit: AgreementsUnit) -> Reply:
        with refusals_as_problems():
            found = await toolkit.withdraw(unit, actor, code, version, body)
        return Reply(200, found.record)

    return await command(request, units_of(request), scope_of(actor), work)


async def _answer(unit: AgreementsUnit, code: str, draft: Draft, status: int = 200) -> Reply:
    versions = await unit.store.instruments.versions(unit.scope, code)
    return Reply(status, draft_view(draft, versions), {"ETag": etag(draft.revision)})
