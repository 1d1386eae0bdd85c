"""Clauses that a city keeps beside those of its instruments: revisions are only ever added."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.clauses import Kept
from services.agreements.domain.instruments import Clause


class Revision(BaseModel):
    """One line of a kept clause's history. `actor` is an account's subject."""

    revision: int
    at: datetime
    actor: str
    act: str
    reason: str


class Clauses:
    """What the Legal Office keeps, and how it came to say what it says."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def kept(self, scope: Scope) -> list[Kept]:
        """What is in the library today."""
        rows = await self._connection.fetch(
            "SELECT content, revision FROM (SELECT DISTINCT ON (code) code, content, revision, act FROM clause"
            " WHERE city = $1 ORDER BY code, revision DESC) AS newest WHERE act <> 'removed' ORDER BY code",
            scope.city,
        )
        return [Kept(clause=Clause.model_validate(content), revision=revision) for content, revision in rows]

    async def history(self, scope: Scope, code: str) -> list[Revision]:
        """Every revision of one clause, the newest first."""
        rows = await self._connection.fetch(
            "SELECT revision, at, actor, act, reason FROM clause WHERE city = $1 AND code = $2 ORDER BY revision DESC",
            scope.city,
            code,
        )
        return [Revision(**dict(row)) for row in rows]

    async def add(self, scope: Scope, clause: Clause, after: int, now: datetime, act: str, reason: str) -> bool:
        """The revision that follows `after`; False when somebody else wrote it first."""
        return bool(
            await self._connection.fetchval(
                "INSERT INTO clause (city, code, revision, content, at, actor, act, reason)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true",
                scope.city,
                clause.code,
                after + 1,
                clause.model_dump(mode="json"),
                now,
                scope.actor,
                act,
                reason,
            )
        )
