"""One match takes the place of another: whose yes still stands, and what the new one begins with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.events.matching import MatchProposed
from contracts.values import Party, ProposedAllocation, Reason
from services.matching.domain.history import Answer, Memento
from services.matching.domain.match import Decision, Match, rebalanced
from services.matching.domain.parts import MatchParty
from services.matching.domain.undoing import restored

Because = Literal["party_replaced", "decision_undone"]


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why it is proposed: as every proposal says it."""

    score: float
    reasons: tuple[Reason, ...]
    rules_version: str


def begin(fresh: Match, stands: Memento, replaces: Match, because: Because, grounds: Grounds) -> Decision:
    """The match just stored (``fresh``: nobody has answered) with what still stands of the one it replaces.

    Reserves when somebody's yes is carried over.
    """
    match, moves = rebalanced(replace(restored(fresh, stands), replaces=replaces.match_id))
    event = MatchProposed(
        match_id=match.match_id,
        version=match.version,
        need_id=match.need_id,
        need_title=match.need_title,
        department=match.department,
        policy_area=match.policy_area,
        triangulation=match.triangulation,
        parties=tuple(one.party for one in match.parties),
        allocations=tuple(part.allocation for part in match.parts),
        account_manager_id=match.account_manager_id,
        score=grounds.score,
        reasons=grounds.reasons,
        rules_version=grounds.rules_version,
        expires_at=match.expires_at,
        replaces_match_id=replaces.match_id,
        replaces_because=because,
        consented=match.consented or None,
    )
    return Decision(match, ((match.version, event),), moves)


def carried(before: Match, fresh: Match, reserved_until: datetime) -> Memento:
    """What ``fresh`` begins with: the yes of everybody whose part is the same as ``before``.

    A giver's part is what it brings; that of the department and of the receivers is what goes to the need's lines,
    from whom and how much: another refurbisher does not concern them, another giver of laptops does.
    """
    said = {one.party.party_id: one for one in before.parties if one.consent == "given"}
    answers = []
    for one in fresh.parties:
        old = said.get(one.party.party_id)
        same = old is not None and _of(before, old) == _of(fresh, one)
        answers.append(
            old.answer.model_copy(update={"carried": True}) if old and same else Answer(party_id=one.party.party_id)
        )
    return Memento(
        expires_at=reserved_until, answers=tuple(answers), figures=tuple(part.figure for part in fresh.parts)
    )


def as_it_was(memento: Memento, expires_at: datetime) -> Memento:
    """What stands after a decision was taken back, for a match of its own."""
    answers = tuple(
        one.model_copy(update={"carried": True}) if one.consent == "given" else one for one in memento.answers
    )
    return memento.model_copy(update={"answers": answers, "expires_at": expires_at})


def newly_consented(match: Match) -> bool:
    """Somebody said yes to this very match."""
    return any(one.consent == "given" and not one.carried for one in match.parties)


Bundle = frozenset[tuple[UUID, int, int | None, object, str, object]]


def _of(match: Match, one: MatchParty) -> tuple[Party | None, Bundle]:
    """What the party agreed to; partners behind a giver's offers are part of it."""
    allocations: Iterable[ProposedAllocation] = (part.allocation for part in match.parts)
    if one.party.role == "giver":
        bundle = [own for own in allocations if own.stakeholder_id == one.party.stakeholder_id]
        return one.party.model_copy(update={"account_manager_id": None, "name": "-"}), _bundle(bundle)
    return None, _bundle(own for own in allocations if own.need_line is not None)


def _bundle(allocations: Iterable[ProposedAllocation]) -> Bundle:
    return frozenset(
        (one.offer_id, one.offer_line, one.need_line, one.quantity, one.unit, one.recurrence) for one in allocations
    )
