"""What amendments need: the revisions of their documents, and what is known to be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.values import Allocation
from services.agreements.store.documents import PDF

LineKey = tuple[UUID, int, int | None]


class Amendments:
    """Documents are only ever added; deliveries are sums."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_revision(
        self,
        scope: Scope,
        agreement_id: UUID,
        amendment: int,
        revision: int,
        sha256: str,
        content: bytes,
        now: datetime,
        media_type: str = PDF,
        origin: Literal["system", "outside"] = "system",
    ) -> None:
        """Revision 0 is the approved document, each signature brings the next."""
        await self._connection.execute(
            "INSERT INTO amendment_revision (city, agreement_id, amendment, revision, sha256, content, made_at,"
            " media_type, origin) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            scope.city,
            agreement_id,
            amendment,
            revision,
            sha256,
            content,
            now,
            media_type,
            origin,
        )

    async def approved(self, scope: Scope, agreement_id: UUID, amendment: int) -> bytes | None:
        """The amendment's document as it was approved."""
        content: bytes | None = await self._connection.fetchval(
            "SELECT content FROM amendment_revision"
            " WHERE city = $1 AND agreement_id = $2 AND amendment = $3 AND revision = 0",
            scope.city,
            agreement_id,
            amendment,
        )
        return content

    async def latest(self, scope: Scope, agreement_id: UUID, amendment: int) -> tuple[int, bytes] | None:
        """The newest revision and its number."""
        row = await self._connection.fetchrow(
            "SELECT revision, content FROM amendment_revision"
            " WHERE city = $1 AND agreement_id = $2 AND amendment = $3 ORDER BY revision DESC LIMIT 1",
            scope.city,
            agreement_id,
            amendment,
        )
        return (row["revision"], row["content"]) if row else None

    async def deliver(self, scope: Scope, reported: Sequence[tuple[UUID, LineKey, Decimal]]) -> None:
        """Adds what was reported as (agreement, line, difference); a correction may be negative."""
        await self._connection.executemany(
            "INSERT INTO delivered (city, agreement_id, offer_id, offer_line, need_line, quantity)"
            " VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (city, agreement_id, offer_id, offer_line, need_line)"
            " DO UPDATE SET quantity = delivered.quantity + EXCLUDED.quantity",
            [(scope.city, agreement_id, *key, difference) for agreement_id, key, difference in reported],
        )

    async def delivered(
        self, scope: Scope, agreement_id: UUID, allocations: Sequence[Allocation]
    ) -> dict[int, Decimal]:
        """What came of which line so far, by its position; lines of which nothing came are missing."""
        rows = await self._connection.fetch(
            "SELECT offer_id, offer_line, need_line, quantity FROM delivered"
            " WHERE city = $1 AND agreement_id = $2 AND quantity > 0",
            scope.city,
            agreement_id,
        )
        came = {(row["offer_id"], row["offer_line"], row["need_line"]): row["quantity"] for row in rows}
        keys = [(one.offer_id, one.offer_line, one.need_line) for one in allocations]
        return {position: came[key] for position, key in enumerate(keys) if key in came}
