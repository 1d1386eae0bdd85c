"""The ledger's lines and postings. Balances change by postings alone; the database adds up and refuses the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.values import Line
from services.matching.domain.ledger import Balance, Posting
from services.matching.store.rows import rows

LineOf = Literal["need", "offer"]
LineKey = tuple[UUID, int]

_COLUMNS = (
    "line_of, subject_id, line, unit, version, open_ended, total, free, reserved, committed, delivered, shortfall"
)
_OPEN = """
INSERT INTO ledger_line (city, subject_id, line, line_of, kind, unit, capability, open_ended, listed)
SELECT $1, subject_id, line, $2, kind, unit, capability, open_ended, listed AND ($2 = 'need' OR EXISTS (
    SELECT FROM offer JOIN stakeholder AS giver ON giver.city = offer.city
        AND giver.stakeholder_id = offer.stakeholder_id AND giver.vetting = 'approved'
    WHERE offer.city = $1 AND offer.offer_id = row.subject_id))
FROM jsonb_to_recordset($3::jsonb->'rows') AS row (subject_id uuid, line int, kind text, unit text, capability text,
    open_ended boolean, listed boolean)
ON CONFLICT DO NOTHING RETURNING subject_id, line
"""
_POST = """
INSERT INTO posting (city, subject_id, line, entry, total, free, reserved, committed, delivered, shortfall, match_id,
    allocation, posted_at)
SELECT $1, subject_id, line, entry, total, free, reserved, committed, delivered, shortfall, match_id, allocation, $3
FROM jsonb_to_recordset($2::jsonb->'rows') AS row (subject_id uuid, line int, entry text, total numeric, free numeric,
    reserved numeric, committed numeric, delivered numeric, shortfall numeric, match_id uuid, allocation int)
"""
_LOCK = f"""
SELECT {_COLUMNS}, kind FROM ledger_line
WHERE city = $1 AND (subject_id, line) IN (SELECT * FROM unnest($2::uuid[], $3::int[]))
ORDER BY subject_id, line FOR UPDATE
"""
_LOCK_SUBJECTS = f"""
SELECT {_COLUMNS}, kind FROM ledger_line WHERE city = $1 AND subject_id = ANY($2::uuid[])
ORDER BY subject_id, line FOR UPDATE
"""
_LIST_OFFERS = """
UPDATE ledger_line AS line SET listed = wanted.listed
FROM (
    SELECT offer.offer_id, offer.state = 'open' AND giver.vetting IS NOT DISTINCT FROM 'approved' AS listed
    FROM offer LEFT JOIN stakeholder AS giver ON giver.city = offer.city AND giver.stakeholder_id = offer.stakeholder_id
    WHERE offer.city = $1 AND offer.offer_id = ANY($2::uuid[])) AS wanted
WHERE line.city = $1 AND line.subject_id = wanted.offer_id AND line.listed <> wanted.listed
"""
_LIST_NEEDS = """
UPDATE ledger_line AS line SET listed = need.state = 'open'
FROM need
WHERE need.city = $1 AND need.need_id = ANY($2::uuid[]) AND line.city = need.city AND line.subject_id = need.need_id
    AND line.listed <> (need.state = 'open')
"""
_DESCRIBE = """
UPDATE ledger_line AS line SET kind = row.kind, unit = row.unit, capability = row.capability,
    open_ended = row.open_ended
FROM jsonb_to_recordset($2::jsonb->'rows') AS row (subject_id uuid, line int, kind text, unit text, capability text,
    open_ended boolean)
WHERE line.city = $1 AND line.subject_id = row.subject_id AND line.line = row.line
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A locked line: its balance and the kind it is of."""

    balance: Balance
    kind: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A posting and the allocation it was made for (None for what is asked or offered)."""

    posting: Posting
    match_id: UUID | None = None
    allocation: int | None = None


class LedgerStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open_lines(self, scope: Scope, line_of: LineOf, lines: Sequence[tuple[UUID, int, Line]]) -> set[LineKey]:
        """Makes empty lines for a need or for an offer (listed once its giver is checked); returns those made."""
        records = [_described(subject_id, index, line) | {"listed": True} for subject_id, index, line in lines]
        found = await self._connection.fetch(_OPEN, scope.city, line_of, rows(records))
        return {(row["subject_id"], row["line"]) for row in found}

    async def describe(self, scope: Scope, lines: Sequence[tuple[UUID, int, Line]]) -> None:
        """Notes what lines are about now. Balances are not touched."""
        records = [_described(subject_id, index, line) for subject_id, index, line in lines]
        await self._connection.execute(_DESCRIBE, scope.city, rows(records))

    async def lock(self, scope: Scope, keys: Collection[LineKey]) -> dict[LineKey, Held]:
        """These lines, locked in the one order everybody uses."""
        found = await self._connection.fetch(_LOCK, scope.city, [key[0] for key in keys], [key[1] for key in keys])
        return {(row["subject_id"], row["line"]): _held(row) for row in found}

    async def lock_subjects(self, scope: Scope, subjects: Collection[UUID]) -> dict[LineKey, Held]:
        """Every line of these needs or offers, locked in the one order everybody uses."""
        found = await self._connection.fetch(_LOCK_SUBJECTS, scope.city, list(subjects))
        return {(row["subject_id"], row["line"]): _held(row) for row in found}

    async def post(self, scope: Scope, entered: Sequence[Entered], now: datetime) -> None:
        """Appends postings; each line touched goes up one version. Lock the lines first."""
        if not entered:
            return
        records = [_record(one) for one in entered]
        await self._connection.execute(_POST, scope.city, rows(records), now)

    async def list_offers(self, scope: Scope, offers: Collection[UUID]) -> None:
        """Makes lines candidates or not, as their offer is open and its giver checked."""
        await self._connection.execute(_LIST_OFFERS, scope.city, list(offers))

    async def list_needs(self, scope: Scope, needs: Collection[UUID]) -> None:
        """Makes lines candidates or not, as their need is open."""
        await self._connection.execute(_LIST_NEEDS, scope.city, list(needs))

    async def shortfalls(self, scope: Scope, subjects: Collection[UUID]) -> dict[LineKey, Decimal]:
        """Lines of these offers on which more is allocated than there is, and how much more."""
        if not subjects:
            return {}
        found = await self._connection.fetch(
            "SELECT subject_id, line, shortfall FROM ledger_line"
            " WHERE city = $1 AND subject_id = ANY($2::uuid[]) AND shortfall > 0",
            scope.city,
            list(subjects),
        )
        return {(row["subject_id"], row["line"]): row["shortfall"] for row in found}

    async def of_subject(self, scope: Scope, subject_id: UUID) -> list[Balance]:
        """The balances of a need's or offer's lines."""
        found = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM ledger_line WHERE city = $1 AND subject_id = $2 ORDER BY line",
            scope.city,
            subject_id,
        )
        return [_balance(row) for row in found]

    async def postings(self, scope: Scope, subject_id: UUID, limit: int = 200) -> list[dict[str, Any]]:
        """The newest postings of a need or offer, newest first."""
        found = await self._connection.fetch(
            "SELECT line, entry, total, free, reserved, committed, delivered, shortfall, match_id, posted_at"
            " FROM posting WHERE city = $1 AND subject_id = $2 ORDER BY posting_id DESC LIMIT $3",
            scope.city,
            subject_id,
            limit,
        )
        return [dict(row) for row in found]


def _described(subject_id: UUID, index: int, line: Line) -> dict[str, Any]:
    return {
        "subject_id": subject_id,
        "line": index,
        "kind": line.kind,
        "unit": line.unit,
        "capability": line.capability,
        "open_ended": line.quantity is None,
    }


def _record(one: Entered) -> dict[str, Any]:
    posting = one.posting
    return {
        "subject_id": posting.subject_id,
        "line": posting.line,
        "entry": posting.entry,
        "total": posting.total,
        "free": posting.free,
        "reserved": posting.reserved,
        "committed": posting.committed,
        "delivered": posting.delivered,
        "shortfall": posting.shortfall,
        "match_id": one.match_id,
        "allocation": one.allocation,
    }


def _held(row: asyncpg.Record) -> Held:
    return Held(_balance(row), row["kind"])


def _balance(row: asyncpg.Record) -> Balance:
    amounts: dict[str, Decimal] = {
        name: row[name] for name in ("total", "free", "reserved", "committed", "delivered", "shortfall")
    }
    return Balance(
        row["line_of"], row["subject_id"], row["line"], row["unit"], row["version"], row["open_ended"], **amounts
    )
