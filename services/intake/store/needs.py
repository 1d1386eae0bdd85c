"""Needs: written set by set, read by state, text and cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.intake.domain.assignment import Candidate
from services.intake.domain.needs import Need, NeedContent
from services.intake.store.people import AVAILABLE, candidates_in

_COLUMNS = (
    "need_id, version, state, content::text AS content, account_manager_id, submitted_digest, closing_reason,"
    " registered_at, changed_at,"
    " (SELECT name FROM department WHERE department.city = need.city AND code = need.department) AS department_name"
)

_INSERT = """
WITH inserted AS (
    INSERT INTO need (city, need_id, version, state, department, external_ref, policy_area, valid_until,
                      account_manager_id, content, submitted_digest, closing_reason, registered_at, changed_at)
    SELECT $1, need_id, version, state, content ->> 'department', content ->> 'external_ref',
           content ->> 'policy_area', valid_until, account_manager_id, content, digest, reason, registered, changed
    FROM unnest($2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::text[], $7::jsonb[], $8::text[], $9::text[],
                $10::timestamptz[], $11::timestamptz[])
        AS row (need_id, version, state, valid_until, account_manager_id, content, digest, reason, registered, changed)
    ON CONFLICT (city, department, external_ref) DO NOTHING
    RETURNING need_id, account_manager_id, state
), held AS (
    INSERT INTO account_manager_load (city, subject, slot, held)
    SELECT $1, account_manager_id, pg_backend_pid() & 31, count(*)
    FROM inserted WHERE state = 'open' AND account_manager_id IS NOT NULL
    GROUP BY account_manager_id ORDER BY account_manager_id
    ON CONFLICT (city, subject, slot) DO UPDATE SET held = account_manager_load.held + excluded.held
)
SELECT need_id FROM inserted
"""

_UPDATE = """
WITH new AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::text[], $7::jsonb[], $8::text[],
                         $9::text[], $10::timestamptz[])
        AS row (need_id, version, state, valid_until, account_manager_id, content, digest, reason, changed)
), old AS (
    SELECT need.need_id, CASE WHEN need.state = 'open' THEN need.account_manager_id END AS holder
    FROM need JOIN new USING (need_id) WHERE need.city = $1
), updated AS (
    UPDATE need SET version = new.version, state = new.state, policy_area = new.content ->> 'policy_area',
        valid_until = new.valid_until, account_manager_id = new.account_manager_id, content = new.content,
        submitted_digest = new.digest, closing_reason = new.reason, changed_at = new.changed
    FROM new WHERE need.city = $1 AND need.need_id = new.need_id
), held AS (
    SELECT holder AS subject, -1 AS change FROM old WHERE holder IS NOT NULL
    UNION ALL
    SELECT account_manager_id, 1 FROM new WHERE state = 'open' AND account_manager_id IS NOT NULL
)
INSERT INTO account_manager_load (city, subject, slot, held)
SELECT $1, subject, pg_backend_pid() & 31, sum(change) FROM held
GROUP BY subject HAVING sum(change) <> 0 ORDER BY subject
ON CONFLICT (city, subject, slot) DO UPDATE SET held = account_manager_load.held + excluded.held
"""

_LOOK_UP = f"""
SELECT coalesce((SELECT jsonb_object_agg(code, name) FROM department
                 WHERE city = $1 AND code = ANY ($2::text[])), '{{}}') AS departments,
       ARRAY(SELECT stakeholder_id FROM stakeholder
             WHERE city = $1 AND stakeholder_id = ANY ($3::uuid[])) AS stakeholders,
       coalesce((SELECT jsonb_object_agg(external_ref, stakeholder_id) FROM stakeholder
                 WHERE city = $1 AND external_ref = ANY ($4::text[])), '{{}}') AS receiver_refs,
       {AVAILABLE} AS available
"""

_LIST = f"""
SELECT {_COLUMNS} FROM need
WHERE city = $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR policy_area = $3)
    AND ($4::text IS NULL OR department = $4) AND ($5::jsonb IS NULL OR content @> $5)
    AND ($6::text IS NULL OR search @@ websearch_to_tsquery('italian', $6))
    AND ($7::text IS NULL OR external_ref = $7) AND ($8::uuid IS NULL OR need_id < $8)
ORDER BY need_id DESC LIMIT $9
"""


@dataclass(frozen=True)
class NeedContext:
    """What a need refers to, as far as the city knows it, and who could guide it. ``departments``: name by code."""

    departments: dict[str, str]
    stakeholders: frozenset[UUID]
    receiver_refs: dict[str, UUID]
    candidates: list[Candidate]


@dataclass(frozen=True)
class NeedFilter:
    """Which needs are asked for; None = any."""

    state: str | None = None
    policy_area: str | None = None
    department: str | None = None
    kind: str | None = None
    text: str | None = None
    external_ref: str | None = None
    before: UUID | None = None
    limit: int = 50


class Needs:
    """The table ``need``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def context(
        self,
        scope: Scope,
        now: datetime,
        departments: Iterable[str],
        stakeholders: Iterable[UUID] = (),
        refs: Iterable[str] = (),
    ) -> NeedContext:
        """Everything that registering needs must know, in one round trip."""
        row = await self._connection.fetchrow(
            _LOOK_UP, scope.city, list(set(departments)), list(set(stakeholders)), list(set(refs)), now
        )
        assert row is not None
        return NeedContext(
            row["departments"],
            frozenset(row["stakeholders"]),
            {ref: UUID(value) for ref, value in row["receiver_refs"].items()},
            candidates_in(row["available"]),
        )

    async def insert(self, scope: Scope, needs: Sequence[Need]) -> set[UUID]:
        """Keeps new needs; returns those kept. A need whose ``external_ref`` its department has used is left out."""
        rows = await self._connection.fetch(
            _INSERT,
            scope.city,
            [need.need_id for need in needs],
            [need.version for need in needs],
            [need.state for need in needs],
            [need.content.valid_until for need in needs],
            [need.account_manager_id for need in needs],
            [_json(need.content) for need in needs],
            [need.submitted_digest for need in needs],
            [need.closing_reason for need in needs],
            [need.registered_at for need in needs],
            [need.changed_at for need in needs],
        )
        return {row["need_id"] for row in rows}

    async def update(self, scope: Scope, needs: Sequence[Need]) -> None:
        """Keeps needs whose rows this transaction has locked."""
        await self._connection.execute(
            _UPDATE,
            scope.city,
            [need.need_id for need in needs],
            [need.version for need in needs],
            [need.state for need in needs],
            [need.content.valid_until for need in needs],
            [need.account_manager_id for need in needs],
            [_json(need.content) for need in needs],
            [need.submitted_digest for need in needs],
            [need.closing_reason for need in needs],
            [need.changed_at for need in needs],
        )

    async def get(self, scope: Scope, need_id: UUID, *, lock: bool = False) -> Need | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND need_id = $2{' FOR UPDATE' if lock else ''}",
            scope.city,
            need_id,
        )
        return _need(row) if row else None

    async def get_many(self, scope: Scope, need_ids: Iterable[UUID], *, lock: bool = False) -> dict[UUID, Need]:
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND need_id = ANY ($2) ORDER BY need_id"
            + (" FOR UPDATE" if lock else ""),
            scope.city,
            list(need_ids),
        )
        return {row["need_id"]: _need(row) for row in rows}

    async def by_reference(self, scope: Scope, department: str, external_ref: str) -> Need | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND department = $2 AND external_ref = $3",
            scope.city,
            department,
            external_ref,
        )
        return _need(row) if row else None

    async def lock_references(self, scope: Scope, references: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Need]:
        """The needs that departments know by these (department, external_ref), locked."""
        wanted = sorted(set(references))
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND (department, external_ref) IN"
            " (SELECT * FROM unnest($2::text[], $3::text[])) ORDER BY need_id FOR UPDATE",
            scope.city,
            [department for department, _ in wanted],
            [reference for _, reference in wanted],
        )
        found = [_need(row) for row in rows]
        return {(need.content.department, str(need.content.external_ref)): need for need in found}

    async def find(self, scope: Scope, wanted: NeedFilter) -> list[Need]:
        """Newest first, one more than ``limit`` when there are more."""
        rows = await self._connection.fetch(
            _LIST,
            scope.city,
            wanted.state,
            wanted.policy_area,
            wanted.department,
            {"lines": [{"kind": wanted.kind}]} if wanted.kind else None,
            wanted.text,
            wanted.external_ref,
            wanted.before,
            wanted.limit + 1,
        )
        return [_need(row) for row in rows]

    async def unassigned(self, scope: Scope, limit: int) -> list[Need]:
        """Open needs without account manager, oldest first, locked; those another process has locked are skipped."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND state = 'open' AND account_manager_id IS NULL"
            " ORDER BY need_id LIMIT $2 FOR UPDATE SKIP LOCKED",
            scope.city,
            limit,
        )
        return [_need(row) for row in rows]

    async def all_guided_by(self, scope: Scope, subject: str) -> list[Need]:
        """All open needs of an account manager, locked."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND state = 'open' AND account_manager_id = $2"
            " ORDER BY need_id FOR UPDATE",
            scope.city,
            subject,
        )
        return [_need(row) for row in rows]

    async def cities_with_due(self, now: datetime) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT DISTINCT city FROM need WHERE state = 'open' AND valid_until <= $1", now
        )
        return [row["city"] for row in rows]

    async def due(self, scope: Scope, now: datetime, limit: int) -> list[Need]:
        """Open needs past their time that nothing is reserved, committed or delivered for, locked."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM need WHERE city = $1 AND state = 'open' AND valid_until <= $2 AND NOT EXISTS"
            " (SELECT FROM line_balance b WHERE b.city = need.city AND b.subject_id = need.need_id"
            " AND b.reserved + b.committed + b.delivered > 0)"
            " ORDER BY valid_until LIMIT $3 FOR UPDATE SKIP LOCKED",
            scope.city,
            now,
            limit,
        )
        return [_need(row) for row in rows]


def _json(content: NeedContent) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(content.model_dump_json(exclude_none=True))
    return document


def _need(row: Any) -> Need:
    return Need(
        need_id=row["need_id"],
        version=row["version"],
        state=row["state"],
        content=NeedContent.model_validate_json(row["content"]),
        account_manager_id=row["account_manager_id"],
        submitted_digest=row["submitted_digest"],
        registered_at=row["registered_at"],
        changed_at=row["changed_at"],
        closing_reason=row["closing_reason"],
        department_name=row["department_name"],
    )
