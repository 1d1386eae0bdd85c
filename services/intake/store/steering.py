"""What steers the matching: priorities of the focus group and readings per neighbourhood."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.intake import NeighbourhoodIndicatorsLoaded, PrioritiesSet


class Steering:
    """The tables ``priorities`` and ``neighbourhood_indicators``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save_priorities(self, scope: Scope, event: PrioritiesSet, now: datetime) -> None:
        await self._connection.execute(
            "INSERT INTO priorities (city, priorities_id, valid_from, valid_to, weights, set_by, set_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            scope.city,
            event.priorities_id,
            event.valid_from,
            event.valid_to,
            event.weights,
            scope.actor,
            now,
        )

    async def save_indicators(self, scope: Scope, event: NeighbourhoodIndicatorsLoaded, now: datetime) -> None:
        await self._connection.execute(
            "INSERT INTO neighbourhood_indicators (city, indicators_id, name, source, readings, loaded_by, loaded_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            scope.city,
            event.indicators_id,
            event.name,
            event.source,
            {str(nil): value for nil, value in event.values.items()},
            scope.actor,
            now,
        )

    async def priorities(self, scope: Scope, limit: int) -> list[dict[str, Any]]:
        rows = await self._connection.fetch(
            "SELECT priorities_id AS id, valid_from, valid_to, weights, set_at FROM priorities WHERE city = $1"
            " ORDER BY priorities_id DESC LIMIT $2",
            scope.city,
            limit,
        )
        return [dict(row) for row in rows]

    async def indicators(self, scope: Scope, limit: int) -> list[dict[str, Any]]:
        rows = await self._connection.fetch(
            'SELECT indicators_id AS id, name, source, readings AS "values", loaded_at FROM neighbourhood_indicators'
            " WHERE city = $1 ORDER BY indicators_id DESC LIMIT $2",
            scope.city,
            limit,
        )
        return [dict(row) for row in rows]
