"""Writing what events come to in work: parts merged by their marks, items made from their parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from services.notifications.domain.kinds import KINDS
from services.notifications.domain.parts import WHOLE, Part

# ON CONFLICT locks every row it meets, also those it leaves as they are. Part 0 of each item is always among them and
# comes first, so two consumers that touch one item follow one another, and the item is counted from all its parts.
_MERGE = """
INSERT INTO work_part (city, kind, subject, part, opened, settled, audience, case_id, account_manager_id,
    stakeholder_ids, facts, opened_at, due_at, progress_mark, progress, moved, sleeps_until, moved_due)
SELECT $1, kind, subject, part, opened, settled, audience, case_id, account_manager_id,
    stakeholder_ids, facts, opened_at, due_at, progress_mark, progress, moved, sleeps_until, moved_due
FROM jsonb_to_recordset($2::jsonb) AS row (kind text, subject uuid, part uuid, opened bigint, settled bigint,
    audience text, case_id uuid, account_manager_id text, stakeholder_ids uuid[], facts jsonb, opened_at timestamptz,
    due_at timestamptz, progress_mark bigint, progress jsonb, moved bigint, sleeps_until timestamptz,
    moved_due timestamptz)
ORDER BY kind, subject, part
ON CONFLICT (city, kind, subject, part) DO UPDATE SET
    opened = greatest(work_part.opened, excluded.opened),
    settled = greatest(work_part.settled, excluded.settled),
    audience = CASE WHEN excluded.opened > work_part.opened THEN excluded.audience ELSE work_part.audience END,
    case_id = CASE WHEN excluded.opened > work_part.opened THEN excluded.case_id ELSE work_part.case_id END,
    account_manager_id = CASE WHEN excluded.opened > work_part.opened
        THEN excluded.account_manager_id ELSE work_part.account_manager_id END,
    stakeholder_ids = CASE WHEN excluded.opened > work_part.opened
        THEN excluded.stakeholder_ids ELSE work_part.stakeholder_ids END,
    facts = CASE WHEN excluded.opened > work_part.opened THEN excluded.facts ELSE work_part.facts END,
    opened_at = CASE WHEN excluded.opened > work_part.opened THEN excluded.opened_at ELSE work_part.opened_at END,
    due_at = CASE WHEN excluded.opened > work_part.opened THEN excluded.due_at ELSE work_part.due_at END,
    progress_mark = greatest(work_part.progress_mark, excluded.progress_mark),
    progress = CASE WHEN excluded.progress_mark > work_part.progress_mark
        THEN excluded.progress ELSE work_part.progress END,
    moved = greatest(work_part.moved, excluded.moved),
    sleeps_until = CASE WHEN excluded.moved > work_part.moved
        THEN excluded.sleeps_until ELSE work_part.sleeps_until END,
    moved_due = CASE WHEN excluded.moved > work_part.moved THEN excluded.moved_due ELSE work_part.moved_due END
WHERE excluded.opened > work_part.opened OR excluded.settled > work_part.settled
    OR excluded.progress_mark > work_part.progress_mark OR excluded.moved > work_part.moved
RETURNING kind, subject
"""

# The item's id is made from what it is unique by, so that it is the same whichever event came first. The newest open
# part (the newest of all once none is open) speaks for the item. OFFSET 0 keeps the planner from turning the look-ups
# by key into joins: on tables that have just grown its estimates make them quadratic.
_ITEMS = """
WITH touched AS (
    SELECT DISTINCT kind, subject, urgency
    FROM unnest($2::text[], $3::uuid[], $4::smallint[]) AS row (kind, subject, urgency)
), part AS (
    SELECT t.kind, t.subject, t.urgency, p.part, p.audience, p.opened, p.opened_at,
        coalesce(CASE WHEN whole.moved >= greatest(p.moved, p.opened) THEN whole.moved_due
            WHEN p.moved >= p.opened THEN p.moved_due END, p.due_at) AS due_at,
        CASE WHEN whole.moved >= greatest(p.moved, p.opened) THEN whole.sleeps_until
            WHEN p.moved >= p.opened THEN p.sleeps_until END AS sleeps_until,
        p.opened > greatest(p.settled, whole.settled) AS is_open
    FROM touched t CROSS JOIN LATERAL (
        SELECT settled, moved, sleeps_until, moved_due FROM work_part
        WHERE city = $1 AND kind = t.kind AND subject = t.subject AND part = $5 OFFSET 0
    ) whole CROSS JOIN LATERAL (
        SELECT part, audience, opened, settled, opened_at, due_at, moved, sleeps_until, moved_due FROM work_part
        WHERE city = $1 AND kind = t.kind AND subject = t.subject AND audience IS NOT NULL OFFSET 0
    ) p
), counted AS (
    SELECT kind, subject, audience, urgency, count(*) FILTER (WHERE is_open) AS parts,
        coalesce(min(due_at) FILTER (WHERE is_open), min(due_at)) AS due_at,
        -- The item sleeps while all that is open does.
        CASE WHEN bool_and(sleeps_until IS NOT NULL) FILTER (WHERE is_open)
            THEN min(sleeps_until) FILTER (WHERE is_open) END AS sleeps_until,
        coalesce(min(opened_at) FILTER (WHERE is_open), min(opened_at)) AS opened_at,
        (array_agg(part.part ORDER BY is_open DESC, opened DESC, part.part))[1] AS newest
    FROM part GROUP BY kind, subject, audience, urgency
)
INSERT INTO work_item AS item (city, item_id, kind, subject, audience, urgency, parts, case_id, account_manager_id,
    stakeholder_ids, opened_at, due_at, settled_at, sleeps_until, snoozed_until, changed_at)
SELECT $1, encode(substring(sha256(convert_to(concat_ws('/', $1::text, kind, subject, audience), 'UTF8')) FOR 16),
        'hex')::uuid,
    kind, subject, audience, urgency, parts, speaker.case_id, speaker.account_manager_id, speaker.stakeholder_ids,
    counted.opened_at, counted.due_at, CASE WHEN parts = 0 THEN $6::timestamptz END, counted.sleeps_until,
    counted.sleeps_until, clock_timestamp()
FROM counted CROSS JOIN LATERAL (
    SELECT case_id, account_manager_id, stakeholder_ids FROM work_part p
    WHERE p.city = $1 AND p.kind = counted.kind AND p.subject = counted.subject AND p.part = counted.newest OFFSET 0
) speaker
ORDER BY kind, subject, audience
ON CONFLICT (city, kind, subject, audience) DO UPDATE SET
    version = item.version + 1,
    parts = excluded.parts,
    case_id = excluded.case_id,
    account_manager_id = excluded.account_manager_id,
    stakeholder_ids = excluded.stakeholder_ids,
    opened_at = excluded.opened_at,
    due_at = excluded.due_at,
    settled_at = CASE WHEN excluded.parts = 0 THEN coalesce(item.settled_at, excluded.settled_at) END,
    -- More to do than when somebody put it away: it is back on the desk.
    done_by = CASE WHEN excluded.parts > item.parts THEN NULL ELSE item.done_by END,
    done_at = CASE WHEN excluded.parts > item.parts THEN NULL ELSE item.done_at END,
    -- What events put off or bring back overrules what a person chose; otherwise that stays.
    snoozed_until = CASE WHEN excluded.sleeps_until IS DISTINCT FROM item.sleeps_until THEN excluded.sleeps_until
        WHEN excluded.parts > item.parts THEN NULL ELSE item.snoozed_until END,
    sleeps_until = excluded.sleeps_until,
    changed_at = clock_timestamp()
"""
_MOVED = """
UPDATE work_item SET version = version + 1, changed_at = clock_timestamp()
WHERE city = $1 AND parts > 0 AND done_at IS NULL AND audience = 'account_manager'
"""
_OF_CASES = "AND case_id = ANY($2::uuid[])"
_OF_STAKEHOLDERS = "AND stakeholder_ids && $2::uuid[]"


class Work:
    """Set-based writes of parts and items."""

    def __init__(self, connection: Connection, on_change: Callable[[], None]) -> None:
        self._connection = connection
        self._on_change = on_change

    async def merge(self, city: str, parts: Sequence[Part], now: datetime) -> None:
        """Adds ``parts`` (each key once, in key order) and brings their items up to date."""
        changed = await self._connection.fetch(_MERGE, city, [_row(part) for part in parts])
        if not changed:
            return
        kinds = [row["kind"] for row in changed]
        urgencies = [int(KINDS[kind].urgency) for kind in kinds]
        await self._connection.execute(_ITEMS, city, kinds, [row["subject"] for row in changed], urgencies, WHOLE, now)
        self._on_change()

    async def case_moved(self, city: str, cases: Sequence[UUID]) -> None:
        """Open items of these cases may have a new owner (who is found when they are read)."""
        await self._moved(_OF_CASES, city, cases)

    async def stakeholder_moved(self, city: str, stakeholders: Sequence[UUID]) -> None:
        """The same for the items that concern these organisations."""
        await self._moved(_OF_STAKEHOLDERS, city, stakeholders)

    async def _moved(self, which: str, city: str, ids: Sequence[UUID]) -> None:
        # Rows are locked in no particular order: a deadlock with a merge is rare, and the consumer tries again.
        await self._connection.execute(_MOVED + which, city, list(ids))
        self._on_change()


def _row(part: Part) -> dict[str, Any]:
    content = part.content
    return {
        "kind": part.kind,
        "subject": part.subject,
        "part": part.part,
        "opened": part.opened,
        "settled": part.settled,
        "audience": content.audience if content else None,
        "case_id": content.case_id if content else None,
        "account_manager_id": content.account_manager_id if content else None,
        "stakeholder_ids": content.stakeholder_ids if content else (),
        "facts": content.facts if content else None,
        "opened_at": content.opened_at if content else None,
        "due_at": content.due_at if content else None,
        "progress_mark": part.progress_mark,
        "progress": part.progress,
        "moved": part.moved,
        "sleeps_until": part.sleeps_until,
        "moved_due": part.moved_due,
    }
