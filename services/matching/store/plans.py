"""Plans: asked for, worked on by one process at a time, kept with their result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.matching.store.rows import rows

_ASK = """
INSERT INTO plan (city, plan_id, state, requested_by, requested_at, scheduled_for, parameters, phase)
VALUES ($1, $2, 'queued', $3, $4, $5, $6, 'waiting') ON CONFLICT DO NOTHING RETURNING true
"""
_TAKE = """
UPDATE plan SET state = 'running', worker = $1, lease_until = $3, attempts = attempts + 1, phase = 'reading',
    progress = 0, started_at = coalesce(started_at, $2)
WHERE (city, plan_id) = (
    SELECT city, plan_id FROM plan WHERE state = 'queued' OR (state = 'running' AND lease_until < $2)
    ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING city, plan_id, parameters, attempts, requested_by
"""
_MINE = "city = $1 AND plan_id = $2 AND worker = $3 AND state = 'running'"
_TELL = f"UPDATE plan SET phase = $4, progress = $5, lease_until = $6 WHERE {_MINE} RETURNING true"
_GIVE_BACK = f"""
UPDATE plan SET state = 'queued', worker = NULL, lease_until = NULL, phase = 'waiting', progress = 0,
    attempts = attempts - $4::int
WHERE {_MINE}
"""
_FAIL = f"""
UPDATE plan SET state = 'failed', worker = NULL, lease_until = NULL, phase = 'over', finished_at = $4, failure = $5
WHERE {_MINE}
"""
_FINISH = f"""
UPDATE plan SET state = 'done', worker = NULL, lease_until = NULL, phase = 'over', progress = 1, finished_at = $4,
    rules_version = $5, value = $6, bound = $7, summary = $8, problem = $9
WHERE {_MINE} RETURNING true
"""
_SAVE_LINES = """
INSERT INTO plan_allocation (city, plan_id, position, need_id, need_line, offer_id, offer_line, need_title, offer_title,
    giver, department, policy_area, nil, kind, unit, asked, quantity, value, score, reasons, capabilities, change,
    today_match_id, today)
SELECT $1, $2, position, need_id, need_line, offer_id, offer_line, need_title, offer_title, giver, department,
    policy_area, nil, kind, unit, asked, quantity, value, score, reasons, capabilities, change, today_match_id, today
FROM jsonb_to_recordset($3::jsonb->'rows') AS row (position int, need_id uuid, need_line int, offer_id uuid,
    offer_line int, need_title text, offer_title text, giver text, department text, policy_area text, nil int,
    kind text, unit text, asked numeric, quantity numeric, value double precision, score double precision,
    reasons jsonb, capabilities jsonb, change text, today_match_id uuid, today numeric)
"""
_CANCEL = """
UPDATE plan SET state = 'cancelled', worker = NULL, lease_until = NULL, phase = 'over', finished_at = $3
WHERE city = $1 AND plan_id = $2 AND state IN ('queued', 'running') RETURNING true
"""
_HEAD = """
plan_id, state, requested_by, requested_at, scheduled_for, parameters, phase, progress, attempts, started_at,
finished_at, rules_version, value, bound, summary, failure
"""
_LIST = f"""
SELECT {_HEAD} FROM plan WHERE city = $1 AND ($2::timestamptz IS NULL OR (requested_at, plan_id) < ($2, $3::uuid))
ORDER BY requested_at DESC, plan_id DESC LIMIT $4
"""
_LINES = """
SELECT position, need_id, need_line, offer_id, offer_line, need_title, offer_title, giver, department, policy_area, nil,
    kind, unit, asked, quantity, value, score, reasons, capabilities, change, today_match_id, today, proposed_as,
    not_proposed
FROM plan_allocation
WHERE city = $1 AND plan_id = $2 AND position > $3 AND ($4::text IS NULL OR change = $4)
ORDER BY position LIMIT $5
"""
_TO_PROPOSE = """
SELECT position, need_id, need_line, offer_id, offer_line, quantity, capabilities, change, today_match_id
FROM plan_allocation
WHERE city = $1 AND plan_id = $2 AND change IN ('new', 'other_quantity') AND proposed_as IS NULL
    AND (position = ANY($3::int[]) OR ($3 IS NULL AND not_proposed IS NULL))
ORDER BY position LIMIT $4
"""
_MARK = """
UPDATE plan_allocation AS line SET proposed_as = marked.match_id, not_proposed = marked.reason
FROM unnest($3::int[], $4::uuid[], $5::text[]) AS marked (position, match_id, reason)
WHERE line.city = $1 AND line.plan_id = $2 AND line.position = marked.position
"""
_FORGET = """
DELETE FROM plan WHERE city = $1 AND state NOT IN ('queued', 'running') AND plan_id IN (
    SELECT plan_id FROM plan WHERE city = $1 ORDER BY requested_at DESC, plan_id DESC OFFSET $2)
"""
_CITIES = """
SELECT city FROM (SELECT DISTINCT city FROM ledger_line WHERE matchable AND line_of = 'need') AS busy
WHERE NOT EXISTS (SELECT FROM plan WHERE plan.city = busy.city AND plan.scheduled_for = $1)
"""
_OPEN_NEEDS = """
SELECT DISTINCT line.subject_id FROM ledger_line AS line
JOIN need ON need.city = line.city AND need.need_id = line.subject_id AND need.state = 'open'
WHERE line.city = $1 AND line.line_of = 'need' AND line.matchable
    AND ($2::text[] IS NULL OR line.kind = ANY($2))
    AND ($3::text[] IS NULL OR need.snapshot->>'policy_area' = ANY($3))
ORDER BY line.subject_id
"""
_TODAY = """
SELECT match.match_id, match.need_id, match.score, match.reasons, part.need_line, part.offer_id, part.offer_line,
    CASE WHEN part.to_agree THEN NULL ELSE part.quantity END AS quantity,
    EXISTS (SELECT FROM match_allocation AS held WHERE held.city = match.city AND held.match_id = match.match_id
        AND held.reserved > 0) AS reserved
FROM match
JOIN match_allocation AS part ON part.city = match.city AND part.match_id = match.match_id
    AND part.need_line IS NOT NULL
WHERE match.city = $1 AND match.need_id = ANY($2::uuid[]) AND match.state = 'proposed'
ORDER BY match.score DESC, match.match_id
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A plan that this worker has to itself until the lease ends."""

    scope: Scope
    plan_id: UUID
    worker: UUID
    parameters: dict[str, Any]
    attempts: int


class PlanStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- asking and looking --------------------------------------------------------------------------------

    async def ask(
        self, scope: Scope, plan_id: UUID, parameters: Mapping[str, Any], now: datetime, day: date | None = None
    ) -> bool:
        """Queues a plan; False when the schedule's plan of that day is there already."""
        arguments = (scope.city, plan_id, scope.actor, now, day, dict(parameters))
        return bool(await self._connection.fetchval(_ASK, *arguments))

    async def cancel(self, scope: Scope, plan_id: UUID, now: datetime) -> bool:
        """False when it was over already. Whoever works on it notices and stops."""
        return bool(await self._connection.fetchval(_CANCEL, scope.city, plan_id, now))

    async def newest(self, scope: Scope, after: tuple[datetime, UUID] | None, limit: int) -> list[dict[str, Any]]:
        """Up to ``limit + 1`` plans, the newest first."""
        when, plan_id = after or (None, None)
        found = await self._connection.fetch(_LIST, scope.city, when, plan_id, limit + 1)
        return [dict(row) for row in found]

    async def one(self, scope: Scope, plan_id: UUID, *, lock: bool = False) -> dict[str, Any] | None:
        statement = f"SELECT {_HEAD} FROM plan WHERE city = $1 AND plan_id = $2"
        row = await self._connection.fetchrow(statement + (" FOR UPDATE" if lock else ""), scope.city, plan_id)
        return dict(row) if row else None

    async def lines(
        self, scope: Scope, plan_id: UUID, change: str | None, after: int, limit: int
    ) -> list[dict[str, Any]]:
        """Up to ``limit + 1`` lines behind the position ``after``."""
        found = await self._connection.fetch(_LINES, scope.city, plan_id, after, change, limit + 1)
        return [dict(row) for row in found]

    async def problem(self, scope: Scope, plan_id: UUID) -> bytes | None:
        """What a finished plan was made from."""
        statement = "SELECT problem FROM plan WHERE city = $1 AND plan_id = $2"
        found: bytes | None = await self._connection.fetchval(statement, scope.city, plan_id)
        return found

    # -- working -------------------------------------------------------------------------------------------

    async def take(self, worker: UUID, now: datetime, lease_until: datetime) -> Task | None:
        """The oldest plan that waits or whose worker was not heard of in time; no two workers get the same."""
        row = await self._connection.fetchrow(_TAKE, worker, now, lease_until)
        if row is None:
            return None
        scope = Scope(row["city"], row["requested_by"])
        return Task(scope, row["plan_id"], worker, row["parameters"], row["attempts"])

    async def tell(self, task: Task, phase: str, progress: float, lease_until: datetime) -> bool:
        """Notes progress and holds the plan longer; False when it is not this worker's any more."""
        return bool(await self._connection.fetchval(_TELL, *_key(task), phase, progress, lease_until))

    async def give_back(self, task: Task, *, counts: bool) -> None:
        """Somebody else may take it; ``counts`` when the attempt was one."""
        await self._connection.execute(_GIVE_BACK, *_key(task), 0 if counts else 1)

    async def fail(self, task: Task, now: datetime, failure: str) -> None:
        await self._connection.execute(_FAIL, *_key(task), now, failure)

    async def finish(
        self,
        task: Task,
        now: datetime,
        *,
        rules_version: str,
        value: float,
        bound: float,
        summary: Mapping[str, Any],
        problem: bytes,
        lines: Sequence[Mapping[str, Any]],
    ) -> bool:
        """Stores the result; False (and nothing is stored) when the plan is not this worker's any more."""
        arguments = (now, rules_version, value, bound, dict(summary), problem)
        if not await self._connection.fetchval(_FINISH, *_key(task), *arguments):
            return False
        for start in range(0, len(lines), _AT_ONCE):
            batch = rows(dict(line) for line in lines[start : start + _AT_ONCE])
            await self._connection.execute(_SAVE_LINES, task.scope.city, task.plan_id, batch)
        return True

    async def forget_all_but(self, scope: Scope, kept: int) -> None:
        """Deletes what is older than the newest ``kept`` plans."""
        await self._connection.execute(_FORGET, scope.city, kept)

    # -- what a plan is made from ----------------------------------------------------------------------------

    async def cities_without(self, day: date) -> list[str]:
        """Cities with open needs for which the schedule has not asked for a plan of that day."""
        return [row["city"] for row in await self._connection.fetch(_CITIES, day)]

    async def open_needs(
        self, scope: Scope, kinds: Collection[str] | None, policy_areas: Collection[str] | None
    ) -> list[UUID]:
        """Open needs with something left to ask."""
        wanted = [list(one) if one else None for one in (kinds, policy_areas)]
        return [row["subject_id"] for row in await self._connection.fetch(_OPEN_NEEDS, scope.city, *wanted)]

    async def proposals_of(self, scope: Scope, needs: Collection[UUID]) -> list[dict[str, Any]]:
        """What is proposed for these needs now, line by line."""
        return [dict(row) for row in await self._connection.fetch(_TODAY, scope.city, list(needs))]

    # -- adopting --------------------------------------------------------------------------------------------

    async def to_propose(
        self, scope: Scope, plan_id: UUID, positions: Collection[int] | None, limit: int
    ) -> list[dict[str, Any]]:
        """Lines of the plan that are not proposed yet, up to ``limit + 1``; asked for all, none that was refused."""
        wanted = None if positions is None else sorted(positions)
        found = await self._connection.fetch(_TO_PROPOSE, scope.city, plan_id, wanted, limit + 1)
        return [dict(row) for row in found]

    async def open_sets(self, scope: Scope, needs: Collection[UUID]) -> dict[tuple[UUID, str], UUID]:
        """The open matches of these needs, by need and by which lines they bring together."""
        found = await self._connection.fetch(
            "SELECT need_id, set_key, match_id FROM match"
            " WHERE city = $1 AND need_id = ANY($2::uuid[]) AND state IN ('proposed', 'accepted')",
            scope.city,
            list(needs),
        )
        return {(row["need_id"], row["set_key"]): row["match_id"] for row in found}

    async def mark_proposed(
        self, scope: Scope, plan_id: UUID, matches: Mapping[int, UUID], left_out: Mapping[int, str]
    ) -> None:
        """Notes which line became which match, and why others did not."""
        positions = [*matches, *left_out]
        ids = [matches.get(position) for position in positions]
        reasons = [left_out.get(position) for position in positions]
        await self._connection.execute(_MARK, scope.city, plan_id, positions, ids, reasons)


_AT_ONCE = 1000


def _key(task: Task) -> tuple[str, UUID, UUID]:
    return task.scope.city, task.plan_id, task.worker
