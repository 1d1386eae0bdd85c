"""The daily register documents: only ever added, one per city and day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.days import RegisterDay

_COLUMNS = "city, day, last, entries, head, document_sha256, made_at, previous, hash"
_AT_ONCE = 50


class Days:
    """What was made, and what the next one has to begin with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def latest(self, scope: Scope) -> RegisterDay | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM register_day WHERE city = $1 ORDER BY day DESC LIMIT 1", scope.city
        )
        return RegisterDay(**dict(row)) if row else None

    async def first_entry_at(self, scope: Scope) -> datetime | None:
        """When the city's register began."""
        found: datetime | None = await self._connection.fetchval(
            "SELECT entered_at FROM register_entry WHERE city = $1 AND position = 1", scope.city
        )
        return found

    async def add(self, scope: Scope, day: RegisterDay, document: bytes) -> bool:
        """False when another instance has made this day's document already."""
        return bool(
            await self._connection.fetchval(
                f"INSERT INTO register_day ({_COLUMNS}, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT (city, day) DO NOTHING RETURNING true",
                scope.city,
                day.day,
                day.last,
                day.entries,
                day.head,
                day.document_sha256,
                day.made_at,
                day.previous,
                day.hash,
                document,
            )
        )

    async def listed(self, scope: Scope, before: date | None, limit: int) -> list[RegisterDay]:
        """Newest first, at most `limit + 1`."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM register_day WHERE city = $1 AND ($2::date IS NULL OR day < $2)"
            " ORDER BY day DESC LIMIT $3",
            scope.city,
            before,
            limit + 1,
        )
        return [RegisterDay(**dict(row)) for row in rows]

    async def one(self, scope: Scope, day: date) -> RegisterDay | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM register_day WHERE city = $1 AND day = $2", scope.city, day
        )
        return RegisterDay(**dict(row)) if row else None

    async def document(self, scope: Scope, day: date) -> bytes | None:
        found: bytes | None = await self._connection.fetchval(
            "SELECT document FROM register_day WHERE city = $1 AND day = $2", scope.city, day
        )
        return found

    async def all(self, scope: Scope) -> AsyncIterator[tuple[RegisterDay, bytes, str | None]]:
        """Every day in order, with its document and the hash of the register's entry at its `last`."""
        after: Any = date.min
        while True:
            rows = await self._connection.fetch(
                f"SELECT {', '.join('d.' + one for one in _COLUMNS.split(', '))}, d.document, e.hash AS entry_hash"
                " FROM register_day d LEFT JOIN register_entry e ON e.city = d.city AND e.position = d.last"
                " WHERE d.city = $1 AND d.day > $2 ORDER BY d.day LIMIT $3",
                scope.city,
                after,
                _AT_ONCE,
            )
            for row in rows:
                content = dict(row)
                document, head = content.pop("document"), content.pop("entry_hash")
                yield RegisterDay(**content), document, head
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1]["day"]
