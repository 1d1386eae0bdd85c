"""Reports of imports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope


class Imports:
    """The table ``import_report``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, scope: Scope, import_id: UUID, needs: Sequence[dict[str, Any]], now: datetime) -> None:
        await self._connection.execute(
            "INSERT INTO import_report (city, import_id, requested_by, requested_at, needs)"
            " VALUES ($1, $2, $3, $4, $5)",
            scope.city,
            import_id,
            scope.actor,
            now,
            needs,
        )

    async def get(self, scope: Scope, import_id: UUID) -> list[dict[str, Any]] | None:
        """The report of an import that the scope's actor asked for."""
        needs: list[dict[str, Any]] | None = await self._connection.fetchval(
            "SELECT needs FROM import_report WHERE city = $1 AND import_id = $2 AND requested_by = $3",
            scope.city,
            import_id,
            scope.actor,
        )
        return needs
