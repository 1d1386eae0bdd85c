"""Departments and account managers: who asks, and who guides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.intake.domain.assignment import Candidate

AVAILABLE = """coalesce((
    SELECT jsonb_agg(jsonb_build_object('subject', m.subject, 'policy_areas', m.policy_areas, 'load', coalesce((
        SELECT sum(l.held) FROM account_manager_load l WHERE l.city = m.city AND l.subject = m.subject), 0)))
    FROM account_manager m
    WHERE m.city = $1 AND m.active AND (m.away_until IS NULL OR m.away_until <= $5::timestamptz)), '[]')"""
"""Account managers who are there, as one JSON value; $1 = city, $5 = now."""


def candidates_in(available: Sequence[dict[str, Any]]) -> list[Candidate]:
    """The value of :data:`AVAILABLE` as the domain knows it."""
    return [Candidate(one["subject"], frozenset(one["policy_areas"]), one["load"]) for one in available]


@dataclass(frozen=True)
class Department:
    """A department in the city's registry."""

    code: str
    name: str


@dataclass(frozen=True)
class AccountManager:
    """An account manager and, when away, until when and who covers."""

    subject: str
    active: bool
    policy_areas: tuple[str, ...]
    away_until: datetime | None
    covered_by: str | None
    load: int = 0
    display_name: str | None = None


class People:
    """The tables ``department``, ``account_manager`` and ``account_manager_load``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save_department(self, scope: Scope, department: Department, now: datetime) -> bool:
        """True when the code is new."""
        row = await self._connection.fetchrow(
            "INSERT INTO department (city, code, name, changed_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (city, code) DO UPDATE SET name = excluded.name, changed_at = excluded.changed_at"
            " RETURNING xmax = 0 AS new",
            scope.city,
            department.code,
            department.name,
            now,
        )
        assert row is not None
        return bool(row["new"])

    async def departments(self, scope: Scope) -> list[Department]:
        rows = await self._connection.fetch(
            "SELECT code, name FROM department WHERE city = $1 ORDER BY code", scope.city
        )
        return [Department(row["code"], row["name"]) for row in rows]

    async def candidates(self, scope: Scope, now: datetime) -> list[Candidate]:
        """Account managers who are there."""
        rows = await self._connection.fetchval(
            f"SELECT {AVAILABLE.replace('$5', '$2')}",
            scope.city,
            now,
        )
        return candidates_in(rows)

    async def account_managers(self, scope: Scope) -> list[AccountManager]:
        rows = await self._connection.fetch(
            "SELECT m.*, coalesce((SELECT sum(held) FROM account_manager_load l WHERE l.city = m.city"
            " AND l.subject = m.subject), 0)::bigint AS load FROM account_manager m WHERE city = $1 ORDER BY subject",
            scope.city,
        )
        return [_account_manager(row) for row in rows]

    async def account_manager(self, scope: Scope, subject: str) -> AccountManager | None:
        row = await self._connection.fetchrow(
            "SELECT m.*, 0 AS load FROM account_manager m WHERE city = $1 AND subject = $2 FOR UPDATE",
            scope.city,
            subject,
        )
        return _account_manager(row) if row else None

    async def save_account_manager(self, scope: Scope, manager: AccountManager, now: datetime) -> None:
        await self._connection.execute(
            "INSERT INTO account_manager (city, subject, active, policy_areas, away_until, covered_by, changed_at,"
            " display_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (city, subject) DO UPDATE SET"
            " active = excluded.active, policy_areas = excluded.policy_areas, away_until = excluded.away_until,"
            " covered_by = excluded.covered_by, changed_at = excluded.changed_at,"
            " display_name = coalesce(excluded.display_name, account_manager.display_name)",
            scope.city,
            manager.subject,
            manager.active,
            list(manager.policy_areas),
            manager.away_until,
            manager.covered_by,
            now,
            manager.display_name,
        )

    async def guides(self, scope: Scope, subjects: Iterable[str]) -> dict[str, str]:
        """Names of account managers, as far as they are known."""
        rows = await self._connection.fetch(
            "SELECT subject, display_name FROM account_manager WHERE city = $1 AND subject = ANY ($2)"
            " AND display_name IS NOT NULL",
            scope.city,
            list(subjects),
        )
        return {row["subject"]: row["display_name"] for row in rows}

    async def back_from_absence(self, now: datetime) -> list[tuple[str, str]]:
        """(city, subject) of those whose absence has ended but is still noted."""
        rows = await self._connection.fetch(
            "SELECT city, subject FROM account_manager WHERE away_until <= $1 ORDER BY city, subject LIMIT 100", now
        )
        return [(row["city"], row["subject"]) for row in rows]

    async def cities(self) -> list[str]:
        """Cities in which somebody could take unassigned work."""
        rows = await self._connection.fetch("SELECT DISTINCT city FROM account_manager WHERE active")
        return [row["city"] for row in rows]


def _account_manager(row: Any) -> AccountManager:
    return AccountManager(
        row["subject"],
        row["active"],
        tuple(row["policy_areas"]),
        row["away_until"],
        row["covered_by"],
        row["load"],
        row["display_name"],
    )
