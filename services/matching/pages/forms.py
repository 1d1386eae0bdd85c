"""What the forms of a proposal send. ``version`` is the one the person saw."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from services.matching.views import AcceptBody, DeclineBody


class AcceptForm(AcceptBody):
    version: int = Field(ge=1)

    def body(self) -> AcceptBody:
        return AcceptBody(**self.model_dump(exclude={"version"}))


class DeclineForm(DeclineBody):
    version: int = Field(ge=1)

    def body(self) -> DeclineBody:
        return DeclineBody(**self.model_dump(exclude={"version"}))


class ReleaseForm(BaseModel):
    version: int = Field(ge=1)


Decision = Literal["accept", "decline", "release"]
