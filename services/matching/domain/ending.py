"""How an accepted match ends before its agreement is signed: asked of its agreements, which decide.

Matching knows only later what happens to an agreement. So nothing is released on its own word: it asks
(MatchEndAsked), everything stays reserved, and whoever keeps the files answers. Closed files come back as
AgreementRejected, and the match ends; a file that was submitted or signed is the answer no, and that is told
(MatchEndRefused). Whatever order the events cross in, the file's own row is the one place where it is decided.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from contracts.events.agreements import AgreementRejected
from contracts.events.matching import MatchEndAsked, MatchEndRefused
from services.matching.domain.history import Asked, EndReason, Hindrance
from services.matching.domain.match import Decision, Match
from services.matching.domain.states import after

CLOSED_FOR_THE_MATCH = "match_released"
"""What AgreementRejected says when the file was closed because the match's end was asked."""
_REACH: dict[EndReason, int] = {"undone": 0, "released_by_manager": 1, "party_withdrew": 1}
_ENDS_AT: dict[Hindrance, int] = {"submitted": 0, "signed": 1}
"""How far a reason reaches, and up to where something stands in its way."""


def pending(match: Match) -> Asked | None:
    """What was asked and is not answered yet."""
    asked = match.asked
    return asked if match.state == "accepted" and asked is not None and asked.refused is None else None


def ask(match: Match, reason: EndReason, now: datetime, by: str | None = None) -> Decision | None:
    """Asks for the end of an accepted match; None when as much was asked already. Raises ``WrongState``."""
    after(match.state, "release")
    before = pending(match)
    if before is not None and _REACH[before.reason] >= _REACH[reason]:
        return None
    asked = replace(match, version=match.version + 1, asked=Asked(reason=reason, at=now, by=by))
    event = MatchEndAsked(
        match_id=match.match_id,
        version=asked.version,
        need_id=match.need_id,
        reason_code=reason,
        account_manager_id=match.account_manager_id,
    )
    return Decision(asked, ((asked.version, event),))


def under_way(match: Match, because: Hindrance, now: datetime) -> Decision | None:
    """An agreement of the match was submitted or signed: what was asked and does not reach as far comes too late."""
    if match.state != "accepted":
        return None
    known = match if match.submitted_at is not None else replace(match, submitted_at=now)
    asked = pending(known)
    if asked is None or _REACH[asked.reason] > _ENDS_AT[because]:
        return Decision(known) if known is not match else None
    late = replace(
        known, version=match.version + 1, asked=asked.model_copy(update={"refused": because, "refused_at": now})
    )
    event = MatchEndRefused(
        match_id=match.match_id,
        version=late.version,
        need_id=match.need_id,
        reason_code=asked.reason,
        because=because,
        account_manager_id=match.account_manager_id,
    )
    return Decision(late, ((late.version, event),))


def granted(match: Match, event: AgreementRejected) -> Asked | None:
    """What was asked, when this is the news that it may be done."""
    closed = event.reason_code == CLOSED_FOR_THE_MATCH and event.match_over is not False
    return pending(match) if closed else None
