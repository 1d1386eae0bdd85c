"""The queue of what has to be looked at again; a row is written with the change that asks for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope

_ASK = """
INSERT INTO revision (city, subject, subject_id, widen, since)
SELECT $1, $2, unnest($3::uuid[]), $4, $5
"""
_TAKE = """
WITH taken AS (
    DELETE FROM revision WHERE ticket IN (
        SELECT ticket FROM revision WHERE city = (SELECT city FROM revision ORDER BY ticket LIMIT 1)
        ORDER BY ticket LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING city, subject, subject_id, widen)
SELECT city, subject, subject_id, bool_or(widen) AS widen FROM taken GROUP BY city, subject, subject_id
"""

_POSTPONE = """
WITH oldest AS (
    DELETE FROM revision WHERE ticket = (SELECT min(ticket) FROM revision)
    RETURNING city, subject, subject_id, widen, since)
INSERT INTO revision (city, subject, subject_id, widen, since) SELECT * FROM oldest
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Needs and offers of one city to look at again; for ``wider`` ones further proposals are looked for too."""

    scope: Scope
    needs: frozenset[UUID]
    offers: frozenset[UUID]
    wider: frozenset[UUID]


class RevisionStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ask(
        self,
        scope: Scope,
        now: datetime,
        *,
        needs: Collection[UUID] = (),
        offers: Collection[UUID] = (),
        widen: bool = False,
    ) -> None:
        """Asks for another look at these; with ``widen`` because something became free or new."""
        for subject, ids in (("need", needs), ("offer", offers)):
            if ids:
                await self._connection.execute(_ASK, scope.city, subject, sorted(ids), widen, now)

    async def take(self, limit: int) -> Batch | None:
        """Takes the oldest requests of one city that no other instance is at; None when there are none."""
        found = await self._connection.fetch(_TAKE, limit)
        if not found:
            return None
        return Batch(
            Scope(found[0]["city"], "revision"),
            frozenset(row["subject_id"] for row in found if row["subject"] == "need"),
            frozenset(row["subject_id"] for row in found if row["subject"] == "offer"),
            frozenset(row["subject_id"] for row in found if row["widen"]),
        )

    async def postpone_oldest(self) -> None:
        """Puts the oldest request at the end, so that one that fails does not hold up the others."""
        await self._connection.execute(_POSTPONE)
