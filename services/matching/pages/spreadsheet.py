"""CSV files that a spreadsheet opens as text, written while they are read: to the end, page by page."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from fastapi.responses import StreamingResponse

from chassis.http.paging import Page

T = TypeVar("T")
_BEGIN = "\ufeff"
"""Without it a spreadsheet does not take the file for UTF-8."""


def as_file(
    name: str, columns: Mapping[str, Callable[[T], object]], read: Callable[[str | None], Awaitable[Page[T]]]
) -> StreamingResponse:
    """All that ``read`` gives, from its first page (None) to its last."""
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_rows(columns, read), media_type="text/csv; charset=utf-8", headers=headers)


async def _rows(
    columns: Mapping[str, Callable[[T], object]], read: Callable[[str | None], Awaitable[Page[T]]]
) -> AsyncIterator[str]:
    yield _BEGIN + _row(columns)
    after: str | None = None
    while True:
        found = await read(after)
        for one in found.items:
            yield _row(column(one) for column in columns.values())
        after = found.next
        if after is None:
            return


def _row(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: object) -> str:
    """Text that a spreadsheet takes for text, not for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
