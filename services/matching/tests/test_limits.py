"""Limits of both sides hold for every set, every quantity that people say instead, and every plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.neighbourhoods import municipi_of
from contracts.places import Place, PlaceLimit
from contracts.values import Line, OfferPartner, StakeholderType
from services.matching.allocation.capabilities import Provider, Want, deal
from services.matching.allocation.model import Edge, NeedLine, OfferLine, Problem
from services.matching.allocation.solving import solve
from services.matching.domain import countering, limits, lots, revision, sets
from services.matching.domain.match import Match, Said
from services.matching.domain.parts import MatchParty, Part
from services.matching.domain.proposals import Proposal, propose
from services.matching.domain.sets import Able, Gap
from services.matching.domain.signals import Piece
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.finding import apart
from services.matching.planning.parameters import Parameters
from services.matching.planning.situation import Gathered, consider, parted, situation
from services.matching.planning.stored import packed, unpacked
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer, untouched

pytestmark = pytest.mark.unit

DUOMO, NIGUARDA, ISOLA = (Place(label="-", nil=nil) for nil in (1, 14, 11))
NINE = PlaceLimit(municipi=(9,))


# -- sets ------------------------------------------------------------------------------------------------


def test_others_fill_up_only_in_whole_lots() -> None:
    need = a_need(a_line(quantity="100"), requires=("delivery",))
    carrier = an_offer(a_line("service", quantity=None, capability="delivery"))
    first, small = an_offer(a_line(quantity="90")), an_offer(a_line(quantity="50", min_lot="20"))

    def beside_the_first(other: Offer) -> set[Decimal | None]:
        made = sets.around(Able.of(need, [first, other, carrier]), first)
        return {piece.quantity for pieces in made for piece in pieces if piece.offer is other}

    assert beside_the_first(small) == set(), "ten are left beside ninety, and it gives twenty at least"
    assert beside_the_first(an_offer(a_line(quantity="50", min_lot="10"))) == {Decimal(10)}


def test_the_need_takes_no_crumbs_but_the_last_one() -> None:
    need = a_need(a_line(quantity="100", min_lot="30"), requires=("delivery",))
    carrier = an_offer(a_line("service", quantity=None, capability="delivery"))
    givers = [an_offer(a_line(quantity=size)) for size in ("70", "20", "60")]
    for one in propose(need, [*givers, carrier], Steering(), NOW):
        goods = [share.allocation.quantity for share in one.shares if share.allocation.need_line == 0]
        assert Decimal(20) not in goods
        assert all(part is not None and part >= 30 for part in goods) or sum(part or 0 for part in goods) == 100


def test_a_capability_is_not_lent_below_its_lot() -> None:
    need = a_need(a_line(quantity="10"), requires=("refurbishing",))
    goods = an_offer(a_line(quantity="10"))
    large = an_offer(a_line("service", quantity="100", capability="refurbishing", min_lot="50"))
    fitting = an_offer(a_line("service", quantity="100", capability="refurbishing", min_lot="10"))
    assert propose(need, [goods, large], Steering(), NOW) == []
    [one] = propose(need, [goods, large, fitting], Steering(), NOW)
    assert {share.allocation.offer_id for share in one.shares} == {goods.offer_id, fitting.offer_id}


def test_somebody_else_helps_where_the_givers_own_lot_is_too_large() -> None:
    need = a_need(a_line(quantity="10"), requires=("refurbishing",))
    own = a_line("service", quantity="100", capability="refurbishing", min_lot="50")
    both = an_offer(a_line(quantity="10"), own)
    helper = an_offer(a_line("service", quantity="100", capability="refurbishing"))
    [one] = propose(need, [both, helper], Steering(), NOW)
    assert {(share.allocation.offer_id, share.allocation.offer_line) for share in one.shares} == {
        (both.offer_id, 0),
        (helper.offer_id, 0),
    }


def test_who_takes_over_keeps_the_lots() -> None:
    need = a_need(a_line(quantity="40"), requires=("refurbishing",))
    kept = an_offer(a_line(quantity="40"))
    piece = Piece(kept, kept.lines[0], need.lines[0], Decimal(40))
    gap = Gap(None, "refurbishing", "C62", Decimal(40))
    too_large = an_offer(a_line("service", quantity="90", capability="refurbishing", min_lot="41"))
    just = an_offer(a_line("service", quantity="90", capability="refurbishing", min_lot="40"))
    assert list(sets.refilled(Able.of(need, [kept, too_large]), [piece], [gap])) == []
    assert len(list(sets.refilled(Able.of(need, [kept, just]), [piece], [gap]))) == 1


# -- what people say instead -----------------------------------------------------------------------------


def a_match(need: Need, *pieces: tuple[Offer, str | None, int | None], reserved: bool = False) -> Match:
    proposal = propose(need, [offer for offer, _, _ in pieces], Steering(), NOW)[0]
    parts = []
    for position, (offer, quantity, need_line) in enumerate(pieces):
        share = next(one for one in proposal.shares if one.allocation.offer_id == offer.offer_id)
        allocation = share.allocation.model_copy(
            update={"quantity": Decimal(quantity) if quantity else None, "need_line": need_line}
        )
        held = Decimal(quantity) if reserved and quantity else Decimal(0)
        parts.append(Part(position, allocation, 1, reserved=held))
    return matched(need, proposal, parts)


def matched(need: Need, proposal: Proposal, parts: Sequence[Part]) -> Match:
    return Match(
        match_id=uuid4(),
        version=1,
        state="proposed",
        need_id=need.need_id,
        need_title=need.state.title,
        department=need.state.department,
        with_departments=(),
        policy_area=need.state.policy_area,
        triangulation=proposal.triangulation,
        account_manager_id=None,
        expires_at=NOW + timedelta(days=1),
        parties=tuple(MatchParty(party) for party in proposal.parties),
        parts=tuple(parts),
    )


def countered(match: Match, need: Need, offers: Sequence[Offer], **to: str) -> lots.BelowLot | None:
    by_id = {offer.offer_id: offer for offer in offers}
    lines = {(one.offer_id, line.index): line.line for one in offers for line in one.lines}
    decision = countering.counter(
        match,
        "department:education",
        Said("somebody", NOW),
        quantities={int(position[1:]): Decimal(quantity) for position, quantity in to.items()},
        lines=lines,
        reserved_until=NOW + timedelta(days=1),
    )
    return lots.broken(match, decision.match, need, by_id)


def test_a_counter_is_not_below_either_lot() -> None:
    need, offer = a_need(a_line(quantity="100", min_lot="10")), an_offer(a_line(quantity="100", min_lot="40"))
    match = a_match(need, (offer, "100", 0))
    assert countered(match, need, [offer], p0="40") is None
    assert countered(match, need, [offer], p0="39.999") == lots.BelowLot(0, Decimal(40), "C62", "offer")
    picky = a_need(a_line(quantity="100", min_lot="50"))
    match = a_match(picky, (offer, "100", 0))
    assert countered(match, picky, [offer], p0="45") == lots.BelowLot(0, Decimal(50), "C62", "need")


def test_a_counter_leaves_no_other_part_below_its_lot() -> None:
    need = a_need(a_line(quantity="20", min_lot="10"))
    one, other = an_offer(a_line(quantity="15")), an_offer(a_line(quantity="12"))
    match = matched(need, *_in_two(need, (one, "15"), (other, "5")))
    assert countered(match, need, [one, other], p0="10") == lots.BelowLot(0, Decimal(10), "C62", "need", other=True)
    assert countered(match, need, [one, other], p0="10", p1="10") is None
    raised = replace(need, lines=untouched((a_line(quantity="20", min_lot="16"),)))
    assert lots.outdated(match, raised, {one.offer_id: one, other.offer_id: other})
    small = lots.BelowLot(0, Decimal(16), "C62", "need")
    assert countered(match, raised, [one, other], p0="14") == small, "and not the other, which was too little before"


def _in_two(need: Need, *given: tuple[Offer, str]) -> tuple[Proposal, list[Part]]:
    proposals = [propose(need, [offer], Steering(), NOW)[0] for offer, _ in given]
    allocations = [made.shares[0].allocation for made in proposals]
    return proposals[0], [
        Part(at, allocation.model_copy(update={"quantity": Decimal(quantity)}), 1)
        for at, (allocation, (_, quantity)) in enumerate(zip(allocations, given, strict=True))
    ]


def test_all_that_is_left_is_never_too_little() -> None:
    need = a_need(a_line(quantity="100"))
    offer = an_offer(a_line(quantity="100", min_lot="40"), left="0")  # the match holds the last thirty
    match = replace(a_match(need, (an_offer_like(offer), "30", 0), reserved=True))
    assert countered(match, need, [offer], p0="29") == lots.BelowLot(0, Decimal(30), "C62", "offer")


def an_offer_like(offer: Offer) -> Offer:
    """The same before anything was taken of it."""
    return replace(offer, lines=tuple(replace(line, free=Decimal(30)) for line in offer.lines))


def test_what_follows_the_goods_is_held_against_the_lots_too() -> None:
    need = a_need(a_line(quantity="60"), requires=("refurbishing",))
    goods = an_offer(a_line(quantity="60"))
    work = an_offer(a_line("service", quantity="100", capability="refurbishing", min_lot="50"))
    match = a_match(need, (goods, "60", 0), (work, "60", None))
    assert countered(match, need, [goods, work], p0="55") is None
    assert countered(match, need, [goods, work], p0="45") == lots.BelowLot(1, Decimal(50), "C62", "offer")


# -- what was proposed before ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("need", "offer"),
    [
        ({"excluded_stakeholder_types": ("company",)}, {}),
        ({}, {"excluded_departments": ("education",)}),
        ({"place": DUOMO}, {"only_in": NINE}),
        ({"only_in": NINE}, {"place": DUOMO}),
    ],
)
def test_a_proposal_beyond_a_limit_ends_whoever_said_yes(need: dict[str, Any], offer: dict[str, Any]) -> None:
    giver = a_giver(kind="company")
    before, first = a_need(), an_offer(giver=giver)
    match = a_match(before, (first, "10", 0), reserved=True)
    now = replace(before, state=before.state.model_copy(update=need))
    given = replace(first, state=first.state.model_copy(update=offer))
    known = {first.offer_id: given}
    assert revision.verdict(match, "-", now, known, NOW) == "superseded"
    assert revision.lost_offers(match, known, NOW, now) == {first.offer_id}
    accepted = replace(match, state="accepted")
    assert revision.verdict(accepted, "-", now, known, NOW) is None, "what everybody agreed to is for people to end"


# -- plans -----------------------------------------------------------------------------------------------


def test_a_plan_gives_no_less_than_a_lot_and_nobody_can_insist_on_less() -> None:
    problem = Problem(
        [NeedLine("n", "goods", Decimal(30)), NeedLine("m", "goods", Decimal(100))],
        [OfferLine("o", "goods", Decimal(100))],
        [Edge(0, 0, 1.0, least=Decimal(40)), Edge(1, 0, 0.1, least=Decimal(40))],
    )
    assert [(link.need, link.quantity) for link in solve(problem).links] == [(1, Decimal(100))]
    assert unpacked(packed(problem)).edges == problem.edges


def test_a_capability_is_dealt_out_in_lots() -> None:
    want = Want("n", "C62", Decimal(30), 1.0, {"refurbishing": ["p", "q"]})
    large = Provider("p", "C62", Decimal(100), Decimal(40))
    dealt, _ = deal([want], {"p": large, "q": Provider("q", "C62", Decimal(20), Decimal(0))})
    assert (dealt["n"].quantity, dealt["n"].providers) == (Decimal(20), {"refurbishing": "q"})
    dealt, _ = deal([want], {"p": large, "q": replace(large, key="q")})
    assert dealt["n"].missing == ("refurbishing",)


# -- everything at once ----------------------------------------------------------------------------------

PLACES = st.sampled_from([None, DUOMO, NIGUARDA, ISOLA, Place(label="-", municipio=9), Place(label="-", municipio=1)])
LIMITS = st.sampled_from([None, None, NINE, PlaceLimit(nils=(1,)), PlaceLimit(nils=(14,), municipi=(1,))])
GIVERS = [a_giver(f"Giver {at}", kind=kind) for at, kind in enumerate(("company", "association", None))]
PARTNERS: dict[UUID, StakeholderType] = {uuid4(): "company", uuid4(): "school"}
SOMEBODY = a_giver("Arimo")
AREAS, DEPARTMENTS = ("digital_poverty", "food_poverty"), ("education", "environment")


@st.composite
def a_line_within(draw: st.DrawFn, capability: str | None = None) -> Line:
    quantity = draw(st.none() | st.integers(1, 60))
    lot = draw(st.none() | st.integers(1, quantity or 60))
    kind = "service" if capability else "goods"
    return a_line(kind, None if quantity is None else str(quantity), min_lot=lot and str(lot), capability=capability)


@st.composite
def needs(draw: st.DrawFn) -> Need:
    excluded = st.lists(st.sampled_from([one.stakeholder_id for one in GIVERS] + list(PARTNERS)), unique=True)
    receivers = draw(st.booleans())
    return a_need(
        *draw(st.lists(a_line_within(), min_size=1, max_size=2)),
        receivers={SOMEBODY.stakeholder_id: SOMEBODY} if receivers else None,
        department=draw(st.sampled_from(DEPARTMENTS)),
        policy_area=draw(st.sampled_from(AREAS)),
        place=draw(PLACES),
        only_in=draw(LIMITS),
        requires=draw(st.sampled_from([(), ("delivery",)])),
        excluded_stakeholders=tuple(draw(excluded))[:1],
        excluded_stakeholder_types=tuple(draw(st.sampled_from([(), (), ("company",), ("school",)]))),
    )


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    partners = draw(st.sampled_from([(), *((one,) for one in PARTNERS)]))
    capability = draw(st.sampled_from([None, None, "delivery"]))
    return an_offer(
        draw(a_line_within(capability)),
        giver=draw(st.sampled_from(GIVERS)),
        partner_kinds={one: PARTNERS[one] for one in partners},
        partners=tuple(OfferPartner(stakeholder_id=one) for one in partners),
        place=draw(PLACES),
        only_in=draw(LIMITS),
        excluded_departments=draw(st.sampled_from([(), (), ("education",)])),
        excluded_policy_areas=draw(st.sampled_from([(), (), ("food_poverty",)])),
        excluded_receivers=draw(st.sampled_from([(), (SOMEBODY.stakeholder_id,)])),
    )


def surely_outside(limit: PlaceLimit | None, place: Place | None) -> bool:
    """Said again in other words than the code's: no way to be inside is left."""
    if limit is None or place is None or (place.nil is None and place.municipio is None):
        return False
    if place.nil is None:
        return place.municipio not in limit.municipi and not any(
            place.municipio in municipi_of(nil) for nil in limit.nils
        )
    around = {place.municipio} if place.municipio else set(municipi_of(place.nil))
    return place.nil not in limit.nils and around.isdisjoint(limit.municipi)


def breaks_a_limit(need: NeedRegistered, offer: OfferReceived, giver: Offer, meets: bool) -> bool:
    kinds = {giver.giver.kind, *giver.partner_kinds.values()}
    behind = {offer.stakeholder_id, *(one.stakeholder_id for one in offer.partners)}
    return (
        need.department in offer.excluded_departments
        or need.policy_area in offer.excluded_policy_areas
        or not set(need.receivers).isdisjoint(offer.excluded_receivers)
        or not behind.isdisjoint(need.excluded_stakeholders)
        or not kinds.isdisjoint(need.excluded_stakeholder_types)
        or surely_outside(offer.only_in, need.place)
        or (meets and surely_outside(need.only_in, offer.place))
    )


@settings(max_examples=300, deadline=None)
@given(needs(), st.lists(offers(), min_size=1, max_size=6))
def test_no_proposal_breaks_a_limit(need: Need, found: list[Offer]) -> None:
    by_id = {offer.offer_id: offer for offer in found}
    for proposal in propose(need, found, Steering(), NOW):
        as_made = [Part(at, share.allocation, 1) for at, share in enumerate(proposal.shares)]
        assert not lots.outdated(matched(need, proposal, as_made), need, by_id), "a yes to it is possible"
        met: dict[int, list[Decimal]] = {}
        for share in proposal.shares:
            one, offer = share.allocation, by_id[share.allocation.offer_id]
            assert not breaks_a_limit(need.state, offer.state, offer, one.need_line is not None)
            if one.quantity is None:
                continue
            lot = offer.state.lines[one.offer_line].min_lot
            assert lot is None or one.quantity >= lot, "nothing was taken before: the whole lot is there"
            if one.need_line is not None:
                met.setdefault(one.need_line, []).append(one.quantity)
        for index, parts in met.items():
            line = need.state.lines[index]
            small = [part for part in parts if line.min_lot is not None and part < line.min_lot]
            assert not small or (len(small) == 1 and sum(parts) == line.total_quantity)


@settings(max_examples=150, deadline=None)
@given(st.lists(needs(), min_size=1, max_size=4), st.lists(offers(), min_size=1, max_size=6))
def test_no_plan_breaks_a_limit(asking: list[Need], found: list[Offer]) -> None:
    from services.matching.domain import filters

    gathered = Gathered(Steering(), NOW.date())
    gathered.offers = {offer.offer_id: offer for offer in found}
    for need in asking:
        able = [offer for offer in found if not filters.obstacles(need, offer, NOW)]
        consider(gathered, need, able, Parameters(), 20)
    made = situation(gathered, Parameters())
    by_need = {need.need_id: need for need in asking}
    for link in solve(made.problem).links:
        need_id, need_line = parted(made.problem.needs[link.need].key)
        offer_id, offer_line = parted(made.problem.offers[link.offer].key)
        need, offer = by_need[need_id], gathered.offers[offer_id]
        assert not breaks_a_limit(need.state, offer.state, offer, True)
        for line in (need.state.lines[need_line], offer.state.lines[offer_line]):
            assert line.min_lot is None or link.quantity >= line.min_lot
        dealt = made.dealt.get(made.problem.needs[link.need].key)
        for key in dealt.providers.values() if dealt else ():
            brings, index = parted(key)
            lent = gathered.offers[brings].state.lines[index]
            assert not breaks_a_limit(need.state, gathered.offers[brings].state, gathered.offers[brings], False)
            alike = lent.unit == need.state.lines[need_line].unit
            assert lent.min_lot is None or not alike or link.quantity >= lent.min_lot


@settings(max_examples=300, deadline=None)
@given(needs(), offers())
def test_the_index_passes_over_what_the_filters_would_and_nothing_else(need: Need, offer: Offer) -> None:
    said, given_as = set(apart.need_is_known_as(need.state)), set(apart.offer_is_known_as(offer.state))
    refused = not said.isdisjoint(apart.refused_by_offer(offer.state) or ())
    refused |= not given_as.isdisjoint(apart.refused_by_need(need.state) or ())
    kinds = set(need.state.excluded_stakeholder_types)
    of_kind = not kinds.isdisjoint({offer.giver.kind, *offer.partner_kinds.values()})
    assert (refused or of_kind) == bool(limits.of_pair(need, offer))
    elsewhere = not given_as.isdisjoint(apart.places_refused_by_need(need.state) or ())
    assert elsewhere == bool(limits.of_place(need, offer))
