"""The indicator library."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.impact import IndicatorDefined
from services.impact.domain.library import Definition

_COLUMNS = "indicator_id, version, code, title_it, title_en, unit"
_SAVE = """
INSERT INTO indicator (city, code, indicator_id, version, title_it, title_en, unit, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (city, code) DO UPDATE SET version = excluded.version, title_it = excluded.title_it,
    title_en = excluded.title_en, unit = excluded.unit, updated_at = excluded.updated_at
"""
# An indicator that only plans name is shown with the title it was last agreed under.
_PAGE = """
SELECT * FROM (
    SELECT i.code, i.title_it, i.title_en, i.unit, i.version, true AS in_library FROM indicator i WHERE i.city = $1
    UNION ALL
    (SELECT DISTINCT ON (p.code) p.code, p.title_it, p.title_en, p.unit, 0, false
     FROM planned_indicator p JOIN plan USING (city, plan_id)
     WHERE p.city = $1 AND NOT EXISTS (SELECT FROM indicator i WHERE i.city = p.city AND i.code = p.code)
     ORDER BY p.code, plan.signed_on DESC, p.plan_id)
) known WHERE code > $2 ORDER BY code LIMIT $3
"""


class Library:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, scope: Scope, code: str) -> None:
        """One change of a code at a time, also of one that does not exist yet."""
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"impact.indicator/{scope.city}/{code}"
        )

    async def find(self, scope: Scope, code: str) -> Definition | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM indicator WHERE city = $1 AND code = $2", scope.city, code
        )
        return _definition(row) if row else None

    async def save(self, scope: Scope, event: IndicatorDefined, now: datetime) -> None:
        await self._connection.execute(
            _SAVE,
            scope.city,
            event.code,
            event.indicator_id,
            event.version,
            event.title_it,
            event.title_en,
            event.unit,
            now,
        )

    async def page(self, scope: Scope, after: str, limit: int) -> list[asyncpg.Record]:
        """The library and what only plans name, by code."""
        return await self._connection.fetch(_PAGE, scope.city, after, limit)

    async def missing(self, scope: Scope, codes: list[str]) -> set[str]:
        rows = await self._connection.fetch(
            "SELECT wanted.code FROM unnest($2::text[]) AS wanted (code)"
            " LEFT JOIN indicator i ON i.city = $1 AND i.code = wanted.code WHERE i.code IS NULL",
            scope.city,
            codes,
        )
        return {row["code"] for row in rows}


def _definition(row: asyncpg.Record) -> Definition:
    indicator_id: UUID = row["indicator_id"]
    return Definition(indicator_id, row["version"], row["code"], row["title_it"], row["title_en"], row["unit"])
