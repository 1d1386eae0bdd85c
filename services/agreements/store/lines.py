"""What covers the public lines of the register by hashes: salts, and the lines as an audit reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.lines import Line
from services.agreements.domain.register import Disclosure

_PAGE = 500
_SIGNED = (
    "SELECT e.position, a.agreement_id, a.content, a.state, coalesce(c.commitments, '{}') AS commitments,"
    " coalesce((SELECT jsonb_object_agg(s.name, s.salt) FROM register_line_salt s"
    "   WHERE s.city = e.city AND s.position = c.position), '{}') AS salts,"
    " coalesce((SELECT jsonb_object_agg(x.act, jsonb_build_array(x.position,"
    "     (x.entered_at AT TIME ZONE 'Europe/Rome')::date)) FROM register_entry x WHERE x.city = e.city"
    "   AND x.agreement_id = e.agreement_id AND x.protocol_year = e.protocol_year"
    "   AND x.protocol_number = e.protocol_number), '{}') AS acts,"
    " ARRAY(SELECT r.name FROM redaction r WHERE r.city = e.city AND r.agreement_id = e.agreement_id"
    "   AND r.level = 'erased') AS erased,"
    " EXISTS (SELECT FROM history h WHERE h.city = a.city AND h.agreement_id = a.agreement_id"
    "   AND h.at = a.updated_at) AS noted"
    " FROM register_entry e JOIN agreement a USING (city, agreement_id)"
    " LEFT JOIN LATERAL (SELECT x.position, x.commitments FROM register_entry x WHERE x.city = e.city"
    "   AND x.agreement_id = e.agreement_id AND x.act IN ('signed', 'amended', 'stated')"
    "   ORDER BY x.position DESC LIMIT 1) c ON true"
    " WHERE e.city = $1 AND e.act = 'signed'"
)


class Lines:
    """Beside the register's entries: nothing of it is public."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep_salts(self, scope: Scope, position: int, line: Iterable[Disclosure]) -> None:
        await self._connection.executemany(
            "INSERT INTO register_line_salt (city, position, name, salt) VALUES ($1, $2, $3, $4)",
            [(scope.city, position, one.name, one.salt) for one in line],
        )

    async def all(self, scope: Scope) -> AsyncIterator[Line]:
        """Every public line in the order of the register; each is read at one moment."""
        after = 0
        while rows := await self._connection.fetch(
            f"{_SIGNED} AND e.position > $2 ORDER BY e.position LIMIT $3", scope.city, after, _PAGE
        ):
            for row in rows:
                content = {name: row[name] for name in Line.model_fields}
                yield Line.model_validate(content | {"erased": tuple(row["erased"])})
            after = rows[-1]["position"]

    async def uncovered(self, scope: Scope, agreement_id: UUID | None = None) -> list[UUID]:
        """Agreements whose line no entry commits to: they were signed before lines were covered."""
        rows = await self._connection.fetch(
            f"SELECT agreement_id FROM ({_SIGNED} AND ($2::uuid IS NULL OR e.agreement_id = $2)) one"
            " WHERE NOT commitments ? 'facts' ORDER BY position",
            scope.city,
            agreement_id,
        )
        return [row["agreement_id"] for row in rows]
