"""Learned weights, which of them are in use, and the decisions they are learned from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope


class LearnedRanking(BaseModel):
    """One fit: weights by signal, from how many decisions, and how well old and new weights foretold the newest."""

    number: int
    rules_version: str
    weights: dict[str, float]
    fitted_at: datetime
    fitted_by: str
    decisions: int
    accepted: int
    held_out: int
    loss_before: float
    loss_after: float
    auc_before: float | None
    auc_after: float | None


class Use(BaseModel):
    """Since when which weights are used, by whose decision and why; ``number`` None: the rules as written."""

    number: int | None
    since: datetime
    by: str
    reason: str


class DecidedMatch(NamedTuple):
    """A decided proposal: when, under which version of the rules, what each signal contributed, and how it ended."""

    decided_at: datetime
    rules_version: str
    contributions: Mapping[str, float]
    accepted: bool


_FIELDS = ", ".join(LearnedRanking.model_fields)
# Decided is when the last party spoke: what is accepted is not closed, and what was released was decided long before.
_FROM_DECIDED = """
FROM (
    SELECT rules_version, reasons, state IN ('accepted', 'released') AS accepted, coalesce((
        SELECT max(party.decided_at) FROM match_party AS party
        WHERE party.city = match.city AND party.match_id = match.match_id), closed_at, proposed_at) AS decided_at
    FROM match
    WHERE city = $1 AND (rules_version = $2 OR rules_version LIKE $2 || '+%')
        AND reason_code IS DISTINCT FROM 'undone'
        AND (state IN ('accepted', 'released') OR (state = 'declined' AND reason_code = ANY($3::text[])))
) AS decided
"""
_DECIDED = f"SELECT decided_at, rules_version, reasons, accepted {_FROM_DECIDED} ORDER BY decided_at DESC LIMIT $4"
_HOW_MANY = f"SELECT count(*) {_FROM_DECIDED} WHERE $4::timestamptz IS NULL OR decided_at > $4"


class RankingStore:
    """Fits are added, never changed; so are the decisions to use them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def in_use(self, scope: Scope, rules_version: str) -> LearnedRanking | None:
        """The learned weights in use, None when it is the rules as written (or others than they were learned for)."""
        row = await self._connection.fetchrow(
            f"SELECT {_FIELDS} FROM learned_ranking WHERE city = $1 AND rules_version = $2 AND number ="
            " (SELECT number FROM ranking_use WHERE city = $1 ORDER BY use_id DESC LIMIT 1)",
            scope.city,
            rules_version,
        )
        return _ranking(row) if row else None

    async def one(self, scope: Scope, number: int) -> LearnedRanking | None:
        row = await self._connection.fetchrow(
            f"SELECT {_FIELDS} FROM learned_ranking WHERE city = $1 AND number = $2", scope.city, number
        )
        return _ranking(row) if row else None

    async def newest(self, scope: Scope, limit: int) -> list[LearnedRanking]:
        rows = await self._connection.fetch(
            f"SELECT {_FIELDS} FROM learned_ranking WHERE city = $1 ORDER BY number DESC LIMIT $2", scope.city, limit
        )
        return [_ranking(row) for row in rows]

    async def uses(self, scope: Scope, limit: int) -> list[Use]:
        """The decisions about which weights to use, the newest first."""
        rows = await self._connection.fetch(
            "SELECT number, since, by, reason FROM ranking_use WHERE city = $1 ORDER BY use_id DESC LIMIT $2",
            scope.city,
            limit,
        )
        return [Use(**dict(row)) for row in rows]

    async def alone(self, scope: Scope) -> None:
        """Waits until nobody else is learning for this city; holds until the transaction ends."""
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('learned_ranking'), hashtext($1))", scope.city
        )

    async def add(self, scope: Scope, fitted: Mapping[str, Any]) -> int:
        """Keeps a fit under the city's next number; whoever calls is alone."""
        names = list(fitted)
        number: int = await self._connection.fetchval(
            f"INSERT INTO learned_ranking (city, number, {', '.join(names)})"
            " SELECT $1, coalesce(max(number), 0) + 1, "
            + ", ".join(f"${place}" for place in range(2, len(names) + 2))
            + " FROM learned_ranking WHERE city = $1 RETURNING number",
            scope.city,
            *fitted.values(),
        )
        return number

    async def use(self, scope: Scope, use: Use) -> None:
        await self._connection.execute(
            "INSERT INTO ranking_use (city, number, since, by, reason) VALUES ($1, $2, $3, $4, $5)",
            scope.city,
            use.number,
            use.since,
            use.by,
            use.reason,
        )

    async def decided(
        self, scope: Scope, rules_version: str, refusals: Collection[str], limit: int
    ) -> list[DecidedMatch]:
        """The newest proposals of these rules that were accepted, or refused for one of these reasons."""
        rows = await self._connection.fetch(_DECIDED, scope.city, rules_version, list(refusals), limit)
        return [
            DecidedMatch(
                row["decided_at"],
                row["rules_version"],
                {one["code"]: float(one["contribution"]) for one in row["reasons"]},
                row["accepted"],
            )
            for row in rows
        ]

    async def decided_since(
        self, scope: Scope, rules_version: str, refusals: Collection[str], since: datetime | None
    ) -> int:
        """How many of those were decided after ``since`` (None: ever)."""
        arguments = (scope.city, rules_version, list(refusals), since)
        return int(await self._connection.fetchval(_HOW_MANY, *arguments))

    async def cities(self) -> list[str]:
        """Cities in which anything was decided."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT city FROM match WHERE state IN ('accepted', 'released', 'declined')"
        )
        return [row["city"] for row in rows]


def _ranking(row: asyncpg.Record) -> LearnedRanking:
    return LearnedRanking(**dict(row))
