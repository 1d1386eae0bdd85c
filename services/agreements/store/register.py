"""The register: numbers without gaps, entries chained, both decided under a lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.file import Protocol
from services.agreements.domain.register import BEGINNING, Disclosure, Entry

_COLUMNS = (
    "city, position, protocol_year, protocol_number, act, agreement_id, entered_at, instrument,"
    " document_sha256, commitments, previous, hash"
)


class Register:
    """Locks are taken in one order: the agreement, the year's number, the chain's head."""

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

    async def last_number(self, scope: Scope, year: int) -> int:
        """The last number of the year that counts already; nothing is locked, so others may be on their way."""
        number: int | None = await self._connection.fetchval(
            "SELECT number FROM protocol_head WHERE city = $1 AND year = $2", scope.city, year
        )
        return number or 0

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

    async def peek(self, scope: Scope) -> tuple[int, str]:
        """Position and hash of the last entry, not locked."""
        row = await self._connection.fetchrow("SELECT position, hash FROM register_head WHERE city = $1", scope.city)
        return (row["position"], row["hash"]) if row else (0, BEGINNING)

    async def page(self, scope: Scope, after: int, limit: int) -> list[Entry]:
        """Entries after the position `after`, in order."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM register_entry WHERE city = $1 AND position > $2 ORDER BY position LIMIT $3",
            scope.city,
            after,
            limit,
        )
        return [_entry(row) for row in rows]

    async def entries(self, scope: Scope) -> list[Entry]:
        """The whole register, from its first entry."""
        return await self.page(scope, 0, 2**31 - 1)

    async def of_agreement(self, scope: Scope, agreement_id: UUID) -> list[Entry]:
        """Everything that was entered about one agreement, in order."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM register_entry WHERE city = $1 AND agreement_id = $2 ORDER BY position",
            scope.city,
            agreement_id,
        )
        return [_entry(row) for row in rows]

    async def agreement_at(self, scope: Scope, position: int) -> UUID | None:
        """The agreement that the entry at `position` is about."""
        found: UUID | None = await self._connection.fetchval(
            "SELECT agreement_id FROM register_entry WHERE city = $1 AND position = $2", scope.city, position
        )
        return found

    async def disclosures(self, scope: Scope, first: int = 1, last: int = 2**31 - 1) -> dict[int, list[Disclosure]]:
        """The words still kept of the entries from `first` to `last`, by position."""
        rows = await self._connection.fetch(
            "SELECT position, name, salt, words FROM register_disclosure"
            " WHERE city = $1 AND position BETWEEN $2 AND $3 ORDER BY position, name",
            scope.city,
            first,
            last,
        )
        found: dict[int, list[Disclosure]] = {}
        for row in rows:
            one = Disclosure(name=row["name"], salt=row["salt"], words=row["words"])
            found.setdefault(row["position"], []).append(one)
        return found


def _entry(row: Any) -> Entry:
    content = dict(row)
    protocol = Protocol(year=content.pop("protocol_year"), number=content.pop("protocol_number"))
    return Entry(protocol=protocol, **content)
