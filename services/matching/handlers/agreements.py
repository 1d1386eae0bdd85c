"""What becomes of the paper: signed commits, amended, rejected or terminated gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import log
from chassis.delivery import Delivery
from chassis.failures import PermanentFailure
from chassis.unit import Unit
from contracts.events import agreements
from services.matching.domain import agreed, ending
from services.matching.domain import match as matches
from services.matching.domain.history import Asked
from services.matching.domain.match import Decision, Match
from services.matching.domain.policy import Policy
from services.matching.domain.revision import lost_offers
from services.matching.handlers.concluding import conclude
from services.matching.handlers.reconsidering import last_yes_back
from services.matching.handlers.succeeding import end
from services.matching.store import MatchingStore

DEFAULT = Policy()
_logger = log.get("matching.agreements")
Decide = Callable[[Match, Any], Decision | None]
CarryOut = Callable[[Match, Delivery[Any]], Awaitable[Match | None]]


async def on_agreement_signed(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[agreements.AgreementSigned]], *, policy: Policy = DEFAULT
) -> None:
    """What the agreement allocates is committed. Of a match that was released meanwhile nothing is left to commit."""
    await _each(unit, deliveries, lambda match, event: _signed(match, event, unit.now))


async def on_agreement_under_way(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[Any]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """A file was submitted, approved or signed by some: from now on the last yes stands (ADR 99)."""
    await _each(unit, deliveries, lambda match, event: ending.under_way(match, "submitted", unit.now))


async def on_agreement_amended(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[agreements.AgreementAmended]], *, policy: Policy = DEFAULT
) -> None:
    """What the agreement is about no longer is free again, as far as it was not delivered."""
    about_quantities = [one for one in deliveries if one.event.allocations is not None]
    await _each(unit, about_quantities, _amended)


async def on_agreement_rejected(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[agreements.AgreementRejected]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """Nothing of this agreement will be signed: what is reserved for it is free again.

    Where the match's end had been asked, this is the answer, and it ends as was asked.
    """

    async def as_asked(match: Match, delivery: Delivery[agreements.AgreementRejected]) -> Match | None:
        asked = ending.granted(match, delivery.event)
        return await _end_as_asked(unit, match, asked, policy, delivery) if asked else None

    def decide(match: Match, event: agreements.AgreementRejected) -> Decision | None:
        return agreed.end(match, event, "agreement_rejected", unit.now)

    await _each(unit, deliveries, decide, as_asked)


async def on_agreement_terminated(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[agreements.AgreementTerminated]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """What was committed by this agreement and not delivered is free again."""
    await _each(unit, deliveries, lambda match, event: agreed.end(match, event, "agreement_terminated", unit.now))


def _signed(match: Match, event: agreements.AgreementSigned, now: datetime) -> Decision | None:
    """Of a match that ended nothing is left to commit. What was asked about one that goes on comes too late."""
    if match.state != "accepted":
        _logger.warning("agreement.signed_without_match", match=str(match.match_id), agreement=str(event.agreement_id))
        return None
    committed = matches.sign(match, event.allocations)
    told = ending.under_way(committed.match, "signed", now)
    return replace(told, moves=committed.moves) if told else committed


async def _end_as_asked(
    unit: Unit[MatchingStore], match: Match, asked: Asked, policy: Policy, cause: Delivery[Any]
) -> Match:
    if asked.reason == "undone":
        return await last_yes_back(unit, match, asked, policy, cause)
    ended = matches.release(match, asked.reason, unit.now, asked.by)
    gone: set[UUID] = set()
    if asked.reason == "party_withdrew":
        offers = await unit.store.candidates.offers(unit.scope, {part.allocation.offer_id for part in match.parts})
        gone = lost_offers(match, offers, unit.now)
    return await end(unit, match, ended, gone, policy, cause)


def _amended(match: Match, event: agreements.AgreementAmended) -> Decision | None:
    decision = agreed.amend(match, event.allocations or ())
    for offer_id, offer_line, need_line in agreed.shortfalls(match, event.allocations or ()) if decision else ():
        _logger.warning(
            "agreement.amended_below_delivered",
            match=str(match.match_id),
            agreement=str(event.agreement_id),
            offer=str(offer_id),
            offer_line=offer_line,
            need_line=need_line,
        )
    return decision


async def _each(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]], decide: Decide, carry_out: CarryOut | None = None
) -> None:
    """One decision per match and round: several agreements of one match are taken in one after the other.

    ``carry_out`` does what takes more than a decision about the match, and returns it as it is then; None = nothing.
    """
    before = await unit.store.matches.locked(unit.scope, {one.event.match_id for one in deliveries})
    left = list(deliveries)
    while left:
        round_: dict[UUID, Delivery[Any]] = {}
        for one in left:
            round_.setdefault(one.event.match_id, one)
        left = [one for one in left if round_[one.event.match_id] is not one]
        decisions = []
        for match_id, one in round_.items():
            if match_id not in before:
                raise PermanentFailure(f"the agreement is about the match {match_id}, which does not exist here")
            over = await carry_out(before[match_id], one) if carry_out else None
            if over is not None:
                before[match_id] = over
                continue
            decision = decide(before[match_id], one.event)
            if decision is not None:
                decisions.append(decision)
        await conclude(unit, before, decisions, round_)
        before |= {decision.match.match_id: decision.match for decision in decisions}
