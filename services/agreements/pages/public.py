"""What everybody may see: the register with its entries, and the public notices."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse

from chassis.auth import CurrentActor
from chassis.http.paging import After, decode, page, small
from chassis.service import units_of
from chassis.web.pages import Pages
from chassis.web.vocabulary import VOCABULARY
from services.agreements.api import NO_NUL, scope_of
from services.agreements.api_notices import notice_views, public_notice
from services.agreements.api_register import Archivist, asked, entry_view, position_of, sought
from services.agreements.handlers.desk import city_day
from services.agreements.publication.amendments import what_changed
from services.agreements.publication.entries import register_line

ROWS = 25
Code = Annotated[str, Query(pattern="^[a-z0-9_]{0,64}$")]
Words = Annotated[str, Query(max_length=100, pattern=NO_NUL)]
Year = Annotated[str, Query(pattern="^([12][0-9]{3})?$")]


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the public pages."""
    _add_register(routes, pages)
    _add_notices(routes, pages)

    @routes.get("/register/days")
    async def days(request: Request, actor: Archivist, after: After = None) -> HTMLResponse:
        start = decode(after, date.fromisoformat)
        async with units_of(request).reading() as store:
            rows = await store.days.listed(scope_of(actor), start[0] if start else None, ROWS)
        found = page(rows, ROWS, lambda one: (one.day,))
        return pages.render(
            request,
            "days.html",
            days=found.items,
            first="/agreements/register/days" if after else None,
            next=f"/agreements/register/days?after={found.next}" if found.next else None,
        )


def _add_register(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/register")
    async def register(
        request: Request,
        actor: CurrentActor,
        q: Words = "",
        year: Year = "",
        instrument: Code = "",
        area: Code = "",
        after: After = None,
    ) -> HTMLResponse:
        wished = sought(q, int(year) if year else None, instrument or None, area or None)
        scope, start = scope_of(actor), decode(after, small, small)
        async with units_of(request).reading() as store:
            rows = await store.public.search(scope, wished, ROWS, start)
            years = await store.public.years(scope)
        lines = page([register_line(row) for row in rows], ROWS, position_of)
        kept = asked(wished)
        return pages.render(
            request,
            "register.html",
            lines=lines.items,
            position_of=position_of,
            years=[(str(one), str(one)) for one in years],
            q=q,
            year=year,
            instrument=instrument,
            area=area,
            instruments=list(VOCABULARY["instrument"]),
            areas=list(VOCABULARY["policy_area"]),
            filtered=bool(kept),
            address=_address,
            kept=kept,
            archivist=actor.has("legal", "operations"),
            first=_address("/agreements/register", kept) if after else None,
            next=_address("/agreements/register", kept | {"after": lines.next}) if lines.next else None,
        )

    @routes.get("/register/{year}/{number}")
    async def entry(
        request: Request,
        actor: CurrentActor,
        year: Annotated[int, Path(ge=1900, le=2999)],
        number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    ) -> HTMLResponse:
        async with units_of(request).reading() as store:
            view = await entry_view(store, scope_of(actor), year, number)
            notices = await store.notices.of_agreement(scope_of(actor), view.agreement_id)
        today = city_day(units_of(request).clock())
        return pages.render(
            request,
            "entry.html",
            line=view,
            year=year,
            number=number,
            what_changed=what_changed,
            notices=[one for one in notices if one.published_on <= today],
            is_legal=actor.has("legal"),
        )


def _add_notices(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/notices")
    async def notices(request: Request, actor: CurrentActor, after: After = None) -> HTMLResponse:
        units, scope = units_of(request), scope_of(actor)
        start, today = decode(after, date.fromisoformat, UUID), city_day(units.clock())
        async with units.reading() as store:
            rows = await store.notices.public(scope, today, start, ROWS)
            views = await notice_views(store, scope, rows, today)
        found = page(views, ROWS, lambda one: (one.published_on, one.notice_id))
        return pages.render(
            request,
            "notices.html",
            notices=found.items,
            first="/agreements/notices" if after else None,
            next=f"/agreements/notices?after={found.next}" if found.next else None,
        )

    @routes.get("/notices/{notice_id}")
    async def notice(request: Request, actor: CurrentActor, notice_id: UUID) -> HTMLResponse:
        units, scope = units_of(request), scope_of(actor)
        async with units.reading() as store:
            view = await public_notice(store, scope, notice_id, city_day(units.clock()))
            replaced = await store.notices.replaced_by(scope, notice_id)
        return pages.render(request, "notice.html", notice=view, replaced_by=replaced)


def _address(path: str, query: dict[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
