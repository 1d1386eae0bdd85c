"""Triangulation: sets of offers that together bring everything, with few parties."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain import coverage
from services.matching.domain.proposals import Proposal, propose
from services.matching.domain.rules import MOST_OFFERS
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit
CAPABILITIES = ["refurbishing", "storage", "delivery", "training"]


def made(need: Need, *offers: Offer) -> list[Proposal]:
    return propose(need, offers, Steering(), NOW)


def givers(proposal: Proposal) -> int:
    return sum(party.role == "giver" for party in proposal.parties)


def brings(*capabilities: str, quantity: str | None = "10", unit: str = "C62") -> list[object]:
    return [a_line("service", quantity, unit, capability=one) for one in capabilities]


def test_no_proposal_while_a_capability_is_missing() -> None:
    need = a_need(requires=["refurbishing", "storage"])
    assert made(need, an_offer(), an_offer(*brings("refurbishing"))) == []


def test_the_fewest_parties_come_first() -> None:
    need = a_need(requires=["refurbishing", "storage"])
    both = an_offer(*brings("refurbishing", "storage"))
    proposals = made(need, an_offer(), an_offer(*brings("refurbishing")), an_offer(*brings("storage")), both)
    assert givers(proposals[0]) == 2
    assert {share.allocation.offer_id for share in proposals[0].shares} >= {both.offer_id}
    assert max(map(givers, proposals)) == 3


def test_one_giver_with_everything_is_no_triangulation() -> None:
    need = a_need(requires=["refurbishing"])
    [proposal] = made(need, an_offer(a_line(), *brings("refurbishing")))
    assert not proposal.triangulation
    assert [share.allocation.need_line for share in proposal.shares] == [0, None]


def test_a_capability_in_another_unit_is_taken_whole_and_in_the_same_as_much_as_needed() -> None:
    need = a_need(requires=["storage", "delivery"])
    [proposal] = made(
        need, an_offer(), an_offer(*brings("storage", quantity="500"), *brings("delivery", quantity="3", unit="HUR"))
    )
    assert [share.allocation.quantity for share in proposal.shares] == [10, 10, 3]


def test_every_line_of_the_need_is_met_by_somebody() -> None:
    need = a_need(a_line(), a_line("expertise", "5", "DAY"))
    laptops, days = an_offer(), an_offer(a_line("expertise", "9", "DAY"), title="Giornate")
    proposals = made(need, laptops, days)
    assert all({share.allocation.need_line for share in one.shares} == {0, 1} for one in proposals)
    assert len(proposals) == 1, "led by either offer it is the same set"


def test_a_line_nobody_can_meet_stays_open() -> None:
    need = a_need(a_line(), a_line("expertise", "5", "DAY"))
    [proposal] = made(need, an_offer())
    assert [share.allocation.need_line for share in proposal.shares] == [0]


def test_open_on_both_sides_is_left_to_agree() -> None:
    [proposal] = made(a_need(a_line(quantity=None)), an_offer(a_line(quantity=None)))
    assert proposal.shares[0].to_agree
    [proposal] = made(a_need(a_line(quantity=None)), an_offer(a_line(quantity="7")))
    assert (proposal.shares[0].to_agree, proposal.shares[0].allocation.quantity) == (False, Decimal(7))


def test_receivers_consent_too_and_are_never_givers() -> None:
    receiver = a_giver("Arimo")
    need = a_need(receivers={receiver.stakeholder_id: receiver}, requires=["storage"])
    helper = an_offer(*brings("storage"), giver=receiver)
    assert made(need, an_offer(), helper) == []
    [proposal] = made(need, an_offer(), an_offer(*brings("storage")))
    assert [party.role for party in proposal.parties] == ["department", "giver", "giver", "receiver"]


OFFERED = st.lists(st.sets(st.sampled_from(CAPABILITIES), min_size=1, max_size=3), max_size=6)


@given(required=st.sets(st.sampled_from(CAPABILITIES), min_size=1), offered=OFFERED)
def test_covers_are_complete_minimal_and_as_small_as_can_be(required: set[str], offered: list[set[str]]) -> None:
    need = a_need(requires=sorted(required))
    offers = [an_offer(*brings(*sorted(one))) for one in offered]
    available = coverage.providers(need, offers)
    found = coverage.covers(required, available, set())
    brought = [frozenset(one.lines) for one in available]
    sizes = [
        size
        for size in range(1, len(brought) + 1)
        if any(frozenset().union(*chosen) >= required for chosen in combinations(brought, size))
    ]
    assert bool(found) == bool(sizes)
    for chosen in found:
        assert frozenset().union(*(one.lines for one in chosen)) >= required
        for left_out in chosen:
            assert not frozenset().union(*(one.lines for one in chosen if one is not left_out)) >= required
    if found:
        assert len(found[0]) == min(sizes)


def test_several_companies_together_bring_what_one_cannot() -> None:
    need = a_need(a_line(quantity="200"), requires=["refurbishing"])
    laptops = [an_offer(a_line(quantity=quantity)) for quantity in ("90", "70", "60")]
    refurbisher = an_offer(*brings("refurbishing", quantity="300"))
    proposals = made(need, *laptops, refurbisher)
    whole = [one for one in proposals if givers(one) == 4]
    shares = sorted((share.allocation.need_line, share.allocation.quantity) for share in whole[0].shares[:3])
    assert sum(quantity for _, quantity in shares) == 200, "each its own quantity, together all that is asked"
    assert {share.allocation.quantity for share in whole[0].shares if share.allocation.need_line is None} == {200}
    assert [one for one in proposals if givers(one) == 2], "one alone, for part of it, stays possible"
    assert whole[0] is proposals[0]


def test_without_capabilities_each_company_is_asked_for_itself() -> None:
    proposals = made(a_need(a_line(quantity="200")), *(an_offer(a_line(quantity="90")) for _ in range(3)))
    assert {givers(one) for one in proposals} == {1}


def test_where_one_refurbisher_does_not_go_far_enough_another_helps() -> None:
    need = a_need(a_line(quantity="100"), requires=["refurbishing"])
    offers = [an_offer(*brings("refurbishing", quantity=quantity)) for quantity in ("70", "50")]
    [proposal, *_] = made(need, an_offer(a_line(quantity="100")), *offers)
    lent = [share.allocation.quantity for share in proposal.shares if share.allocation.need_line is None]
    assert sum(lent) == 100
    assert len(lent) == 2


@given(quantities=st.lists(st.integers(1, 40), min_size=1, max_size=30), asked=st.integers(1, 400))
def test_sets_are_bounded_and_never_bring_more_than_there_is(quantities: list[int], asked: int) -> None:
    need = a_need(a_line(quantity=str(asked)), requires=["delivery"])
    offers = [an_offer(a_line(quantity=str(one))) for one in quantities]
    for proposal in made(need, *offers, an_offer(*brings("delivery", quantity="500"))):
        assert len({share.allocation.offer_id for share in proposal.shares}) <= MOST_OFFERS
        main = [share.allocation for share in proposal.shares if share.allocation.need_line is not None]
        assert sum(one.quantity for one in main) <= asked
        offered = {(offer.offer_id, line.index): line.free for offer in offers for line in offer.lines}
        assert all(one.quantity <= offered[one.offer_id, one.offer_line] for one in main)
