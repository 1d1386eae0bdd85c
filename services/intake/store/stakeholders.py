"""Stakeholders, their contacts (personal data) and who may act for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import membership
from chassis.database.pool import Connection
from chassis.scope import Scope
from services.intake.domain.stakeholders import Contact, Stakeholder

_COLUMNS = (
    "stakeholder_id, version, name, stakeholder_type, external_ref, registered_by, registered_at, changed_at, vetting,"
    " vetting_reason, vetting_valid_until, vetted_by, vetted_at, account_manager_id, covered_by"
)

_SAVE = """
WITH old AS (
    SELECT account_manager_id FROM stakeholder WHERE city = $1 AND stakeholder_id = $2
), saved AS (
    INSERT INTO stakeholder (city, stakeholder_id, version, name, stakeholder_type, external_ref, registered_by,
        registered_at, changed_at, vetting, vetting_reason, vetting_valid_until, vetted_by, vetted_at,
        account_manager_id, covered_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (city, stakeholder_id) DO UPDATE SET version = excluded.version, name = excluded.name,
        stakeholder_type = excluded.stakeholder_type, changed_at = excluded.changed_at, vetting = excluded.vetting,
        vetting_reason = excluded.vetting_reason, vetting_valid_until = excluded.vetting_valid_until,
        vetted_by = excluded.vetted_by, vetted_at = excluded.vetted_at,
        account_manager_id = excluded.account_manager_id, covered_by = excluded.covered_by
), held AS (
    SELECT account_manager_id AS subject, -1 AS change FROM old WHERE account_manager_id IS NOT NULL
    UNION ALL SELECT $15, 1 WHERE $15::text IS NOT NULL
)
INSERT INTO account_manager_load (city, subject, slot, held)
SELECT $1, subject, pg_backend_pid() & 31, sum(change) FROM held
GROUP BY subject HAVING sum(change) <> 0 ORDER BY subject
ON CONFLICT (city, subject, slot) DO UPDATE SET held = account_manager_load.held + excluded.held
"""

_LIST = f"""
SELECT {_COLUMNS} FROM stakeholder
WHERE city = $1 AND ($2::uuid[] IS NULL OR stakeholder_id = ANY ($2)) AND ($3::text IS NULL OR vetting = $3)
    AND ($4::text IS NULL OR external_ref = $4) AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0)
    AND ($6::text IS NULL OR account_manager_id = $6) AND ($7::uuid IS NULL OR stakeholder_id < $7)
ORDER BY stakeholder_id DESC LIMIT $8
"""


@dataclass(frozen=True)
class StakeholderFilter:
    """Which organisations are asked for; None = any."""

    ids: Sequence[UUID] | None = None
    vetting: str | None = None
    external_ref: str | None = None
    text: str | None = None
    account_manager_id: str | None = None
    before: UUID | None = None
    limit: int = 50


class Stakeholders:
    """The tables ``stakeholder``, ``contact`` and ``membership``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim_reference(self, scope: Scope, external_ref: str) -> None:
        """Makes whoever registers the same reference at the same time wait for this transaction."""
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('stakeholder/' || $1 || '/' || $2, 0))",
            scope.city,
            external_ref,
        )

    async def save(self, scope: Scope, one: Stakeholder) -> None:
        """Keeps a new organisation, or one whose row this transaction has locked."""
        await self._connection.execute(
            _SAVE,
            scope.city,
            one.stakeholder_id,
            one.version,
            one.name,
            one.stakeholder_type,
            one.external_ref,
            one.registered_by,
            one.registered_at,
            one.changed_at,
            one.vetting,
            one.vetting_reason,
            one.vetting_valid_until,
            one.vetted_by,
            one.vetted_at,
            one.account_manager_id,
            one.covered_by,
        )

    async def get(self, scope: Scope, stakeholder_id: UUID, *, lock: bool = False) -> Stakeholder | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM stakeholder WHERE city = $1 AND stakeholder_id = $2"
            + (" FOR UPDATE" if lock else ""),
            scope.city,
            stakeholder_id,
        )
        return _stakeholder(row) if row else None

    async def by_reference(self, scope: Scope, external_ref: str) -> Stakeholder | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM stakeholder WHERE city = $1 AND external_ref = $2", scope.city, external_ref
        )
        return _stakeholder(row) if row else None

    async def by_references(self, scope: Scope, references: Iterable[str]) -> dict[str, UUID]:
        """The ids of the organisations registered under these references."""
        rows = await self._connection.fetch(
            "SELECT external_ref, stakeholder_id FROM stakeholder WHERE city = $1 AND external_ref = ANY ($2::text[])",
            scope.city,
            list(references),
        )
        return {row["external_ref"]: row["stakeholder_id"] for row in rows}

    async def find(self, scope: Scope, wanted: StakeholderFilter) -> list[Stakeholder]:
        """Newest first, one more than ``limit`` when there are more."""
        rows = await self._connection.fetch(
            _LIST,
            scope.city,
            wanted.ids,
            wanted.vetting,
            wanted.external_ref,
            wanted.text,
            wanted.account_manager_id,
            wanted.before,
            wanted.limit + 1,
        )
        return [_stakeholder(row) for row in rows]

    async def names(self, scope: Scope, ids: Iterable[UUID]) -> dict[UUID, str]:
        rows = await self._connection.fetch(
            "SELECT stakeholder_id, name FROM stakeholder WHERE city = $1 AND stakeholder_id = ANY ($2)",
            scope.city,
            list(ids),
        )
        return {row["stakeholder_id"]: row["name"] for row in rows}

    async def unassigned(self, scope: Scope, limit: int) -> list[Stakeholder]:
        """Organisations without account manager, oldest first, locked."""
        return await self._locked(scope, "account_manager_id IS NULL", limit)

    async def guided_by(self, scope: Scope, subject: str, covered_by: str | None, limit: int) -> list[Stakeholder]:
        """Organisations of an account manager whose cover is not ``covered_by``, locked."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM stakeholder WHERE city = $1 AND account_manager_id = $2"
            " AND covered_by IS DISTINCT FROM $3 ORDER BY stakeholder_id LIMIT $4 FOR UPDATE",
            scope.city,
            subject,
            covered_by,
            limit,
        )
        return [_stakeholder(row) for row in rows]

    async def all_guided_by(self, scope: Scope, subject: str) -> list[Stakeholder]:
        """All organisations of an account manager, locked."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM stakeholder WHERE city = $1 AND account_manager_id = $2 ORDER BY stakeholder_id"
            " FOR UPDATE",
            scope.city,
            subject,
        )
        return [_stakeholder(row) for row in rows]

    async def _locked(self, scope: Scope, condition: str, limit: int) -> list[Stakeholder]:
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM stakeholder WHERE city = $1 AND {condition} ORDER BY stakeholder_id LIMIT $2"
            " FOR UPDATE SKIP LOCKED",
            scope.city,
            limit,
        )
        return [_stakeholder(row) for row in rows]

    async def save_membership(self, scope: Scope, one: Stakeholder, subject: str, active: bool) -> None:
        await membership.save(self._connection, scope.city, subject, one.stakeholder_id, active, one.version)

    async def is_member(self, scope: Scope, stakeholder_id: UUID, subject: str) -> bool:
        return bool(
            await self._connection.fetchval(
                "SELECT true FROM membership WHERE city = $1 AND subject = $2 AND stakeholder_id = $3 AND active",
                scope.city,
                subject,
                stakeholder_id,
            )
        )

    async def save_contact(self, scope: Scope, stakeholder_id: UUID, contact: Contact | None, now: datetime) -> None:
        """Keeps the contact, or forgets it."""
        if contact is None:
            await self._connection.execute(
                "DELETE FROM contact WHERE city = $1 AND stakeholder_id = $2", scope.city, stakeholder_id
            )
            return
        await self._connection.execute(
            "INSERT INTO contact (city, stakeholder_id, name, email, phone, changed_at) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (city, stakeholder_id) DO UPDATE SET name = excluded.name, email = excluded.email,"
            " phone = excluded.phone, changed_at = excluded.changed_at",
            scope.city,
            stakeholder_id,
            contact.name,
            contact.email,
            contact.phone,
            now,
        )

    async def contact(self, scope: Scope, stakeholder_id: UUID) -> Contact | None:
        row = await self._connection.fetchrow(
            "SELECT name, email, phone FROM contact WHERE city = $1 AND stakeholder_id = $2", scope.city, stakeholder_id
        )
        return Contact.model_construct(**dict(row)) if row else None


def _stakeholder(row: Any) -> Stakeholder:
    return Stakeholder(**dict(row))
