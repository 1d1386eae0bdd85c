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


def wide(policy: Policy, now: datetime) -> Search:
    """For what has just come or changed."""
    return Search(now, policy.candidates, policy.longest_list, CAPABILITY_PROVIDERS, max(1, policy.candidates // 4))


def narrow(policy: Policy, now: datetime) -> Search:
    """For what others might add to a set that has its main part."""
    few = max(1, policy.candidates // 5)
    return Search(now, few, max(1, policy.longest_list // 5), CAPABILITY_PROVIDERS, few)
