"""Settings of matching beyond those every service has."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from chassis.settings import PORTS, Settings
from services.matching.domain.policy import Policy


class MatchingSettings(Settings):
    """``SPORTELLO_<NAME>``; see :class:`services.matching.domain.policy.Policy` for what the numbers mean."""

    service: str = "matching"
    http_port: int = PORTS["matching"]

    proposals_per_need: int = Field(default=20, ge=1, description="open at the same time")
    proposals_per_event: int = Field(default=5, ge=1, description="new ones that one event brings to a need")
    needs_per_offer: int = Field(default=10, ge=1, description="needs that an arriving offer is proposed for")
    candidates_per_line: int = Field(default=60, ge=1, description="offers compared with a line")
    longest_list: int = Field(default=300, ge=1, description="entries read of each list candidates are looked up in")
    proposal_days: float = Field(default=30, gt=0, description="a proposal nobody decides about expires")
    reservation_days: float = Field(default=14, gt=0, description="from the first consent to the last")
    matching_undo_minutes: float = Field(default=15, ge=0, description="to take one's own last decision back")
    postpone_days: float = Field(default=90, gt=0, description="the longest a proposal is put off at a time")
    postpone_days_in_all: float = Field(
        default=180, gt=0, description="after it was made, a proposal is put off no further"
    )
    postponing_extends_reservations: bool = Field(default=False, description="or a reserved match waits no longer")
    plan_hour: int = Field(default=3, ge=-1, le=23, description="of the nightly plan, in Italy; -1 for none")
    plan_fairness: float = Field(default=0.3, ge=0, le=1, description="weight of fairness in the nightly plan")
    plan_candidates: int = Field(default=20, ge=1, description="offers that a plan considers for a line")
    plan_lease_seconds: float = Field(default=30, gt=0, description="without a sign of life, before a plan is retaken")
    plans_kept: int = Field(default=30, ge=1, description="newest plans of a city that are kept")
    matching_learning: Literal["off", "suggest", "use"] = Field(
        default="suggest", description="weights learned from decisions: not at all, to switch to by hand, or at once"
    )
    job_poll_seconds: float = Field(default=0.25, gt=0, description="rest of the background jobs when idle")

    def policy(self) -> Policy:
        return Policy(
            open_per_need=self.proposals_per_need,
            per_event=self.proposals_per_event,
            needs_per_offer=self.needs_per_offer,
            candidates=self.candidates_per_line,
            longest_list=self.longest_list,
            proposal_lasts=timedelta(days=self.proposal_days),
            reservation_lasts=timedelta(days=self.reservation_days),
            undo_window=timedelta(minutes=self.matching_undo_minutes),
            longest_postponement=timedelta(days=self.postpone_days),
            postponed_in_all=timedelta(days=self.postpone_days_in_all),
            postponing_extends_reservations=self.postponing_extends_reservations,
        )
