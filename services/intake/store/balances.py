"""The ledger's balances per line, as matching publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.matching import LineBalanceChanged
from services.intake.domain.lines import LineBalance

_PROJECT = """
INSERT INTO line_balance AS old (city, subject_id, line, line_of, version, unit, total, free, reserved, committed,
                                 delivered, shortfall, open_ended)
SELECT DISTINCT ON (subject_id, line) $1, subject_id, line, line_of, version, unit, total, free, reserved, committed,
       delivered, shortfall, open_ended
FROM unnest($2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[], $7::numeric[], $8::numeric[], $9::numeric[],
            $10::numeric[], $11::numeric[], $12::numeric[], $13::boolean[])
    AS row (subject_id, line, line_of, version, unit, total, free, reserved, committed, delivered, shortfall,
            open_ended)
ORDER BY subject_id, line, version DESC
ON CONFLICT (city, subject_id, line) DO UPDATE SET version = excluded.version, unit = excluded.unit,
    total = excluded.total, free = excluded.free, reserved = excluded.reserved, committed = excluded.committed,
    delivered = excluded.delivered, shortfall = excluded.shortfall, open_ended = excluded.open_ended
WHERE old.version < excluded.version
"""


class Balances:
    """The table ``line_balance``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def project(self, scope: Scope, events: Sequence[LineBalanceChanged]) -> None:
        """Keeps the newest balance of each line."""
        await self._connection.execute(
            _PROJECT,
            scope.city,
            [event.subject_id for event in events],
            [event.line for event in events],
            [event.line_of for event in events],
            [event.version for event in events],
            [event.unit for event in events],
            [event.total for event in events],
            [event.free for event in events],
            [event.reserved for event in events],
            [event.committed for event in events],
            [event.delivered for event in events],
            [event.shortfall for event in events],
            [event.open_ended for event in events],
        )

    async def of(self, scope: Scope, subjects: Iterable[UUID]) -> dict[UUID, list[LineBalance]]:
        """Balances by need or offer, in the order of the lines; a subject the ledger has not spoken of is absent."""
        rows = await self._connection.fetch(
            "SELECT subject_id, line, unit, total, free, reserved, committed, delivered, shortfall, open_ended"
            " FROM line_balance WHERE city = $1 AND subject_id = ANY ($2) ORDER BY subject_id, line",
            scope.city,
            list(subjects),
        )
        found: dict[UUID, list[LineBalance]] = {}
        for row in rows:
            values = dict(row)
            found.setdefault(values.pop("subject_id"), []).append(LineBalance(**values))
        return found
