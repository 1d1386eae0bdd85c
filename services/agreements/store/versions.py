"""What a file said after each change, as long as it could be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.file import AgreementFile


class SavedVersion(BaseModel):
    """One version that a redline can start from or lead to; `act` is the change that made it."""

    version: int
    saved_at: datetime
    act: str


class Versions:
    """Versions are added, never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, scope: Scope, file: AgreementFile, now: datetime, act: str) -> None:
        await self._connection.execute(
            "INSERT INTO file_version (city, agreement_id, version, saved_at, act, content)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            scope.city,
            file.agreement_id,
            file.version,
            now,
            act,
            file.model_dump(mode="json"),
        )

    async def of(
        self, scope: Scope, agreement_id: UUID, before: list[Any] | None = None, limit: int = 50
    ) -> list[SavedVersion]:
        """Versions that have an instrument, the newest first, at most `limit + 1`; `before` is (version,)."""
        rows = await self._connection.fetch(
            "SELECT version, saved_at, act FROM file_version WHERE city = $1 AND agreement_id = $2"
            " AND content ->> 'instrument' IS NOT NULL AND ($3::integer IS NULL OR version < $3)"
            " ORDER BY version DESC LIMIT $4",
            scope.city,
            agreement_id,
            before[0] if before else None,
            limit + 1,
        )
        return [SavedVersion(**dict(row)) for row in rows]

    async def one(self, scope: Scope, agreement_id: UUID, version: int) -> tuple[AgreementFile, datetime] | None:
        """The file as it was, and when it became so."""
        row = await self._connection.fetchrow(
            "SELECT content, saved_at FROM file_version WHERE city = $1 AND agreement_id = $2 AND version = $3",
            scope.city,
            agreement_id,
            version,
        )
        return (AgreementFile.model_validate(row["content"]), row["saved_at"]) if row else None
