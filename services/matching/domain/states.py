"""The life of a match as one table: state and what happens give the next state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

State = Literal["proposed", "accepted", "declined", "expired", "released"]
Happening = Literal[
    "consent", "last_consent", "decline", "counter", "postpone", "undo", "expire", "sign", "deliver", "release"
]

TRANSITIONS: Mapping[tuple[State, Happening], State] = {
    ("proposed", "consent"): "proposed",
    ("proposed", "last_consent"): "accepted",
    ("proposed", "decline"): "declined",
    ("proposed", "counter"): "proposed",
    ("proposed", "postpone"): "proposed",
    ("proposed", "undo"): "proposed",
    ("proposed", "expire"): "expired",
    ("accepted", "sign"): "accepted",
    ("accepted", "deliver"): "accepted",
    ("accepted", "release"): "released",
    # What ended goes on as a match of its own: nobody who heard of the end hears of the same match again.
    ("accepted", "undo"): "released",
    ("declined", "undo"): "declined",
}
OPEN: frozenset[State] = frozenset({"proposed", "accepted"})
"""States in which a match still counts."""


class WrongState(Exception):
    """What was asked does not happen to a match in this state."""

    def __init__(self, state: State, happening: Happening) -> None:
        super().__init__(f"{happening} on a match that is {state}")
        self.state = state
        self.happening = happening


def after(state: State, happening: Happening) -> State:
    """The next state. Raises :class:`WrongState`."""
    try:
        return TRANSITIONS[state, happening]
    except KeyError:
        raise WrongState(state, happening) from None
