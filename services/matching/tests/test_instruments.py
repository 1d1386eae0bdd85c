"""Which instruments are possible: three-valued, and never refused for what only a file can say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from contracts.events.agreements import Bilingual, DecisiveCriterion, InstrumentCondition, InstrumentRecord
from contracts.values import OfferPartner
from services.matching.domain import deals, proposals
from services.matching.domain.instruments import Among, Toolkit
from services.matching.domain.signals import Piece
from services.matching.domain.subjects import Need, Offer, Stakeholder, Steering
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit


def criterion(effect: str, *when: dict[str, Any], code: str = "criterio") -> DecisiveCriterion:
    return DecisiveCriterion(
        code=code,
        effect=effect,  # type: ignore[arg-type]
        when=tuple(InstrumentCondition(**one) for one in when),
        text=Bilingual(it="Vale il criterio.", en="The criterion holds."),
        otherwise=Bilingual(it="Il criterio non vale.", en="The criterion does not hold."),
        source="art. 1",
        certainty="B",
    )


def record(*criteria: DecisiveCriterion, number: int = 1, valid_from: date = date(2026, 1, 1)) -> InstrumentRecord:
    title = Bilingual(it="Strumento", en="Instrument")
    return InstrumentRecord(
        number=number, valid_from=valid_from, title=title, source="art. 1", certainty="A", criteria=criteria
    )


def needing(**when: Any) -> Toolkit:
    """One instrument, which needs this."""
    return Toolkit({"strumento": [record(criterion("needed", when))]})


def excluding(**when: Any) -> Toolkit:
    return Toolkit({"strumento": [record(criterion("excludes", when))]})


def kind(what: str | None) -> Stakeholder:
    return a_giver(kind=what)


def alone(toolkit: Toolkit, offer: Offer, need: Need | None = None) -> bool:
    """Whether one offer that meets a need with its first line is possible."""
    need = need or a_need(offer.lines[0].line)
    piece = Piece(offer, offer.lines[0], need.lines[0], offer.lines[0].free)
    return deals.refused(need, [piece], toolkit.at(NOW)) is None


def test_what_may_be_there_is_neither_yes_nor_no() -> None:
    one, other = frozenset({"a"}), frozenset({"b"})
    both = one | other
    assert (Among(one, one).some(one), Among(one, both).some(other), Among(one, one).some(other)) == (True, None, False)
    assert Among(one, one, True).some(other) is None
    assert (Among(one, one).only(one), Among(one, both).only(one), Among(one, both).only(both)) == (True, None, True)
    assert Among(other, both).only(one) is False
    assert Among(frozenset(), frozenset()).only(one) is False, "nobody is not everybody"
    assert Among(one, one, True).only(one) is None


def test_a_city_that_nothing_was_told_to_passes_everything_and_one_without_instruments_too() -> None:
    for toolkit in (Toolkit(), Toolkit({"strumento": []}), Toolkit({"strumento": [record()]})):
        assert alone(toolkit, an_offer(giver=kind("company")))


@pytest.mark.parametrize(
    ("when", "offer", "holds"),
    [
        ({"kinds": ["space"]}, {"line": a_line("space")}, True),
        ({"kinds": ["space"]}, {"line": a_line("goods")}, False),
        ({"only_kinds": ["goods", "money"]}, {"line": a_line("goods")}, True),
        ({"only_kinds": ["money"]}, {"line": a_line("goods")}, False),
        ({"expected_return": "visibility"}, {"expected_return": "visibility"}, True),
        ({"expected_return": "visibility"}, {}, False),
        ({"expected_return": "none"}, {"expected_return": "visibility"}, False),
        ({"giver_types": ["association"]}, {"kind": "association"}, True),
        ({"giver_types": ["association"]}, {"kind": "company"}, False),
        ({"party_types": ["association"]}, {"kind": "company"}, False),
        ({"party_types": ["association"]}, {"kind": "company", "partner": "association"}, True),
        ({"giver_types": ["association"]}, {"kind": "company", "partner": "association"}, False),
        ({"only_party_types": ["school"]}, {"kind": "school"}, True),
        ({"only_party_types": ["school"]}, {"kind": "school", "partner": "company"}, True),  # partners are no parties
        ({"only_party_types": ["school"]}, {"kind": "company"}, False),
        ({"organisations_at_least": 2}, {"kind": "company"}, False),
        ({"organisations_at_least": 2}, {"kind": "company", "partner": "company"}, True),
        ({"organisations_at_least": 2}, {"kind": "company", "partner": "department"}, False),  # the city itself
    ],
)
def test_each_part_of_a_condition_needed_and_excluding(
    when: dict[str, Any], offer: dict[str, Any], holds: bool
) -> None:
    made = made_of(**offer)
    assert alone(needing(**when), made) is holds
    assert alone(excluding(**when), made) is not holds


def made_of(line: Any = None, kind: str = "company", partner: str | None = None, **more: Any) -> Offer:
    giver = a_giver(kind=kind)
    if partner is None:
        return an_offer(line or a_line(), giver=giver, **more)
    behind = uuid4()
    found = an_offer(line or a_line(), giver=giver, partners=(OfferPartner(stakeholder_id=behind),), **more)
    return Offer(found.state, True, found.lines, found.words, giver, partner_kinds={behind: partner})  # type: ignore[dict-item]


def test_a_value_above_a_threshold_excludes_and_one_below_never_does_it_may_be_declared_higher() -> None:
    worth = an_offer(a_line(unit_value_cents=20_000), giver=kind("company"))  # ten of them
    assert not alone(excluding(value_above_cents=199_999), worth)
    assert alone(excluding(value_above_cents=200_000), worth)
    assert alone(excluding(value_above_cents=0), an_offer(a_line(), giver=kind("company")))
    assert alone(needing(value_above_cents=4_000_000), worth)
    money = an_offer(a_line("money", "50000", "EUR"), giver=kind("company"))
    assert not alone(excluding(value_above_cents=4_000_000), money)


def test_who_is_not_known_yet_never_excludes_nor_suffices() -> None:
    nobody_said = an_offer(giver=kind(None))
    for when in ({"giver_types": ["school"]}, {"only_party_types": ["school"]}, {"party_types": ["school"]}):
        assert alone(needing(**when), nobody_said)
        assert alone(excluding(**when), nobody_said)


def test_all_parts_of_a_condition_and_any_of_several_conditions() -> None:
    both = needing(giver_types=["company"], kinds=["space"])
    assert not alone(both, an_offer(giver=kind("company")))
    either = Toolkit({"s": [record(criterion("needed", {"giver_types": ["school"]}, {"kinds": ["goods"]}))]})
    assert alone(either, an_offer(giver=kind("company")))
    assert not alone(either, an_offer(a_line("space"), giver=kind("company")))


def test_receivers_take_part_and_the_citys_own_organisations_and_lines_do_not_count() -> None:
    school = a_giver("Scuola", kind="school")
    need = a_need(receivers={school.stakeholder_id: school})
    assert alone(needing(party_types=["school"]), an_offer(giver=kind("company")), need)
    assert not alone(needing(only_party_types=["company"]), an_offer(giver=kind("company")), need)
    assert not alone(needing(kinds=["goods"]), an_offer(giver=kind("department")))
    assert not alone(needing(only_kinds=["goods"]), an_offer(giver=kind("department"))), "nothing is not all of it"
    unknown = a_need(receivers={uuid4(): a_giver("Chi", kind=None)})
    assert alone(needing(only_party_types=["company"]), an_offer(giver=kind("company")), unknown)


def test_a_match_may_be_divided_so_each_line_needs_some_agreement_not_all_the_same() -> None:
    toolkit = Toolkit(
        {
            "beni": [record(criterion("needed", {"only_kinds": ["goods"]}))],
            "spazi": [record(criterion("needed", {"only_kinds": ["space"]}))],
        }
    )
    need = a_need(a_line(), a_line("space"))
    goods, room = an_offer(giver=kind("company")), an_offer(a_line("space"), giver=kind("company"))
    truck = an_offer(a_line("service"), giver=kind("company"))
    pieces = [
        Piece(goods, goods.lines[0], need.lines[0], goods.lines[0].free),
        Piece(room, room.lines[0], need.lines[1], room.lines[0].free),
    ]
    instruments = toolkit.at(NOW)
    assert instruments.possible(deals.deal_of(need, pieces)) == ()
    assert deals.refused(need, pieces, instruments) is None
    assert deals.refused(need, [*pieces, Piece(truck, truck.lines[0], None, None)], instruments)


def two_lines(first: Offer, second: Offer, **need: Any) -> tuple[Need, list[Piece]]:
    asked = a_need(first.lines[0].line, second.lines[0].line, **need)
    both = zip((first, second), asked.lines, strict=True)
    return asked, [Piece(offer, offer.lines[0], line, offer.lines[0].free) for offer, line in both]


def test_receivers_need_not_be_in_every_agreement_of_a_match() -> None:
    school = a_giver("Scuola", kind="school")
    goods, room = an_offer(giver=kind("company")), an_offer(a_line("space"), giver=kind("company"))
    need, pieces = two_lines(goods, room, receivers={school.stakeholder_id: school})
    toolkit = Toolkit(
        {
            "imprese": [record(criterion("needed", {"only_party_types": ["company"], "only_kinds": ["goods"]}))],
            "scuole": [record(criterion("needed", {"party_types": ["school"], "only_kinds": ["space"]}))],
        }
    )
    assert toolkit.at(NOW).possible(deals.deal_of(need, pieces)) == ()
    assert deals.refused(need, pieces, toolkit.at(NOW)) is None


def test_partners_go_with_their_giver_into_every_agreement_of_it() -> None:
    behind = [made_of(partner="association"), made_of(line=a_line("space"), partner="association")]
    need, pieces = two_lines(*behind)
    assert deals.refused(need, pieces, excluding(party_types=["association"]).at(NOW))
    need, pieces = two_lines(made_of(), behind[1])
    assert deals.refused(need, pieces, excluding(party_types=["association"]).at(NOW)), "the second line in any case"
    half = Toolkit(
        {
            "senza": [record(criterion("excludes", {"party_types": ["association"]}))],
            "spazi": [record(criterion("needed", {"only_kinds": ["space"]}))],
        }
    )
    assert deals.refused(need, pieces, half.at(NOW)) is None


def test_the_newest_version_that_has_begun_in_the_city_counts() -> None:
    before, after = (
        record(criterion("needed", {"kinds": ["goods"]})),
        record(criterion("excludes", {"kinds": ["goods"]})),
    )
    day = date(2026, 11, 21)
    toolkit = Toolkit({"s": [before, after.model_copy(update={"number": 2, "valid_from": day})]})
    late = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)  # 23:59 in the city
    offer = an_offer(giver=kind("company"))
    need = a_need()
    piece = Piece(offer, offer.lines[0], need.lines[0], offer.lines[0].free)
    assert deals.refused(need, [piece], toolkit.at(late)) is None
    assert deals.refused(need, [piece], toolkit.at(late.replace(hour=23))) is not None


def test_why_names_the_nearest_instrument_and_the_rule_with_its_source_in_both_languages() -> None:
    far = record(criterion("needed", {"kinds": ["space"]}), criterion("needed", {"kinds": ["money"]}, code="altro"))
    toolkit = Toolkit({"lontano": [far], "vicino": [record(criterion("excludes", {"kinds": ["goods"]}), number=4)]})
    need, offer = a_need(), an_offer(giver=kind("company"))
    piece = Piece(offer, offer.lines[0], need.lines[0], offer.lines[0].free)
    said = deals.refused(need, [piece], toolkit.at(NOW))
    assert said is not None
    assert said.code == "no_instrument"
    assert said.text_it == (
        "Nessuno strumento in vigore lo permette. Il più vicino è «Strumento» (versione 4): vale il criterio"
        " (criterio «criterio»: art. 1; certezza B)."
    )
    assert said.text_en == (
        "No instrument in force allows it. The nearest is “Instrument” (version 4): the criterion holds"
        " (criterion “criterio”: art. 1; certainty B)."
    )


def test_sets_are_built_of_what_is_possible_and_only_possible_sets_are_proposed() -> None:
    toolkit = Toolkit({"s": [record(criterion("needed", {"only_party_types": ["company"]}))]})
    need = a_need(requires=["storage"])
    goods = an_offer(giver=kind("company"))
    stores = [
        an_offer(a_line("space", capability="storage"), giver=kind(one)) for one in ("association", "company", "school")
    ]
    found = proposals.propose(need, [goods, *stores], Steering(toolkit=toolkit), NOW)
    assert [{share.allocation.offer_id for share in one.shares} for one in found] == [
        {goods.offer_id, stores[1].offer_id}
    ]
    assert len(proposals.propose(need, [goods, *stores], Steering(), NOW)) == 3


def test_an_offer_that_no_company_could_help_is_left_out_before_sets_are_built() -> None:
    toolkit = excluding(giver_types=["company"], expected_return="visibility")
    offer = an_offer(giver=kind("company"), expected_return="visibility")
    assert deals.never(offer, toolkit.at(NOW))
    for other in (
        an_offer(giver=kind("company")),  # with others the match may still be without return
        an_offer(giver=kind("school"), expected_return="visibility"),
        an_offer(giver=kind(None), expected_return="visibility"),
    ):
        assert (deals.never(other, toolkit.at(NOW)) is None) is True
    assert deals.never(offer, needing(party_types=["association"]).at(NOW)) is None, "an association may join"
    assert deals.never(offer, needing(organisations_at_least=9).at(NOW)) is None


def test_whatever_is_never_possible_is_refused_alone() -> None:
    kinds = ["company", "association", "school", None]
    for when, one, visible in product(
        [{"giver_types": ["school"]}, {"only_party_types": ["school"]}, {"only_kinds": ["space"]}], kinds, [True, False]
    ):
        offer = an_offer(giver=kind(one), expected_return="visibility" if visible else "none")
        for toolkit in (needing(**when), excluding(**when)):
            if deals.never(offer, toolkit.at(NOW)):
                assert not alone(toolkit, offer)
