"""Which weights rank: those of the rules, or those learned from decisions on top of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.domain.rules import RULES_VERSION, WEIGHTS

FIT_REFUSALS = frozenset({"not_suitable", "too_late", "too_little", "too_far"})
"""Reasons that say something about how well an offer fits; the others say that somebody or something was gone."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The weights in use. ``number`` is that of the learned ones, None for the rules as they are written."""

    weights: Mapping[str, float]
    number: int | None = None

    @property
    def version(self) -> str:
        """What a proposal remembers of it."""
        return RULES_VERSION if self.number is None else f"{RULES_VERSION}+{self.number}"


AS_WRITTEN = Ranking(WEIGHTS)


def learned_number(version: str) -> int | None:
    """The number in a proposal's version of the rules. Raises ValueError when it is not of these rules."""
    base, plus, number = version.partition("+")
    if base != RULES_VERSION or (plus and not number.isdigit()):
        raise ValueError(version)
    return int(number) if plus else None


def shares(reasons: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """What each signal said (0-1) of a proposal, from what it contributed under the weights of its day."""
    return {code: reasons.get(code, 0.0) / weight for code, weight in weights.items() if weight > 0}
