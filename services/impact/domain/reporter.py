"""Who reports a fact, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass

from services.impact.domain.plan import Commitment, Plan
from services.impact.domain.refusals import NotAllowed, NotFound

SYSTEM = "system"


@dataclass(frozen=True)
class Reporter:
    """The person who reports, as far as the rules ask. ``subject`` is an account's id, no name."""

    subject: str
    department: str | None = None
    stakeholders: frozenset[str] = frozenset()
    account_manager: bool = False
    reads_all: bool = False

    def may_read(self, plan: Plan) -> bool:
        return (
            self.account_manager
            or self.reads_all
            or self.department in plan.departments
            or any(str(stakeholder) in self.stakeholders for stakeholder in _involved(plan))
        )

    def source_for(self, plan: Plan, commitment: Commitment | None = None) -> str | None:
        """In whose name they report: references are unique within it. None when they may not.

        The city's side may report anything of its case, a partner what it gave itself.
        """
        if self.account_manager:
            return "account_manager"
        if self.department in plan.departments:
            return f"department:{self.department}"
        if commitment and str(commitment.promised.stakeholder_id) in self.stakeholders:
            return f"stakeholder:{commitment.promised.stakeholder_id}"
        return None


def source(reporter: Reporter, plan: Plan, commitment: Commitment | None = None) -> str:
    """:meth:`Reporter.source_for`. Raises NotFound for who may not even read the plan, else NotAllowed."""
    if not reporter.may_read(plan):
        raise no_such_plan()
    found = reporter.source_for(plan, commitment)
    if found is None:
        raise NotAllowed(
            "not-yours-to-report",
            "Registrano i risultati la direzione del caso e l'account manager; un partner solo ciò che ha dato.",
            "Results are recorded by the department of the case and the account manager; a partner records only"
            " what it gave itself.",
        )
    return found


def no_such_plan() -> NotFound:
    return NotFound("not-found", "Questo piano di impatto non esiste.", "There is no such impact plan.")


def _involved(plan: Plan) -> set[object]:
    behind = {partner.stakeholder_id for party in plan.parties for partner in party.partners}
    return {*plan.stakeholder_ids, *behind, *(commitment.promised.stakeholder_id for commitment in plan.commitments)}
