"""Lists of files: as JSON by pages, and whole as a table."""

from __future__ import annotations

import asyncio
import csv
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chassis.http.paging import Page, decode, page
from chassis.http.problem import Problem
from chassis.service import units_of
from chassis.web.i18n import gettext as _
from chassis.web.vocabulary import label
from services.agreements.api import DOCUMENTED, LoggedIn, scope_of
from services.agreements.handlers.desk import city_day
from services.agreements.listing import Asked, Filter, seen_by
from services.agreements.store.lists import Row, cursor_kinds, position_of
from services.agreements.views import AgreementSummary, called, summary_of

router = APIRouter(prefix="/agreements/api/v1", tags=["agreements"], responses=DOCUMENTED)
MOST_ROWS = 20_000
"""What a table may hold; narrower filters give the rest."""


@router.get("/agreements")
async def list_agreements(
    request: Request, actor: LoggedIn, asked: Annotated[Asked, Query()]
) -> Page[AgreementSummary]:
    """Files that the caller may read, newest first, or by `sort`."""
    units = units_of(request)
    today = city_day(units.clock())
    start = decode(asked.after, *cursor_kinds(asked.sort))
    async with units.reading() as store:
        rows = await store.lists.rows(
            scope_of(actor), asked.wanted(actor, today), seen_by(actor, today), asked.sort, start, asked.limit
        )
    shown = page(rows, asked.limit, position_of(asked.sort))
    return Page(items=[summary_of(row) for row in shown.items], next=shown.next)


@router.get("/agreements.csv", response_class=Response)
async def export_agreements(request: Request, actor: LoggedIn, asked: Annotated[Filter, Query()]) -> Response:
    """The whole filtered list as a table, by deadline; its headings are in the reader's language."""
    units = units_of(request)
    today = city_day(units.clock())
    async with units.reading() as store:
        rows = await store.lists.rows(
            scope_of(actor), asked.wanted(actor, today), seen_by(actor, today), "deadline", None, MOST_ROWS
        )
    if len(rows) > MOST_ROWS:
        raise Problem(
            422,
            "too-many-rows",
            f"Sono più di {MOST_ROWS} fascicoli: usa un filtro più stretto.",
            f"There are more than {MOST_ROWS} files: use a narrower filter.",
        )
    headers = {"Content-Disposition": 'attachment; filename="agreements.csv"', "Cache-Control": "private, no-store"}
    # Thousands of rows take the processor a second or more, which other requests must not wait for.
    text = await asyncio.to_thread(table, rows)
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)


def table(rows: list[Row]) -> str:
    """Comma-separated rows. A cell that a spreadsheet would take for a formula is marked as text."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            _("Protocol"), _("Title"), _("State"), _("Instrument"), _("Parties"), _("Department"), _("Value in euro"),
            _("Deadline"), _("Whose turn"), _("Last day"), _("Open checks"), _("Amendment"), _("Opened on"), "id",
        ]
    )  # fmt: skip
    for row in rows:
        summary = summary_of(row)
        writer.writerow(
            _plain(cell)
            for cell in (
                row.protocol or "",
                row.title,
                label("agreement_state", row.state),
                label("instrument", row.instrument) if row.instrument else "",
                "; ".join(called(name, row.department) for name in row.party_names),
                label("department", row.department),
                "" if row.value_cents is None else f"{row.value_cents / 100:.2f}",
                summary.deadline or "",
                label("role", row.owner) if row.owner else "",
                row.valid_to or "",
                "" if row.open_checks is None else row.open_checks,
                label("amendment_state", row.amendment) if row.amendment else "",
                city_day(row.drafted_at),
                row.agreement_id,
            )
        )
    return text.getvalue()


def _plain(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
