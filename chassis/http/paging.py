"""Cursor paging: ``?after=<cursor>&limit=<n>``; the answer carries ``next`` when there is more."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from chassis.http.problem import Problem

ItemT = TypeVar("ItemT")
Limit = Annotated[int, Query(ge=1, le=200, description="How many items at most")]
After = Annotated[str | None, Query(max_length=500, description="`next` of the previous page")]


class Page(BaseModel, Generic[ItemT]):
    """One page of a list; ``next`` is the cursor of the following one, null at the end."""

    items: list[ItemT]
    next: str | None = None


def encode(*position: Any) -> str:
    """A cursor for the sort position of the last item shown."""
    return base64.urlsafe_b64encode(orjson.dumps(position, default=str)).decode().rstrip("=")


def decode(cursor: str | None, *kinds: Callable[[Any], Any]) -> list[Any] | None:
    """The sort position in ``cursor``, each part read by its kind (:func:`instant`, ``UUID`` …); None at the start.

    A kind raises ValueError, TypeError or AttributeError for a part that is none of its own. Raises a 400 problem for a
    cursor that this list did not give.
    """
    if not cursor:
        return None
    try:
        position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [kind(part) for kind, part in zip(kinds, position, strict=True)]
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise _bad_cursor() from error


def instant(part: Any) -> datetime:
    """A time with its offset from UTC."""
    moment = datetime.fromisoformat(part)
    if moment.tzinfo is None:
        raise ValueError("a time without offset")
    return moment


def text(part: Any) -> str:
    """Text that a database column takes."""
    if not isinstance(part, str) or "\x00" in part:
        raise ValueError("not a text")
    return part


def small(part: Any) -> int:
    """A number that an integer column takes."""
    if isinstance(part, bool) or not isinstance(part, int) or not -(2**31) <= part < 2**31:
        raise ValueError("not a small number")
    return part


def _bad_cursor() -> Problem:
    return Problem(
        400,
        "bad-cursor",
        "Il cursore 'after' non è valido: ripartire dalla prima pagina.",
        "The cursor 'after' is not valid: start again from the first page.",
    )


def page(rows: Sequence[ItemT], limit: int, position: Callable[[ItemT], tuple[Any, ...]]) -> Page[ItemT]:
    """A page out of up to ``limit + 1`` rows; ``position`` gives an item's sort position."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return Page(items=shown, next=encode(*position(shown[-1])) if more and shown else None)
