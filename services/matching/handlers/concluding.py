"""Carrying out what the domain decided about matches: saved, published, posted, and what it frees looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.unit import Unit
from services.matching.domain.match import Decision, Match
from services.matching.handlers.posting import post
from services.matching.store import MatchingStore

_FREEING = ("release_reserved", "release_committed", "take_back")


async def conclude(
    unit: Unit[MatchingStore],
    before: Mapping[UUID, Match],
    decisions: Sequence[Decision],
    causes: Mapping[UUID, Delivery[Any]] | None = None,
) -> None:
    """Stores decisions about locked matches (``before``), at most one for each.

    Raises :class:`services.matching.domain.ledger.NotEnough` when the ledger does not hold what should be reserved.
    """
    await unit.store.matches.save(unit.scope, before, [decision.match for decision in decisions])
    causes = causes or {}
    moves = [(decision.match, move) for decision in decisions for move in decision.moves]
    await post(unit, moves, next(iter(causes.values()), None))
    await unit.store.history.note(
        unit.scope, [(decision.match.match_id, decision.taken) for decision in decisions if decision.taken]
    )
    for decision in decisions:
        match = decision.match
        for version, event in decision.events:
            unit.append(
                event,
                aggregate_id=match.match_id,
                version=version,
                case=match.need_id,
                cause=causes.get(match.match_id),
            )
    await _look_again(unit, decisions)


async def _look_again(unit: Unit[MatchingStore], decisions: Sequence[Decision]) -> None:
    """What was taken makes other proposals smaller or void; what was freed makes new ones possible."""
    taken: tuple[set[UUID], set[UUID]] = (set(), set())
    freed: tuple[set[UUID], set[UUID]] = (set(), set())
    for decision in decisions:
        if decision.match.state in ("declined", "expired", "released"):
            freed[0].add(decision.match.need_id)
        for move in decision.moves:
            if move.entry == "reserve" or move.entry in _FREEING:
                needs, offers = taken if move.entry == "reserve" else freed
                needs.add(decision.match.need_id)
                offers.add(move.part.allocation.offer_id)
    for (needs, offers), widen in ((taken, False), (freed, True)):
        await unit.store.revisions.ask(unit.scope, unit.now, needs=needs, offers=offers, widen=widen)
