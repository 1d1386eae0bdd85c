"""What the live inbox looks at: one look serves every client of this process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from chassis.database.pool import Connection
from services.notifications.store.inbox import OPEN, OWNED, RANK

Row = asyncpg.Record
_NOW = "$2"
_COUNTS = f"""
SELECT i.city, i.audience, o.owner, count(*) AS open, count(*) FILTER (WHERE {RANK.replace("$4", _NOW)} = 0) AS urgent
{OWNED} WHERE i.city = ANY($1::text[]) AND {OPEN.replace("$4", _NOW)}
GROUP BY i.city, i.audience, o.owner
"""
_COVERS = """
SELECT DISTINCT city, covered_by, account_manager_id FROM stakeholder_card
WHERE city = ANY($1::text[]) AND covered_by IS NOT NULL
"""
_CHANGES = f"""
SELECT i.city, i.item_id, i.version, i.kind, i.audience, i.case_id, i.parts, i.done_at, i.snoozed_until, i.changed_at,
    {RANK.replace("$4", _NOW)} AS rank, o.owner, c.title
{OWNED} WHERE i.city = ANY($1::text[]) AND i.changed_at > $3 ORDER BY i.changed_at DESC LIMIT $4
"""


class LiveView:
    """Queries over the inboxes of all readers of some cities."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def clock(self) -> datetime:
        """The database's time: changes are stamped with it, whichever instance made them."""
        found: datetime = await self._connection.fetchval("SELECT clock_timestamp()")
        return found

    async def counts(self, cities: Sequence[str], now: datetime) -> list[Row]:
        """Open and urgent items by city, queue and owner."""
        return await self._connection.fetch(_COUNTS, list(cities), now)

    async def covers(self, cities: Sequence[str]) -> list[Row]:
        """Who covers for whom."""
        return await self._connection.fetch(_COVERS, list(cities))

    async def changes(
        self, cities: Sequence[str], now: datetime, since: datetime, overlap: timedelta, most: int
    ) -> list[Row]:
        """Items changed after ``since``, oldest first, at most ``most`` of them.

        A change is stamped before it is committed, so the look reaches back by ``overlap``; whoever looks knows what
        they have seen.
        """
        rows = await self._connection.fetch(_CHANGES, list(cities), now, since - overlap, most)
        return rows[::-1]
