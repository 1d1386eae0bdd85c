"""Refitting the ranking from decisions, and deciding which weights are used."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from chassis.scope import Scope
from chassis.unit import Unit
from services.matching.domain.ranking import FIT_REFUSALS, learned_number, shares
from services.matching.domain.refusals import Refusal
from services.matching.domain.rules import RULES_VERSION, WEIGHTS
from services.matching.learning.fitting import Decided, Fit, TooFew, fit
from services.matching.store import MatchingStore
from services.matching.store.rankings import DecidedMatch, LearnedRanking, Use

NEWEST = 20_000
"""Decisions that are learned from, the newest; older ones tell of another city."""


WORTH_A_REFIT = 20
"""New decisions after which the ranking learns again by itself."""


@dataclass(frozen=True, slots=True)
class Refit:
    """What a refit came to. ``number`` is None when there was too little to learn from."""

    number: int | None
    found: Fit | TooFew


async def refit(unit: Unit[MatchingStore], by: str) -> Refit:
    """Fits weights to the newest decisions and keeps them under the next number; nothing is used yet."""
    await unit.store.rankings.alone(unit.scope)
    decisions = await _decisions(unit.store, unit.scope)
    used = await unit.store.rankings.in_use(unit.scope, RULES_VERSION)
    found = await asyncio.to_thread(fit, decisions, WEIGHTS, used.weights if used else None)
    if isinstance(found, TooFew):
        return Refit(None, found)
    number = await unit.store.rankings.add(
        unit.scope,
        {
            "rules_version": RULES_VERSION,
            "weights": dict(found.weights),
            "fitted_at": unit.now,
            "fitted_by": by,
            "decisions": found.decisions,
            "accepted": found.accepted,
            "held_out": found.held_out,
            "loss_before": found.before.log_loss,
            "loss_after": found.after.log_loss,
            "auc_before": found.before.auc,
            "auc_after": found.after.auc,
        },
    )
    return Refit(number, found)


async def use(unit: Unit[MatchingStore], number: int | None, by: str, reason: str) -> None:
    """From now on proposals are ranked by these weights; None takes the rules as they are written.

    Proposals that are there keep the score they were made with. Raises ``Refusal`` for weights that are not there or
    were learned for other rules.
    """
    if number is not None:
        found = await unit.store.rankings.one(unit.scope, number)
        if found is None:
            raise Refusal(
                "invalid", "unknown-ranking", "Questi pesi non ci sono.", "There are no such weights.", "/number"
            )
        if found.rules_version != RULES_VERSION:
            raise Refusal(
                "invalid",
                "other-rules",
                f"Questi pesi valevano per le regole {found.rules_version}: ora valgono le {RULES_VERSION}.",
                f"These weights were for the rules {found.rules_version}: now those of {RULES_VERSION} hold.",
                "/number",
            )
    await unit.store.rankings.use(unit.scope, Use(number=number, since=unit.now, by=by, reason=reason))


async def learn_by_itself(unit: Unit[MatchingStore], *, and_use: bool) -> Refit | None:
    """The refit of the schedule, once there is enough new to learn from; None when there is not.

    With ``and_use`` weights that foretell better are used at once, unless somebody went back to the rules; else they
    wait for somebody's decision.
    """
    await unit.store.rankings.alone(unit.scope)
    newest = await unit.store.rankings.newest(unit.scope, 1)
    since = newest[0].fitted_at if newest else None
    if await unit.store.rankings.decided_since(unit.scope, RULES_VERSION, FIT_REFUSALS, since) < WORTH_A_REFIT:
        return None
    done = await refit(unit, unit.scope.actor)
    if and_use and done.number is not None and isinstance(done.found, Fit) and done.found.is_better:
        if await _somebody_went_back(unit):
            return done
        await use(unit, done.number, unit.scope.actor, "better on the newest decisions")
    return done


async def _somebody_went_back(unit: Unit[MatchingStore]) -> bool:
    """The last word is a person's, and it is for the rules as they are written."""
    last = await unit.store.rankings.uses(unit.scope, 1)
    return bool(last) and last[0].number is None and last[0].by != unit.scope.actor


async def _decisions(store: MatchingStore, scope: Scope) -> list[Decided]:
    found = await store.rankings.decided(scope, RULES_VERSION, FIT_REFUSALS, NEWEST)
    known: dict[int | None, Mapping[str, float]] = {None: WEIGHTS}
    decided = []
    for one in found:
        weights = await _weights(store, scope, one, known)
        if weights is not None:
            decided.append(Decided(one.decided_at, shares(one.contributions, weights), one.accepted))
    return decided


async def _weights(
    store: MatchingStore, scope: Scope, one: DecidedMatch, known: dict[int | None, Mapping[str, float]]
) -> Mapping[str, float] | None:
    """The weights of the proposal's day; None when they cannot be known any more."""
    try:
        number = learned_number(one.rules_version)
    except ValueError:
        return None
    if number is not None and number not in known:
        ranking: LearnedRanking | None = await store.rankings.one(scope, number)
        known[number] = ranking.weights if ranking else {}
    return known[number] or None
