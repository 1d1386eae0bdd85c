"""Every kind of work item: whose it is, how urgent, and within how many days."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Audience = Literal["account_manager", "legal", "signatory", "department", "party"]


class Urgency(IntEnum):
    """Smaller comes first."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3

    @property
    def code(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Kind:
    """``audience`` is the queue it falls into; an account manager's item goes to the one of the case, if there is one.

    ``days`` is how long it may take when the event itself names no date.
    """

    audience: Audience
    urgency: Urgency
    days: int


# An agreement's steps as agreements counts them without a record of its own; its events name the day themselves.
KINDS: dict[str, Kind] = {
    "vet_stakeholder": Kind("account_manager", Urgency.NORMAL, 5),
    "triage_need": Kind("account_manager", Urgency.HIGH, 2),
    "help_department": Kind("account_manager", Urgency.NORMAL, 3),
    "fix_submission": Kind("department", Urgency.HIGH, 5),
    "decide_match": Kind("account_manager", Urgency.HIGH, 14),
    "give_consent": Kind("party", Urgency.NORMAL, 14),
    "find_replacement": Kind("account_manager", Urgency.NORMAL, 7),
    "choose_instrument": Kind("account_manager", Urgency.NORMAL, 10),
    "fill_plans": Kind("account_manager", Urgency.NORMAL, 25),
    "mend_agreement": Kind("account_manager", Urgency.HIGH, 15),
    "review_agreement": Kind("legal", Urgency.HIGH, 10),
    "collect_signatures": Kind("account_manager", Urgency.NORMAL, 15),
    "sign_agreement": Kind("signatory", Urgency.HIGH, 15),
    "sign_as_party": Kind("party", Urgency.HIGH, 15),
    "match_kept": Kind("account_manager", Urgency.HIGH, 1),
    "tell_parties": Kind("account_manager", Urgency.HIGH, 1),
    "resolve_suspension": Kind("account_manager", Urgency.NORMAL, 14),
    "follow_deliveries": Kind("account_manager", Urgency.LOW, 90),
    "record_delivery": Kind("department", Urgency.NORMAL, 90),
    "thank_and_close": Kind("account_manager", Urgency.NORMAL, 14),
    "renew_need": Kind("account_manager", Urgency.NORMAL, 7),
    "renew_offer": Kind("account_manager", Urgency.LOW, 14),
}
