"""What becomes of the paper: signed commits, amended, rejected or terminated gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from chassis import log
from chassis.delivery import Delivery
from chassis.failures import PermanentFailure
from chassis.unit import Unit
from contracts.events import agreements
from services.matching.domain import agreed
from services.matching.domain import match as matches
from services.matching.domain.match import Decision, Match
from services.matching.domain.policy import Policy
from services.matching.handlers.concluding import conclude
from services.matching.store import MatchingStore

DEFAULT = Policy()
_logger = log.get("matching.agreements")
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
    """Nothing of this agreement will be signed: what is reserved for it is free again."""
    await _each(unit, deliveries, lambda match, event: agreed.end(match, event, "agreement_rejected", unit.now))


async def on_agreement_terminated(
    unit: Unit[MatchingStore],
    deliveries: Sequence[Delivery[agreements.AgreementTerminated]],
    *,
    policy: Policy = DEFAULT,
) -> None:
    """What was committed by this agreement and not delivered is free again."""
    await _each(unit, deliveries, lambda match, event: agreed.end(match, event, "agreement_terminated", unit.now))


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
