"""Settings of matching beyond those every service has."""

from __future__ import annotations

from datetime import timedelta

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
    candidates_per_line: int = Field(default=60, ge=1, description="newest offers compared with a line")
    proposal_days: float = Field(default=30, gt=0, description="a proposal nobody decides about expires")
    reservation_days: float = Field(default=14, gt=0, description="from the first consent to the last")
    job_poll_seconds: float = Field(default=0.25, gt=0, description="rest of the background jobs when idle")

    def policy(self) -> Policy:
        return Policy(
            open_per_need=self.proposals_per_need,
            per_event=self.proposals_per_event,
            needs_per_offer=self.needs_per_offer,
            candidates=self.candidates_per_line,
            proposal_lasts=timedelta(days=self.proposal_days),
            reservation_lasts=timedelta(days=self.reservation_days),
        )
