"""What of an agreement the public does not see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.lines import GOES_WITH
from services.agreements.domain.redaction import Part, Redaction


class Redactions:
    """Hidden and erased words, by agreement: all its entries are treated alike, also those to come."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, scope: Scope, agreement_id: UUID) -> tuple[Redaction, ...]:
        rows = await self._connection.fetch(
            "SELECT name, level, reason, basis, at FROM redaction WHERE city = $1 AND agreement_id = $2 ORDER BY name",
            scope.city,
            agreement_id,
        )
        return tuple(Redaction.model_validate(dict(row)) for row in rows)

    async def since(self, scope: Scope, agreements: Sequence[UUID]) -> dict[UUID, datetime]:
        """Since when something of these agreements is not shown; those of which all is shown are left out."""
        rows = await self._connection.fetch(
            "SELECT agreement_id, max(at) AS at FROM redaction WHERE city = $1 AND agreement_id = ANY($2)"
            " GROUP BY agreement_id",
            scope.city,
            list(agreements),
        )
        return {row["agreement_id"]: row["at"] for row in rows}

    async def put(self, scope: Scope, agreement_id: UUID, redactions: Sequence[Redaction]) -> None:
        """Notes what is not shown from now on; what was erased already stays so."""
        await self._connection.executemany(
            "INSERT INTO redaction (city, agreement_id, name, level, reason, basis, at, actor)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (city, agreement_id, name) DO UPDATE"
            " SET level = excluded.level, reason = excluded.reason, basis = excluded.basis, at = excluded.at,"
            " actor = excluded.actor WHERE redaction.level = 'hidden'",
            [
                (scope.city, agreement_id, one.name, one.level, one.reason, one.basis, one.at, scope.actor)
                for one in redactions
            ],
        )

    async def lift(self, scope: Scope, agreement_id: UUID, names: Sequence[Part]) -> int:
        """Shows hidden parts again and returns how many there were."""
        gone = await self._connection.fetch(
            "DELETE FROM redaction WHERE city = $1 AND agreement_id = $2 AND name = ANY($3) AND level = 'hidden'"
            " RETURNING name",
            scope.city,
            agreement_id,
            list(names),
        )
        return len(gone)

    async def erase(self, scope: Scope, agreement_id: UUID, names: Sequence[Part]) -> None:
        """Deletes words and salts of every entry of the agreement, for good."""
        await self._connection.execute(
            "DELETE FROM register_disclosure d USING register_entry e WHERE e.city = $1 AND e.agreement_id = $2"
            " AND d.city = e.city AND d.position = e.position AND d.name = ANY($3)",
            scope.city,
            agreement_id,
            list(names),
        )
        await self._connection.execute(
            "DELETE FROM register_line_salt s USING register_entry e WHERE e.city = $1 AND e.agreement_id = $2"
            " AND s.city = e.city AND s.position = e.position AND s.name = ANY($3)",
            scope.city,
            agreement_id,
            [GOES_WITH[name] for name in names],
        )
