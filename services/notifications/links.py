"""Where an item is worked on: the page of the service that owns the thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

_PAGES = {
    "vet_stakeholder": "/intake/stakeholders/{subject}",
    "triage_need": "/intake/needs/{subject}",
    "renew_need": "/intake/needs/{subject}",
    "renew_offer": "/intake/offers/{subject}",
    "decide_match": "/matching/proposals?need={subject}",
    "find_replacement": "/matching/proposals?need={subject}",
    "give_consent": "/matching/proposals/{subject}",
    "sign_as_party": "/agreements/files/{subject}",
    "fix_submission": "/intake/rejected",
}
_ON_THE_FILE = (
    "choose_instrument",
    "fill_plans",
    "mend_agreement",
    "review_agreement",
    "collect_signatures",
    "sign_agreement",
)


def of(kind: str, subject: UUID, case_id: UUID | None, parts: Sequence[Mapping[str, Any]]) -> str:
    """A path behind the edge; without a page of its own, the story of the case or thread."""
    if kind == "decide_match":
        proposals = [part["part"] for part in parts if part["is_open"]]
        if len(proposals) == 1:
            return f"/matching/proposals/{proposals[0]}"
    if kind in _PAGES:
        return _PAGES[kind].format(subject=subject)
    if kind in _ON_THE_FILE:
        agreements = _agreements(subject, parts)
        return f"/agreements/files/{agreements[0]}" if len(agreements) == 1 else "/agreements/desk"
    if kind in ("follow_deliveries", "record_delivery"):
        # The plan of an agreement has the agreement's id.
        agreements = _agreements(subject, parts)
        return f"/impact/plans/{agreements[0]}" if len(agreements) == 1 else "/impact/plans"
    facts = parts[0]["facts"] if parts else {}
    return f"/notifications/cases/{case_id or facts.get('thread') or subject}"


def _agreements(subject: UUID, parts: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """The open parts that are agreements: before the file is drafted, the part is the match itself."""
    return [part["part"] for part in parts if part["is_open"] and part["part"] != subject]
