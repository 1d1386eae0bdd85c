"""The steps of matches: appended with each decision, read by whoever comes late or takes one back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.matching.domain.history import Memento, Taken
from services.matching.store.rows import rows

_NOTE = """
INSERT INTO match_step (city, match_id, version, act, at, party_id, by, channel, note, reason_code,
    before)
SELECT $1, match_id, version, act, at, party_id, by, channel, note, reason_code, before
FROM jsonb_to_recordset($2::jsonb->'rows') AS row (match_id uuid, version int, act text, at timestamptz, party_id text,
    by text, channel text, note text, reason_code text, before jsonb)
"""
# What was taken back does not count, nor does the taking back: the step before it is the last one again.
_LAST = """
SELECT DISTINCT ON (match_id) match_id, version, act, at, party_id, by, channel, note, reason_code, before
FROM match_step WHERE city = $1 AND match_id = ANY($2::uuid[]) AND NOT undone AND act <> 'undo'
ORDER BY match_id, version DESC
"""
_UNDO = "UPDATE match_step SET undone = true WHERE city = $1 AND match_id = $2 AND version = $3"
_SINCE = """
SELECT step.version, step.act, step.at, step.party_id, step.by, step.channel, step.note, step.reason_code,
    step.undone, party.name, party.role, party.department
FROM match_step AS step
LEFT JOIN match_party AS party ON party.city = step.city AND party.match_id = step.match_id
    AND party.party_id = step.party_id
WHERE step.city = $1 AND step.match_id = $2 AND step.version > $3 ORDER BY step.version
"""


class HistoryStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, scope: Scope, steps: Sequence[tuple[UUID, Taken]]) -> None:
        """Appends steps. One that takes another back marks it as undone separately (:meth:`undo`)."""
        if steps:
            await self._connection.execute(_NOTE, scope.city, rows(_row(*one) for one in steps))

    async def last(self, scope: Scope, ids: Collection[UUID]) -> Mapping[UUID, Taken]:
        """The last step of each match that stands."""
        found = await self._connection.fetch(_LAST, scope.city, list(ids))
        return {row["match_id"]: _taken(row) for row in found}

    async def undo(self, scope: Scope, match_id: UUID, version: int) -> None:
        """The step at ``version`` was taken back."""
        await self._connection.execute(_UNDO, scope.city, match_id, version)

    async def since(self, scope: Scope, match_id: UUID, version: int) -> list[dict[str, Any]]:
        """What happened to the match after ``version``, oldest first, with the names of the parties."""
        return [dict(row) for row in await self._connection.fetch(_SINCE, scope.city, match_id, version)]


def _row(match_id: UUID, taken: Taken) -> dict[str, Any]:
    return {
        "match_id": match_id,
        "version": taken.version,
        "act": taken.act,
        "at": taken.at,
        "party_id": taken.party_id,
        "by": taken.by,
        "channel": taken.channel,
        "note": taken.note,
        "reason_code": taken.reason_code,
        "before": taken.before.model_dump(mode="json") if taken.before else None,
    }


def _taken(row: asyncpg.Record) -> Taken:
    return Taken(
        version=row["version"],
        act=row["act"],
        at=row["at"],
        party_id=row["party_id"],
        by=row["by"],
        channel=row["channel"],
        note=row["note"],
        reason_code=row["reason_code"],
        before=Memento.model_validate(row["before"]) if row["before"] else None,
    )
