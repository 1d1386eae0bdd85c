"""What an account may see here."""

from __future__ import annotations

from chassis.auth import Actor
from services.notifications.domain.handling import Reader

QUEUES = ("account_manager", "legal", "signatory")
EVERY_CASE = ("account_manager", "legal", "signatory", "operations", "coordinator")
READERS = (*EVERY_CASE, "department", "partner")
"""Roles for which there is anything to read."""


def reader_of(actor: Actor) -> Reader:
    """Queues and reach of the account: its roles, its department, the organisations it acts for."""
    department = actor.department if actor.has("department") else None
    stakeholders = tuple(sorted(actor.stakeholders)) if actor.has("partner") else ()
    audiences = [queue for queue in QUEUES if actor.has(queue)]
    audiences += [f"department:{department}"] if department else []
    audiences += [f"stakeholder:{one}" for one in stakeholders]
    return Reader(
        city=actor.city,
        subject=actor.subject,
        audiences=tuple(audiences),
        sees_every_case=actor.has(*EVERY_CASE),
        department=department,
        stakeholders=stakeholders,
    )
