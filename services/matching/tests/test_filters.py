"""Hard filters: each says why not, and only what no filter names is proposed."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from contracts.values import Window
from services.matching.domain import filters
from services.matching.domain.proposals import propose
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit
JUNE = Window(starts_on=date(2027, 6, 1), ends_on=date(2027, 6, 30))
JULY = Window(starts_on=date(2027, 7, 1), ends_on=date(2027, 7, 31))
YESTERDAY = NOW - timedelta(days=1)
RECEIVER = a_giver("Arimo")

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
}


@pytest.mark.parametrize("code", CASES)
def test_each_obstacle_is_named_and_keeps_the_pair_apart(code: str) -> None:
    need, offer = CASES[code]
    assert [one.code for one in filters.why_not(need, offer, NOW)] == [code]
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
