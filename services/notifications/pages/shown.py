"""Rows as the templates show them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications import links, shapes, wording
from services.notifications.domain.handling import Reader
from services.notifications.handlers.reading import Item


@dataclass(frozen=True)
class ShownItem:
    """An item of the inbox."""

    id: UUID
    rank: int
    state: str
    title: str
    kind: str
    address: str
    case_id: UUID | None
    case: str | None
    department: str | None
    details: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    overdue: bool
    snoozed_until: datetime | None
    finished_at: datetime | None
    standing: str
    taken: bool

    @classmethod
    def of(cls, one: Item, reader: Reader, now: datetime) -> ShownItem:
        row = one.row
        details = [wording.part_line(part["facts"], part["progress"], {}) for part in one.parts if part["is_open"]]
        return cls(
            id=row["item_id"],
            rank=row["rank"],
            state=one.state,
            title=wording.task(row["kind"], row["title"], row["parts"], one.facts, one.who),
            kind=row["kind"],
            address=links.of(row["kind"], row["subject"], row["case_id"], one.parts),
            case_id=row["case_id"],
            case=row["title"],
            department=wording.department(row["department"]) if row["department"] else None,
            details=tuple(line for line in details if line),
            opened_at=row["opened_at"],
            due_at=row["due_at"],
            overdue=row["due_at"] < now and one.state in ("open", "snoozed"),
            snoozed_until=row["snoozed_until"],
            finished_at=row["finished_at"],
            standing=_standing(row, reader),
            taken=row["taken_by"] == reader.subject,
        )


def _standing(row: Mapping[str, Any], reader: Reader) -> str:
    """Whose it is, seen from the reader: ``mine``, ``covered`` (a colleague's) or ``queue``."""
    if row["owner"] is None:
        return "queue"
    return "mine" if row["owner"] == reader.subject else "covered"


@dataclass(frozen=True)
class ShownEntry:
    """A line of a story."""

    time: datetime
    service: str
    sentence: str
    type: str
    ids: dict[str, str]

    @property
    def of_organisation(self) -> bool:
        """What happened to an organisation by itself: in a case's story it is beside the point and folded."""
        return self.type.startswith(("sportello.intake.stakeholder-", "sportello.intake.account-manager-"))

    @classmethod
    def of(cls, row: Mapping[str, Any], names: Mapping[str, str]) -> ShownEntry:
        who = shapes.who_of(row, names)
        return cls(
            time=row["happened_at"],
            service=shapes.service_of(row["event_type"]),
            sentence=wording.sentence(row["event_type"], row["facts"], who, names),
            type=row["event_type"],
            ids=row["ids"],
        )
