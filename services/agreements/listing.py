"""What lists of files may be asked for, by the API and by the desk's page alike."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.auth import Actor
from contracts.values import MOST_CENTS, Slug
from services.agreements.domain.instruments import Owner
from services.agreements.domain.states import State
from services.agreements.handlers.access import READS_ALL, own_stakeholders
from services.agreements.store.lists import Group, Seen, Sort, Wanted

_Cents = Annotated[int, Field(ge=0, le=MOST_CENTS)]
_Words = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class Filter(BaseModel):
    """What a list of files is narrowed to; what is left out narrows nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: list[State] | None = Field(default=None, max_length=20)
    need: UUID | None = None
    match: UUID | None = None
    instrument: Slug | None = None
    q: _Words | None = Field(default=None, description="words in title, parties or number")
    department: Slug | None = None
    manager: _Words | None = Field(default=None, description="account manager's subject, or `me`")
    owner: Owner | None = Field(default=None, description="the role that has to do the next step")
    value_from_cents: _Cents | None = None
    value_to_cents: _Cents | None = None
    ends_within: Annotated[int, Field(ge=0, le=36_500)] | None = Field(
        default=None, description="days until the last day of agreements in force"
    )
    group: Group | None = Field(default=None, description="by deadline")

    def wanted(self, actor: Actor, today: date, *, default: tuple[str, ...] | None = None) -> Wanted:
        """The filter for what `actor` may read; `default` are the states when none is named."""
        return Wanted(
            states=tuple(self.state) if self.state else default,
            need_id=self.need,
            match_id=self.match,
            instrument=self.instrument,
            words=self.q,
            account_manager_id=actor.subject if self.manager == "me" else self.manager,
            owner=self.owner,
            value_from=self.value_from_cents,
            value_to=self.value_to_cents,
            ends_by=None if self.ends_within is None else today + timedelta(self.ends_within),
            group=self.group,
            **_reach(actor, self.department),
        )


class Asked(Filter):
    """A filter with its order and place, as the API takes it."""

    sort: Sort = "newest"
    after: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="`next` of the previous page, for the same `sort`"
    )
    limit: int = Field(default=50, ge=1, le=200, description="How many items at most")


def leniently(values: dict[str, Any]) -> tuple[Filter, frozenset[str]]:
    """The filter that a page's address asks for, and which fields of it make no sense: those are left out."""
    given = {name: value for name, value in values.items() if value not in ("", None, [])}
    try:
        return Filter.model_validate(given), frozenset()
    except ValidationError as wrong:
        fields = frozenset(str(error["loc"][0]) for error in wrong.errors())
        return Filter.model_validate({name: given[name] for name in given if name not in fields}), fields


def seen_by(actor: Actor, today: date) -> Seen:
    """Today, with the roles of whoever looks: a step of theirs is not one of others."""
    return Seen(today, tuple(sorted(actor.roles)))


def _reach(actor: Actor, department: str | None) -> dict[str, Any]:
    """What the actor's lists are narrowed to: the desk reads all, a department its own, a partner its own."""
    if actor.has(*READS_ALL):
        return {"department": department}
    if actor.has("department") and actor.department:
        own = department in (None, actor.department)
        return {"department": actor.department, "readable_by": None if own else ()}
    return {"department": department, "readable_by": own_stakeholders(actor)}


SORTS: tuple[tuple[Sort, Literal["by_deadline", "newest_first", "highest_value", "by_title"]], ...] = (
    ("deadline", "by_deadline"),
    ("newest", "newest_first"),
    ("value", "highest_value"),
    ("title", "by_title"),
)
"""The orders that the page offers, each with the key of its label."""
