"""Commands on plans: ask for one, cancel it, adopt it. A plan decides nothing; adopting it makes proposals."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.unit import Unit
from services.matching.domain import deals, filters, proposals, refusals, signals
from services.matching.domain import match as matches
from services.matching.domain.match import Match
from services.matching.domain.policy import Policy
from services.matching.domain.proposals import Candidate, Memory
from services.matching.domain.signals import Contribution, Piece, Question
from services.matching.domain.subjects import LineState, Need, Offer, Steering
from services.matching.handlers import proposing
from services.matching.handlers.concluding import conclude
from services.matching.handlers.likening import Alike, likenesses
from services.matching.store import MatchingStore

AT_ONCE = 200
"""Lines that one command makes proposals of."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """Which lines of the plan became which matches, why others did not, and whether there are more to propose."""

    proposed: Mapping[int, UUID]
    left_out: Mapping[int, str]
    more: bool


@dataclass(slots=True)
class _Rest:
    """What lines still have while proposals are made of them."""

    left: dict[tuple[UUID, int], Decimal | None] = field(default_factory=dict)

    def of(self, subject: UUID, line: LineState) -> Decimal | None:
        """None: as much as anybody wants."""
        return self.left.setdefault((subject, line.index), None if line.open_ended else line.free)

    def take(self, subject: UUID, line: LineState, quantity: Decimal) -> None:
        rest = self.of(subject, line)
        if rest is not None:
            self.left[subject, line.index] = rest - quantity


@dataclass(frozen=True, slots=True)
class _Known:
    """What the lines of the plan are about, as it is now."""

    needs: Mapping[UUID, Need]
    offers: Mapping[UUID, Offer]
    alike: Mapping[UUID, Alike]
    memories: Mapping[UUID, Memory]
    steering: Steering
    rest: _Rest


async def ask(unit: Unit[MatchingStore], parameters: Mapping[str, Any]) -> UUID:
    """Queues a plan; whichever instance is free makes it."""
    plan_id = unit.new_id()
    await unit.store.plans.ask(unit.scope, plan_id, parameters, unit.now)
    return plan_id


async def cancel(unit: Unit[MatchingStore], plan_id: UUID) -> None:
    """Raises ``Refusal`` when there is no such plan or it is over."""
    if not await unit.store.plans.cancel(unit.scope, plan_id, unit.now):
        found = await unit.store.plans.one(unit.scope, plan_id)
        raise refusals.unknown_plan() if found is None else refusals.plan_over()


async def adopt(unit: Unit[MatchingStore], plan_id: UUID, positions: Collection[int] | None, policy: Policy) -> Adopted:
    """Makes proposals of the plan's lines (None = all), each once, of what is still free on both sides.

    Up to ``AT_ONCE`` at a time; lines that could not be proposed are tried again only by name. Raises ``Refusal``.
    """
    found = await unit.store.plans.one(unit.scope, plan_id, lock=True)
    if found is None:
        raise refusals.unknown_plan()
    if found["state"] != "done":
        raise refusals.plan_not_done()
    lines = await unit.store.plans.to_propose(unit.scope, plan_id, positions, AT_ONCE)
    more, lines = len(lines) > AT_ONCE, lines[:AT_ONCE]
    today = await _today(unit, lines)
    known = await _known(unit, lines)
    candidates: dict[int, Candidate] = {}
    left_out = {line["position"]: "under_way" for line in lines if _answered(today.get(line["today_match_id"]))}
    for line in lines:
        position = line["position"]
        if position not in left_out:
            await asyncio.sleep(0)  # a line takes a millisecond: the loop goes on serving between two
            made = _candidate(unit, known, line)
            if isinstance(made, str):
                left_out[position] = made
            else:
                candidates[position] = made
    await _make_room(unit, today, [line for line in lines if line["position"] in candidates])
    proposed = await _propose(unit, candidates, policy)
    left_out |= dict.fromkeys(candidates.keys() - proposed.keys(), "proposed_already")
    await unit.store.plans.mark_proposed(unit.scope, plan_id, proposed, left_out)
    return Adopted(proposed, left_out, more)


async def _today(unit: Unit[MatchingStore], lines: Sequence[Mapping[str, Any]]) -> dict[UUID, Match]:
    """Today's proposals that lines of the plan would take the place of, locked."""
    return await unit.store.matches.locked(
        unit.scope, {line["today_match_id"] for line in lines if line["change"] == "other_quantity"}
    )


def _answered(match: Match | None) -> bool:
    return match is not None and (match.is_reserved or match.state == "accepted")


async def _make_room(
    unit: Unit[MatchingStore], today: Mapping[UUID, Match], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Ends today's proposals that these lines are about to take the place of, and no others.

    In the same transaction as what takes their place: a need keeps the one or has the other.
    """
    found = [today[line["today_match_id"]] for line in lines if line["today_match_id"] in today]
    free = {one.match_id: one for one in found if one.state == "proposed"}
    await conclude(unit, today, [matches.expire(match, "superseded", unit.now) for match in free.values()])


async def _known(unit: Unit[MatchingStore], lines: Sequence[Mapping[str, Any]]) -> _Known:
    needs = {line["need_id"] for line in lines}
    offers = {line["offer_id"] for line in lines}
    offers |= {UUID(one["offer_id"]) for line in lines for one in line["capabilities"]}
    memories, _ = await unit.store.candidates.memory(unit.scope, needs)
    known_needs = await unit.store.candidates.needs(unit.scope, needs)
    known_offers = await unit.store.candidates.offers(unit.scope, offers)
    return _Known(
        known_needs,
        known_offers,
        await likenesses(known_needs, _offers_of(lines, known_needs, known_offers)),
        memories,
        await unit.store.projections.steering(unit.scope, signals.day_of(unit.now)),
        _Rest(),
    )


def _offers_of(
    lines: Sequence[Mapping[str, Any]], needs: Mapping[UUID, Need], offers: Mapping[UUID, Offer]
) -> dict[UUID, list[Offer]]:
    """By need: the offers that the plan's lines bring it."""
    found: dict[UUID, dict[UUID, Offer]] = {need_id: {} for need_id in needs}
    for line in lines:
        for offer_id in (line["offer_id"], *(UUID(one["offer_id"]) for one in line["capabilities"])):
            if line["need_id"] in found and offer_id in offers:
                found[line["need_id"]][offer_id] = offers[offer_id]
    return {need_id: list(brought.values()) for need_id, brought in found.items()}


def _candidate(unit: Unit[MatchingStore], known: _Known, line: Mapping[str, Any]) -> Candidate | str:
    """The set that the line stands for, or the code of what stands against it now."""
    need = known.needs.get(line["need_id"])
    if need is None:
        return "need_closed"
    pieces = _pieces(known, need, line)
    if isinstance(pieces, str):
        return pieces
    offers = list({piece.offer.offer_id: piece.offer for piece in pieces}.values())
    memory = known.memories.get(need.need_id, Memory())
    for offer in offers:
        obstacles = filters.obstacles(need, offer, unit.now)
        if obstacles:
            return obstacles[0].code
        if not memory.admits(offer):
            return "declined_before"
    if deals.refused(need, pieces, known.steering.toolkit.at(unit.now)):
        return "no_instrument"
    alike = known.alike.get(need.need_id, {})
    candidate = proposals.ranked(Question(need, pieces, known.steering, signals.day_of(unit.now), alike))
    if not memory.allows(candidate):
        return "declined_before"
    for piece in pieces:
        if piece.quantity is not None:
            known.rest.take(piece.offer.offer_id, piece.offered, piece.quantity)
            if piece.asked is not None:
                known.rest.take(need.need_id, piece.asked, piece.quantity)
    return _planned(candidate)


def _pieces(known: _Known, need: Need, line: Mapping[str, Any]) -> list[Piece] | str:
    offer = known.offers.get(line["offer_id"])
    asked = _line(need.lines, line["need_line"])
    offered = None if offer is None else _line(offer.lines, line["offer_line"])
    if offer is None or offered is None or asked is None:
        return "offer_closed"
    obstacles = filters.meeting_obstacles(need, offer, asked, offered)
    if obstacles:
        return obstacles[0].code
    there = [known.rest.of(need.need_id, asked), known.rest.of(offer.offer_id, offered)]
    quantity = min([Decimal(line["quantity"]), *(one for one in there if one is not None)])
    if quantity <= 0:
        return "nothing_free"
    if quantity < max(asked.line.least(there[0]), offered.line.least(there[1])):
        return "below_lot"
    pieces = [Piece(offer, offered, asked, quantity)]
    for one in line["capabilities"]:
        brings = known.offers.get(UUID(one["offer_id"]))
        lent = None if brings is None else _line(brings.lines, one["offer_line"])
        if brings is None or lent is None or lent.line.capability != one["capability"]:
            return "capability_missing"
        amount = quantity if lent.line.unit == offered.line.unit else (None if lent.open_ended else lent.free)
        rest = known.rest.of(brings.offer_id, lent)
        if amount is not None and rest is not None and rest < amount:
            return "capability_missing"
        if amount is not None and amount < lent.line.least(rest):
            return "below_lot"
        pieces.append(Piece(brings, lent, None, amount))
    return pieces


def _line(lines: Sequence[LineState], index: int) -> LineState | None:
    return next((line for line in lines if line.index == index), None)


def _planned(candidate: Candidate) -> Candidate:
    """The candidate, saying where it comes from."""
    said = Contribution("in_plan", 0.0, lambda: ("Fa parte di un piano d'insieme", "Part of a plan over all needs"))
    return replace(candidate, contributions=[*candidate.contributions, said], planned=True)


async def _propose(unit: Unit[MatchingStore], candidates: Mapping[int, Candidate], policy: Policy) -> dict[int, UUID]:
    """Stores and publishes them; returns the match of each line whose lines were not proposed together already."""
    needs = {candidate.need.need_id for candidate in candidates.values()}
    before = set((await unit.store.plans.open_sets(unit.scope, needs)).values())
    await proposing.store(unit, list(candidates.values()), policy)
    now = await unit.store.plans.open_sets(unit.scope, needs)
    found = {position: now.get((one.need.need_id, one.key)) for position, one in candidates.items()}
    return {position: match_id for position, match_id in found.items() if match_id and match_id not in before}
