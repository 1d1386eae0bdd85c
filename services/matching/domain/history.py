"""What happened to a match, step by step: told to whoever comes late, and what a decision can be taken back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

Channel = Literal["own", "telephone", "letter", "email", "meeting"]
ConsentState = Literal["pending", "given", "declined"]
Act = Literal["consent", "decline", "counter", "postpone", "undo", "expire", "release"]
UNDOABLE: frozenset[Act] = frozenset({"consent", "decline", "counter", "postpone"})


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class Answer(_Kept):
    """What one party had said. ``carried``: said to the match that this one replaces."""

    party_id: str
    consent: ConsentState = "pending"
    channel: Channel | None = None
    note: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    carried: bool = False


EndReason = Literal["undone", "released_by_manager", "party_withdrew"]
Hindrance = Literal["submitted", "signed"]


class Asked(_Kept):
    """That an accepted match should end, and what stood in the way if it could not."""

    reason: EndReason
    at: datetime
    by: str | None = None
    refused: Hindrance | None = None
    refused_at: datetime | None = None


class Figure(_Kept):
    """The quantity of one allocation, None while it is to be agreed."""

    quantity: Decimal | None = None
    value_cents: int | None = None


class Memento(_Kept):
    """A proposal as it stood before a decision; ``figures`` in the order of positions."""

    expires_at: datetime
    postponed_until: datetime | None = None
    answers: tuple[Answer, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """One step of a match: ``version`` is the match's after it. ``before`` is there when it can be taken back."""

    version: int
    act: Act
    at: datetime
    party_id: str | None = None
    by: str | None = None
    channel: Channel | None = None
    note: str | None = None
    reason_code: str | None = None
    before: Memento | None = None
