"""Reading and handling work items. An item's owner is found when it is read, so that it is never out of date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from services.notifications.domain.handling import Reader

# Whoever took it; else, for account managers, the one of the case, of the event, of the organisation; else the queue.
OWNED = """
FROM work_item i
LEFT JOIN case_file c ON c.city = i.city AND c.case_id = i.case_id
LEFT JOIN LATERAL (
    SELECT s.account_manager_id FROM stakeholder_card s
    WHERE s.city = i.city AND s.stakeholder_id = ANY(i.stakeholder_ids) AND s.account_manager_id IS NOT NULL
    ORDER BY s.stakeholder_id LIMIT 1
) g ON i.audience = 'account_manager' AND c.account_manager_id IS NULL AND i.account_manager_id IS NULL
CROSS JOIN LATERAL (
    SELECT coalesce(i.taken_by, CASE WHEN i.audience = 'account_manager'
        THEN coalesce(c.account_manager_id, i.account_manager_id, g.account_manager_id) END) AS owner
) o
"""
_MINE = """
WHERE i.city = $1 AND i.audience = ANY($2::text[]) AND (o.owner IS NULL OR o.owner = $3 OR o.owner IN (
    SELECT s.account_manager_id FROM stakeholder_card s WHERE s.city = $1 AND s.covered_by = $3))
"""
# A deadline that comes near makes anything urgent. $4 is now.
RANK = """least(i.urgency, CASE WHEN i.due_at < $4::timestamptz + interval '1 day' THEN 0
    WHEN i.due_at < $4::timestamptz + interval '3 days' THEN 1 ELSE 3 END)"""
OPEN = "i.parts > 0 AND i.done_at IS NULL AND (i.snoozed_until IS NULL OR i.snoozed_until <= $4::timestamptz)"
_STATES = {
    "open": OPEN,
    "snoozed": "i.parts > 0 AND i.done_at IS NULL AND i.snoozed_until > $4::timestamptz",
    "done": "(i.parts = 0 OR i.done_at IS NOT NULL)",
}
_COLUMNS = f"""i.*, {RANK} AS rank, o.owner, c.title, c.department, c.policy_area,
    coalesce(i.done_at, i.settled_at) AS finished_at"""
_PARTS = """
SELECT p.kind, p.subject, p.audience, p.part, p.facts, p.opened_at,
    coalesce(CASE WHEN w.moved >= greatest(p.moved, p.opened) THEN w.moved_due
        WHEN p.moved >= p.opened THEN p.moved_due END, p.due_at) AS due_at,
    CASE WHEN p.progress_mark > p.opened THEN p.progress ELSE '{}' END AS progress,
    p.opened > greatest(p.settled, w.settled) AS is_open
FROM unnest($2::text[], $3::uuid[], $4::text[]) AS row (kind, subject, audience)
JOIN work_part w ON w.city = $1 AND w.kind = row.kind AND w.subject = row.subject
    AND w.part = '00000000-0000-0000-0000-000000000000'
JOIN LATERAL (
    SELECT * FROM work_part q
    WHERE q.city = $1 AND q.kind = row.kind AND q.subject = row.subject AND q.audience = row.audience
    ORDER BY q.opened > greatest(q.settled, w.settled) DESC, q.opened_at DESC, q.part LIMIT 10
) p ON true
ORDER BY p.opened_at DESC, p.part
"""
_SAVE = """
UPDATE work_item SET version = version + 1, changed_at = clock_timestamp(), done_by = $3, done_at = $4,
    snoozed_until = $5, taken_by = $6
WHERE city = $1 AND item_id = $2
"""
Row = asyncpg.Record


class Inbox:
    """The items of a reader: their own, those of whom they cover for, and their queues."""

    def __init__(self, connection: Connection, on_change: Callable[[], None]) -> None:
        self._connection = connection
        self._on_change = on_change

    async def page(
        self, reader: Reader, state: str, kind: str | None, now: datetime, after: Sequence[Any] | None, limit: int
    ) -> list[Row]:
        """Up to ``limit`` rows after the sort position: urgent and due first, or newest first for what is done."""
        arguments: list[Any] = [*_who(reader), now, kind]
        if state == "done":
            finished = "coalesce(i.done_at, i.settled_at)"
            order = f"{finished} DESC, i.item_id DESC"
            position = f"AND ({finished}, i.item_id) < ($6::timestamptz, $7::uuid)" if after else ""
        else:
            order = f"{RANK}, i.due_at, i.item_id"
            position = f"AND ({RANK}, i.due_at, i.item_id) > ($6::int, $7::timestamptz, $8::uuid)" if after else ""
        statement = f"""SELECT {_COLUMNS} {OWNED} {_MINE} AND {_STATES[state]}
            AND ($5::text IS NULL OR i.kind = $5) {position} ORDER BY {order} LIMIT {int(limit)}"""
        return await self._connection.fetch(statement, *arguments, *(after or ()))

    async def one(self, reader: Reader, item_id: UUID, now: datetime) -> Row | None:
        """The item if it is the reader's to see."""
        statement = f"SELECT {_COLUMNS} {OWNED} {_MINE} AND i.item_id = $5"
        return await self._connection.fetchrow(statement, *_who(reader), now, item_id)

    async def locked(self, reader: Reader, item_ids: Sequence[UUID], now: datetime) -> list[Row]:
        """Those of the items that are the reader's, locked in a fixed order."""
        statement = f"""SELECT {_COLUMNS} {OWNED} {_MINE} AND i.item_id = ANY($5::uuid[])
            ORDER BY i.kind, i.subject, i.audience FOR UPDATE OF i"""
        return await self._connection.fetch(statement, *_who(reader), now, list(item_ids))

    async def save(
        self, row: Row, *, done_by: str | None, done_at: datetime | None, until: datetime | None, taken_by: str | None
    ) -> None:
        await self._connection.execute(_SAVE, row["city"], row["item_id"], done_by, done_at, until, taken_by)
        self._on_change()

    async def counts(self, reader: Reader, now: datetime) -> list[Row]:
        """How many items are not done, by kind: open, urgent, overdue, snoozed."""
        statement = f"""SELECT i.kind, count(*) FILTER (WHERE {OPEN}) AS open,
            count(*) FILTER (WHERE {OPEN} AND {RANK} = 0) AS urgent,
            count(*) FILTER (WHERE {OPEN} AND i.due_at < $4) AS overdue,
            count(*) FILTER (WHERE NOT ({OPEN})) AS snoozed
            {OWNED} {_MINE} AND i.parts > 0 AND i.done_at IS NULL GROUP BY i.kind ORDER BY i.kind"""
        return await self._connection.fetch(statement, *_who(reader), now)

    async def parts(self, city: str, items: Sequence[Row]) -> list[Row]:
        """What the items are about: their open parts, newest first, at most ten of each."""
        columns = [[item[name] for item in items] for name in ("kind", "subject", "audience")]
        return await self._connection.fetch(_PARTS, city, *columns)


def _who(reader: Reader) -> tuple[str, list[str], str]:
    return reader.city, list(reader.audiences), reader.subject
