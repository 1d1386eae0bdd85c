"""Instrument records: versions are only ever added."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.instruments import Instrument

EVERY_CITY = "*"


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
        """Every version that counts in the city: its own, and the common ones it has not replaced."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT ON (code, version) record FROM instrument WHERE city IN ($1, $2)"
            " ORDER BY code, version, (city = $2)",
            scope.city,
            EVERY_CITY,
        )
        return tuple(Instrument.model_validate(row["record"]) for row in rows)

    async def one(self, scope: Scope, code: str, version: int) -> Instrument | None:
        """The version that a file has pinned."""
        row = await self._connection.fetchrow(
            "SELECT record FROM instrument WHERE city IN ($1, $2) AND code = $3 AND version = $4"
            " ORDER BY (city = $2) LIMIT 1",
            scope.city,
            EVERY_CITY,
            code,
            version,
        )
        return Instrument.model_validate(row["record"]) if row else None
