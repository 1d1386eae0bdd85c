"""Plans as people read them: one in full, or a list of those that concern somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.impact.domain.reports import (
    CommitmentReport,
    DeliveryReport,
    MeasurementReport,
    PartyReport,
    PlanReport,
    PlanSummary,
)
from services.impact.store import rows

_PARTIES = """
SELECT p.party_id, p.role, coalesce(s.name, p.name) AS name,
       ARRAY(SELECT k.name FROM stakeholder k WHERE k.city = p.city AND k.stakeholder_id = ANY (p.partners)
             ORDER BY k.name) AS partners
FROM party p LEFT JOIN stakeholder s ON s.city = p.city AND s.stakeholder_id = p.stakeholder_id
WHERE p.city = $1 AND p.plan_id = $2 ORDER BY p.role, name
"""
_COMMITMENTS = f"""
SELECT {rows.COMMITMENT} FROM commitment c LEFT JOIN {rows.DELIVERIES} d USING (city, plan_id, position)
WHERE c.city = $1 AND c.plan_id = $2 GROUP BY c.city, c.plan_id, c.position ORDER BY c.position
"""
_INDICATORS = f"""
SELECT {rows.INDICATOR} FROM planned_indicator i LEFT JOIN measurement_now m USING (city, plan_id, code)
WHERE i.city = $1 AND i.plan_id = $2 GROUP BY i.city, i.plan_id, i.code ORDER BY i.position
"""
_DELIVERIES = """
SELECT d.*, c.offer_id, c.offer_line, c.need_line, c.unit
FROM delivery_now d JOIN commitment c USING (city, plan_id, position)
WHERE d.city = $1 AND d.plan_id = $2 AND ($3::uuid IS NULL OR d.delivery_id = $3) ORDER BY d.plan_version
"""
_MEASUREMENTS = """
SELECT m.*, i.unit FROM measurement_now m JOIN planned_indicator i USING (city, plan_id, code)
WHERE m.city = $1 AND m.plan_id = $2 AND ($3::uuid IS NULL OR m.measurement_id = $3) ORDER BY m.plan_version
"""
_LIST = """
SELECT p.plan_id, p.version, p.state, p.need_id, p.title, p.policy_area, p.department, p.instrument, p.signed_on,
    c.commitments, c.commitments_delivered, c.value_cents, i.indicators, i.indicators_measured
FROM plan p
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS commitments, count(*) FILTER (WHERE delivered >= quantity)::integer
        AS commitments_delivered, coalesce(sum(value), 0)::bigint AS value_cents
    FROM (SELECT k.quantity, coalesce(sum(d.quantity_now), 0) AS delivered,
              least(sum(d.value_now), k.value_cents) AS value
          FROM commitment k LEFT JOIN delivery_now d USING (city, plan_id, position)
          WHERE k.city = p.city AND k.plan_id = p.plan_id GROUP BY k.city, k.plan_id, k.position) one
) c
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS indicators, (count(*) FILTER (WHERE EXISTS (SELECT FROM measurement m
        WHERE m.city = k.city AND m.plan_id = k.plan_id AND m.code = k.code AND m.final)))::integer
        AS indicators_measured
    FROM planned_indicator k WHERE k.city = p.city AND k.plan_id = p.plan_id
) i
WHERE p.city = $1
  AND ($2::text IS NULL OR p.department = $2
       OR EXISTS (SELECT FROM party y WHERE y.city = p.city AND y.plan_id = p.plan_id AND y.department = $2)
       OR p.stakeholder_ids && $3::uuid[])
  AND ($4::text IS NULL OR p.state = $4) AND ($5::uuid IS NULL OR p.need_id = $5)
  AND ($6::date IS NULL OR (p.signed_on, p.plan_id) < ($6, $7::uuid))
ORDER BY p.signed_on DESC, p.plan_id DESC LIMIT $8
"""


@dataclass(frozen=True)
class Reach:
    """Whose plans: those of a department or of stakeholders; with neither, every plan of the city."""

    department: str | None = None
    stakeholders: tuple[UUID, ...] = ()

    @property
    def is_limited(self) -> bool:
        return self.department is not None or bool(self.stakeholders)


class Readings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def plan(self, scope: Scope, plan_id: UUID) -> PlanReport | None:
        row = await self._connection.fetchrow(
            "SELECT plan_id AS agreement_id, * FROM plan WHERE city = $1 AND plan_id = $2", scope.city, plan_id
        )
        if row is None:
            return None
        parties = await self._connection.fetch(_PARTIES, scope.city, plan_id)
        commitments = await self._commitments(scope, plan_id)
        indicators = await self._connection.fetch(_INDICATORS, scope.city, plan_id)
        corrections = await self._connection.fetch(
            "SELECT * FROM correction WHERE city = $1 AND plan_id = $2 ORDER BY plan_version", scope.city, plan_id
        )
        return PlanReport(
            **dict(row),
            value_cents=sum(one.value_cents or 0 for one in commitments),
            parties=[PartyReport(**dict(one)) for one in parties],
            commitments=commitments,
            indicators=[rows.indicator(one) for one in indicators],
            deliveries=await self._deliveries(scope, plan_id),
            measurements=await self._measurements(scope, plan_id),
            corrections=[rows.correction(one) for one in corrections],
        )

    async def delivery(self, scope: Scope, plan_id: UUID, delivery_id: UUID) -> DeliveryReport | None:
        found = await self._deliveries(scope, plan_id, delivery_id)
        return found[0] if found else None

    async def measurement(self, scope: Scope, plan_id: UUID, measurement_id: UUID) -> MeasurementReport | None:
        found = await self._measurements(scope, plan_id, measurement_id)
        return found[0] if found else None

    async def page(
        self,
        scope: Scope,
        reach: Reach,
        *,
        limit: int,
        state: str | None = None,
        need: UUID | None = None,
        after: tuple[date, UUID] | None = None,
    ) -> list[PlanSummary]:
        """Up to ``limit`` plans, the newest signature first, after the position given."""
        found: list[asyncpg.Record] = await self._connection.fetch(
            _LIST,
            scope.city,
            (reach.department or "") if reach.is_limited else None,
            list(reach.stakeholders),
            state,
            need,
            *(after or (None, None)),
            limit,
        )
        return [PlanSummary(**dict(row)) for row in found]

    async def _commitments(self, scope: Scope, plan_id: UUID) -> list[CommitmentReport]:
        return [rows.commitment(row) for row in await self._connection.fetch(_COMMITMENTS, scope.city, plan_id)]

    async def _deliveries(self, scope: Scope, plan_id: UUID, only: UUID | None = None) -> list[DeliveryReport]:
        return [rows.delivery(row) for row in await self._connection.fetch(_DELIVERIES, scope.city, plan_id, only)]

    async def _measurements(self, scope: Scope, plan_id: UUID, only: UUID | None = None) -> list[MeasurementReport]:
        found = await self._connection.fetch(_MEASUREMENTS, scope.city, plan_id, only)
        return [rows.measurement(row) for row in found]
