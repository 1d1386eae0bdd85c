"""The life of an impact plan, as one table. Everything else asks it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    OPEN = "open"
    FULFILLED = "fulfilled"
    CLOSED = "closed"


class Act(StrEnum):
    FULFIL = "fulfil"
    CLOSE = "close"


TRANSITIONS: dict[tuple[State, Act], State] = {
    (State.OPEN, Act.FULFIL): State.FULFILLED,
    (State.OPEN, Act.CLOSE): State.CLOSED,
    # An agreement that ends after everything was delivered takes nothing back.
    (State.FULFILLED, Act.CLOSE): State.FULFILLED,
    (State.CLOSED, Act.CLOSE): State.CLOSED,
}


def allows(state: State, act: Act) -> bool:
    return (state, act) in TRANSITIONS


def after(state: State, act: Act) -> State:
    """The state that ``act`` leads to. Raises ValueError when the table has no such row."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        raise ValueError(f"{act} is not possible for a plan that is {state}") from None
