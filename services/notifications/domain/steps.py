"""What an event can do to work: open it, settle it, move its times, tell its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.notifications.domain.parts import WHOLE

At = Literal["version", "time", "final"] | int
Find = Callable[[Any], UUID | None]


def _whole(event: Any) -> UUID | None:
    return WHOLE


@dataclass(frozen=True)
class Opens:
    kind: str
    subject: Find
    part: Find = _whole
    at: At = "version"
    when: Callable[[Any], bool] = lambda event: True
    due: Callable[[Any], datetime | None] = lambda event: None


@dataclass(frozen=True)
class OpensForParties:
    """One part for each party that is asked; ``parties`` finds their ids in the event."""

    kind: str
    subject: Find
    parties: Callable[[Any], Iterable[str]]
    due: Callable[[Any], datetime | None] = lambda event: None


@dataclass(frozen=True)
class SettlesForParties:
    """What these parties were asked is answered (again)."""

    kind: str
    subject: Find
    parties: Callable[[Any], Iterable[str]]


@dataclass(frozen=True)
class Moves:
    """Another deadline; with ``sleeps`` nobody's task until then, without it is awake from now on."""

    kind: str
    subject: Find
    part: Find = _whole
    due: Callable[[Any], datetime | None] = lambda event: None
    sleeps: Callable[[Any], datetime | None] = lambda event: None


@dataclass(frozen=True)
class Settles:
    kind: str
    subject: Find
    part: Find = _whole
    at: At = "version"
    when: Callable[[Any], bool] = lambda event: True


@dataclass(frozen=True)
class Progress:
    """Something moved on an open item; what moved is what the story tells."""

    kind: str
    subject: Find
    part: Find = _whole


@dataclass(frozen=True)
class Nothing:
    """The event asks nothing of anybody, and why."""

    reason: str


Step = Opens | OpensForParties | Settles | SettlesForParties | Progress | Moves
