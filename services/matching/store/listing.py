"""The list of matches: what is asked for as one statement, made of fixed parts, and read in the order of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from chassis.scope import Scope
from services.matching.store.conditions import Conditions, begun_by

Sort = Literal["urgent", "best", "newest"]
Position = tuple[Any, ...]
COUNTED = 1000
"""More than so many matches are not counted: nobody reads them, and counting would read them all."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may see: everything in the city, or what concerns their department or organisations."""

    everything: bool = False
    department: str | None = None
    stakeholders: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which matches are asked for; ``after`` is the position of the last one seen, by :data:`KINDS_OF_POSITION`.

    ``asleep``: only what is put off, or only what is not (None = both). ``words`` begin words of the title or of the
    names of those who take part; ``nil`` is the need's neighbourhood, ``due_by`` the last day it is needed by.
    """

    need_id: UUID | None = None
    offer_id: UUID | None = None
    state: str | None = None
    account_manager_id: str | None = None
    after: Position | None = None
    limit: int = 50
    asleep: bool | None = None
    words: tuple[str, ...] = ()
    policy_area: str | None = None
    nil: int | None = None
    kind: str | None = None
    due_by: date | None = None
    sort: Sort = "urgent"


KINDS_OF_POSITION: Mapping[Sort, tuple[Any, ...]] = {
    "urgent": (date.fromisoformat, float, UUID),
    "best": (float, UUID),
    "newest": (datetime.fromisoformat, UUID),
}
_ORDER: Mapping[Sort, str] = {
    "urgent": "match.due_on, match.score DESC, match.match_id",
    "best": "match.score DESC, match.match_id",
    "newest": "match.proposed_at DESC, match.match_id DESC",
}
_BEYOND: Mapping[Sort, str] = {
    # The first comparison is for the index, the second for those that share its last day.
    "urgent": "match.due_on >= {0}::date AND (match.due_on, -match.score, match.match_id)"
    " > ({0}::date, -{1}::float, {2}::uuid)",
    "best": "match.score <= {0}::float AND (-match.score, match.match_id) > (-{0}::float, {1}::uuid)",
    "newest": "(match.proposed_at, match.match_id) < ({0}::timestamptz, {1}::uuid)",
}


def one_page(scope: Scope, reach: Reach, wanted: Wanted, columns: str) -> tuple[str, Sequence[Any]]:
    """Up to ``limit + 1`` matches with ``columns``; what is looked up for each is looked up for those only."""
    found = _conditions(scope, reach, wanted)
    if wanted.after is not None:
        found.add(_BEYOND[wanted.sort], *wanted.after)
    found.values.append(wanted.limit + 1)
    order = _ORDER[wanted.sort]
    return (
        f"WITH picked AS MATERIALIZED (SELECT match.match_id FROM match WHERE {found}"
        f" ORDER BY {order} LIMIT ${len(found.values)})"
        f" SELECT {columns} FROM picked JOIN match ON match.city = $1 AND match.match_id = picked.match_id"
        f" ORDER BY {order}",
        found.values,
    )


def count(scope: Scope, reach: Reach, wanted: Wanted) -> tuple[str, Sequence[Any]]:
    """How many there are, at most ``COUNTED + 1``."""
    found = _conditions(scope, reach, wanted)
    return f"SELECT count(*) FROM (SELECT FROM match WHERE {found} LIMIT {COUNTED + 1}) AS found", found.values


def _conditions(scope: Scope, reach: Reach, wanted: Wanted) -> Conditions:
    found = Conditions([scope.city], ["match.city = $1"])
    _visible(found, reach)
    for condition, value in (
        ("match.state = {0}", wanted.state),
        ("match.need_id = {0}", wanted.need_id),
        ("match.account_manager_id = {0}", wanted.account_manager_id),
        ("match.policy_area = {0}", wanted.policy_area),
        ("match.due_on <= {0}", wanted.due_by),
        ("coalesce(match.postponed_until > now(), false) = {0}", wanted.asleep),
        (f"{_PART} AND part.offer_id = {{0}})", wanted.offer_id),
        (f"{_PART} AND part.kind = {{0}})", wanted.kind),
        (
            "EXISTS (SELECT FROM need_trait AS trait WHERE trait.city = match.city AND trait.need_id = match.need_id"
            " AND trait.nil = {0})",
            wanted.nil,
        ),
        ("match.said @@ {0}::text::tsquery", begun_by(wanted.words)),
    ):
        if value is not None:
            found.add(condition, value)
    return found


_PART = "EXISTS (SELECT FROM match_allocation AS part WHERE part.city = match.city AND part.match_id = match.match_id"


def _visible(found: Conditions, reach: Reach) -> None:
    if reach.everything:
        return
    mine: list[str] = ["false"]
    values: list[Any] = []
    if reach.department is not None:
        mine.append("match.department = {0} OR {0} = ANY(match.with_departments)")
        values.append(reach.department)
    if reach.stakeholders:
        mine.append(
            "match.match_id IN (SELECT mine.match_id FROM match_party AS mine WHERE mine.city = $1"
            f" AND mine.stakeholder_id = ANY({{{len(values)}}}::uuid[]))"
        )
        values.append(list(reach.stakeholders))
    # An "or false" would keep the planner from starting with what is theirs.
    found.add(f"({' OR '.join(mine[1:] or mine)})", *values)
