"""How much of what exhaustive scoring would put first the index finds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.clock import utc_now
from chassis.scope import Scope
from services.matching.domain import proposals, signals
from services.matching.domain.policy import Policy
from services.matching.domain.search import for_need, for_offer
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.handlers.proposing import likeness_of
from services.matching.store import MatchingStore
from tests.bench.matching_ground import CITY

BEST = 10
_AT_ONCE = 4000
_SAME_LINES = """
SELECT DISTINCT theirs.subject_id FROM ledger_line AS ours
JOIN ledger_line AS theirs ON theirs.city = ours.city AND theirs.line_of <> ours.line_of AND theirs.kind = ours.kind
    AND theirs.unit = ours.unit AND theirs.matchable
WHERE ours.city = $1 AND ours.subject_id = $2
"""


@dataclass(frozen=True)
class Found:
    """Means over the sample. ``recall``: share of the true best that the index found; ``value``: what the best of those
    found score, as a share of what the true best do; ``compared``: how many were found of how many there are."""

    recall: float
    value: float
    compared: float
    of: float


async def of_needs(connection: Any, sample: Sequence[UUID]) -> Found:
    """The offers that the index finds for these needs."""
    store, scope, now = MatchingStore(connection), Scope(CITY, "bench"), utc_now()
    steering = await store.projections.steering(scope, signals.day_of(now))
    outcomes = []
    for need_id, need in (await store.candidates.needs(scope, sample)).items():
        found = (await store.candidates.offers_for(scope, [need_id], for_need(Policy(), now)))[need_id]
        scores: dict[UUID, float] = {}
        for part in await _parts(connection, need_id):
            offers = await store.candidates.offers(scope, part)
            scores |= _scores(need, list(offers.values()), steering)
        outcomes.append(_outcome(scores, found))
    return _mean(outcomes)


async def of_offers(connection: Any, sample: Sequence[UUID]) -> Found:
    """The needs that the index finds for these offers."""
    store, scope, now = MatchingStore(connection), Scope(CITY, "bench"), utc_now()
    steering = await store.projections.steering(scope, signals.day_of(now))
    outcomes = []
    for offer_id, offer in (await store.candidates.offers(scope, sample)).items():
        found = (await store.candidates.needs_for(scope, [offer_id], for_offer(Policy(), now)))[offer_id]
        scores: dict[UUID, float] = {}
        for part in await _parts(connection, offer_id):
            for need_id, need in (await store.candidates.needs(scope, part)).items():
                made = {} if need.state.requires else _scores(need, [offer], steering)
                if offer_id in made:
                    scores[need_id] = made[offer_id]
        outcomes.append(_outcome(scores, found))
    return _mean(outcomes)


def drawn(ids: Sequence[UUID], count: int, seed: int = 3) -> list[UUID]:
    return random.Random(seed).sample(list(ids), min(count, len(ids)))


def _scores(need: Need, offers: Sequence[Offer], steering: Steering) -> dict[UUID, float]:
    """The score of each offer as the one that leads."""
    made: dict[UUID, float] = {}
    now = utc_now()
    for offer in offers:  # one by one: sets with others are not what is compared here
        for one in proposals.candidates(need, [offer], steering, now, likeness=likeness_of(need, [offer])):
            made[offer.offer_id] = max(made.get(offer.offer_id, 0.0), one.score)
    return made


async def _parts(connection: Any, subject: UUID) -> list[list[UUID]]:
    rows = await connection.fetch(_SAME_LINES, CITY, subject)
    ids = [row["subject_id"] for row in rows]
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


def _outcome(scores: dict[UUID, float], found: Sequence[UUID]) -> Found | None:
    ranked = sorted(scores.values(), reverse=True)[:BEST]
    if not ranked:
        return None
    got = sorted((scores[one] for one in found if one in scores), reverse=True)
    as_good = sum(score >= ranked[-1] for score in got)
    return Found(min(1.0, as_good / len(ranked)), sum(got[:BEST]) / sum(ranked), float(len(found)), float(len(scores)))


def _mean(outcomes: Sequence[Found | None]) -> Found:
    known = [one for one in outcomes if one is not None]

    def mean(name: str) -> float:
        return sum(getattr(one, name) for one in known) / max(1, len(known))

    return Found(mean("recall"), mean("value"), mean("compared"), mean("of"))
