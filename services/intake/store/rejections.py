"""Submissions that could not be taken, with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.departments import SubmissionRejected
from contracts.values import FieldError

_INSERT = """
INSERT INTO rejected_submission (city, rejection_id, answer_key, answer, submission_id, submission_source,
    submission_type, external_ref, department, errors, rejected_at)
SELECT $1, $2, $3, coalesce(max(answer), 0) + 1, $4, $5, $6, $7, $8, $9, $10
FROM rejected_submission WHERE city = $1 AND answer_key = $3
RETURNING answer
"""


@dataclass(frozen=True)
class Rejection:
    """A submission that was not taken."""

    rejection_id: UUID
    submission_id: str
    submission_source: str
    submission_type: str
    external_ref: str | None
    department: str | None
    errors: tuple[FieldError, ...]
    rejected_at: datetime


class Rejections:
    """The table ``rejected_submission``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, scope: Scope, key: str, event: SubmissionRejected, now: datetime) -> int:
        """Keeps it and returns the running number of the answers under ``key``."""
        return int(
            await self._connection.fetchval(
                _INSERT,
                scope.city,
                event.rejection_id,
                key,
                event.submission_id,
                event.submission_source,
                event.submission_type,
                event.external_ref,
                event.department,
                [error.model_dump() for error in event.errors],
                now,
            )
        )

    async def find(self, scope: Scope, department: str | None, before: UUID | None, limit: int) -> list[Rejection]:
        """Newest first, one more than ``limit`` when there are more; of one department or all."""
        rows = await self._connection.fetch(
            "SELECT rejection_id, submission_id, submission_source, submission_type, external_ref, department, errors,"
            " rejected_at FROM rejected_submission WHERE city = $1 AND ($2::text IS NULL OR department = $2)"
            " AND ($3::uuid IS NULL OR rejection_id < $3) ORDER BY rejection_id DESC LIMIT $4",
            scope.city,
            department,
            before,
            limit + 1,
        )
        return [_rejection(row) for row in rows]


def _rejection(row: Any) -> Rejection:
    values = dict(row)
    values["errors"] = tuple(FieldError.model_validate(error) for error in values["errors"])
    return Rejection(**values)
