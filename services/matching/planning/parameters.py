"""What may be asked of a plan."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Quantity, ResourceKind, Slug


class Choice(BaseModel):
    """Somebody insists that at least ``quantity`` of an offer's line goes to a need's line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need_id: UUID
    need_line: int = Field(default=0, ge=0, le=1000)
    offer_id: UUID
    offer_line: int = Field(default=0, ge=0, le=1000)
    quantity: Quantity


class Parameters(BaseModel):
    """Which needs (none named: all), and what counts.

    ``fairness`` weighs how evenly neighbourhoods are helped against how well offers fit (0: not at all). At most
    ``most_givers`` offers meet a line of a need; each brings at least ``smallest_share`` of what is asked, or all that
    is left on either side.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[tuple[ResourceKind, ...], Field(max_length=6)] = ()
    policy_areas: Annotated[tuple[Slug, ...], Field(max_length=50)] = ()
    fairness: float = Field(default=0.3, ge=0, le=1)
    most_givers: int = Field(default=5, ge=1, le=50)
    smallest_share: float = Field(default=0.1, ge=0, le=1)
    insist: Annotated[tuple[Choice, ...], Field(max_length=20)] = ()
