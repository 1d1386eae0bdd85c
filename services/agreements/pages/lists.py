"""The legal desk's list of files and the public register."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from chassis.auth import Actor, CurrentActor, require
from chassis.http.paging import After, decode, page, small
from chassis.service import units_of
from chassis.web.pages import Pages
from services.agreements.api import NO_NUL, reach_of, scope_of
from services.agreements.domain.checks import open_checks
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.states import FINAL, State
from services.agreements.handlers.desk import city_day
from services.agreements.store.files import Queued, Wanted
from services.agreements.views import called, register_line

ROWS = 25
OPEN = tuple(state.value for state in State if state not in FINAL)
Code = Annotated[str, Query(pattern="^[a-z_]{0,64}$")]
SignedIn = Annotated[Actor, Depends(require())]


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the lists to the service's pages."""

    @routes.get("/desk")
    async def desk(
        request: Request,
        actor: SignedIn,
        state: Code = "",
        instrument: Code = "",
        q: Annotated[str, Query(max_length=100, pattern=NO_NUL)] = "",
        skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> HTMLResponse:
        states = (state,) if state else OPEN
        wanted = Wanted(tuple(states), None, None, instrument or None, q or None, **reach_of(actor))
        async with units_of(request).reading() as store:
            queued = await store.files.queue(scope_of(actor), wanted, skip, ROWS)
            records = await store.instruments.all(scope_of(actor))
        kept = {name: value for name, value in (("state", state), ("instrument", instrument), ("q", q)) if value}
        more = len(queued) > ROWS
        return pages.render(
            request,
            "desk.html",
            rows=[_row(one, records, units_of(request).clock()) for one in queued[:ROWS]],
            states=[one.value for one in State],
            state=state,
            instrument=instrument,
            instruments=sorted({record.code for record in records}),
            q=q,
            filtered=bool(kept),
            first=f"/agreements/desk?{urlencode(kept)}" if skip else None,
            next=f"/agreements/desk?{urlencode(kept | {'skip': skip + ROWS})}" if more else None,
        )

    @routes.get("/register")
    async def register(request: Request, actor: CurrentActor, after: After = None) -> HTMLResponse:
        async with units_of(request).reading() as store:
            rows = await store.register.signed(scope_of(actor), decode(after, small, small), ROWS)
        lines = page(
            [register_line(row) for row in rows],
            ROWS,
            lambda one: tuple(int(part) for part in one.protocol.split("/")),
        )
        return pages.render(
            request,
            "register.html",
            lines=lines.items,
            first="/agreements/register" if after else None,
            next=f"/agreements/register?after={lines.next}" if lines.next else None,
        )


def _row(queued: Queued, records: tuple[Instrument, ...], now: datetime) -> dict[str, Any]:
    file = queued.file
    pinned = (one for one in records if (one.code, one.version) == (file.instrument, file.instrument_version))
    waiting = open_checks(file, next(pinned, None), city_day(now))
    parties = [called(party.name, file.department) for party in file.parties]
    return {"file": file, "parties": parties, "since": queued.updated_at, "open": 0 if file.signed_on else len(waiting)}
