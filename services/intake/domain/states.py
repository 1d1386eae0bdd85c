"""The lives of a need and an offer: one table each, and everything else asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

NeedState = Literal["open", "fulfilled", "withdrawn", "expired"]
OfferState = Literal["open", "withdrawn", "expired"]

NEED: Mapping[tuple[str, str], NeedState] = {
    ("open", "change"): "open",
    ("open", "withdraw"): "withdrawn",
    ("open", "expire"): "expired",
    ("open", "fulfil"): "fulfilled",
}
OFFER: Mapping[tuple[str, str], OfferState] = {
    ("open", "change"): "open",
    ("open", "withdraw"): "withdrawn",
    ("open", "expire"): "expired",
}


class NotPossible(Exception):
    """The step does not exist from this state."""

    def __init__(self, state: str, step: str) -> None:
        super().__init__(f"cannot {step} what is {state}")
        self.state = state
        self.step = step


def after_need(state: str, step: str) -> NeedState:
    """The state of a need after ``step``. Raises :class:`NotPossible`."""
    if (state, step) not in NEED:
        raise NotPossible(state, step)
    return NEED[state, step]


def after_offer(state: str, step: str) -> OfferState:
    """The state of an offer after ``step``. Raises :class:`NotPossible`."""
    if (state, step) not in OFFER:
        raise NotPossible(state, step)
    return OFFER[state, step]
