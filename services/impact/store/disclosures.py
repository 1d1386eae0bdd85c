"""What the public does not see of agreements."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope

_SAVE = """
INSERT INTO disclosure AS known (city, agreement_id, version, hidden) VALUES ($1, $2, $3, $4)
ON CONFLICT (city, agreement_id) DO UPDATE SET version = excluded.version, hidden = excluded.hidden
    WHERE known.version < excluded.version
"""


class Disclosures:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, scope: Scope, rows: Sequence[tuple[UUID, int, tuple[str, ...]]]) -> None:
        """Rows are (agreement id, version, hidden parts); older versions than the known one change nothing."""
        await self._connection.executemany(
            _SAVE, [(scope.city, agreement_id, version, list(hidden)) for agreement_id, version, hidden in rows]
        )
