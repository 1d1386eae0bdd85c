"""Taking back one's own last decision, as long as it is fresh and nobody built on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from contracts.events.matching import MatchDecisionUndone
from services.matching.domain.ending import pending
from services.matching.domain.history import UNDOABLE, Memento
from services.matching.domain.match import Decision, Match, Said, noted, rebalanced, release, with_answer
from services.matching.domain.parts import Part
from services.matching.domain.states import after

Obstacle = Literal[
    "nothing_to_undo", "somebody_elses", "too_late", "agreement_signed", "agreement_under_way", "ending_already"
]
_UNDONE: dict[str, Literal["consent", "counter", "postponement"]] = {
    "consent": "consent",
    "counter": "counter",
    "postpone": "postponement",
}


class CannotUndo(Exception):
    """``obstacle`` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class Undone:
    """What becomes of the match. ``goes_on``: others heard of its end, so it goes on, like this, as another match."""

    decision: Decision
    goes_on: Memento | None = None


def undoable_until(match: Match, by: str, window: timedelta) -> datetime | None:
    """Until when ``by`` may take back the last decision; None when it is not theirs or none that can be."""
    last = match.last
    if last is None or last.act not in UNDOABLE or last.before is None or last.by != by or match.is_committed:
        return None
    if match.submitted_at is not None or pending(match) is not None:
        return None
    return last.at + window


def check(match: Match, by: str, now: datetime, window: timedelta) -> None:
    """Raises :class:`CannotUndo` when ``by`` may not take the last decision back."""
    last = match.last
    if last is None or last.act not in UNDOABLE or last.before is None or last.party_id is None:
        raise CannotUndo("nothing_to_undo")
    if last.by != by:
        raise CannotUndo("somebody_elses")
    if now > last.at + window:
        raise CannotUndo("too_late")
    if match.is_committed:
        raise CannotUndo("agreement_signed")
    if match.state == "accepted" and match.submitted_at is not None:
        raise CannotUndo("agreement_under_way")
    if pending(match) is not None:
        raise CannotUndo("ending_already")


def undo(match: Match, by: str | None, now: datetime) -> Undone:
    """The proposal as it stood before the last decision, taken back by ``by`` (after :func:`check`).

    A match that was accepted or declined by it stays ended and goes on as another one: whoever acted on the end need
    not learn that it was none. An accepted one is undone once its agreements are closed
    (:mod:`services.matching.domain.ending`).
    """
    last = match.last
    if last is None or last.act not in UNDOABLE or last.before is None or last.party_id is None:
        raise CannotUndo("nothing_to_undo")
    said = Said(by, now)
    state = after(match.state, "undo")
    if state == "released":
        ended = release(match, "undone", now, by)
        return Undone(noted(ended, "undo", said, last.party_id, last.act), last.before)
    if state == "declined":
        # It was no refusal after all: whoever looks for candidates does not remember it as one.
        back = with_answer(match, *(one for one in last.before.answers if one.party_id == last.party_id))
        left = Decision(replace(back, version=match.version + 1, reason_code="undone"))
        return Undone(noted(left, "undo", said, last.party_id, last.act), last.before)
    stood, moves = rebalanced(restored(match, last.before))
    stood = replace(stood, state=state, version=match.version + 1)
    event = MatchDecisionUndone(
        match_id=match.match_id,
        version=stood.version,
        need_id=match.need_id,
        need_title=match.need_title,
        department=match.department,
        policy_area=match.policy_area,
        triangulation=match.triangulation,
        parties=tuple(one.party for one in match.parties),
        allocations=tuple(part.allocation for part in stood.parts),
        account_manager_id=match.account_manager_id,
        party_id=last.party_id,
        undone=_UNDONE[last.act],
        awaited=stood.awaited,
        consented=stood.consented,
        until=stood.postponed_until,
        expires_at=stood.expires_at,
    )
    decision = Decision(stood, ((stood.version, event),), moves)
    return Undone(noted(decision, "undo", said, last.party_id, last.act))


def restored(match: Match, memento: Memento) -> Match:
    """The match with the answers, quantities and times of ``memento``; nothing is reserved by this alone."""
    parts: tuple[Part, ...] = tuple(
        part.with_figure(figure) for part, figure in zip(match.parts, memento.figures, strict=True)
    )
    back = with_answer(match, *memento.answers)
    return replace(back, parts=parts, expires_at=memento.expires_at, postponed_until=memento.postponed_until)
