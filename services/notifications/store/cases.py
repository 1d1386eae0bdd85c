"""Reading the projection ``cases``, each reader their own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from services.notifications.domain.handling import Reader

Row = asyncpg.Record
# $2 = sees every case, $3 = department, $4 = stakeholders
_CASE_IS_THEIRS = """
($2::boolean OR c.department = $3 OR $3 = ANY(c.with_departments) OR EXISTS (
    SELECT FROM thread_link l WHERE l.city = c.city AND l.case_id = c.case_id AND l.thread = ANY($4::uuid[])
        AND l.kind = 'stakeholder'))
"""
# A partner reads what concerns their organisation and what the need itself says, never how other parties were treated.
# The department reads all of its case but what concerns an organisation alone.
_ENTRY_IS_THEIRS = """
($2::boolean
    OR e.stakeholder_ids && $4::uuid[]
    OR m.stakeholder_ids && $4::uuid[]
    OR (e.reach = 'case' AND $6::boolean)
    OR (e.reach = 'case' AND e.thread = $5 AND e.match_id IS NULL AND e.stakeholder_ids = '{}' AND $7::boolean)
    OR (e.department = $3 AND e.reach = 'case'))
"""
_SEARCH = f"""
SELECT c.* FROM case_file c
WHERE c.city = $1 AND c.title IS NOT NULL AND {_CASE_IS_THEIRS}
    AND ($5::text IS NULL OR lower(c.title) LIKE $5)
    AND ($6::text IS NULL OR c.department = $6 OR $6 = ANY(c.with_departments))
    AND ($7::text IS NULL OR c.state = $7)
    AND ($8::timestamptz IS NULL OR (c.last_at, c.case_id) < ($8, $9::uuid))
ORDER BY c.last_at DESC, c.case_id DESC LIMIT $10
"""
_ENTRIES = f"""
SELECT e.* FROM timeline_entry e
LEFT JOIN match_card m ON m.city = e.city AND m.match_id = e.match_id
WHERE e.city = $1 AND e.thread IN (
        SELECT $5::uuid UNION ALL SELECT l.thread FROM thread_link l WHERE l.city = $1 AND l.case_id = $5)
    AND {_ENTRY_IS_THEIRS}
    AND ($8::timestamptz IS NULL OR (e.happened_at, e.source, e.event_id) > ($8, $9::text, $10::text))
ORDER BY e.happened_at, e.source, e.event_id LIMIT $11
"""


class Cases:
    """Cases and their stories."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def search(
        self,
        reader: Reader,
        text: str | None,
        department: str | None,
        state: str | None,
        after: Sequence[Any] | None,
        limit: int,
    ) -> list[Row]:
        """Cases the reader may see, the one that moved last first."""
        return await self._connection.fetch(
            _SEARCH, reader.city, *_reach(reader), _pattern(text), department, state, *(after or (None, None)), limit
        )

    async def file(self, reader: Reader, case_id: UUID) -> Row | None:
        statement = f"SELECT c.* FROM case_file c WHERE c.city = $1 AND c.case_id = $5 AND {_CASE_IS_THEIRS}"
        return await self._connection.fetchrow(statement, reader.city, *_reach(reader), case_id)

    async def exists(self, city: str, case_id: UUID) -> bool:
        statement = "SELECT true FROM case_file WHERE city = $1 AND case_id = $2"
        return bool(await self._connection.fetchval(statement, city, case_id))

    async def entries(
        self, reader: Reader, thread: UUID, file: Row | None, after: Sequence[Any] | None, limit: int
    ) -> list[Row]:
        """The story of a case, or of a thread that no case has (``file`` is None), oldest first."""
        departments = (file["department"], *file["with_departments"]) if file else ()
        of_the_department = reader.department is not None and reader.department in departments
        return await self._connection.fetch(
            _ENTRIES,
            reader.city,
            *_reach(reader),
            thread,
            of_the_department,
            file is not None,
            *(after or (None, None, None)),
            limit,
        )

    async def names(self, city: str, stakeholders: Sequence[UUID]) -> dict[str, str]:
        rows = await self._connection.fetch(
            "SELECT stakeholder_id, name FROM stakeholder_card"
            " WHERE city = $1 AND stakeholder_id = ANY($2::uuid[]) AND name IS NOT NULL",
            city,
            list(stakeholders),
        )
        return {f"stakeholder:{row['stakeholder_id']}": row["name"] for row in rows}

    async def departments(self, reader: Reader) -> list[str]:
        """Departments that have cases the reader may see, for the filter."""
        rows = await self._connection.fetch(
            f"SELECT DISTINCT c.department FROM case_file c WHERE c.city = $1 AND c.department IS NOT NULL"
            f" AND {_CASE_IS_THEIRS} ORDER BY 1",
            reader.city,
            *_reach(reader),
        )
        return [row["department"] for row in rows]


def _reach(reader: Reader) -> tuple[bool, str | None, list[UUID]]:
    return reader.sees_every_case, reader.department, [UUID(one) for one in reader.stakeholders]


def _pattern(text: str | None) -> str | None:
    if not text or not text.strip():
        return None
    escaped = text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
