"""Hard filters: each says why not, and only what no filter names is proposed."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from contracts.places import Place, PlaceLimit
from contracts.values import OfferPartner, Window
from services.matching.domain import filters
from services.matching.domain.proposals import propose
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit
JUNE = Window(starts_on=date(2027, 6, 1), ends_on=date(2027, 6, 30))
JULY = Window(starts_on=date(2027, 7, 1), ends_on=date(2027, 7, 31))
YESTERDAY = NOW - timedelta(days=1)
RECEIVER = a_giver("Arimo")
COMPANY = a_giver("Enel", kind="company")
PARTNER = a_giver("Terna", kind="company")
BEHIND = (OfferPartner(stakeholder_id=PARTNER.stakeholder_id),)
NIGUARDA, DUOMO = Place(label="Niguarda", nil=14), Place(label="Duomo", nil=1)
IN_NINE = PlaceLimit(municipi=(9,))

CASES: dict[str, tuple[Need, Offer]] = {
    "need_closed": (a_need(is_open=False), an_offer()),
    "offer_closed": (a_need(), an_offer(is_open=False)),
    "not_vetted": (a_need(), an_offer(giver=a_giver(vetting="pending"))),
    "own_offer": (a_need(receivers={RECEIVER.stakeholder_id: RECEIVER}), an_offer(giver=RECEIVER)),
    "promised_elsewhere": (a_need(), an_offer(promised_to=uuid4())),
    "windows_apart": (a_need(window=JUNE), an_offer(window=JULY)),
    "other_kind": (a_need(), an_offer(a_line("space", unit="C62"))),
    "other_unit": (a_need(), an_offer(a_line(unit="KGM"))),
    "other_capability": (a_need(a_line("service", capability="training")), an_offer(a_line("service"))),
    "outside_place": (a_need(place=DUOMO), an_offer(only_in=IN_NINE)),
    "outside_place: the offer": (a_need(only_in=IN_NINE), an_offer(place=DUOMO)),
    "excluded: the department": (a_need(), an_offer(excluded_departments=("education",))),
    "excluded: one that asks as well": (
        a_need(with_departments=("environment",)),
        an_offer(excluded_departments=("environment",)),
    ),
    "excluded: the policy area": (a_need(), an_offer(excluded_policy_areas=("digital_poverty",))),
    "excluded: the receiver": (
        a_need(receivers={RECEIVER.stakeholder_id: RECEIVER}),
        an_offer(excluded_receivers=(RECEIVER.stakeholder_id,)),
    ),
    "excluded: the giver": (a_need(excluded_stakeholders=(COMPANY.stakeholder_id,)), an_offer(giver=COMPANY)),
    "excluded: a partner of the giver": (
        a_need(excluded_stakeholders=(PARTNER.stakeholder_id,)),
        an_offer(partners=BEHIND),
    ),
    "excluded: what the giver is": (a_need(excluded_stakeholder_types=("company",)), an_offer(giver=COMPANY)),
    "excluded: what a partner is": (
        a_need(excluded_stakeholder_types=("company",)),
        an_offer(partners=BEHIND, partner_kinds={PARTNER.stakeholder_id: "company"}),
    ),
    "below_lot": (a_need(a_line(quantity="10")), an_offer(a_line(quantity="100", min_lot="40"))),
    "below_lot: the offer": (a_need(a_line(quantity="100", min_lot="20")), an_offer(a_line(quantity="19"))),
    "below_lot: of a fund": (a_need(a_line(quantity=None, min_lot="20")), an_offer(a_line(quantity="19"))),
}


@pytest.mark.parametrize("case", CASES)
def test_each_obstacle_is_named_and_keeps_the_pair_apart(case: str) -> None:
    need, offer = CASES[case]
    assert [one.code for one in filters.why_not(need, offer, NOW)] == [case.split(":")[0]]
    assert propose(need, [offer], Steering(), NOW) == []


def test_what_nothing_stands_against_is_proposed() -> None:
    need, offer = a_need(window=JUNE), an_offer()
    assert filters.why_not(need, offer, NOW) == []
    assert len(propose(need, [offer], Steering(), NOW)) == 1


@pytest.mark.parametrize(
    ("need", "offer", "code"),
    [
        (a_need(valid_until=YESTERDAY), an_offer(), "need_closed"),
        (a_need(), an_offer(valid_until=YESTERDAY), "offer_closed"),
        (a_need(), an_offer(giver=a_giver(vetted_until=YESTERDAY)), "not_vetted"),
        (a_need(), an_offer(giver=a_giver(vetting="refused")), "not_vetted"),
    ],
)
def test_what_has_lapsed_counts_as_closed_before_anybody_says_so(need: Need, offer: Offer, code: str) -> None:
    assert [one.code for one in filters.why_not(need, offer, NOW)] == [code]


def test_windows_overlap_when_one_side_is_open() -> None:
    assert filters.overlapping(JUNE, None)
    assert filters.overlapping(JUNE, Window(starts_on=date(2027, 6, 30)))
    assert not filters.overlapping(JUNE, Window(starts_on=date(2027, 7, 1)))
    assert not filters.overlapping(Window(ends_on=date(2027, 5, 31)), JUNE)


@pytest.mark.parametrize(
    ("need", "offer"),
    [
        (a_need(place=NIGUARDA), an_offer(only_in=IN_NINE)),
        (a_need(), an_offer(only_in=IN_NINE)),
        (a_need(only_in=IN_NINE), an_offer()),
        (a_need(only_in=PlaceLimit(nils=(14,))), an_offer(place=Place(label="-", municipio=9))),
        (a_need(excluded_stakeholder_types=("company",)), an_offer(giver=a_giver(kind=None))),
        (a_need(a_line(quantity="100", min_lot="20")), an_offer(a_line(quantity="20"))),
        (a_need(a_line(quantity=None, min_lot="20")), an_offer(a_line(quantity=None, min_lot="30"))),
    ],
    ids=["inside", "need unknown", "offer unknown", "not closely enough", "kind unknown", "just a lot", "both open"],
)
def test_a_limit_keeps_apart_only_what_is_known_to_be_beyond_it(need: Need, offer: Offer) -> None:
    assert filters.why_not(need, offer, NOW) == []
    assert len(propose(need, [offer], Steering(), NOW)) == 1


def test_what_is_left_below_the_lot_goes_as_one() -> None:
    rest = an_offer(a_line(quantity="100", min_lot="40"), left="20")
    assert filters.why_not(a_need(a_line(quantity="30")), rest, NOW) == []
    assert [one.code for one in filters.why_not(a_need(a_line(quantity="10")), rest, NOW)] == ["below_lot"]


def test_an_obstacle_names_the_limit() -> None:
    [one] = filters.why_not(a_need(place=DUOMO), an_offer(only_in=PlaceLimit(municipi=(9,), nils=(16,))), NOW)
    assert one.text_it == "L'offerta vale solo in Municipio 9 o NIL Gorla - Precotto; il bisogno è in NIL Duomo."
    assert one.text_en == "The offer is only for Municipio 9 or NIL Gorla - Precotto; the need is in NIL Duomo."
    [one] = filters.why_not(a_need(a_line(quantity="1")), an_offer(a_line(quantity="100", min_lot="40")), NOW)
    assert one.text_it == "Resta da coprire: 1 pezzo; chi offre dà almeno 40 pezzi alla volta."
    assert one.text_en == "Still open: 1 piece; who offers gives at least 40 pieces at a time."


def test_a_long_limit_is_said_shortly() -> None:
    [one] = filters.why_not(a_need(place=DUOMO), an_offer(only_in=PlaceLimit(nils=tuple(range(2, 89)))), NOW)
    assert one.text_it.endswith("e altri 81; il bisogno è in NIL Duomo.")
    assert one.text_en.endswith("and 81 more; the need is in NIL Duomo.")


def test_who_brings_a_capability_may_come_from_anywhere() -> None:
    need = a_need(a_line("space", unit="DAY"), requires=("training",), only_in=IN_NINE)
    room = an_offer(a_line("space", unit="DAY"), place=NIGUARDA)
    training = an_offer(a_line("service", unit="HUR", capability="training"), place=DUOMO)
    assert len(propose(need, [room, training], Steering(), NOW)) == 1
    elsewhere = an_offer(a_line("space", unit="DAY"), place=DUOMO)
    assert propose(need, [elsewhere, training], Steering(), NOW) == []
