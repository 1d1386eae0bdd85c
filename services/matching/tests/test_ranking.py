"""Ranking signals: the score is the sum of its reasons, and each moves it the way it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contracts.places import Place
from services.matching.domain import text
from services.matching.domain.proposals import Memory, Proposal, candidates, propose
from services.matching.domain.rules import WEIGHTS
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.tests.things import NOW, a_line, a_need, an_offer

pytestmark = pytest.mark.unit


def best(need: Need, *offers: Offer, steering: Steering = Steering()) -> Proposal:
    return propose(need, offers, steering, NOW)[0]


def contribution(proposal: Proposal, code: str) -> float:
    return next((one.contribution for one in proposal.reasons if one.code == code), 0.0)


def test_weights_make_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


def test_score_is_the_sum_of_its_reasons() -> None:
    proposal = best(a_need(), an_offer(policy_area="digital_poverty"))
    assert proposal.score == pytest.approx(sum(one.contribution for one in proposal.reasons))


PAIRS: list[tuple[str, Need, Offer]] = [
    ("alike", a_need(), an_offer()),
    ("same_policy_area", a_need(), an_offer(policy_area="digital_poverty")),
    ("same_category", a_need(a_line(cpv="30213100")), an_offer(a_line(cpv="30213300"))),
    (
        "near",
        a_need(place=Place(label="Ponte Lambro", nil=33)),
        an_offer(place=Place(label="via Umiliati", nil=33)),
    ),
    ("urgent", a_need(valid_until=NOW + timedelta(days=10)), an_offer()),
    ("quantity_fit", a_need(), an_offer()),
]


@pytest.mark.parametrize(("code", "need", "offer"), PAIRS, ids=[one[0] for one in PAIRS])
def test_each_signal_speaks_when_it_applies_and_is_silent_when_not(code: str, need: Need, offer: Offer) -> None:
    assert contribution(best(need, offer), code) > 0
    silent = best(a_need(title="Tavoli"), an_offer(a_line(quantity="1"), title="Sedie"))
    assert contribution(silent, code) == 0 or code == "quantity_fit"


def test_an_answer_beats_whatever_else_fits_better() -> None:
    need = a_need()
    answering = an_offer(title="Altro", answers_need_id=need.need_id)
    better = an_offer(policy_area="digital_poverty", place=Place(label="x", nil=3))
    assert best(need, better, answering).shares[0].allocation.offer_id == answering.offer_id


def test_nearer_comes_first() -> None:
    need = a_need(place=Place(label="Scuola", latitude=45.46, longitude=9.19))
    near = an_offer(place=Place(label="a", latitude=45.461, longitude=9.191))
    far = an_offer(place=Place(label="b", latitude=45.50, longitude=9.25))
    assert best(need, far, near).shares[0].allocation.offer_id == near.offer_id


def test_a_bigger_part_of_what_is_missing_comes_first() -> None:
    small, large = an_offer(a_line(quantity="2")), an_offer(a_line(quantity="9"))
    assert best(a_need(), small, large).shares[0].allocation.offer_id == large.offer_id


def test_what_was_declined_is_not_proposed_again_until_it_changes() -> None:
    need, offer = a_need(), an_offer()
    [proposal] = propose(need, [offer], Steering(), NOW)
    settled = Memory(settled=frozenset({(proposal.key, proposal.basis)}))
    assert candidates(need, [offer], Steering(), NOW, memory=settled) == []
    other_version = Memory(settled=frozenset({(proposal.key, "0;")}), refused=frozenset({(offer.offer_id, 7)}))
    assert len(candidates(need, [offer], Steering(), NOW, memory=other_version)) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Laboratori STEM nelle scuole", "un laboratorio per la scuola"),
        ("computers for schools", "a school computer"),
        ("Comunità per minori", "COMUNITA' minori"),
    ],
)
def test_words_meet_across_plural_case_and_accents(left: str, right: str) -> None:
    share, common = text.overlap(text.words(left), text.words(right))
    assert share >= 0.5
    assert common


def test_empty_words_do_not_count() -> None:
    nothing: Any = text.words("per la con il the and of")
    assert nothing == frozenset()
    assert text.overlap(nothing, text.words("scuola")) == (0.0, [])
