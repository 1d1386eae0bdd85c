"""What the endpoints share: types of parameters, text that PostgreSQL can search for, where a list goes on."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from chassis.auth import Actor, require
from chassis.http import paging
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Units
from contracts.values import LongText
from services.intake.store import Store

PREFIX = "/intake/api/v1"
UNCHANGED: Any = None
"""Default of a field that a PATCH need not name."""

LoggedIn = Annotated[Actor, Depends(require())]
AccountManagers = Annotated[Actor, Depends(require("account_manager"))]
Coordinators = Annotated[Actor, Depends(require("coordinator"))]
Search = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Reference = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Reason(BaseModel):
    """Why something is taken back; may be left out."""

    model_config = ConfigDict(extra="forbid")

    reason: LongText | None = None


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject)


def own_stakeholders(actor: Actor) -> list[UUID]:
    """Ids of the organisations the actor acts for; a claim that is no id of ours is passed over."""
    own = []
    for one in actor.stakeholders:
        with contextlib.suppress(ValueError):
            own.append(UUID(one))
    return own


def store_units(request: Request) -> Units[Store]:
    return units_of(request)


def position(after: str | None) -> UUID | None:
    """The id in a cursor. Raises a 400 problem."""
    decoded = paging.decode(after, UUID)
    return decoded[0] if decoded else None
