"""What people say to each other about a file; it stays here, never on the bus."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope


class Comment(BaseModel):
    """One comment. `author` is an account's subject; `words` is None once they were taken back."""

    comment_id: UUID
    reply_to: UUID | None
    at: datetime
    author: str
    author_role: str
    party_id: str | None
    audience: Literal["city", "parties"]
    words: str | None
    retracted_at: datetime | None = None


_COLUMNS = "c.comment_id, c.reply_to, c.at, c.author, c.author_role, c.party_id, c.audience, c.words, c.retracted_at"


class Comments:
    """Comments are added; only their words can be taken away."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, scope: Scope, agreement_id: UUID, comment: Comment) -> None:
        await self._connection.execute(
            "INSERT INTO comment (city, agreement_id, comment_id, reply_to, at, author, author_role, party_id,"
            " audience, words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            scope.city,
            agreement_id,
            comment.comment_id,
            comment.reply_to,
            comment.at,
            comment.author,
            comment.author_role,
            comment.party_id,
            comment.audience,
            comment.words,
        )

    async def one(self, scope: Scope, agreement_id: UUID, comment_id: UUID) -> Comment | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM comment c WHERE city = $1 AND agreement_id = $2 AND comment_id = $3",
            scope.city,
            agreement_id,
            comment_id,
        )
        return Comment(**dict(row)) if row else None

    async def of(
        self, scope: Scope, agreement_id: UUID, audiences: tuple[str, ...], after: list[Any] | None, limit: int
    ) -> list[Comment]:
        """Threads of the file, the newest thread first, each with its answers in order; at most `limit + 1` threads.

        `after` is (at, comment_id) of the last thread shown.
        """
        rows = await self._connection.fetch(
            "WITH thread AS (SELECT comment_id, at AS began FROM comment WHERE city = $1 AND agreement_id = $2"
            " AND reply_to IS NULL AND audience = ANY($3) AND ($4::timestamptz IS NULL OR (at, comment_id) < ($4, $5))"
            " ORDER BY at DESC, comment_id DESC LIMIT $6)"
            f" SELECT {_COLUMNS} FROM thread"
            " JOIN comment c ON thread.comment_id = coalesce(c.reply_to, c.comment_id)"
            " WHERE c.city = $1 AND c.agreement_id = $2 AND c.audience = ANY($3)"
            " ORDER BY thread.began DESC, thread.comment_id DESC, c.at, c.comment_id",
            scope.city,
            agreement_id,
            list(audiences),
            after[0] if after else None,
            after[1] if after else None,
            limit + 1,
        )
        return [Comment(**dict(row)) for row in rows]

    async def retract(self, scope: Scope, agreement_id: UUID, comment_id: UUID, now: datetime) -> None:
        """Erases the words of a comment."""
        await self._connection.execute(
            "UPDATE comment SET words = NULL, retracted_at = $4, retracted_by = $5"
            " WHERE city = $1 AND agreement_id = $2 AND comment_id = $3 AND words IS NOT NULL",
            scope.city,
            agreement_id,
            comment_id,
            now,
            scope.actor,
        )
