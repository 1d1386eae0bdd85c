"""Public notices: only their state ever changes, until their words are erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.publication import OMITTED_REASON, Notice, erased

_COLUMNS = (
    "notice_id, agreement_id, term, instrument, state, published_on, until, words, link, replaces, reason,"
    " made_at, made_by, changed_at"
)


class Notices:
    """What was announced, by the day of publication."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, scope: Scope, notice: Notice) -> None:
        await self._connection.execute(
            f"INSERT INTO public_notice (city, {_COLUMNS})"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            scope.city,
            notice.notice_id,
            notice.agreement_id,
            notice.term,
            notice.instrument,
            notice.state,
            notice.published_on,
            notice.until,
            notice.words.model_dump(mode="json"),
            notice.link,
            notice.replaces,
            notice.reason,
            notice.made_at,
            notice.made_by,
            notice.changed_at,
        )

    async def end(self, scope: Scope, notice_id: UUID, state: str, reason: str, now: datetime) -> None:
        """Marks a notice as corrected or withdrawn."""
        await self._connection.execute(
            "UPDATE public_notice SET state = $3, reason = $4, changed_at = $5 WHERE city = $1 AND notice_id = $2",
            scope.city,
            notice_id,
            state,
            reason,
            now,
        )

    async def erase(self, scope: Scope, agreement_id: UUID, now: datetime) -> None:
        """Deletes the words of the agreement's notices for good: nobody knows which of them say what was erased."""
        for notice in await self.of_agreement(scope, agreement_id):
            await self._connection.execute(
                "UPDATE public_notice SET words = $3, link = NULL, erased_at = $4,"
                " reason = CASE WHEN reason IS NULL THEN NULL ELSE $5 END"
                " WHERE city = $1 AND notice_id = $2 AND erased_at IS NULL",
                scope.city,
                notice.notice_id,
                erased(notice.words).model_dump(mode="json"),
                now,
                OMITTED_REASON,
            )

    async def one(self, scope: Scope, notice_id: UUID) -> Notice | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM public_notice WHERE city = $1 AND notice_id = $2", scope.city, notice_id
        )
        return Notice(**dict(row)) if row else None

    async def replaced_by(self, scope: Scope, notice_id: UUID) -> UUID | None:
        """The notice that corrects this one."""
        found: UUID | None = await self._connection.fetchval(
            "SELECT notice_id FROM public_notice WHERE city = $1 AND replaces = $2", scope.city, notice_id
        )
        return found

    async def of_agreement(self, scope: Scope, agreement_id: UUID) -> list[Notice]:
        """Oldest first."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM public_notice WHERE city = $1 AND agreement_id = $2 ORDER BY made_at, notice_id",
            scope.city,
            agreement_id,
        )
        return [Notice(**dict(row)) for row in rows]

    async def of_agreements(self, scope: Scope, agreements: Sequence[UUID]) -> list[Notice]:
        """Those of several agreements, oldest first."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM public_notice WHERE city = $1 AND agreement_id = ANY($2)"
            " ORDER BY made_at, notice_id",
            scope.city,
            list(agreements),
        )
        return [Notice(**dict(row)) for row in rows]

    async def without_agreement(
        self, scope: Scope, today: date, instruments: Sequence[str], first: date | None, last: date | None
    ) -> list[tuple[UUID, int]]:
        """Public notices whose agreement has not been signed, by day of publication, and the agreement's version."""
        rows = await self._connection.fetch(
            "SELECT n.notice_id, a.version FROM public_notice n JOIN agreement a USING (city, agreement_id)"
            " WHERE n.city = $1 AND published_on <= $2 AND n.instrument = ANY($3)"
            " AND ($4::date IS NULL OR published_on >= $4) AND ($5::date IS NULL OR published_on <= $5)"
            " AND NOT EXISTS (SELECT FROM register_entry e WHERE e.city = n.city AND e.agreement_id = n.agreement_id"
            "   AND e.act = 'signed') ORDER BY published_on, notice_id",
            scope.city,
            today,
            list(instruments),
            first,
            last,
        )
        return [(row["notice_id"], row["version"]) for row in rows]

    async def some(self, scope: Scope, notices: Sequence[UUID]) -> list[Notice]:
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM public_notice WHERE city = $1 AND notice_id = ANY($2)", scope.city, list(notices)
        )
        return [Notice(**dict(row)) for row in rows]

    async def public(self, scope: Scope, today: date, after: list[Any] | None, limit: int) -> list[Notice]:
        """Notices whose day has come, newest first, at most `limit + 1`; `after` is (published_on, notice_id)."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM public_notice WHERE city = $1 AND published_on <= $2"
            " AND ($3::date IS NULL OR (published_on, notice_id) < ($3, $4))"
            " ORDER BY published_on DESC, notice_id DESC LIMIT $5",
            scope.city,
            today,
            after[0] if after else None,
            after[1] if after else None,
            limit + 1,
        )
        return [Notice(**dict(row)) for row in rows]
