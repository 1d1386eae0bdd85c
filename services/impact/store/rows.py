"""Rows of queries as reports."""

from __future__ import annotations

import asyncpg

from services.impact.domain.reports import (
    CommitmentReport,
    CorrectionReport,
    DeliveryReport,
    IndicatorReport,
    MeasurementReport,
    declared_by,
)
from services.impact.store.plans import recurrence_of

# Deliveries with the part of their value that counts: up to what was promised, those of the first days first. The rest
# is excess and shown apart, so a slip of the pen adds nothing to what the city says it was given.
DELIVERIES = """(
    SELECT o.*, least(o.through, k.value_cents) - least(o.through - coalesce(o.value_now, 0), k.value_cents)
        AS value_counted
    FROM (SELECT n.*, sum(n.value_now) OVER (PARTITION BY n.city, n.plan_id, n.position
              ORDER BY n.delivered_on, n.plan_version) AS through
          FROM delivery_now n) o
    JOIN commitment k ON k.city = o.city AND k.plan_id = o.plan_id AND k.position = o.position
)"""
# What a commitment's row is made of; ``d`` are its deliveries, one row each, to be grouped by ``c``'s key.
COMMITMENT = """
c.plan_id, c.position, c.offer_id, c.offer_line AS line, c.need_line, c.stakeholder_id, c.kind, c.capability,
c.description, c.unit, c.quantity AS committed_quantity, c.value_cents AS committed_value_cents,
c.recurs_every, c.recurs_times, coalesce(sum(d.quantity_now), 0) AS delivered_quantity,
CASE WHEN c.value_cents IS NOT NULL THEN coalesce(sum(d.value_counted), 0)::bigint END AS value_cents,
coalesce(sum(d.value_now - d.value_counted), 0)::bigint AS excess_value_cents,
max(d.delivered_on) FILTER (WHERE d.quantity_now > 0) AS last_delivered_on,
coalesce((SELECT name FROM stakeholder s WHERE s.city = c.city AND s.stakeholder_id = c.stakeholder_id),
    (SELECT name FROM party y WHERE y.city = c.city AND y.plan_id = c.plan_id AND y.stakeholder_id = c.stakeholder_id
     LIMIT 1), '') AS stakeholder,
ARRAY(SELECT DISTINCT s.name FROM party y JOIN stakeholder s ON s.city = y.city AND s.stakeholder_id = ANY (y.partners)
      WHERE y.city = c.city AND y.plan_id = c.plan_id AND y.stakeholder_id = c.stakeholder_id
      ORDER BY s.name) AS partners
"""
# The same for a planned indicator ``i`` and its readings ``m``.
INDICATOR = """
i.code, i.title_it, i.title_en, i.unit, i.baseline, i.target, i.final, i.due_on,
count(m.measurement_id)::integer AS measurements, max(m.measured_on) AS latest_on, sum(m.value_now) AS sum,
(array_agg(m.value_now ORDER BY m.measured_on DESC, m.recorded_at DESC)
    FILTER (WHERE m.measurement_id IS NOT NULL))[1] AS latest,
coalesce(bool_or(m.final), false) AS complete
"""


def commitment(row: asyncpg.Record) -> CommitmentReport:
    return CommitmentReport(**dict(row), recurrence=recurrence_of(row))


def indicator(row: asyncpg.Record) -> IndicatorReport:
    return IndicatorReport(**dict(row))


def delivery(row: asyncpg.Record) -> DeliveryReport:
    return DeliveryReport(
        **{name: row[name] for name in _FACT} | {name: row[name] for name in _DELIVERY},
        quantity=row["quantity_now"],
        recorded_quantity=row["quantity"],
        value_cents=row["value_now"],
        declared_by=declared_by(row["source"]),
        version=row["plan_version"],
    )


def measurement(row: asyncpg.Record) -> MeasurementReport:
    return MeasurementReport(
        **{name: row[name] for name in _FACT},
        measurement_id=row["measurement_id"],
        indicator=row["code"],
        value=row["value_now"],
        recorded_value=row["value"],
        measured_on=row["measured_on"],
        final=row["final"],
        declared_by=declared_by(row["source"]),
        version=row["plan_version"],
    )


def correction(row: asyncpg.Record) -> CorrectionReport:
    of_delivery = row["delivery_id"] is not None
    return CorrectionReport(
        correction_id=row["correction_id"],
        corrects="delivery" if of_delivery else "measurement",
        corrected_id=row["delivery_id"] if of_delivery else row["measurement_id"],
        before=row["before"],
        after=row["after"],
        reason=row["reason"],
        declared_by=declared_by(row["source"]),
        recorded_at=row["recorded_at"],
        version=row["plan_version"],
    )


_FACT = ("plan_id", "unit", "external_ref", "recorded_at", "corrections")
_DELIVERY = ("delivery_id", "position", "offer_id", "offer_line", "need_line", "delivered_on", "note", "accompanying")
