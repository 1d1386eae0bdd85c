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
    " a.content, a.updated_at, w.words, h.redactions, m.amended,"
    " greatest(e.entered_at, a.updated_at, h.at) AS changed_at"
    " FROM register_entry e JOIN agreement a USING (city, agreement_id)"
    " LEFT JOIN LATERAL (SELECT jsonb_object_agg(r.name, r.level || ' ' || r.basis) AS redactions, max(r.at) AS at"
    "   FROM redaction r WHERE r.city = e.city AND r.agreement_id = e.agreement_id) h ON true"
    " LEFT JOIN LATERAL (SELECT jsonb_object_agg(d.name, d.words) AS words FROM register_disclosure d"
    "   WHERE d.city = e.city AND d.position = e.position AND NOT EXISTS (SELECT FROM redaction r"
    "     WHERE r.city = e.city AND r.agreement_id = e.agreement_id AND r.name = d.name)) w ON true"
    " LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('position', x.position, 'entered_at', x.entered_at,"
    "     'protocol', x.protocol_year || '/' || lpad(x.protocol_number::text, 7, '0'),"
    "     'document_sha256', x.document_sha256, 'register_hash', x.hash) ORDER BY x.position) AS amended"
    "   FROM register_entry x WHERE x.city = e.city AND x.agreement_id = e.agreement_id AND x.act = 'amended') m"
    " ON true"
    " WHERE e.city = $1"
)
_SIGNED, _WITH_AMENDED = " AND e.act = 'signed'", " AND e.act IN ('signed', 'amended')"

_WORDS = (
    " AND (e.position IN (SELECT d.position FROM register_disclosure d JOIN register_entry s USING (city, position)"
    "   WHERE d.city = $1 AND s.act IN ('signed', 'amended') AND strpos(lower(d.words), lower({})) > 0 AND NOT EXISTS"
    "     (SELECT FROM redaction r WHERE r.city = d.city AND r.agreement_id = s.agreement_id AND r.name = d.name))"
    " OR e.protocol_year || '/' || lpad(e.protocol_number::text, 7, '0') = {} OR e.protocol_number::text = {}"
    " OR e.agreement_id IN (SELECT x.agreement_id FROM register_entry x WHERE x.city = $1 AND x.act = 'amended'"
    "   AND (x.protocol_year || '/' || lpad(x.protocol_number::text, 7, '0') = {} OR x.protocol_number::text = {})))"
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
    agreements: tuple[UUID, ...] | None = None


_Condition = tuple[Any, str]


def _asked(sought: Sought) -> tuple[_Condition, ...]:
    return (
        (sought.year, " AND e.protocol_year = {}"),
        (list(sought.instruments) if sought.instruments else None, " AND e.instrument = ANY({})"),
        (sought.area, " AND a.policy_area = {}"),
        (sought.signed_from, " AND e.entered_at >= ({}::date)::timestamp AT TIME ZONE 'Europe/Rome'"),
        (sought.signed_to, " AND e.entered_at < ({}::date + 1)::timestamp AT TIME ZONE 'Europe/Rome'"),
        (list(sought.agreements) if sought.agreements is not None else None, " AND e.agreement_id = ANY({})"),
        ((sought.words or "").strip() or None, _WORDS),
    )


def _narrowed(given: list[Any], *conditions: _Condition) -> str:
    """Only what is asked for: with a condition for everything no plan is right for long. Values go into `given`."""
    found = []
    for value, condition in conditions:
        if value is not None:
            given.append(value)
            found.append(condition.replace("{}", f"${len(given)}"))
    return "".join(found)


class PublicRegister:
    """Signed agreements, one row each, as (position …, content, words, redactions, amended)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def search(
        self,
        scope: Scope,
        sought: Sought,
        limit: int,
        after: list[Any] | None = None,
        before: list[Any] | None = None,
        amended: bool = False,
    ) -> list[dict[str, Any]]:
        """Newest first, at most `limit + 1`; `after` and `before` are (year, number) of a line that was shown.

        With `before`, the rows just above that line: the one too many is then the first. With `amended`, an agreement
        comes once more for each amendment in force, under the amendment's number.
        """
        start, up = (before, True) if before else (after, False)
        given: list[Any] = [scope.city]
        conditions = _narrowed(
            given,
            *_asked(sought),
            (start[0] if start else None, f" AND (e.protocol_year, e.protocol_number) {'>' if up else '<'} ({{}}, "),
            (start[1] if start else None, "{})"),
        )
        order = "ASC" if up else "DESC"
        rows = await self._connection.fetch(
            f"{_ROWS}{_WITH_AMENDED if amended else _SIGNED}{conditions}"
            f" ORDER BY e.protocol_year {order}, e.protocol_number {order}"
            f" LIMIT {int(limit) + 1}",
            *given,
        )
        found = [dict(row) for row in rows]
        return found[::-1] if up else found

    async def versions(self, scope: Scope, sought: Sought) -> list[tuple[UUID, int]]:
        """All that is found, the newest first, and of which version each is: whatever its line shows changes that."""
        given: list[Any] = [scope.city]
        conditions = _narrowed(given, *_asked(sought))
        rows = await self._connection.fetch(
            "SELECT a.agreement_id, a.version FROM register_entry e JOIN agreement a USING (city, agreement_id)"
            f" WHERE e.city = $1{_SIGNED}{conditions} ORDER BY e.protocol_year DESC, e.protocol_number DESC",
            *given,
        )
        return [(row["agreement_id"], row["version"]) for row in rows]

    async def one(self, scope: Scope, year: int, number: int) -> dict[str, Any] | None:
        row = await self._connection.fetchrow(
            _ROWS + _SIGNED + " AND e.protocol_year = $2 AND e.protocol_number = $3", scope.city, year, number
        )
        return dict(row) if row else None

    async def by_agreement(self, scope: Scope, agreement_id: UUID) -> dict[str, Any] | None:
        row = await self._connection.fetchrow(_ROWS + _SIGNED + " AND e.agreement_id = $2", scope.city, agreement_id)
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
