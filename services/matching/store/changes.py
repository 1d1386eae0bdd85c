"""What a decision may change of a match, as rows to be saved."""

from __future__ import annotations

from typing import Any

from services.matching.domain.match import Match
from services.matching.domain.parts import MatchParty, Part


def head_change(match: Match) -> dict[str, Any]:
    return {
        "match_id": match.match_id,
        "version": match.version,
        "state": match.state,
        "expires_at": match.expires_at,
        "reason_code": match.reason_code,
        "closed_at": match.closed_at,
        "postponed_until": match.postponed_until,
        "replaces": match.replaces,
        "replaced_by": match.replaced_by,
        "submitted_at": match.submitted_at,
        "asked": match.asked.model_dump(mode="json") if match.asked else None,
    }


def party_change(match: Match, one: MatchParty) -> dict[str, Any]:
    return {
        "match_id": match.match_id,
        "party_id": one.party.party_id,
        "consent": one.consent,
        "channel": one.channel,
        "note": one.note,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
        "carried": one.carried,
    }


def part_change(match: Match, one: Part) -> dict[str, Any]:
    return {
        "match_id": match.match_id,
        "position": one.position,
        "quantity": one.allocation.quantity,
        "value_cents": one.allocation.value_cents,
        "to_agree": one.to_agree,
        "reserved": one.reserved,
        "committed": one.committed,
        "delivered": one.delivered,
        "recorded": one.recorded,
    }
