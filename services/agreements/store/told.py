"""What was told of the toolkit, by city and instrument."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pydantic import TypeAdapter

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.telling import Records
from services.agreements.store.instruments import EVERY_CITY

_RECORDS = TypeAdapter(Records)
# Distinct cities by jumping from one to the next in the index, however many rows each has.
_CITIES = " UNION ".join(
    f"""
    (WITH RECURSIVE each AS (
        (SELECT city FROM {table} ORDER BY city LIMIT 1)
        UNION ALL
        SELECT (SELECT city FROM {table} WHERE city > each.city ORDER BY city LIMIT 1) FROM each
            WHERE each.city IS NOT NULL
    ) SELECT city FROM each WHERE city IS NOT NULL)
    """
    for table in ("stakeholder", "agreement", "instrument")
)


class Told:
    """One row per instrument that a city has; whoever tells holds it until the transaction ends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def cities(self) -> list[str]:
        """Every city that anything is known of."""
        rows = await self._connection.fetch(f"SELECT city FROM ({_CITIES}) AS known WHERE city <> $1", EVERY_CITY)
        return sorted(row["city"] for row in rows)

    async def knows(self, scope: Scope) -> bool:
        """Whether the city was told anything yet."""
        return bool(
            await self._connection.fetchval(
                "SELECT EXISTS (SELECT FROM instrument_told WHERE city = $1 AND version > 0)", scope.city
            )
        )

    async def all(self, scope: Scope) -> dict[str, Records]:
        """By code what was last told."""
        rows = await self._connection.fetch("SELECT code, records FROM instrument_told WHERE city = $1", scope.city)
        return {row["code"]: _RECORDS.validate_python(row["records"]) for row in rows}

    async def codes(self, scope: Scope) -> list[str]:
        """The instruments that the city was told of."""
        rows = await self._connection.fetch(
            "SELECT code FROM instrument_told WHERE city = $1 AND version > 0", scope.city
        )
        return [row["code"] for row in rows]

    async def locked(self, scope: Scope, codes: Collection[str]) -> dict[str, tuple[int, Records]]:
        """The same with its version, held; in the order of codes, so that two never wait for each other."""
        await self._connection.execute(
            "INSERT INTO instrument_told (city, code, version, records)"
            " SELECT $1, code, 0, '[]' FROM unnest($2::text[]) AS code ORDER BY code ON CONFLICT DO NOTHING",
            scope.city,
            sorted(codes),
        )
        rows = await self._connection.fetch(
            "SELECT code, version, records FROM instrument_told WHERE city = $1 AND code = ANY($2::text[])"
            " ORDER BY code FOR UPDATE",
            scope.city,
            list(codes),
        )
        return {row["code"]: (row["version"], _RECORDS.validate_python(row["records"])) for row in rows}

    async def note(self, scope: Scope, code: str, version: int, records: Records, now: datetime) -> None:
        """Writes down what is being told of an instrument whose row ``locked`` holds."""
        await self._connection.execute(
            "UPDATE instrument_told SET version = $3, records = $4, told_at = $5 WHERE city = $1 AND code = $2",
            scope.city,
            code,
            version,
            _RECORDS.dump_python(records, mode="json", exclude_none=True),
            now,
        )
