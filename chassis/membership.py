"""Who may act for which stakeholder: a projection of what intake says, in every service that checks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.database.pool import Connection, Pool
from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events.intake import StakeholderMembershipChanged

_PROJECT = """
INSERT INTO membership (city, subject, stakeholder_id, active, version)
SELECT city, subject, stakeholder_id, active, version
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::boolean[], $5::int[])
    AS row (city, subject, stakeholder_id, active, version)
ON CONFLICT (city, subject, stakeholder_id) DO UPDATE SET active = excluded.active, version = excluded.version
WHERE membership.version < excluded.version
"""


async def save(connection: Connection, city: str, subject: str, stakeholder: UUID, active: bool, version: int) -> None:
    """Notes one membership."""
    await connection.execute(_PROJECT, [city], [subject], [stakeholder], [active], [version])


async def on_membership_changed(unit: Unit[Any], deliveries: Sequence[Delivery[StakeholderMembershipChanged]]) -> None:
    """Handler for the services that project memberships."""
    for delivery in deliveries:
        event = delivery.event
        await save(unit.connection, delivery.city, event.subject, event.stakeholder_id, event.active, event.version)


async def stakeholders_of(pool: Pool, city: str, subject: str) -> frozenset[str]:
    """Ids of the stakeholders the account may act for."""
    rows = await pool.fetch(
        "SELECT stakeholder_id FROM membership WHERE city = $1 AND subject = $2 AND active", city, subject
    )
    return frozenset(str(row["stakeholder_id"]) for row in rows)
