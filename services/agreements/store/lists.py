"""Lists of files, read from columns alone: no file is opened to show a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from chassis.database.pool import Connection
from chassis.http.paging import instant, small, text
from chassis.scope import Scope
from services.agreements.domain.file import Protocol
from services.agreements.domain.states import FINAL, IN_FORCE

Group = Literal["overdue", "week", "later", "waiting", "done"]
GROUPS: tuple[Group, ...] = ("overdue", "week", "later", "waiting", "done")
"""By deadline, in the order in which somebody at the desk looks at them."""
Sort = Literal["newest", "deadline", "value", "title"]
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; None = everything. `readable_by` limits a partner to its own."""

    states: tuple[str, ...] | None = None
    need_id: UUID | None = None
    match_id: UUID | None = None
    instrument: str | None = None
    words: str | None = None
    department: str | None = None
    account_manager_id: str | None = None
    owner: str | None = None
    value_from: int | None = None
    value_to: int | None = None
    ends_by: date | None = None
    group: Group | None = None
    readable_by: tuple[UUID, ...] | None = None


@dataclass(frozen=True)
class Seen:
    """When, and by whom: what is theirs to do, by the roles they have, is not waiting for others."""

    today: date
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One file in a list."""

    agreement_id: UUID
    version: int
    state: str
    title: str
    department: str
    match_id: UUID
    need_id: UUID
    part: int
    instrument: str | None
    protocol_year: int | None
    protocol_number: int | None
    party_names: list[str]
    value_cents: int | None
    triangulation: bool
    account_manager_id: str | None
    owner: str | None
    due_on: date | None
    deadline: date
    valid_to: date | None
    ends_on: date | None
    amendment: str | None
    open_checks: int | None
    drafted_at: datetime
    updated_at: datetime
    sort_title: str
    rank: int

    @property
    def group(self) -> Group:
        return GROUPS[self.rank]

    @property
    def protocol(self) -> str | None:
        if self.protocol_year is None or self.protocol_number is None:
            return None
        return str(Protocol(year=self.protocol_year, number=self.protocol_number))


_SHOWN = tuple(name for name in Row.__dataclass_fields__ if name not in ("rank", "sort_title"))
# The words begin with the title in small letters; a cursor has room for this much of it.
_SORT_TITLE = "left(words, 60) AS sort_title"
_ENDED = ", ".join(f"'{state}'" for state in sorted(FINAL))
_RUNNING = ", ".join(f"'{state}'" for state in IN_FORCE)
# $2 today, $3 the end of the week, $4 the reader's roles.
_RANK = (
    f"CASE WHEN state IN ({_ENDED}) THEN 4 WHEN deadline < $2 THEN 0 WHEN deadline <= $3 THEN 1"
    f" WHEN owner <> ALL($4) OR (owner IS NULL AND state IN ({_RUNNING})) THEN 3 ELSE 2 END"
)


@dataclass(frozen=True)
class _Order:
    """How a list is sorted: by which expressions over which column, and how each part of a cursor is read."""

    column: str
    by: tuple[str, ...]
    descending: bool
    kinds: tuple[Callable[[Any], Any], ...]
    position: Callable[[Row], tuple[Any, ...]]


def _day(part: Any) -> date:
    return date.fromisoformat(part)


def _whole(part: Any) -> int:
    if isinstance(part, bool) or not isinstance(part, int) or not -(2**63) <= part < 2**63:
        raise ValueError("not a number")
    return part


_ORDERS: dict[Sort, _Order] = {
    "newest": _Order(
        "drafted_at",
        ("drafted_at", "agreement_id"),
        True,
        (instant, UUID),
        lambda row: (row.drafted_at, row.agreement_id),
    ),
    "deadline": _Order(
        "deadline",
        ("rank", "deadline", "agreement_id"),
        False,
        (small, _day, UUID),
        lambda row: (row.rank, row.deadline, row.agreement_id),
    ),
    "value": _Order(
        "value_cents",
        ("coalesce(value_cents, -1)", "agreement_id"),
        True,
        (_whole, UUID),
        lambda row: (-1 if row.value_cents is None else row.value_cents, row.agreement_id),
    ),
    "title": _Order(
        _SORT_TITLE, ("sort_title", "agreement_id"), False, (text, UUID), lambda row: (row.sort_title, row.agreement_id)
    ),
}


def cursor_kinds(sort: Sort) -> tuple[Callable[[Any], Any], ...]:
    """How the parts of a cursor of a list sorted so are read."""
    return _ORDERS[sort].kinds


def position_of(sort: Sort) -> Callable[[Row], tuple[Any, ...]]:
    """The sort position of a row: what a cursor holds."""
    return _ORDERS[sort].position


class Lists:
    """Rows of files and how many there are by deadline."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(
        self, scope: Scope, wanted: Wanted, seen: Seen, sort: Sort, after: list[Any] | None, limit: int
    ) -> list[Row]:
        """At most `limit + 1`; `after` is the sort position of the last one shown."""
        where, values = _where(scope, wanted, seen)
        order = _ORDERS[sort]
        beyond = ""
        if after:
            places = ", ".join(f"${len(values) + number}" for number in range(1, len(after) + 1))
            beyond = f" WHERE ({', '.join(order.by)}) {'<' if order.descending else '>'} ({places})"
            values += after
        direction = " DESC" if order.descending else ""
        by = ", ".join(part + direction for part in order.by)
        # Which rows first, from as few columns as an index holds; then those few rows whole.
        ranked = f"SELECT agreement_id, {order.column}, {_RANK} AS rank FROM agreement WHERE {where}"
        found = f"SELECT agreement_id, rank FROM ({ranked}) AS ranked{beyond} ORDER BY {by} LIMIT {limit + 1}"
        rows = await self._connection.fetch(
            f"SELECT {', '.join(_SHOWN)}, {_SORT_TITLE}, rank FROM ({found}) AS found"
            f" JOIN agreement USING (agreement_id) WHERE city = $1 ORDER BY {by}",
            *values,
        )
        return [Row(**row) for row in rows]

    async def counts(self, scope: Scope, wanted: Wanted, seen: Seen) -> dict[Group, int]:
        """How many files there are in each group; groups without any are there too."""
        where, values = _where(scope, wanted, seen)
        rows = await self._connection.fetch(
            f"SELECT {_RANK} AS rank, count(*) AS files FROM agreement WHERE {where} GROUP BY rank", *values
        )
        found = {row["rank"]: row["files"] for row in rows}
        return {group: found.get(rank, 0) for rank, group in enumerate(GROUPS)}

    async def instruments(self, scope: Scope) -> list[str]:
        """Codes of the instruments there are, for a choice; the records themselves are not opened."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT code FROM instrument WHERE city IN ($1, '*') ORDER BY code", scope.city
        )
        return [row["code"] for row in rows]


def _where(scope: Scope, wanted: Wanted, seen: Seen) -> tuple[str, list[Any]]:
    """The condition and its values. Only what is asked for is in it, so that the planner sees a plain question."""
    values: list[Any] = [scope.city, seen.today, seen.today + WEEK, list(seen.roles)]
    # Named in every question, also where no rank is asked for, so that each has its type.
    parts = ["city = $1 AND $2::date <= $3::date AND $4::text[] IS NOT NULL"]
    conditions: tuple[tuple[str, Any], ...] = (
        ("state = ANY({}::text[])", list(wanted.states) if wanted.states is not None else None),
        ("need_id = {}", wanted.need_id),
        ("match_id = {}", wanted.match_id),
        ("instrument = {}", wanted.instrument),
        ("strpos(words, {}) > 0", wanted.words.lower() if wanted.words else None),
        ("department = {}", wanted.department),
        ("account_manager_id = {}", wanted.account_manager_id),
        ("owner = {}", wanted.owner),
        ("value_cents >= {}", wanted.value_from),
        ("value_cents <= {}", wanted.value_to),
        (f"state IN ({_RUNNING}) AND least(valid_to, ends_on) <= {{}}", wanted.ends_by),
        (f"{_RANK} = {{}}", GROUPS.index(wanted.group) if wanted.group else None),
        ("stakeholder_ids && {}::uuid[]", list(wanted.readable_by) if wanted.readable_by is not None else None),
    )
    for condition, value in conditions:
        if value is not None:
            values.append(value)
            parts.append(condition.format(f"${len(values)}"))
    return " AND ".join(parts), values
