"""The register in other people's formats: OCDS 1.1.5 for contracts, 360Giving 1.4 for donations; for everybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

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
from services.agreements.api_register import KNOWN, address_of, lines_of, made_once, pieces, table
from services.agreements.domain.publication import Notice
from services.agreements.exports import giving, ocds
from services.agreements.exports.scope import CONTRACTS, GRANTS, Publisher
from services.agreements.handlers.desk import city_day
from services.agreements.made_once import Text, fingerprint
from services.agreements.publication.caching import conditional
from services.agreements.publication.tables import csv_text
from services.agreements.store import Store
from services.agreements.store.public import Sought

router = APIRouter(prefix="/agreements/api/v1/exports", tags=["exports"], responses=DOCUMENTED)


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


@router.get("/ocds.json", response_class=StreamingResponse, responses=KNOWN)
async def export_ocds(request: Request, actor: CurrentActor, period: Period) -> Response:
    """Contract-like agreements, with their amendments and notices, as one OCDS 1.1.5 release package."""
    publisher, prefix = publisher_of(request, actor), request.app.state.settings.agreements_ocid_prefix
    units, scope, made = units_of(request), scope_of(actor), made_once(request)
    async with units.reading() as store:
        signed = await store.public.versions(scope, replace(period, instruments=CONTRACTS))
        today = city_day(units.clock())
        alone = await store.notices.without_agreement(scope, today, CONTRACTS, period.signed_from, period.signed_to)
    releases = _Releases(units, scope, publisher, prefix)
    found = await made.texts(("ocds", scope.city), signed, releases.of_agreements)
    found += await made.texts(("ocds-notices", scope.city), alone, releases.of_notices)
    return await _package(request, scope, period, ocds.package_head, publisher, "releases", found)


@router.get("/360giving.json", response_class=StreamingResponse, responses=KNOWN)
async def export_giving(request: Request, actor: CurrentActor, period: Period) -> Response:
    """Donations as one 360Giving 1.4 package."""
    found = await _grants(request, actor, period, "360giving.json", lambda grants: ",\n".join(map(_json, grants)))
    return await _package(
        request, scope_of(actor), period, giving.package_head, publisher_of(request, actor), "grants", found
    )


@router.get("/360giving.csv", response_class=StreamingResponse, responses=KNOWN)
async def export_giving_table(request: Request, actor: CurrentActor, period: Period) -> Response:
    """Donations as the spreadsheet of 360Giving 1.4."""
    found = await _grants(request, actor, period, "360giving.csv", lambda grants: csv_text(map(giving.row, grants)))
    async with units_of(request).reading() as store:
        changed_at = await store.public.changed_at(scope_of(actor))
    return table(request, "360giving.csv", csv_text([giving.COLUMNS]), found, changed_at)


async def _package(
    request: Request, scope: Scope, period: Sought, head: Any, publisher: Publisher, name: str, found: list[Text]
) -> Response:
    """The package, sent a piece at a time, or 304. Both standards forbid an empty one: nothing to export is a 404."""
    if not found:
        raise not_found("In questo periodo non c'è nulla da esportare.", "There is nothing to export in this period.")
    async with units_of(request).reading() as store:
        changed_at = await store.public.changed_at(scope) or datetime.now(UTC)
    uri = address_of(request, request.url.path, **_asked(period))
    opening = f"{_json(head(publisher, uri, changed_at))[:-1]}, {json.dumps(name)}: [\n"
    headers, known = conditional(request, fingerprint(opening, found), changed_at)
    if known:
        return Response(status_code=304, headers=headers)
    return StreamingResponse(pieces(opening, found, b",\n", "\n]}\n"), media_type="application/json", headers=headers)


@dataclass(frozen=True)
class _Releases:
    """Makes releases, in Italian whoever asks."""

    units: Units[Store]
    scope: Scope
    publisher: Publisher
    prefix: str

    async def of_agreements(self, some: Sequence[UUID]) -> dict[UUID, str]:
        with speaking("it"):
            lines = await lines_of(self.units, self.scope, some)
            async with self.units.reading() as store:
                announced = await self._announced(store, await store.notices.of_agreements(self.scope, some))
            found = {}
            for line in lines:
                own = [one for one in announced if one.agreement_id == line.agreement_id]
                found[line.agreement_id] = _json(ocds.release(line, own, self.publisher, self.prefix))
            return found

    async def of_notices(self, some: Sequence[UUID]) -> dict[UUID, str]:
        """Notices whose agreement is not signed."""
        with speaking("it"):
            async with self.units.reading() as store:
                announced = await self._announced(store, await store.notices.some(self.scope, some))
            return {one.notice_id: _json(ocds.notice_release(one, self.publisher, self.prefix)) for one in announced}

    async def _announced(self, store: Store, notices: list[Notice]) -> list[ocds.Announcement]:
        views = await notice_views(store, self.scope, notices, city_day(self.units.clock()))
        return [_announcement(one, view) for one, view in zip(notices, views, strict=True)]


async def _grants(
    request: Request, actor: Actor, period: Sought, kind: str, text: Callable[[list[dict[str, Any]]], str]
) -> list[Text]:
    units, scope, publisher = units_of(request), scope_of(actor), publisher_of(request, actor)
    prefix = request.app.state.settings.agreements_grant_prefix

    async def make(some: Sequence[UUID]) -> dict[UUID, str]:
        with speaking("it"):
            lines = await lines_of(units, scope, some)
            return {line.agreement_id: text(list(giving.grants(line, publisher, prefix))) for line in lines}

    async with units.reading() as store:
        wanted = await store.public.versions(scope, replace(period, instruments=GRANTS))
    return await made_once(request).texts((kind, scope.city), wanted, make)


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


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
