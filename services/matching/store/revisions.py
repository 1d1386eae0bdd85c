"""The queue of what has to be looked at again; a row is written with the change that asks for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope

_ASK = """
INSERT INTO revision (city, subject, subject_id, widen, since, looked)
SELECT $1, $2, unnest($3::uuid[]), $4, $5, $6
"""
_TAKEN = """
    RETURNING city, subject, subject_id, widen)
SELECT city, subject, subject_id, bool_or(widen) AS widen FROM taken GROUP BY city, subject, subject_id
"""
_TAKE_ONE = f"""
WITH first AS MATERIALIZED (
    SELECT city, subject, subject_id FROM revision WHERE NOT looked ORDER BY ticket LIMIT 1 FOR UPDATE SKIP LOCKED),
taken AS (
    DELETE FROM revision WHERE ticket IN (
        SELECT ticket FROM revision JOIN first USING (city, subject, subject_id) WHERE NOT looked
        ORDER BY ticket FOR UPDATE OF revision SKIP LOCKED)
{_TAKEN}"""
_TAKE_LOOKED = f"""
WITH taken AS (
    DELETE FROM revision WHERE ticket IN (
        SELECT ticket FROM revision
        WHERE looked AND city = (SELECT city FROM revision WHERE looked ORDER BY ticket LIMIT 1)
        ORDER BY ticket LIMIT $1 FOR UPDATE SKIP LOCKED)
{_TAKEN}"""
_POSTPONE = """
WITH oldest AS (
    DELETE FROM revision WHERE ticket IN (SELECT min(ticket) FROM revision GROUP BY looked)
    RETURNING city, subject, subject_id, widen, since, looked)
INSERT INTO revision (city, subject, subject_id, widen, since, looked) SELECT * FROM oldest
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
        looked: bool = False,
    ) -> None:
        """Asks for another look at these; with ``widen`` because something became free or new.

        ``looked``: their matches were looked at already, only to propose is left.
        """
        for subject, ids in (("need", needs), ("offer", offers)):
            if ids:
                await self._connection.execute(_ASK, scope.city, subject, sorted(ids), widen, now, looked)

    async def take_one(self) -> Batch | None:
        """Takes what was asked about one need or offer, the oldest that no other instance is at; None = nothing."""
        return _batch(await self._connection.fetch(_TAKE_ONE))

    async def take_looked(self, limit: int) -> Batch | None:
        """Takes up to ``limit`` requests of one city whose matches were looked at; None when there are none."""
        return _batch(await self._connection.fetch(_TAKE_LOOKED, limit))

    async def postpone_oldest(self) -> None:
        """Puts the oldest requests at the end, so that one that fails does not hold up the others."""
        await self._connection.execute(_POSTPONE)


def _batch(found: Sequence[asyncpg.Record]) -> Batch | None:
    if not found:
        return None
    return Batch(
        Scope(found[0]["city"], "revision"),
        frozenset(row["subject_id"] for row in found if row["subject"] == "need"),
        frozenset(row["subject_id"] for row in found if row["subject"] == "offer"),
        frozenset(row["subject_id"] for row in found if row["widen"]),
    )
