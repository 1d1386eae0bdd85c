"""What of a registered agreement the public does not see, and why.

Hidden words are kept and can be shown again; erased ones are gone. Either way the register's entries stay as they
are, because they hold commitments and not words.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.values import LongText, Value

Part = Literal["subject", "parties"]
Level = Literal["hidden", "erased"]
HARDSHIP = "art. 26 c. 4 D.Lgs. 33/2013"
"""Identities are not published where they would reveal somebody's health or hardship."""
Reason = Annotated[LongText, Field(min_length=3)]
Basis = Annotated[str, Field(min_length=3, max_length=200)]


class Redaction(Value):
    """One part that is not shown. `reason` is for the desk, `basis` for everybody."""

    name: Part
    level: Level
    reason: str
    basis: str
    at: datetime


class Hide(BaseModel):
    """Which parts are no longer shown; the words are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    which: Annotated[tuple[Part, ...], Field(min_length=1, max_length=2)]
    reason: Reason
    basis: Basis = HARDSHIP

    def redactions(self, level: Level, now: datetime) -> tuple[Redaction, ...]:
        return tuple(
            Redaction(name=name, level=level, reason=self.reason, basis=self.basis, at=now)
            for name in dict.fromkeys(self.which)
        )


class Erase(Hide):
    """Words that are deleted for good; `confirm` says that this is meant."""

    confirm: bool = False

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if not self.confirm:
            raise ValueError("erasing cannot be undone: send confirm = true")
        return self


class Show(BaseModel):
    """Which hidden parts are shown again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    which: Annotated[tuple[Part, ...], Field(min_length=1, max_length=2)]
    reason: Reason
