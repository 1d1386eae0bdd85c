"""What the API says of plans."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.http.paging import Page
from contracts.units import plain
from contracts.values import Reason
from services.matching.planning.parameters import Parameters
from services.matching.views import Amount

PlanState = Literal["queued", "running", "done", "cancelled", "failed"]
Phase = Literal["waiting", "reading", "candidates", "solving", "comparing", "saving", "over"]
Change = Literal["new", "kept", "other_quantity", "dropped"]
Position = Annotated[int, Field(ge=0, lt=2**31)]


class NeighbourhoodView(BaseModel):
    """``plain`` and ``fair``: average share of what is asked there that is met, without and with fairness."""

    nil: int | None
    hardship: float
    needs: int
    plain: float
    fair: float


class FairnessView(BaseModel):
    """What fairness moves, in need lines, and what it costs: the fit given up and its share of all of it."""

    weight: float
    cost: float
    share: float
    moved: int
    gained: int
    lost: int


class LeftOutView(BaseModel):
    """A need that is not in the plan: no_candidate, to_be_agreed, capability_missing, capability_dealt (others come
    first for it; ``what`` names it) or not_proposable."""

    need_id: UUID
    title: str
    reason: str
    what: str


class InsistedView(BaseModel):
    """A choice the plan was asked to keep to, and what it costs."""

    need_id: UUID
    need_line: int
    offer_id: UUID
    offer_line: int
    quantity: Amount
    possible: bool
    cost: float
    share: float


class SummaryView(BaseModel):
    """What a plan comes to. ``covered`` of ``need_lines`` get something; ``coverage`` is the average share."""

    need_lines: int
    offer_lines: int
    pairs: int
    covered: int
    coverage: float
    greedy: float = Field(description="value of taking the best next choice, one after another")
    benefit: float
    neighbourhoods: list[NeighbourhoodView]
    fairness: FairnessView
    changes: dict[Change, int]
    left_out: list[LeftOutView]
    left_out_for: dict[str, int]
    insisted: list[InsistedView]


class PlanView(BaseModel):
    """A plan. ``bound``: no plan is worth more; ``gap``: how far (share of the bound) this one may be from the best."""

    plan_id: UUID
    state: PlanState
    phase: Phase
    progress: float
    requested_by: str
    requested_at: datetime
    scheduled_for: date | None
    parameters: Parameters
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None
    rules_version: str | None
    value: float | None
    bound: float | None
    gap: float | None
    failure: str | None
    summary: SummaryView | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> PlanView:
        value, bound = row["value"], row["bound"]
        gap = None if bound is None else (bound - value) / bound if bound > 0 else 0.0
        return cls(**row, gap=gap)

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "cancelled", "failed")


class CapabilityView(BaseModel):
    """Who brings what the need requires; ``quantity`` None = to be agreed."""

    offer_id: UUID
    offer_line: int
    capability: str
    quantity: Amount | None


class LineView(BaseModel):
    """One line of a plan beside what is proposed today. ``asked`` None = open-ended; ``today`` None = to be agreed;
    ``not_proposed`` is why it could not become a proposal."""

    position: int
    need_id: UUID
    need_line: int
    need_title: str
    department: str
    policy_area: str
    nil: int | None
    offer_id: UUID
    offer_line: int
    offer_title: str
    giver: str
    kind: str
    unit: str
    asked: Amount | None
    quantity: Amount
    value: float
    score: float
    reasons: list[Reason]
    capabilities: list[CapabilityView]
    change: Change
    today_match_id: UUID | None
    today: Amount | None
    proposed_as: UUID | None
    not_proposed: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> LineView:
        shown = {name: _text(row[name]) for name in ("asked", "quantity", "today")}
        return cls(**row | shown)


class WholePlanView(PlanView):
    """A plan with a page of its lines, those that add most first."""

    lines: Page[LineView]


class MovedView(BaseModel):
    """What goes from an offer to a need without and with a choice."""

    need_id: UUID
    need_line: int
    need_title: str
    offer_id: UUID
    offer_line: int
    offer_title: str
    giver: str
    unit: str
    before: Amount
    after: Amount


class PriceView(BaseModel):
    """What insisting on a choice costs (value, fit, share of the part it reaches), or why it is not possible."""

    possible: bool
    why: str | None = None
    cost: float = 0.0
    fit: float = 0.0
    share: float = 0.0
    changes: list[MovedView] = Field(default_factory=list)


class AdoptBody(BaseModel):
    """Which lines to propose; none named: all that are new or have another quantity."""

    positions: list[Position] | None = Field(default=None, max_length=200)


class AdoptedView(BaseModel):
    """Lines that became matches, lines that did not and why (a code), and whether there are more to propose."""

    proposed: dict[int, UUID]
    left_out: dict[int, str]
    more: bool


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
