"""Organisations by name and kind, as intake announces them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope


class Directory:
    """A projection; an older version never overwrites a newer one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def project(self, rows: Sequence[tuple[str, UUID, int, str, str]]) -> None:
        """Notes stakeholders, given as (city, id, version, name, type); the newest of each counts."""
        newest = {(city, one): (city, one, version, name, kind) for city, one, version, name, kind in sorted(rows)}
        columns = list(zip(*newest.values(), strict=True))
        await self._connection.execute(
            "INSERT INTO stakeholder (city, stakeholder_id, version, name, type)"
            " SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::text[])"
            " ON CONFLICT (city, stakeholder_id) DO UPDATE SET version = excluded.version, name = excluded.name,"
            " type = excluded.type WHERE stakeholder.version < excluded.version",
            *(list(column) for column in columns),
        )

    async def types(self, scope: Scope, stakeholders: Sequence[UUID]) -> dict[UUID, str]:
        """Kinds of the stakeholders that are known."""
        rows = await self._connection.fetch(
            "SELECT stakeholder_id, type FROM stakeholder WHERE city = $1 AND stakeholder_id = ANY($2)",
            scope.city,
            list(stakeholders),
        )
        return {row["stakeholder_id"]: row["type"] for row in rows}

    async def names(self, scope: Scope, stakeholders: Sequence[UUID]) -> dict[UUID, str]:
        """Names of the stakeholders that are known."""
        rows = await self._connection.fetch(
            "SELECT stakeholder_id, name FROM stakeholder WHERE city = $1 AND stakeholder_id = ANY($2)",
            scope.city,
            list(stakeholders),
        )
        return {row["stakeholder_id"]: row["name"] for row in rows}
