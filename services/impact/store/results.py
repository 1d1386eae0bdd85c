"""Results of a city: sums over the facts, by case, by policy area, by kind of resource."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.pool import Connection
from chassis.scope import Scope
from services.impact.domain.omissions import Omissions
from services.impact.domain.reports import (
    INPUT_CLASSES,
    AreaTotal,
    CaseReport,
    Filters,
    KindTotal,
    Summary,
    Totals,
    UnitTotal,
)
from services.impact.store import rows

# $1 city, $2 need, $3 policy area, $4 since, $5 until. Every figure below is a sum over these deliveries.
_FROM = f"""
FROM plan p JOIN commitment c USING (city, plan_id)
LEFT JOIN {rows.DELIVERIES} d ON d.city = c.city AND d.plan_id = c.plan_id AND d.position = c.position
    AND d.delivered_on BETWEEN coalesce($4::date, '-infinity') AND coalesce($5::date, 'infinity')
WHERE p.city = $1 AND ($2::uuid IS NULL OR p.need_id = $2) AND ($3::text IS NULL OR p.policy_area = $3)
"""
# Quantities leave out what the system recorded by itself: a piece brought, stored and refurbished is one piece.
_TOTALS = f"""
SELECT grouping(p.policy_area) = 0 AS by_area, grouping(c.kind) = 0 AS by_kind, grouping(c.unit) = 0 AS by_unit,
    p.policy_area, c.kind, c.unit, coalesce(sum(d.value_counted), 0)::bigint AS value_cents,
    coalesce(sum(d.value_now - d.value_counted), 0)::bigint AS excess_value_cents,
    coalesce(sum(d.quantity_now) FILTER (WHERE NOT d.accompanying), 0) AS delivered_quantity,
    count(DISTINCT p.need_id)::integer AS cases, count(DISTINCT p.plan_id)::integer AS plans,
    (count(DISTINCT p.plan_id) FILTER (WHERE p.state = 'fulfilled'))::integer AS plans_fulfilled,
    (count(DISTINCT p.need_id) FILTER (WHERE d.quantity_now > 0))::integer AS cases_with_results,
    (count(DISTINCT c.stakeholder_id) FILTER (WHERE d.quantity_now > 0))::integer AS givers
{_FROM}
GROUP BY GROUPING SETS ((), (p.policy_area), (c.kind), (c.kind, c.unit))
ORDER BY value_cents DESC, p.policy_area, c.kind, c.unit
"""
_COMMITMENTS = f"""
SELECT p.need_id, {rows.COMMITMENT} {_FROM}
GROUP BY p.need_id, p.signed_on, c.city, c.plan_id, c.position ORDER BY p.signed_on, c.plan_id, c.position
"""
_INDICATORS = f"""
SELECT p.need_id, {rows.INDICATOR}
FROM plan p JOIN planned_indicator i USING (city, plan_id)
LEFT JOIN measurement_now m ON m.city = i.city AND m.plan_id = i.plan_id AND m.code = i.code
    AND m.measured_on BETWEEN coalesce($4::date, '-infinity') AND coalesce($5::date, 'infinity')
WHERE p.city = $1 AND ($2::uuid IS NULL OR p.need_id = $2) AND ($3::text IS NULL OR p.policy_area = $3)
GROUP BY p.need_id, p.signed_on, i.city, i.plan_id, i.code ORDER BY p.signed_on, i.plan_id, i.position
"""
# A need served by several agreements is one case: fulfilled when all are, open while one is.
_CASES = """
SELECT need_id, (array_agg(title ORDER BY signed_on, plan_id))[1] AS title,
    (array_agg(policy_area ORDER BY signed_on, plan_id))[1] AS policy_area,
    (array_agg(department ORDER BY signed_on, plan_id))[1] AS department,
    CASE WHEN bool_or(state = 'open') THEN 'open' WHEN bool_or(state = 'fulfilled') THEN 'fulfilled'
         ELSE 'closed' END AS state
FROM plan WHERE city = $1 AND ($2::uuid IS NULL OR need_id = $2) AND ($3::text IS NULL OR policy_area = $3)
GROUP BY need_id ORDER BY min(signed_on), need_id
"""
# Of every agreement of a case, whatever its area: its title may be the case's.
_HIDDEN = """
SELECT p.plan_id, p.need_id, d.hidden FROM disclosure d
JOIN plan p ON p.city = d.city AND p.plan_id = d.agreement_id
WHERE d.city = $1 AND d.hidden <> '{}' AND ($2::uuid IS NULL OR p.need_id = $2)
"""


class Results:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def summary(self, scope: Scope, filters: Filters, omitted: str) -> Summary:
        """All of one moment: the queries share a snapshot. ``omitted`` is the word in place of what is hidden."""
        asked = (scope.city, filters.need, filters.policy_area, filters.since, filters.until)
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            totals = await self._connection.fetch(_TOTALS, *asked)
            cases = await self._connection.fetch(_CASES, *asked[:3])
            commitments = await self._connection.fetch(_COMMITMENTS, *asked)
            indicators = await self._connection.fetch(_INDICATORS, *asked)
            hidden = await self._connection.fetch(_HIDDEN, *asked[:2])
        omissions = Omissions.of((tuple(row) for row in hidden), omitted)
        return Summary(
            city=scope.city,
            **filters.model_dump(),
            totals=next((Totals(**dict(row)) for row in totals if not (row["by_area"] or row["by_kind"])), Totals()),
            policy_areas=[AreaTotal(**dict(row)) for row in totals if row["by_area"]],
            resource_kinds=_kinds(totals),
            cases=[omissions.case(one) for one in _cases(cases, commitments, indicators)],
        )


def _kinds(totals: list[asyncpg.Record]) -> list[KindTotal]:
    return [
        KindTotal(
            kind=row["kind"],
            input_class=INPUT_CLASSES[row["kind"]],
            value_cents=row["value_cents"],
            quantities=[UnitTotal(**dict(one)) for one in totals if one["by_unit"] and one["kind"] == row["kind"]],
        )
        for row in totals
        if row["by_kind"] and not row["by_unit"]
    ]


def _cases(
    cases: list[asyncpg.Record], commitments: list[asyncpg.Record], indicators: list[asyncpg.Record]
) -> list[CaseReport]:
    promised: dict[UUID, list[Any]] = {}
    measured: dict[UUID, list[Any]] = {}
    for row in commitments:
        promised.setdefault(row["need_id"], []).append(rows.commitment(row))
    for row in indicators:
        measured.setdefault(row["need_id"], []).append(rows.indicator(row))
    return [
        CaseReport(
            **dict(case),
            value_cents=sum(one.value_cents or 0 for one in promised.get(case["need_id"], [])),
            commitments=promised.get(case["need_id"], []),
            indicators=measured.get(case["need_id"], []),
        )
        for case in cases
    ]
