"""What people may do with an item, as one table; and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["open", "snoozed", "done", "settled"]
Command = Literal["done", "undo", "snooze", "take", "give_back"]
Outcome = Literal["done", "open", "snoozed", "taken", "given_back", "as_is", "refused"]

TRANSITIONS: dict[tuple[State, Command], Outcome] = {
    ("open", "done"): "done",
    ("open", "undo"): "as_is",
    ("open", "snooze"): "snoozed",
    ("open", "take"): "taken",
    ("open", "give_back"): "given_back",
    ("snoozed", "done"): "done",
    ("snoozed", "undo"): "open",
    ("snoozed", "snooze"): "snoozed",
    ("snoozed", "take"): "taken",
    ("snoozed", "give_back"): "given_back",
    ("done", "done"): "as_is",
    ("done", "undo"): "open",
    ("done", "snooze"): "refused",
    ("done", "take"): "refused",
    ("done", "give_back"): "refused",
    # Settled by what happened, not by a person: there is nothing to take back.
    ("settled", "done"): "as_is",
    ("settled", "undo"): "refused",
    ("settled", "snooze"): "refused",
    ("settled", "take"): "refused",
    ("settled", "give_back"): "refused",
}


def state_of(parts: int, done_at: datetime | None, snoozed_until: datetime | None, now: datetime) -> State:
    """The state of an item at ``now``. A snooze ends by itself."""
    if parts == 0:
        return "settled"
    if done_at is not None:
        return "done"
    return "snoozed" if snoozed_until is not None and snoozed_until > now else "open"


@dataclass(frozen=True)
class Reader:
    """Who reads: the queues that are theirs, and which cases they may see."""

    city: str
    subject: str
    audiences: tuple[str, ...]
    sees_every_case: bool
    department: str | None
    stakeholders: tuple[str, ...]
