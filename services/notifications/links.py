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
}
_ON_THE_FILE = ("choose_instrument", "fill_plans", "review_agreement", "collect_signatures", "sign_agreement")


def of(kind: str, subject: UUID, case_id: UUID | None, parts: Sequence[Mapping[str, Any]]) -> str:
    """A path behind the edge; without a page of its own, the story of the case or thread."""
    if kind in _PAGES:
        return _PAGES[kind].format(subject=subject)
    if kind in _ON_THE_FILE:
        # Before the file is drafted its part is the match itself.
        files = [part["part"] for part in parts if part["is_open"] and part["part"] != subject]
        return f"/agreements/files/{files[0]}" if len(files) == 1 else "/agreements/desk"
    facts = parts[0]["facts"] if parts else {}
    return f"/notifications/cases/{case_id or facts.get('thread') or subject}"
