"""The solver against brute force and against its own promises, on problems that hypothesis invents."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.allocation.model import Edge, Forced, NeedLine, NotPossible, OfferLine, Problem, Rules, Stopped
from services.matching.allocation.network import Network, networks
from services.matching.allocation.solving import around, greedy_plan, solve

pytestmark = pytest.mark.unit

CLOSE = 1e-6


@st.composite
def problems(draw: st.DrawFn, *, needs: int = 3, offers: int = 3, most: int = 4, ruled: bool = False) -> Problem:
    """Small problems; ``ruled`` ones have lots, limits of links and links that cost."""
    quantity = st.integers(1, most).map(Decimal)
    lot = st.sampled_from([Decimal(0), Decimal(2)]) if ruled else st.just(Decimal(0))
    links = st.sampled_from([None, 1, 2]) if ruled else st.none()
    share = st.sampled_from([0.0, 0.1, 0.5, 1.0])
    asked = [
        NeedLine(f"n{i}", "goods", draw(quantity), 1 + draw(share), i, draw(share), draw(lot), draw(links))
        for i in range(draw(st.integers(1, needs)))
    ]
    free = [
        OfferLine(f"o{j}", "goods", draw(quantity), draw(lot), draw(links)) for j in range(draw(st.integers(1, offers)))
    ]
    pairs = list(product(range(len(asked)), range(len(free))))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=5))
    least = st.sampled_from([Decimal(0), Decimal(0), Decimal(2), Decimal(3)]) if ruled else st.just(Decimal(0))
    edges = [Edge(i, j, draw(st.integers(1, 20)) / 20, draw(st.none() | quantity), draw(least)) for i, j in chosen]
    each_link = draw(st.sampled_from([0.0, 0.05, 0.3])) if ruled else 0.0
    return Problem(asked, free, edges, Rules(draw(st.sampled_from([0.0, 0.3, 1.0])), each_link))


def best_by_trying_everything(problem: Problem) -> float:
    """The value of the best of all plans there are."""
    [network] = networks(problem)
    caps = [range(int(cap) + 1) for cap in network.cap]
    return max(network.value(flow) for flow in map(_array, product(*caps)) if keeps_the_rules(network, flow))


def _array(numbers: Any) -> Any:
    import numpy as np

    return np.array(numbers, dtype=np.int64)


def keeps_the_rules(network: Network, flow: Any) -> bool:
    return bool(
        (network.met(flow) <= network.asked).all()
        and (network.given(flow) <= network.free).all()
        and ((flow == 0) | (flow >= network.lot)).all()
        and (network.links_of_needs(flow) <= network.need_links).all()
        and (network.links_of_offers(flow) <= network.offer_links).all()
        and (flow >= network.floor).all()
    )


@settings(max_examples=200, deadline=None)
@given(problems())
def test_without_further_rules_it_is_the_best_there_is(problem: Problem) -> None:
    plan = solve(problem)
    best = best_by_trying_everything(problem)
    assert plan.value == pytest.approx(best, abs=CLOSE)
    assert plan.bound == pytest.approx(best, abs=CLOSE)


@settings(max_examples=200, deadline=None)
@given(problems(ruled=True))
def test_with_lots_limits_and_links_that_cost_too_where_it_is_small(problem: Problem) -> None:
    plan = solve(problem)
    best = best_by_trying_everything(problem)
    assert plan.value == pytest.approx(best, abs=CLOSE)
    assert plan.bound >= best - CLOSE


@settings(max_examples=150, deadline=None)
@given(problems(needs=12, offers=10, most=50, ruled=True))
def test_it_keeps_the_rules_and_is_never_worse_than_greedy(problem: Problem) -> None:
    plan = solve(problem)
    for i, need in enumerate(problem.needs):
        assert sum(link.quantity for link in plan.links if link.need == i) <= need.asked
        assert need.most_links is None or sum(link.need == i for link in plan.links) <= need.most_links
    for j, offer in enumerate(problem.offers):
        assert sum(link.quantity for link in plan.links if link.offer == j) <= offer.free
        assert offer.most_links is None or sum(link.offer == j for link in plan.links) <= offer.most_links
    for link in plan.links:
        edge, need, offer = problem.edges[link.edge], problem.needs[link.need], problem.offers[link.offer]
        cap = min(need.asked, offer.free, edge.cap or need.asked)
        assert max(min(max(need.lot, offer.lot), cap), edge.least) <= link.quantity <= cap
    assert plan.value >= greedy_plan(problem).value - CLOSE
    assert plan.greedy == pytest.approx(greedy_plan(problem).value)
    assert plan.bound >= plan.value
    assert sum(link.value for link in plan.links) == pytest.approx(plan.value, abs=CLOSE)


@settings(max_examples=100, deadline=None)
@given(problems(needs=8, offers=6, most=30))
def test_more_weight_on_fairness_never_means_less_of_it_and_costs_fit(problem: Problem) -> None:
    found = [solve(replace(problem, rules=Rules(weight))) for weight in (0.0, 0.1, 0.3, 1.0)]
    for less, more in pairwise(found):
        assert more.fairness >= less.fairness - CLOSE
        assert more.benefit <= less.benefit + CLOSE


@settings(max_examples=100, deadline=None)
@given(problems(ruled=True), st.data())
def test_insisting_is_done_never_gains_and_reaches_no_further_than_its_part(
    problem: Problem, data: st.DataObject
) -> None:
    edge = data.draw(st.integers(0, len(problem.edges) - 1))
    one = problem.edges[edge]
    most = min(problem.needs[one.need].asked, problem.offers[one.offer].free, one.cap or Decimal(99))
    quantity = data.draw(st.integers(1, int(most)).map(Decimal))
    forced = replace(problem, forced=[Forced(edge, quantity)])
    if quantity < one.least:
        with pytest.raises(NotPossible):
            solve(forced)
        return
    plan = solve(forced)
    assert sum(link.quantity for link in plan.links if link.edge == edge) >= quantity
    [network] = networks(forced)
    best = max(
        network.value(flow)
        for flow in map(_array, product(*(range(int(cap) + 1) for cap in network.cap)))
        if keeps_the_rules(network, flow)
    )
    assert plan.value == pytest.approx(best, abs=CLOSE)
    near = around(forced, edge)
    here = solve(near).value - solve(replace(near, forced=())).value
    assert here == pytest.approx(plan.value - solve(problem).value, abs=CLOSE)


@settings(max_examples=100, deadline=None)
@given(problems(needs=12, offers=10, most=50, ruled=True))
def test_no_worse_than_a_plan_that_is_known(problem: Problem) -> None:
    plain = replace(problem, rules=replace(problem.rules, fairness=0.0))
    fair = solve(replace(problem, rules=replace(problem.rules, fairness=0.5)))
    assert solve(plain, known=fair).benefit >= fair.benefit - CLOSE, "fairness never gains fit"


def test_nobody_can_insist_on_more_than_there_is() -> None:
    problem = Problem([NeedLine("n", "goods", Decimal(3))], [OfferLine("o", "goods", Decimal(9))], [Edge(0, 0, 1.0)])
    with pytest.raises(NotPossible):
        solve(replace(problem, forced=[Forced(0, Decimal(4))]))


def test_decimals_are_exact_and_the_largest_quantities_do_not_overflow() -> None:
    third = Decimal("0.333")
    small = Problem(
        [NeedLine("n", "goods", Decimal("2.5"))],
        [OfferLine(str(i), "goods", third) for i in range(3)],
        [Edge(0, i, 0.5) for i in range(3)],
    )
    assert sum(link.quantity for link in solve(small).links) == Decimal("0.999")
    largest = Decimal("999999999999.999")
    huge = Problem(
        [NeedLine(str(i), "money", largest) for i in range(2000)],
        [OfferLine(str(i), "money", largest) for i in range(2000)],
        [Edge(i, (i + k) % 2000, 0.5 + k / 10) for i in range(2000) for k in range(2)],
    )
    plan = solve(huge)
    assert all(link.quantity <= largest for link in plan.links)
    assert plan.value > 1574
    assert plan.bound >= plan.value


def test_a_small_need_counts_as_much_as_a_large_one() -> None:
    """One euro does not outweigh a laptop: what counts is the share of what is asked."""
    problem = Problem(
        [NeedLine("small", "money", Decimal(10)), NeedLine("large", "money", Decimal(10_000))],
        [OfferLine("o", "money", Decimal(10))],
        [Edge(0, 0, 0.5), Edge(1, 0, 0.6)],
    )
    assert solve(problem).coverage == (1.0, 0.0)


def test_it_says_how_far_it_is_and_can_be_stopped() -> None:
    problem = Problem([NeedLine("n", "goods", Decimal(3))], [OfferLine("o", "goods", Decimal(9))], [Edge(0, 0, 1.0)])
    told: list[float] = []
    solve(problem, lambda phase, done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1.0

    def stop(phase: str, done: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        solve(problem, stop)


def test_lines_of_two_commodities_do_not_meet() -> None:
    with pytest.raises(ValueError, match="same kind and unit"):
        Problem([NeedLine("n", "goods", Decimal(1))], [OfferLine("o", "money", Decimal(1))], [Edge(0, 0, 1.0)])
