"""Offers: written one by one, read by stakeholder, need and cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.values import Line
from services.intake.domain.needs import NeedContent
from services.intake.domain.offers import Offer, OfferContent

_COLUMNS = (
    "o.offer_id, o.version, o.state, o.content::text AS content, s.account_manager_id, o.submitted_digest,"
    " o.received_by, o.received_at, o.changed_at, o.on_behalf_note, o.closing_reason"
)
_FROM = "FROM offer o JOIN stakeholder s USING (city, stakeholder_id)"

_INSERT = """
INSERT INTO offer (city, offer_id, version, state, stakeholder_id, external_ref, answers_need_id, valid_until, content,
                   submitted_digest, on_behalf_note, received_by, received_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
ON CONFLICT (city, stakeholder_id, external_ref) DO NOTHING RETURNING true
"""

_UPDATE = """
UPDATE offer SET version = $3, state = $4, answers_need_id = $5, valid_until = $6, content = $7, submitted_digest = $8,
    closing_reason = $9, changed_at = $10
WHERE city = $1 AND offer_id = $2
"""

_LOOK_UP = """
SELECT s.vetting, s.account_manager_id, n.state AS need_state, n.content::text AS need,
       ARRAY(SELECT stakeholder_id FROM stakeholder
             WHERE city = $1 AND stakeholder_id = ANY ($4::uuid[])) AS stakeholders,
       ARRAY(SELECT code FROM department WHERE city = $1 AND code = ANY ($5::text[])) AS departments
FROM (SELECT) AS one
LEFT JOIN stakeholder s ON s.city = $1 AND s.stakeholder_id = $2
LEFT JOIN need n ON n.city = $1 AND n.need_id = $3
"""

_LIST = f"""
SELECT {_COLUMNS} {_FROM}
WHERE o.city = $1 AND ($2::uuid[] IS NULL OR o.stakeholder_id = ANY ($2)) AND ($3::text IS NULL OR o.state = $3)
    AND ($4::uuid IS NULL OR o.answers_need_id = $4) AND ($5::text IS NULL OR o.external_ref = $5)
    AND ($6::text IS NULL OR EXISTS (SELECT FROM need n WHERE n.city = o.city AND n.need_id = o.answers_need_id
                                     AND n.department = $6))
    AND ($7::uuid IS NULL OR o.offer_id < $7)
ORDER BY o.offer_id DESC LIMIT $8
"""


@dataclass(frozen=True)
class OfferContext:
    """What an offer refers to. ``vetting`` is None for an unknown stakeholder, ``need_state`` for an unknown need."""

    vetting: str | None
    account_manager_id: str | None
    need_state: str | None
    need: NeedContent | None
    stakeholders: frozenset[UUID]
    departments: frozenset[str]

    @property
    def need_lines(self) -> tuple[Line, ...]:
        return self.need.lines if self.need else ()


@dataclass(frozen=True)
class OfferFilter:
    """Which offers are asked for; None = any."""

    stakeholders: Sequence[UUID] | None = None
    state: str | None = None
    answers_need_id: UUID | None = None
    external_ref: str | None = None
    department: str | None = None
    before: UUID | None = None
    limit: int = 50


class Offers:
    """The table ``offer``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def context(self, scope: Scope, content: OfferContent) -> OfferContext:
        """Everything that taking an offer must know, in one round trip."""
        row = await self._connection.fetchrow(
            _LOOK_UP,
            scope.city,
            content.stakeholder_id,
            content.answers_need_id,
            [*(partner.stakeholder_id for partner in content.partners), *content.excluded_receivers],
            list(content.excluded_departments),
        )
        assert row is not None
        return OfferContext(
            row["vetting"],
            row["account_manager_id"],
            row["need_state"],
            NeedContent.model_validate_json(row["need"]) if row["need"] else None,
            frozenset(row["stakeholders"]),
            frozenset(row["departments"]),
        )

    async def insert(self, scope: Scope, offer: Offer) -> bool:
        """Keeps a new offer; False when its stakeholder has used this ``external_ref`` already."""
        content = offer.content
        return bool(
            await self._connection.fetchval(
                _INSERT,
                scope.city,
                offer.offer_id,
                offer.version,
                offer.state,
                content.stakeholder_id,
                content.external_ref,
                content.answers_need_id,
                content.valid_until,
                _json(content),
                offer.submitted_digest,
                offer.on_behalf_note,
                offer.received_by,
                offer.received_at,
            )
        )

    async def update(self, scope: Scope, offer: Offer) -> None:
        """Keeps an offer whose row this transaction has locked."""
        await self._connection.execute(
            _UPDATE,
            scope.city,
            offer.offer_id,
            offer.version,
            offer.state,
            offer.content.answers_need_id,
            offer.content.valid_until,
            _json(offer.content),
            offer.submitted_digest,
            offer.closing_reason,
            offer.changed_at,
        )

    async def get(self, scope: Scope, offer_id: UUID, *, lock: bool = False) -> Offer | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} {_FROM} WHERE o.city = $1 AND o.offer_id = $2{' FOR UPDATE OF o' if lock else ''}",
            scope.city,
            offer_id,
        )
        return _offer(row) if row else None

    async def by_reference(self, scope: Scope, stakeholder_id: UUID, external_ref: str) -> Offer | None:
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} {_FROM} WHERE o.city = $1 AND o.stakeholder_id = $2 AND o.external_ref = $3",
            scope.city,
            stakeholder_id,
            external_ref,
        )
        return _offer(row) if row else None

    async def find(self, scope: Scope, wanted: OfferFilter) -> list[Offer]:
        """Newest first, one more than ``limit`` when there are more."""
        rows = await self._connection.fetch(
            _LIST,
            scope.city,
            wanted.stakeholders,
            wanted.state,
            wanted.answers_need_id,
            wanted.external_ref,
            wanted.department,
            wanted.before,
            wanted.limit + 1,
        )
        return [_offer(row) for row in rows]

    async def cities_with_due(self, now: datetime) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT DISTINCT city FROM offer WHERE state = 'open' AND valid_until <= $1", now
        )
        return [row["city"] for row in rows]

    async def due(self, scope: Scope, now: datetime, limit: int) -> Iterable[Offer]:
        """Open offers past their time, locked."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} {_FROM} WHERE o.city = $1 AND o.state = 'open' AND o.valid_until <= $2"
            " ORDER BY o.valid_until LIMIT $3 FOR UPDATE OF o SKIP LOCKED",
            scope.city,
            now,
            limit,
        )
        return [_offer(row) for row in rows]


def _json(content: OfferContent) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(content.model_dump_json(exclude_none=True))
    return document


def _offer(row: Any) -> Offer:
    return Offer(
        offer_id=row["offer_id"],
        version=row["version"],
        state=row["state"],
        content=OfferContent.model_validate_json(row["content"]),
        account_manager_id=row["account_manager_id"],
        submitted_digest=row["submitted_digest"],
        received_by=row["received_by"],
        received_at=row["received_at"],
        changed_at=row["changed_at"],
        on_behalf_note=row["on_behalf_note"],
        closing_reason=row["closing_reason"],
    )
