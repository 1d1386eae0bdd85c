"""How long it takes to find sets: 60 candidate offers, one need. CPU time of one thread, no database.

``python -m tests.bench.matching_sets``
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from services.matching.domain import refill
from services.matching.domain.proposals import Memory, candidates
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.tests.test_answers import match_of
from services.matching.tests.things import NOW, a_line, a_need, an_offer

T = TypeVar("T")
RUNS = 15
CASES = (
    (36, 24, ["refurbishing", "storage", "delivery"]),
    (50, 10, ["refurbishing"]),
    (20, 40, ["refurbishing", "storage", "delivery", "training"]),
)


def main() -> None:
    print("goods | capabilities | required | sets | most offers | ms to find | ms to replace one")
    for goods, bringing, required in CASES:
        need, offers = _situation(goods, bringing, required)
        found, taken = _timed(lambda need=need, offers=offers: candidates(need, offers, Steering(), NOW))
        match = replace(match_of(max(found, key=lambda one: len(one.offers)).proposal(), need))
        held = tuple(replace(part, reserved=part.quantity) for part in match.parts)
        match = replace(match, parts=held)
        gone = {match.parts[-1].allocation.offer_id}
        _, again = _timed(
            lambda need=need, offers=offers, match=match, gone=gone: refill.candidates(
                match, gone, need, offers, Steering(), NOW, memory=Memory()
            )
        )
        most = max(len(one.offers) for one in found)
        print(f"{goods} | {bringing} | {len(required)} | {len(found)} | {most} | {taken:.1f} | {again:.1f}")


def _situation(goods: int, bringing: int, required: list[str]) -> tuple[Need, list[Offer]]:
    pick = random.Random(1)
    need = a_need(a_line(quantity="200"), requires=required)
    offers = [an_offer(a_line(quantity=str(pick.randint(20, 90)))) for _ in range(goods)]
    for _ in range(bringing):
        some = pick.sample(required, pick.randint(1, min(2, len(required))))
        lines = [a_line("service", str(pick.randint(60, 300)), capability=one) for one in some]
        offers.append(an_offer(*lines))
    return need, offers


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    spent = []
    for _ in range(RUNS):
        start = time.thread_time()
        found = work()
        spent.append((time.thread_time() - start) * 1000)
    return found, statistics.median(spent)


if __name__ == "__main__":
    main()
