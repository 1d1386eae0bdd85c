"""What readers ask: their inbox, cases, the story of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.http import paging
from chassis.http.paging import decode, instant, small
from chassis.http.problem import Problem, not_found
from services.notifications.domain.handling import Reader, state_of
from services.notifications.store import Store

Row = Any


@dataclass(frozen=True)
class Item:
    """A row of the inbox with its parts and the names its sentences need."""

    row: Row
    state: str
    parts: tuple[Row, ...]
    who: str | None

    @property
    def facts(self) -> dict[str, Any]:
        return self.parts[0]["facts"] if self.parts else {}


@dataclass(frozen=True)
class Story:
    """A case (``file`` is None for a thread that no case has) and the entries the reader may see."""

    file: Row | None
    entries: Sequence[Row]
    names: dict[str, str]


async def items(store: Store, reader: Reader, rows: Sequence[Row], now: datetime) -> list[Item]:
    """Rows with what they are about; rows that know their item's parts have them already."""
    parts: dict[tuple[Any, ...], list[Row]] = {}
    for part in await store.inbox.parts(reader.city, rows):
        parts.setdefault((part["kind"], part["subject"], part["audience"]), []).append(part)
    names = await store.cases.names(reader.city, [one for row in rows for one in row["stakeholder_ids"]])
    return [
        Item(
            row,
            state_of(row["parts"], row["done_at"], row["snoozed_until"], now),
            tuple(parts.get((row["kind"], row["subject"], row["audience"]), ())),
            _who(row, names),
        )
        for row in rows
    ]


def _who(row: Row, names: dict[str, str]) -> str | None:
    known = [names.get(f"stakeholder:{one}") for one in row["stakeholder_ids"]]
    return next((name for name in known if name), None)


async def story(store: Store, reader: Reader, thread: UUID, after: str | None, limit: int) -> Story:
    """The story of a case or of another thread, ``limit`` + 1 entries at most. Raises 404 when not the reader's."""
    file = await store.cases.file(reader, thread)
    if file is None and await store.cases.exists(reader.city, thread):
        raise no_such_case()
    position = decode(after, instant, paging.text, paging.text)
    rows = await store.cases.entries(reader, thread, file, position, limit + 1)
    if file is None and not rows and position is None:
        raise no_such_case()
    concerned = {one for row in rows for one in row["stakeholder_ids"]}
    for row in rows:
        concerned.update(_ids(row["facts"].get("awaited", ())))
    return Story(file, rows, await store.cases.names(reader.city, sorted(concerned)))


def _ids(party_ids: Sequence[str]) -> list[UUID]:
    return [UUID(one.removeprefix("stakeholder:")) for one in party_ids if one.startswith("stakeholder:")]


@dataclass(frozen=True)
class InboxPage:
    """Items and the sort position to go on from; ``as_of`` keeps urgencies the same from page to page."""

    items: list[Item]
    next: tuple[Any, ...] | None


async def inbox_page(
    store: Store, reader: Reader, state: str, kind: str | None, now: datetime, after: str | None, limit: int
) -> InboxPage:
    if state == "done":
        rows = await store.inbox.page(reader, state, kind, now, decode(after, instant, UUID), limit + 1)
    else:
        position = decode(after, instant, small, instant, UUID)
        now = position[0] if position else now
        rows = await store.inbox.page(reader, state, kind, now, position[1:] if position else None, limit + 1)
    shown, following = rows[:limit], None
    if len(rows) > limit:
        last = shown[-1]
        done = (last["finished_at"], last["item_id"])
        following = done if state == "done" else (now, last["rank"], last["due_at"], last["item_id"])
    return InboxPage(await items(store, reader, shown, now), following)


async def case_page(
    store: Store,
    reader: Reader,
    text: str | None,
    department: str | None,
    state: str | None,
    after: str | None,
    limit: int,
) -> tuple[Sequence[Row], tuple[Any, ...] | None]:
    """Cases the reader may see, and the position to go on from."""
    rows = await store.cases.search(reader, text, department, state, decode(after, instant, UUID), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], (last["last_at"], last["case_id"]) if last else None


def no_such_case() -> Problem:
    return not_found(
        "Questo caso non esiste o non è tra quelli che potete vedere.",
        "There is no such case, or it is not among those you may see.",
    )
