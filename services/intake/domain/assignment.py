"""Who guides whom: the account manager with the least to carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Candidate:
    """An account manager who is there. ``load`` counts stakeholders and open needs; no policy areas = all of them."""

    subject: str
    policy_areas: frozenset[str]
    load: int

    def knows(self, policy_area: str | None) -> bool:
        return policy_area is None or not self.policy_areas or policy_area in self.policy_areas


class Assignment:
    """Hands out work to the least loaded, counting what it handed out itself.

    Those who know the policy area come first; when nobody does, anybody who is there. Ties go to the smaller subject,
    so that the same situation always has the same answer.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = {candidate.subject: candidate for candidate in candidates}

    def next(self, policy_area: str | None = None) -> str | None:
        """The subject of who gets the next piece of work; None when nobody is there."""
        able = [candidate for candidate in self._candidates.values() if candidate.knows(policy_area)]
        among = able or list(self._candidates.values())
        if not among:
            return None
        chosen = min(among, key=lambda candidate: (candidate.load, candidate.subject))
        self._candidates[chosen.subject] = replace(chosen, load=chosen.load + 1)
        return chosen.subject
