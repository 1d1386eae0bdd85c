"""Names of organisations, as intake says them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope

# Several versions of one organisation may come in one batch: only the newest may enter the statement.
_SAVE = """
INSERT INTO stakeholder AS known (city, stakeholder_id, name, stakeholder_type, version)
SELECT DISTINCT ON (stakeholder_id) $1, stakeholder_id, name, stakeholder_type, version
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::integer[]) AS row (stakeholder_id, name, stakeholder_type, version)
ORDER BY stakeholder_id, version DESC
ON CONFLICT (city, stakeholder_id) DO UPDATE
    SET name = excluded.name, stakeholder_type = excluded.stakeholder_type, version = excluded.version
    WHERE known.version < excluded.version
"""


class Names:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, scope: Scope, rows: Sequence[tuple[UUID, str, str, int]]) -> None:
        """Rows are (stakeholder id, name, type, version); older versions than the known one change nothing."""
        await self._connection.execute(_SAVE, scope.city, *(list(column) for column in zip(*rows, strict=True)))
