"""What becomes of the paper: signed commits, rejected or terminated gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from chassis.delivery import Delivery
from chassis.failures import PermanentFailure
from chassis.unit import Unit
from contracts.events import agreements
from services.matching.domain import match as matches
from services.matching.domain.match import Decision, Match
from services.matching.domain.policy import Policy
from services.matching.handlers.concluding import conclude
from services.matching.store import MatchingStore

DEFAULT = Policy()
Decide = Callable[[Match, Any], Decision | None]


async def on_agreement_signed(
    unit: Unit[MatchingStore], deliveries: Sequence[Delivery[agreements.AgreementSigned]], *, policy: Policy = DEFAULT
) -> None:
    """What the agreement allocates is committed. Of a match that was released meanwhile nothing is left to commit."""
    await _each(
        unit,
        deliveries,
        lambda match, event: matches.sign(match, event.allocations) if match.state == "accepted" else None,
    )


async def on_agreement_rejected(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[agreements.AgreementRejected]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """Nothing will be signed: all that is reserved is free again."""
    await _each(
        unit,
        deliveries,
        lambda match, event: (
            matches.release(match, "agreement_rejected", unit.now) if match.state == "accepted" else None
        ),
    )


async def on_agreement_terminated(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[agreements.AgreementTerminated]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """What was committed and not delivered is free again."""
    await _each(
        unit,
        deliveries,
        lambda match, event: (
            matches.release(match, "agreement_terminated", unit.now) if match.state == "accepted" else None
        ),
    )


async def _each(unit: Unit[MatchingStore], deliveries: Sequence[Delivery[Any]], decide: Decide) -> None:
    """One decision per match and round: several agreements of one match are taken in one after the other."""
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
            decision = decide(before[match_id], one.event)
            if decision is not None:
                decisions.append(decision)
        await conclude(unit, before, decisions, round_)
        before |= {decision.match.match_id: decision.match for decision in decisions}
