"""The register: numbers without gaps, entries chained, both decided under a lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.file import Protocol
from services.agreements.domain.register import BEGINNING, Disclosure, Entry

_COLUMNS = (
    "city, position, protocol_year, protocol_number, act, agreement_id, entered_at, instrument,"
    " document_sha256, commitments, previous, hash"
)


class Register:
    """Locks are taken in one order: the agreement, the chain's head, the year's number."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def head(self, scope: Scope) -> tuple[int, str]:
        """Position and hash of the last entry, locked until the transaction ends."""
        await self._connection.execute(
            "INSERT INTO register_head (city, position, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
            scope.city,
            BEGINNING,
        )
        row = await self._connection.fetchrow(
            "SELECT position, hash FROM register_head WHERE city = $1 FOR UPDATE", scope.city
        )
        assert row is not None
        return row["position"], row["hash"]

    async def next_protocol(self, scope: Scope, year: int) -> Protocol:
        """The year's next number. A transaction that fails gives it back, so no number is ever missing."""
        number = await self._connection.fetchval(
            "INSERT INTO protocol_head (city, year, number) VALUES ($1, $2, 1)"
            " ON CONFLICT (city, year) DO UPDATE SET number = protocol_head.number + 1 RETURNING number",
            scope.city,
            year,
        )
        return Protocol(year=year, number=number)

    async def append(self, scope: Scope, entry: Entry, disclosures: Sequence[Disclosure]) -> None:
        """Writes an entry made after `head`."""
        await self._connection.execute(
            f"INSERT INTO register_entry ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            scope.city,
            entry.position,
            entry.protocol.year,
            entry.protocol.number,
            entry.act,
            entry.agreement_id,
            entry.entered_at,
            entry.instrument,
            entry.document_sha256,
            entry.commitments,
            entry.previous,
            entry.hash,
        )
        await self._connection.executemany(
            "INSERT INTO register_disclosure (city, position, name, salt, words) VALUES ($1, $2, $3, $4, $5)",
            [(scope.city, entry.position, one.name, one.salt, one.words) for one in disclosures],
        )
        await self._connection.execute(
            "UPDATE register_head SET position = $2, hash = $3 WHERE city = $1",
            scope.city,
            entry.position,
            entry.hash,
        )

    async def cities(self) -> list[str]:
        """Every city that has a register."""
        rows = await self._connection.fetch("SELECT city FROM register_head ORDER BY city")
        return [row["city"] for row in rows]

    async def entries(self, scope: Scope) -> list[Entry]:
        """The whole register, from its first entry."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM register_entry WHERE city = $1 ORDER BY position", scope.city
        )
        return [_entry(row) for row in rows]

    async def disclosures(self, scope: Scope) -> dict[int, list[Disclosure]]:
        """The words still kept, by position."""
        rows = await self._connection.fetch(
            "SELECT position, name, salt, words FROM register_disclosure WHERE city = $1 ORDER BY position, name",
            scope.city,
        )
        found: dict[int, list[Disclosure]] = {}
        for row in rows:
            one = Disclosure(name=row["name"], salt=row["salt"], words=row["words"])
            found.setdefault(row["position"], []).append(one)
        return found

    async def signed(self, scope: Scope, after: list[Any] | None, limit: int) -> list[dict[str, Any]]:
        """Public entries, newest first, at most `limit + 1`; `after` is (year, number) of the last one shown."""
        rows = await self._connection.fetch(
            "SELECT e.protocol_year, e.protocol_number, e.entered_at, e.instrument, e.document_sha256, e.hash,"
            " a.agreement_id, a.state, a.content, (SELECT jsonb_object_agg(d.name, d.words) FROM register_disclosure d"
            " WHERE d.city = e.city AND d.position = e.position) AS words"
            " FROM register_entry e JOIN agreement a USING (city, agreement_id)"
            " WHERE e.city = $1 AND e.act = 'signed'"
            " AND ($2::int IS NULL OR (e.protocol_year, e.protocol_number) < ($2, $3))"
            " ORDER BY e.protocol_year DESC, e.protocol_number DESC LIMIT $4",
            scope.city,
            after[0] if after else None,
            after[1] if after else None,
            limit + 1,
        )
        return [dict(row) for row in rows]


def _entry(row: Any) -> Entry:
    content = dict(row)
    protocol = Protocol(year=content.pop("protocol_year"), number=content.pop("protocol_number"))
    return Entry(protocol=protocol, **content)
