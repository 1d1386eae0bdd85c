"""What the public may see of registered agreements: everything but the words that are hidden or erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope

_ROWS = (
    "SELECT e.position, e.protocol_year, e.protocol_number, e.entered_at, e.instrument, e.document_sha256, e.hash,"
    " a.content, a.updated_at, w.words, h.redactions, greatest(e.entered_at, a.updated_at, h.at) AS changed_at"
    " FROM register_entry e JOIN agreement a USING (city, agreement_id)"
    " LEFT JOIN LATERAL (SELECT jsonb_object_agg(r.name, r.level || ' ' || r.basis) AS redactions, max(r.at) AS at"
    "   FROM redaction r WHERE r.city = e.city AND r.agreement_id = e.agreement_id) h ON true"
    " LEFT JOIN LATERAL (SELECT jsonb_object_agg(d.name, d.words) AS words FROM register_disclosure d"
    "   WHERE d.city = e.city AND d.position = e.position AND NOT EXISTS (SELECT FROM redaction r"
    "     WHERE r.city = e.city AND r.agreement_id = e.agreement_id AND r.name = d.name)) w ON true"
    " WHERE e.city = $1 AND e.act = 'signed'"
)


@dataclass(frozen=True)
class Sought:
    """What the register is searched for; None = everything. `words` are looked for in what is shown, not behind it."""

    words: str | None = None
    year: int | None = None
    instruments: tuple[str, ...] | None = None
    area: str | None = None
    signed_from: date | None = None
    signed_to: date | None = None


class PublicRegister:
    """Signed agreements, one row each, as (position …, content, words, redactions)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def search(
        self, scope: Scope, sought: Sought, limit: int, after: list[Any] | None = None, before: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        """Newest first, at most `limit + 1`; `after` and `before` are (year, number) of a line that was shown.

        With `before`, the rows just above that line: the one too many is then the first.
        """
        order, start = ("ASC", before) if before else ("DESC", after)
        rows = await self._connection.fetch(
            _ROWS + " AND ($2::int IS NULL OR e.protocol_year = $2) AND ($3::text[] IS NULL OR e.instrument = ANY($3))"
            " AND ($4::text IS NULL OR a.content->>'policy_area' = $4)"
            " AND ($5::date IS NULL OR (a.content->>'signed_on')::date >= $5)"
            " AND ($6::date IS NULL OR (a.content->>'signed_on')::date <= $6)"
            " AND ($7::text IS NULL"
            "   OR strpos(lower(concat_ws(' ', w.words->>'subject', w.words->>'parties')), lower($7)) > 0"
            "   OR e.protocol_year || '/' || lpad(e.protocol_number::text, 7, '0') = $7"
            "   OR e.protocol_number::text = $7)"
            f" AND ($8::int IS NULL OR (e.protocol_year, e.protocol_number) {'>' if before else '<'} ($8, $9))"
            f" ORDER BY e.protocol_year {order}, e.protocol_number {order} LIMIT $10",
            scope.city,
            sought.year,
            list(sought.instruments) if sought.instruments else None,
            sought.area,
            sought.signed_from,
            sought.signed_to,
            (sought.words or "").strip() or None,
            start[0] if start else None,
            start[1] if start else None,
            limit + 1,
        )
        found = [dict(row) for row in rows]
        return found[::-1] if before else found

    async def one(self, scope: Scope, year: int, number: int) -> dict[str, Any] | None:
        row = await self._connection.fetchrow(
            _ROWS + " AND e.protocol_year = $2 AND e.protocol_number = $3", scope.city, year, number
        )
        return dict(row) if row else None

    async def by_agreement(self, scope: Scope, agreement_id: UUID) -> dict[str, Any] | None:
        row = await self._connection.fetchrow(_ROWS + " AND e.agreement_id = $2", scope.city, agreement_id)
        return dict(row) if row else None

    async def changed_at(self, scope: Scope) -> datetime | None:
        """When anything that the register shows was changed last."""
        found: datetime | None = await self._connection.fetchval(
            "SELECT greatest((SELECT entered_at FROM register_entry WHERE city = $1 ORDER BY position DESC LIMIT 1),"
            " (SELECT max(updated_at) FROM agreement WHERE city = $1 AND protocol_number IS NOT NULL))",
            scope.city,
        )
        return found

    async def years(self, scope: Scope) -> list[int]:
        """Years with signed agreements, newest first."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT protocol_year FROM register_entry WHERE city = $1 AND act = 'signed'"
            " ORDER BY protocol_year DESC",
            scope.city,
        )
        return [row["protocol_year"] for row in rows]
