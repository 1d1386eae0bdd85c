"""Instrument records: versions are only ever added. A city's own come before those that ship with the service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.instruments import Instrument

EVERY_CITY = "*"
_Key = tuple[str, str, int, datetime]
"""City, code, version, and when it was added."""
_OPENED: dict[_Key, Instrument] = {}
"""Versions that this process has read."""
_MOST_OPENED = 2000
_COUNTS = (
    " i.city IN ($1, $2)"
    " AND NOT EXISTS (SELECT FROM instrument_withdrawal w"
    " WHERE (w.city, w.code, w.version) = (i.city, i.code, i.version))"
    # A common version that arrives after the city wrote one of its own is an offer: it does not replace that one.
    " AND NOT (i.city = $2 AND EXISTS (SELECT FROM instrument o WHERE o.city = $1 AND o.code = i.code"
    " AND o.added_at < i.added_at AND NOT EXISTS (SELECT FROM instrument_withdrawal w"
    " WHERE (w.city, w.code, w.version) = (o.city, o.code, o.version))))"
)
"""Which rows count in city $1; $2 stands for every city."""


class Published(BaseModel):
    """A version with who published it and, if so, who took it back. `common` ships with the service."""

    record: Instrument
    common: bool
    counts: bool
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_because: str | None


class Draft(BaseModel):
    """The city's next version while it is written; `revision` is its entity tag."""

    record: Instrument
    based_on: int
    revision: int
    reason: str
    opened_at: datetime
    opened_by: str
    changed_at: datetime
    changed_by: str


class Noted(BaseModel):
    """One line of an instrument's history. `actor` is an account's subject."""

    position: int
    version: int
    at: datetime
    actor: str
    act: str
    note: str


class Instruments:
    """What the vademecum says, per city, with the common records behind a city's own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, scope: Scope, records: Sequence[Instrument]) -> int:
        """Adds versions that are not there yet and returns how many; known versions stay as they are."""
        added = await self._connection.fetch(
            "INSERT INTO instrument (city, code, version, valid_from, record, added_by)"
            " SELECT $1, r->>'code', (r->>'version')::int, (r->>'valid_from')::date, r, $2"
            " FROM jsonb_array_elements($3::jsonb) AS r ON CONFLICT DO NOTHING RETURNING code",
            scope.city,
            scope.actor,
            [record.model_dump(mode="json") for record in records],
        )
        return len(added)

    async def all(self, scope: Scope) -> tuple[Instrument, ...]:
        """Every version that counts in the city, now, before or later."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT ON (i.code, i.version) i.city, i.code, i.version, i.added_at FROM instrument i"
            f" WHERE {_COUNTS} ORDER BY i.code, i.version, (i.city = $2)",
            scope.city,
            EVERY_CITY,
        )
        return await self._opened([tuple(row) for row in rows])

    async def one(self, scope: Scope, code: str, version: int) -> Instrument | None:
        """The version that a file has pinned."""
        row = await self._connection.fetchrow(
            # One that was taken back has no files: a release may have its number since.
            "SELECT city, code, version, added_at FROM instrument i"
            " WHERE city IN ($1, $2) AND code = $3 AND version = $4 AND NOT EXISTS (SELECT FROM instrument_withdrawal w"
            " WHERE (w.city, w.code, w.version) = (i.city, i.code, i.version)) ORDER BY (city = $2) LIMIT 1",
            scope.city,
            EVERY_CITY,
            code,
            version,
        )
        return (await self._opened([tuple(row)]))[0] if row else None

    async def _opened(self, keys: Sequence[_Key]) -> tuple[Instrument, ...]:
        """The records of these versions. A version never changes, so each is read and checked once per process."""
        missing = [key for key in keys if key not in _OPENED]
        if missing:
            if len(_OPENED) > _MOST_OPENED:
                _OPENED.clear()
                missing = list(keys)
            cities, codes, versions, _ = zip(*missing, strict=True)
            rows = await self._connection.fetch(
                "SELECT city, code, version, added_at, record FROM instrument WHERE (city, code, version)"
                " IN (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]))",
                cities,
                codes,
                versions,
            )
            for *key, record in rows:
                _OPENED[tuple(key)] = Instrument.model_validate(record)
        return tuple(_OPENED[key] for key in keys)

    async def versions(self, scope: Scope, code: str) -> list[Published]:
        """Every version of one instrument, the newest first, also those taken back and those only offered."""
        rows = await self._connection.fetch(
            f"SELECT i.record, i.city = $2 AS common, ({_COUNTS}) AS counts, i.added_at, i.added_by,"
            " w.at AS withdrawn_at, w.actor AS withdrawn_by, w.reason AS withdrawn_because FROM instrument i"
            " LEFT JOIN instrument_withdrawal w ON (w.city, w.code, w.version) = (i.city, i.code, i.version)"
            " WHERE i.city IN ($1, $2) AND i.code = $3 ORDER BY i.version DESC, common",
            scope.city,
            EVERY_CITY,
            code,
        )
        return [Published(**dict(row)) for row in rows]

    async def withdraw(self, scope: Scope, record: Instrument, now: datetime, reason: str) -> bool:
        """Marks one of the city's own versions as taken back; False when it was already."""
        return bool(
            await self._connection.fetchval(
                "INSERT INTO instrument_withdrawal (city, code, version, at, actor, reason)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true",
                scope.city,
                record.code,
                record.version,
                now,
                scope.actor,
                reason,
            )
        )

    async def open_draft(self, scope: Scope, record: Instrument, based_on: int, reason: str, now: datetime) -> bool:
        """Starts the city's next version; False when one is being written already."""
        return bool(
            await self._connection.fetchval(
                "INSERT INTO instrument_draft (city, code, based_on, revision, record, reason, opened_at, opened_by,"
                " changed_at, changed_by) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $6, $7)"
                " ON CONFLICT DO NOTHING RETURNING true",
                scope.city,
                record.code,
                based_on,
                record.model_dump(mode="json"),
                reason,
                now,
                scope.actor,
            )
        )

    async def draft(self, scope: Scope, code: str, *, lock: bool = False) -> Draft | None:
        """The version that is being written; `lock` keeps it until the transaction ends."""
        row = await self._connection.fetchrow(
            "SELECT record, based_on, revision, reason, opened_at, opened_by, changed_at, changed_by"
            " FROM instrument_draft WHERE city = $1 AND code = $2" + (" FOR UPDATE" if lock else ""),
            scope.city,
            code,
        )
        return Draft(**dict(row)) if row else None

    async def save_draft(self, scope: Scope, record: Instrument, now: datetime) -> None:
        """Writes a draft that `draft` has locked."""
        await self._connection.execute(
            "UPDATE instrument_draft SET record = $3, revision = revision + 1, changed_at = $4, changed_by = $5"
            " WHERE city = $1 AND code = $2",
            scope.city,
            record.code,
            record.model_dump(mode="json"),
            now,
            scope.actor,
        )

    async def drop_draft(self, scope: Scope, code: str) -> None:
        await self._connection.execute("DELETE FROM instrument_draft WHERE city = $1 AND code = $2", scope.city, code)

    async def note(self, scope: Scope, record: Instrument, now: datetime, act: str, note: str) -> None:
        """One more line of the instrument's history."""
        await self._connection.execute(
            "INSERT INTO instrument_history (city, code, version, at, actor, act, note)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            scope.city,
            record.code,
            record.version,
            now,
            scope.actor,
            act,
            note,
        )

    async def history(self, scope: Scope, code: str, after: list[Any] | None, limit: int) -> list[Noted]:
        """Who did what to the instrument, newest first, at most `limit + 1`."""
        rows = await self._connection.fetch(
            "SELECT position, version, at, actor, act, note FROM instrument_history WHERE city = $1 AND code = $2"
            " AND ($3::int IS NULL OR position < $3) ORDER BY position DESC LIMIT $4",
            scope.city,
            code,
            after[0] if after else None,
            limit + 1,
        )
        return [Noted(**dict(row)) for row in rows]
