"""Files of agreements: load, save, list."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.agreements.domain.closing import deadline
from services.agreements.domain.file import AgreementFile

NEVER = date(2999, 12, 31)
"""Sorts after every deadline. Not ``date.max``: asyncpg sends that as infinity."""


class Happening(BaseModel):
    """One line of a file's history. `actor` is an account's subject; `position` grows with every line."""

    position: int
    version: int
    at: datetime
    actor: str
    act: str
    note: str | None


class Files:
    """The aggregate and its history."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, scope: Scope, file: AgreementFile) -> bool:
        """False when the match has this one of its files already."""
        values = _columns(file) | {
            "part": file.part,
            "match_id": file.match_id,
            "need_id": file.need_id,
            "drafted_at": file.drafted_at,
            "updated_at": file.drafted_at,
        }
        places = ", ".join(f"${number}" for number in range(3, len(values) + 3))
        return bool(
            await self._connection.fetchval(
                f"INSERT INTO agreement (city, agreement_id, {', '.join(values)}) VALUES ($1, $2, {places})"
                " ON CONFLICT (city, match_id, part) DO NOTHING RETURNING true",
                scope.city,
                file.agreement_id,
                *values.values(),
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

    async def of_match(self, scope: Scope, match_id: UUID) -> list[AgreementFile]:
        """All files of the match, locked in one order: which of them ends last is decided by one at a time."""
        rows = await self._connection.fetch(
            "SELECT content FROM agreement WHERE city = $1 AND match_id = $2 ORDER BY part FOR UPDATE",
            scope.city,
            match_id,
        )
        return [AgreementFile.model_validate(row["content"]) for row in rows]

    async def of_match_now(self, scope: Scope, match_id: UUID) -> list[AgreementFile]:
        """As `of_match`, not locked."""
        rows = await self._connection.fetch(
            "SELECT content FROM agreement WHERE city = $1 AND match_id = $2 ORDER BY part", scope.city, match_id
        )
        return [AgreementFile.model_validate(row["content"]) for row in rows]

    async def read(self, scope: Scope, agreement_id: UUID) -> AgreementFile | None:
        """The file, not locked."""
        return _file(
            await self._connection.fetchrow(
                "SELECT content FROM agreement WHERE city = $1 AND agreement_id = $2", scope.city, agreement_id
            )
        )

    async def save(self, scope: Scope, file: AgreementFile, now: datetime, open_checks: int | None = None) -> None:
        """Writes a file that `load` has locked."""
        values = _columns(file) | {"updated_at": now, "open_checks": open_checks}
        sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, start=3))
        await self._connection.execute(
            f"UPDATE agreement SET {sets} WHERE city = $1 AND agreement_id = $2",
            scope.city,
            file.agreement_id,
            *values.values(),
        )

    async def due(
        self, today: date, over_before: date, after: tuple[str, UUID] | None, limit: int
    ) -> list[tuple[str, UUID]]:
        """What the calendar has to move, in every city, as (city, agreement id), in that order after `after`.

        Those that begin, end or go on by today, and those whose last day was before `over_before`.
        """
        rows = await self._connection.fetch(
            "SELECT city, agreement_id FROM agreement WHERE ((state = 'signed' AND valid_from <= $1)"
            " OR ends_on <= $1 OR suspended_until <= $1"
            " OR (valid_to < $2 AND state IN ('signed', 'active', 'suspended')))"
            " AND ($3::text IS NULL OR (city, agreement_id) > ($3, $4::uuid))"
            " ORDER BY city, agreement_id LIMIT $5",
            today,
            over_before,
            after[0] if after else None,
            after[1] if after else None,
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


def _columns(file: AgreementFile) -> dict[str, Any]:
    """What is kept beside the content, for lists, keys and CHECKs."""
    number = str(file.protocol) if file.protocol else ""
    return {
        "version": file.version,
        "state": file.state,
        "department": file.department,
        "stakeholder_ids": list(file.stakeholder_ids),
        "account_manager_id": file.account_manager_id,
        "title": file.title,
        "instrument": file.instrument,
        "protocol_year": file.protocol.year if file.protocol else None,
        "protocol_number": file.protocol.number if file.protocol else None,
        "valid_from": file.valid_from,
        "valid_to": file.valid_to,
        "ends_on": file.ends_on,
        "suspended_until": file.suspended_until,
        "amendment": file.amendment.state if file.amendment else None,
        "value_cents": file.value_cents,
        "triangulation": file.triangulation,
        "party_names": [party.name for party in file.parties],
        "due_on": file.next_step.due_on if file.next_step else None,
        "owner": file.next_step.owner if file.next_step else None,
        "deadline": deadline(file) or NEVER,
        "words": " ".join([file.title, *(party.name for party in file.parties), number]).strip().lower(),
        "content": file.model_dump(mode="json"),
    }
