"""The legal desk's list of files and the public register."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse

from chassis.auth import Actor, require
from chassis.http.paging import After, decode, page
from chassis.service import units_of
from chassis.web.i18n import gettext as _
from chassis.web.i18n import mark
from chassis.web.pages import Pages
from services.agreements.api import scope_of
from services.agreements.domain.instruments import Owner
from services.agreements.domain.states import FINAL, State
from services.agreements.handlers.desk import city_day
from services.agreements.listing import SORTS, Filter, leniently, seen_by
from services.agreements.store.files import NEVER
from services.agreements.store.lists import Row, Sort, Wanted, cursor_kinds, position_of
from services.agreements.views import called

ROWS = 25
OPEN = tuple(state.value for state in State if state not in FINAL)
TABLE = "/agreements/api/v1/agreements.csv"
_MOST_DIGITS = 15
SignedIn = Annotated[Actor, Depends(require())]
SORT_NAMES = {
    "by_deadline": mark("By deadline"),
    "newest_first": mark("Newest first"),
    "highest_value": mark("Highest value first"),
    "by_title": mark("By title"),
}


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the lists to the service's pages."""

    @routes.get("/desk")
    async def desk(request: Request, actor: SignedIn, after: After = None) -> HTMLResponse:
        units = units_of(request)
        today = city_day(units.clock())
        asked = _asked(request.query_params)
        filter_, wrong = leniently(asked)
        sort: Sort = next((code for code, _label in SORTS if code == request.query_params.get("sort")), "deadline")
        wanted, seen = filter_.wanted(actor, today, default=_standing(filter_)), seen_by(actor, today)
        start = decode(after, *cursor_kinds(sort))
        async with units.reading() as store:
            rows = await store.lists.rows(scope_of(actor), wanted, seen, sort, start, ROWS)
            counts = await store.lists.counts(scope_of(actor), _all_groups(filter_, actor, today), seen)
            instruments = await store.lists.instruments(scope_of(actor))
        shown = page(rows, ROWS, position_of(sort))
        kept = {name: value for name, value in asked.items() if value and name not in wrong}
        sorted_by = {} if sort == "deadline" else {"sort": sort}
        return pages.render(
            request,
            "desk.html",
            blocks=_blocks(shown.items, sort),
            counts=counts,
            counted=sum(counts.values()),
            group=filter_.group,
            asked=dict.fromkeys(Filter.model_fields, "")
            | asked
            | {"sort": sort, "state": (asked.get("state") or [""])[0]},
            wrong=wrong,
            states=[one.value for one in State],
            instruments=instruments,
            owners=get_args(Owner),
            sorts=[(code, _(SORT_NAMES[name])) for code, name in SORTS],
            filtered=any(name != "group" for name in kept),
            guide=actor.has("account_manager"),
            never=NEVER,
            called=called,
            today=today,
            address=lambda **more: _address(kept | sorted_by | more),
            table=_address({name: value for name, value in kept.items() if name in Filter.model_fields}, TABLE),
            first=_address(kept | sorted_by) if after else None,
            next=_address(kept | sorted_by | {"after": shown.next}) if shown.next else None,
        )


def _asked(query: QueryParams) -> dict[str, Any]:
    """What the address asks for; values are written in euro there."""
    asked: dict[str, Any] = {name: query[name] for name in Filter.model_fields if query.get(name)}
    if asked.get("state"):
        asked["state"] = [one for one in query.getlist("state") if one]
    for name in ("value_from", "value_to"):
        euro = query.get(name, "").replace(".", "").split(",")[0].strip()
        if euro.isdecimal() and len(euro) <= _MOST_DIGITS:
            asked[f"{name}_cents"] = int(euro) * 100
    return asked


def _standing(filter_: Filter) -> tuple[str, ...] | None:
    """Files that have ended show when they, or all of one case, are asked for."""
    return None if filter_.group == "done" or filter_.q or filter_.need or filter_.match else OPEN


def _all_groups(filter_: Filter, actor: Actor, today: date) -> Wanted:
    """The same filter without its group, to count the files of each."""
    return replace(filter_.wanted(actor, today), group=None)


def _blocks(rows: list[Row], sort: Sort) -> list[tuple[str | None, list[Row]]]:
    """Rows with the group they stand under; a list in another order has no groups."""
    if sort != "deadline":
        return [(None, rows)] if rows else []
    return [(group, list(block)) for group, block in groupby(rows, key=lambda row: row.group)]


def _address(query: dict[str, Any], path: str = "/agreements/desk") -> str:
    given = {name: value for name, value in query.items() if value not in (None, "", [])}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
