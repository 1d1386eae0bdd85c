"""Facts: added, never changed. A repeat of a reference finds what it recorded the first time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.database.pool import Connection
from chassis.scope import Scope
from contracts.events.impact import DeliveryRecorded, IndicatorMeasured, ResultCorrected
from services.impact.domain.recording import Fact, Reading, Recorded
from services.impact.domain.reporter import SYSTEM

_DELIVERY = """
INSERT INTO delivery (city, delivery_id, plan_id, plan_version, position, quantity, value_cents, delivered_on, note,
    accompanying, source, external_ref, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_MEASUREMENT = """
INSERT INTO measurement (city, measurement_id, plan_id, plan_version, code, value, measured_on, final, source,
    external_ref, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_CORRECTION = """
INSERT INTO correction (city, correction_id, plan_id, plan_version, delivery_id, measurement_id, before, after,
    value_delta_cents, reason, source, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


@dataclass(frozen=True)
class Origin:
    """Where a fact comes from: in whose name, by which reference of theirs, by which account, when."""

    source: str
    external_ref: str | None
    subject: str
    at: datetime


@dataclass(frozen=True)
class KnownDelivery:
    """A delivery found by its reference: its commitment and quantity, as first recorded."""

    delivery_id: UUID
    position: int
    quantity: Decimal


@dataclass(frozen=True)
class KnownMeasurement:
    measurement_id: UUID
    indicator: str
    value: Decimal


class Facts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, scope: Scope, fact: Fact, origin: Origin) -> None:
        """Keeps one fact. What the system records by itself carries no reference."""
        event = fact.event
        if isinstance(event, DeliveryRecorded):
            await self._add_delivery(scope, event, fact, origin)
        elif isinstance(event, IndicatorMeasured):
            await self._add_measurement(scope, event, origin)
        else:
            await self._add_correction(scope, event, fact, origin)

    async def _add_delivery(self, scope: Scope, event: DeliveryRecorded, fact: Fact, origin: Origin) -> None:
        await self._connection.execute(
            _DELIVERY,
            scope.city,
            event.delivery_id,
            event.plan_id,
            event.version,
            fact.position,
            event.quantity,
            event.value_cents,
            event.delivered_on,
            fact.note,
            fact.accompanying,
            SYSTEM if fact.accompanying else origin.source,
            None if fact.accompanying else origin.external_ref,
            origin.subject,
            origin.at,
        )

    async def _add_measurement(self, scope: Scope, event: IndicatorMeasured, origin: Origin) -> None:
        await self._connection.execute(
            _MEASUREMENT,
            scope.city,
            event.measurement_id,
            event.plan_id,
            event.version,
            event.indicator,
            event.value,
            event.measured_on,
            event.final,
            origin.source,
            origin.external_ref,
            origin.subject,
            origin.at,
        )

    async def _add_correction(self, scope: Scope, event: ResultCorrected, fact: Fact, origin: Origin) -> None:
        of_delivery = event.corrects == "delivery"
        await self._connection.execute(
            _CORRECTION,
            scope.city,
            event.correction_id,
            event.plan_id,
            event.version,
            event.corrected_id if of_delivery else None,
            None if of_delivery else event.corrected_id,
            event.before,
            event.after,
            fact.value_delta,
            fact.note,
            SYSTEM if fact.accompanying else origin.source,
            origin.subject,
            origin.at,
        )

    async def delivery_by_ref(self, scope: Scope, plan_id: UUID, source: str, ref: str | None) -> KnownDelivery | None:
        row = ref and await self._connection.fetchrow(
            "SELECT delivery_id, position, quantity FROM delivery"
            " WHERE city = $1 AND plan_id = $2 AND source = $3 AND external_ref = $4",
            scope.city,
            plan_id,
            source,
            ref,
        )
        return KnownDelivery(*row.values()) if row else None

    async def measurement_by_ref(
        self, scope: Scope, plan_id: UUID, source: str, ref: str | None
    ) -> KnownMeasurement | None:
        row = ref and await self._connection.fetchrow(
            "SELECT measurement_id, code, value FROM measurement"
            " WHERE city = $1 AND plan_id = $2 AND source = $3 AND external_ref = $4",
            scope.city,
            plan_id,
            source,
            ref,
        )
        return KnownMeasurement(*row.values()) if row else None

    async def delivery(self, scope: Scope, plan_id: UUID, delivery_id: UUID) -> Recorded | None:
        """As it counts now."""
        row = await self._connection.fetchrow(
            "SELECT delivery_id, position, quantity_now, value_now, accompanying, source FROM delivery_now"
            " WHERE city = $1 AND plan_id = $2 AND delivery_id = $3",
            scope.city,
            plan_id,
            delivery_id,
        )
        return Recorded(*row.values()) if row else None

    async def measurement(self, scope: Scope, plan_id: UUID, measurement_id: UUID) -> Reading | None:
        """As it counts now."""
        row = await self._connection.fetchrow(
            "SELECT measurement_id, code, value_now FROM measurement_now"
            " WHERE city = $1 AND plan_id = $2 AND measurement_id = $3",
            scope.city,
            plan_id,
            measurement_id,
        )
        return Reading(*row.values()) if row else None
