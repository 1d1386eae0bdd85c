"""What the forms of a proposal, and of several, send. ``version`` is the one the person saw."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from chassis.validation import field_error
from contracts.values import Quantity
from services.matching.domain.history import Channel
from services.matching.views import AcceptBody, CounterBody, DeclineBody, Note, PostponeBody, QuantityChoice


def _typed(text: Any) -> Any:
    """As people in Italy write decimals."""
    return text.strip().replace(",", ".") if isinstance(text, str) else text


Typed = Annotated[Quantity, BeforeValidator(_typed)]


_MOST = 100
Chosen = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}:[0-9]{1,9}$")]
MISSING = field_error("/quantities/0/quantity", "missing", "manca questo campo", "this field is missing")


class VersionForm(BaseModel):
    version: int = Field(ge=1)


class TypedChoice(BaseModel):
    """``before`` is the quantity as it was shown: what was left as it was is not asked for."""

    position: int = Field(ge=0)
    quantity: Typed | None = None
    before: Typed | None = None

    @property
    def changed(self) -> bool:
        return self.quantity is not None and self.quantity != self.before


class AcceptForm(AcceptBody, VersionForm):
    quantities: list[TypedChoice] = Field(default_factory=list, max_length=50)  # type: ignore[assignment]

    def body(self) -> AcceptBody:
        return AcceptBody(**self.model_dump(exclude={"version", "quantities"}), quantities=_choices(self.quantities))


class CounterForm(VersionForm):
    party_id: str | None = None
    channel: Channel | None = None
    note: Note | None = None
    quantities: list[TypedChoice] = Field(min_length=1, max_length=50)

    @property
    def says_how_much(self) -> bool:
        return any(one.quantity is not None for one in self.quantities)

    def body(self) -> CounterBody:
        """What was changed; all of it when nothing was, so that the answer says just that."""
        changed = [one for one in self.quantities if one.changed] or self.quantities
        return CounterBody(**self.model_dump(exclude={"version", "quantities"}), quantities=_choices(changed))


class PostponeForm(PostponeBody, VersionForm):
    def body(self) -> PostponeBody:
        return PostponeBody(**self.model_dump(exclude={"version"}))


class DeclineForm(DeclineBody, VersionForm):
    def body(self) -> DeclineBody:
        return DeclineBody(**self.model_dump(exclude={"version"}))


class SeveralForm(BaseModel):
    """The same answer to several: ``match`` are ids with the version that was seen, ``where`` the list that they were
    ticked on (see :class:`services.matching.pages.asked.Asked`)."""

    act: Literal["postpone", "decline", "undo"]
    match: list[Chosen] = Field(min_length=1, max_length=_MOST)
    where: str = ""
    until: date | None = None
    reason_code: str | None = None
    channel: Channel | None = None
    note: Note | None = None


def _choices(typed: list[TypedChoice]) -> list[QuantityChoice]:
    return [QuantityChoice(position=one.position, quantity=one.quantity) for one in typed if one.quantity is not None]
