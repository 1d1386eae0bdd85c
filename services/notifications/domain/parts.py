"""The memory behind a work item, made so that the order and the number of deliveries do not matter.

Topics have no order among each other: what settles an item may arrive before what opens it. So nothing is switched on
and off. Each part of an item keeps the highest mark at which it was opened and the highest at which it was settled; it
is open while the first is above the second. Taking the higher of two marks gives the same result in any order, and
again when repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

WHOLE = UUID(int=0)
"""The part that stands for all: settled here, every part opened at or below is settled."""
FINAL = 2**62
"""Settled at this mark, nothing opens it again."""


@dataclass(frozen=True)
class Content:
    """What the opening event says: whose it is, about what, until when."""

    audience: str
    case_id: UUID | None
    account_manager_id: str | None
    stakeholder_ids: tuple[UUID, ...]
    facts: dict[str, Any]
    opened_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Part:
    """What is known of one part of the item ``(kind, subject)``; ``content`` is there once it was opened.

    ``moved`` is the mark at which it was last given other times: until when it sleeps (None = it is awake) and by when
    it is due. Moved on the whole, all parts opened before are.
    """

    kind: str
    subject: UUID
    part: UUID = WHOLE
    opened: int = 0
    settled: int = 0
    content: Content | None = None
    progress_mark: int = 0
    progress: dict[str, Any] = field(default_factory=dict)
    moved: int = 0
    sleeps_until: datetime | None = None
    moved_due: datetime | None = None

    @property
    def key(self) -> tuple[str, UUID, UUID]:
        return self.kind, self.subject, self.part

    def merged(self, other: Part) -> Part:
        """Both together: commutative, associative, idempotent."""
        opener = other if other.opened > self.opened else self
        teller = other if other.progress_mark > self.progress_mark else self
        mover = other if other.moved > self.moved else self
        return replace(
            self,
            opened=opener.opened,
            settled=max(self.settled, other.settled),
            content=opener.content,
            progress_mark=teller.progress_mark,
            progress=teller.progress,
            moved=mover.moved,
            sleeps_until=mover.sleeps_until,
            moved_due=mover.moved_due,
        )


def merge(parts: Iterable[Part]) -> list[Part]:
    """One part per key, in key order: everybody locks rows in the same order, the whole first."""
    merged: dict[tuple[str, UUID, UUID], Part] = {}
    for part in parts:
        for one in (part, Part(part.kind, part.subject)):
            known = merged.get(one.key)
            merged[one.key] = one if known is None else known.merged(one)
    return [merged[key] for key in sorted(merged)]


def open_parts(parts: Iterable[Part]) -> list[Part]:
    """Those of ``parts`` (merged) on which something is left to do."""
    known = {part.key: part for part in parts}
    return [
        part
        for part in known.values()
        if part.opened > max(part.settled, known.get((part.kind, part.subject, WHOLE), part).settled)
    ]
