"""How far a search for candidates goes, and what it looks at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.matching.domain.policy import Policy
from services.matching.domain.rules import CAPABILITY_PROVIDERS, WEIGHTS

_LOOKED_AT = ("alike", "same_policy_area", "near", "same_category", "quantity_fit")
"""The signals that the index knows enough of for a first look; whether a candidate is proposed the rules decide."""


@dataclass(frozen=True, slots=True)
class Search:
    """``by_key``: how much of each list is read, the newest first. ``by_line``: how many of what was found there are
    compared, those that promise most by ``weights``; ``by_capability`` likewise for each required capability.
    ``newest`` come along whatever they say: some rows may be in no list yet."""

    now: datetime
    by_line: int
    by_key: int
    by_capability: int
    newest: int

    @property
    def weights(self) -> Sequence[float]:
        return [WEIGHTS[code] for code in _LOOKED_AT]


def for_need(policy: Policy, now: datetime) -> Search:
    """Offers for a need that has just come or changed."""
    most = policy.candidates
    return Search(now, most, policy.longest_list, CAPABILITY_PROVIDERS, max(1, most // 4))


def for_offer(policy: Policy, now: datetime) -> Search:
    """Needs for an offer: it goes to few of them, so fewer are compared."""
    most = max(1, policy.candidates // 2)
    return Search(now, most, policy.longest_list, CAPABILITY_PROVIDERS, max(1, most // 4))


def for_set(policy: Policy, now: datetime) -> Search:
    """Offers that might complete a set around one that has just come."""
    few = max(1, policy.candidates // 5)
    return Search(now, few, max(1, policy.longest_list // 5), CAPABILITY_PROVIDERS, few)
