"""Files of agreements: load, save, list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.file import AgreementFile


class Happening(BaseModel):
    """One line of a file's history. `actor` is an account's subject; `position` grows with every line."""

    position: int
    version: int
    at: datetime
    actor: str
    act: str
    note: str | None


@dataclass(frozen=True)
class Wanted:
    """What a list of files is narrowed to; None = everything. `readable_by` limits a partner to its own."""

    states: tuple[str, ...] | None = None
    need_id: UUID | None = None
    match_id: UUID | None = None
    instrument: str | None = None
    words: str | None = None
    department: str | None = None
    readable_by: tuple[UUID, ...] | None = None


@dataclass(frozen=True)
class Queued:
    """A file in the desk's queue, and since when it has not moved."""

    file: AgreementFile
    updated_at: datetime


class Files:
    """The aggregate and its history."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, scope: Scope, file: AgreementFile) -> bool:
        """False when the match has a file already."""
        return bool(
            await self._connection.fetchval(
                "INSERT INTO agreement (city, agreement_id, version, state, match_id, need_id, department,"
                " stakeholder_ids, account_manager_id, title, drafted_at, updated_at, content)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)"
                " ON CONFLICT (city, match_id) DO NOTHING RETURNING true",
                scope.city,
                file.agreement_id,
                file.version,
                file.state,
                file.match_id,
                file.need_id,
                file.department,
                list(file.stakeholder_ids),
                file.account_manager_id,
                file.title,
                file.drafted_at,
                file.model_dump(mode="json"),
            )
        )

    async def load(self, scope: Scope, agreement_id: UUID) -> AgreementFile | None:
        """The file, locked until the transaction ends: whoever changes it comes first, the outbox last."""
        return _file(
            await self._connection.fetchrow(
                "SELECT content FROM agreement WHERE city = $1 AND agreement_id = $2 FOR UPDATE",
                scope.city,
                agreement_id,
            )
        )

    async def load_by_match(self, scope: Scope, match_id: UUID) -> AgreementFile | None:
        """As `load`, by the match."""
        return _file(
            await self._connection.fetchrow(
                "SELECT content FROM agreement WHERE city = $1 AND match_id = $2 FOR UPDATE", scope.city, match_id
            )
        )

    async def read(self, scope: Scope, agreement_id: UUID) -> AgreementFile | None:
        """The file, not locked."""
        return _file(
            await self._connection.fetchrow(
                "SELECT content FROM agreement WHERE city = $1 AND agreement_id = $2", scope.city, agreement_id
            )
        )

    async def save(self, scope: Scope, file: AgreementFile, now: datetime) -> None:
        """Writes a file that `load` has locked."""
        await self._connection.execute(
            "UPDATE agreement SET version = $3, state = $4, instrument = $5, protocol_year = $6,"
            " protocol_number = $7, valid_from = $8, updated_at = $9, content = $10"
            " WHERE city = $1 AND agreement_id = $2",
            scope.city,
            file.agreement_id,
            file.version,
            file.state,
            file.instrument,
            file.protocol.year if file.protocol else None,
            file.protocol.number if file.protocol else None,
            file.valid_from,
            now,
            file.model_dump(mode="json"),
        )

    async def listed(self, scope: Scope, wanted: Wanted, after: list[Any] | None, limit: int) -> list[AgreementFile]:
        """Newest first, at most `limit + 1`; `after` is (drafted_at, agreement_id) of the last one shown."""
        rows = await self._connection.fetch(
            "SELECT content FROM agreement WHERE city = $1"
            " AND ($2::text[] IS NULL OR state = ANY($2)) AND ($3::uuid IS NULL OR need_id = $3)"
            " AND ($4::uuid IS NULL OR match_id = $4) AND ($5::text IS NULL OR instrument = $5)"
            " AND ($6::text IS NULL OR strpos(lower(title), lower($6)) > 0)"
            " AND ($7::text IS NULL OR department = $7) AND ($8::uuid[] IS NULL OR stakeholder_ids && $8)"
            " AND ($9::timestamptz IS NULL OR (drafted_at, agreement_id) < ($9, $10))"
            " ORDER BY drafted_at DESC, agreement_id DESC LIMIT $11",
            scope.city,
            list(wanted.states) if wanted.states is not None else None,
            wanted.need_id,
            wanted.match_id,
            wanted.instrument,
            wanted.words,
            wanted.department,
            list(wanted.readable_by) if wanted.readable_by is not None else None,
            after[0] if after else None,
            after[1] if after else None,
            limit + 1,
        )
        return [AgreementFile.model_validate(row["content"]) for row in rows]

    async def queue(self, scope: Scope, wanted: Wanted, skip: int, limit: int) -> list[Queued]:
        """What waits for somebody comes first, the longest wait first; at most `limit + 1`."""
        rows = await self._connection.fetch(
            "SELECT content, updated_at FROM agreement WHERE city = $1"
            " AND ($2::text[] IS NULL OR state = ANY($2)) AND ($3::text IS NULL OR instrument = $3)"
            " AND ($4::text IS NULL OR strpos(lower(title), lower($4)) > 0)"
            " AND ($5::text IS NULL OR department = $5) AND ($6::uuid[] IS NULL OR stakeholder_ids && $6)"
            " ORDER BY array_position(ARRAY['in_review', 'approved', 'signing', 'drafted', 'suspended', 'signed',"
            " 'active', 'completed', 'terminated', 'rejected'], state), updated_at, agreement_id"
            " OFFSET $7 LIMIT $8",
            scope.city,
            list(wanted.states) if wanted.states is not None else None,
            wanted.instrument,
            wanted.words,
            wanted.department,
            list(wanted.readable_by) if wanted.readable_by is not None else None,
            skip,
            limit + 1,
        )
        return [Queued(AgreementFile.model_validate(row["content"]), row["updated_at"]) for row in rows]

    async def due(self, today: date, limit: int) -> list[tuple[str, UUID]]:
        """Signed agreements of every city whose first day has come, as (city, agreement id)."""
        rows = await self._connection.fetch(
            "SELECT city, agreement_id FROM agreement WHERE state = 'signed' AND valid_from <= $1"
            " ORDER BY valid_from LIMIT $2",
            today,
            limit,
        )
        return [(row["city"], row["agreement_id"]) for row in rows]

    async def note(self, scope: Scope, file: AgreementFile, now: datetime, act: str, note: str | None = None) -> None:
        """One more line of the file's history."""
        await self._connection.execute(
            "INSERT INTO history (city, agreement_id, version, at, actor, act, note)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            scope.city,
            file.agreement_id,
            file.version,
            now,
            scope.actor,
            act,
            note,
        )

    async def history(self, scope: Scope, agreement_id: UUID, after: list[Any] | None, limit: int) -> list[Happening]:
        """What happened to the file, newest first, at most `limit + 1`; `after` is (position,) of the last shown."""
        rows = await self._connection.fetch(
            "SELECT position, version, at, actor, act, note FROM history WHERE city = $1 AND agreement_id = $2"
            " AND ($3::int IS NULL OR position < $3) ORDER BY position DESC LIMIT $4",
            scope.city,
            agreement_id,
            after[0] if after else None,
            limit + 1,
        )
        return [Happening(**dict(row)) for row in rows]


def _file(row: Any) -> AgreementFile | None:
    return AgreementFile.model_validate(row["content"]) if row else None
