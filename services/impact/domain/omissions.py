"""Public results without what the Legal Office hid. Figures stay: only words and the ids that lead to them go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.impact.domain.reports import CaseReport, CommitmentReport, HiddenPart

PARTS: tuple[HiddenPart, ...] = ("subject", "parties")


@dataclass(frozen=True)
class Omissions:
    """Hidden parts by plan; ``word`` stands in their place. A case has the title of its agreements: one hides it."""

    by_plan: Mapping[UUID, frozenset[str]]
    cases_without_title: frozenset[UUID]
    word: str

    @classmethod
    def of(cls, hidden: Iterable[tuple[UUID, UUID, Iterable[str]]], word: str) -> Omissions:
        """From (plan, need, hidden parts)."""
        known = [(plan, need, frozenset(parts)) for plan, need, parts in hidden]
        untitled = frozenset(need for _, need, parts in known if "subject" in parts)
        return cls({plan: parts for plan, _, parts in known}, untitled, word)

    def case(self, report: CaseReport) -> CaseReport:
        """The case as everybody may read it."""
        commitments = [self._commitment(one) for one in report.commitments]
        told: dict[str, object] = {"commitments": commitments}
        if report.need_id in self.cases_without_title:
            told |= {"title": self.word, "omitted": ["subject"]}
        return report.model_copy(update=told)

    def _commitment(self, report: CommitmentReport) -> CommitmentReport:
        hidden = self.by_plan.get(report.plan_id, frozenset())
        if not hidden:
            return report
        told: dict[str, object] = {"omitted": [part for part in PARTS if part in hidden]}
        if "subject" in hidden:
            told["description"] = None
        if "parties" in hidden:
            # The same giver or offer may be named elsewhere: its id would lead there.
            told |= {"stakeholder": self.word, "partners": [], "stakeholder_id": None, "offer_id": None}
        return report.model_copy(update=told)
