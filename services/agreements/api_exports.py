"""The register in other people's formats: OCDS 1.1.5 for contracts, 360Giving 1.4 for donations; for everybody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from chassis.auth import Actor, CurrentActor
from chassis.http.problem import not_found
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Units
from chassis.web.i18n import speaking
from services.agreements.api import DOCUMENTED, desk_of, scope_of
from services.agreements.api_notices import NoticeView, notice_views
from services.agreements.api_register import address_of, pages_of
from services.agreements.domain.publication import Notice
from services.agreements.exports import giving, ocds
from services.agreements.exports.scope import CONTRACTS, GRANTS, Publisher
from services.agreements.handlers.desk import city_day
from services.agreements.publication.tables import csv_text
from services.agreements.store import Store
from services.agreements.store.public import Sought

router = APIRouter(prefix="/agreements/api/v1/exports", tags=["exports"], responses=DOCUMENTED)
Objects = AsyncIterator[dict[str, Any]]


def between(
    first: Annotated[date | None, Query(alias="from", description="first day of signature")] = None,
    last: Annotated[date | None, Query(alias="to", description="last day of signature")] = None,
) -> Sought:
    """Which agreements are exported, by the day of their last signature (notices: of their publication)."""
    return Sought(signed_from=first, signed_to=last)


Period = Annotated[Sought, Depends(between)]


def publisher_of(request: Request, actor: Actor) -> Publisher:
    """The city that publishes."""
    return Publisher(actor.city, desk_of(request).city_name(actor.city), address_of(request, ""))


@router.get("/ocds.json", response_class=StreamingResponse)
async def export_ocds(request: Request, actor: CurrentActor, period: Period) -> Response:
    """Contract-like agreements and their notices as one OCDS 1.1.5 release package."""
    publisher, prefix = publisher_of(request, actor), request.app.state.settings.agreements_ocid_prefix
    units, scope = units_of(request), scope_of(actor)
    releases = _releases(units, scope, period, publisher, prefix)
    uri = address_of(request, request.url.path, **_asked(period))
    return await _package(units, scope, ocds.package_head, publisher, uri, "releases", releases)


@router.get("/360giving.json", response_class=StreamingResponse)
async def export_giving(request: Request, actor: CurrentActor, period: Period) -> Response:
    """Donations as one 360Giving 1.4 package."""
    publisher, units, scope = publisher_of(request, actor), units_of(request), scope_of(actor)
    uri = address_of(request, request.url.path, **_asked(period))
    found = _grants(units, scope, period, publisher, request.app.state.settings.agreements_grant_prefix)
    return await _package(units, scope, giving.package_head, publisher, uri, "grants", found)


@router.get("/360giving.csv", response_class=StreamingResponse)
async def export_giving_table(request: Request, actor: CurrentActor, period: Period) -> Response:
    """Donations as the spreadsheet of 360Giving 1.4."""
    publisher, prefix = publisher_of(request, actor), request.app.state.settings.agreements_grant_prefix
    found = _grants(units_of(request), scope_of(actor), period, publisher, prefix)

    async def text() -> AsyncIterator[str]:
        yield csv_text([giving.COLUMNS])
        async for grant in found:
            yield csv_text([giving.row(grant)])

    headers = {"Content-Disposition": 'attachment; filename="360giving.csv"'}
    return StreamingResponse(text(), media_type="text/csv; charset=utf-8", headers=headers)


async def _package(
    units: Units[Store], scope: Scope, head: Any, publisher: Publisher, uri: str, name: str, objects: Objects
) -> Response:
    """The package, sent as it is made. Both standards forbid an empty one, so nothing to export is a 404."""
    first = await anext(objects, None)
    if first is None:
        raise not_found("In questo periodo non c'è nulla da esportare.", "There is nothing to export in this period.")
    async with units.reading() as store:
        changed_at = await store.public.changed_at(scope) or datetime.now(UTC)
    opening = json.dumps(head(publisher, uri, changed_at), ensure_ascii=False)[:-1]

    async def text() -> AsyncIterator[str]:
        yield f"{opening}, {json.dumps(name)}: [\n{json.dumps(first, ensure_ascii=False)}"
        async for one in objects:
            yield ",\n" + json.dumps(one, ensure_ascii=False)
        yield "\n]}\n"

    return StreamingResponse(text(), media_type="application/json")


async def _releases(units: Units[Store], scope: Scope, period: Sought, publisher: Publisher, prefix: str) -> Objects:
    today = city_day(units.clock())
    async for lines in pages_of(units, scope, replace(period, instruments=CONTRACTS)):
        async with units.reading() as store:
            notices = await store.notices.of_agreements(scope, [line.agreement_id for line in lines])
            views = await notice_views(store, scope, notices, today)
        announced = [_announcement(one, view) for one, view in zip(notices, views, strict=True)]
        for line in lines:
            own = [one for one in announced if one.agreement_id == line.agreement_id]
            with speaking("it"):
                made = ocds.release(line, own, publisher, prefix)
            yield made
    async with units.reading() as store:
        alone = await store.notices.without_agreement(scope, today, CONTRACTS, period.signed_from, period.signed_to)
        views = await notice_views(store, scope, alone, today)
    for one, view in zip(alone, views, strict=True):
        with speaking("it"):
            made = ocds.notice_release(_announcement(one, view), publisher, prefix)
        yield made


async def _grants(units: Units[Store], scope: Scope, period: Sought, publisher: Publisher, prefix: str) -> Objects:
    async for lines in pages_of(units, scope, replace(period, instruments=GRANTS)):
        for line in lines:
            with speaking("it"):
                made = list(giving.grants(line, publisher, prefix))
            for grant in made:
                yield grant


def _announcement(notice: Notice, view: NoticeView) -> ocds.Announcement:
    return ocds.Announcement(
        notice_id=notice.notice_id,
        agreement_id=notice.agreement_id,
        instrument=notice.instrument,
        state=notice.state,
        published_on=notice.published_on,
        until=notice.until,
        title=view.title.it,
        text=view.text.it,
        changed_at=view.changed_at,
    )


def _asked(period: Sought) -> dict[str, Any]:
    return {"from": period.signed_from, "to": period.signed_to}
