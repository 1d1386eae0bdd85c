"""Matching refuses nothing for want of an instrument for which agreements would propose one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events.agreements import InstrumentPublished
from contracts.events.matching import MatchAccepted
from contracts.values import Allocation, Line, OfferPartner, ResourceKind, StakeholderType
from services.agreements.domain import splitting
from services.agreements.domain.commands import Split
from services.agreements.domain.drafting import draft
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Criterion, Instrument
from services.agreements.domain.proposal import propose
from services.agreements.domain.rules import Bilingual, Condition
from services.agreements.domain.telling import told_of
from services.agreements.vademecum import first_records
from services.matching.domain import deals
from services.matching.domain.instruments import InForce, Toolkit
from services.matching.domain.proposals import ranked
from services.matching.domain.signals import Piece, Question
from services.matching.domain.subjects import Need, Offer, Stakeholder, Steering
from services.matching.tests.things import a_line, a_need, an_offer

pytestmark = pytest.mark.contract
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
RELEASED = first_records()
KINDS: tuple[ResourceKind, ...] = get_args(ResourceKind)
TYPES: tuple[StakeholderType, ...] = get_args(StakeholderType)


def heard(records: tuple[Instrument, ...]) -> InForce:
    """What matching makes of what agreements tells of these records, over the wire."""
    told = {}
    for code in {one.code for one in records}:
        said = told_of([one for one in records if one.code == code], TODAY)
        event = InstrumentPublished(code=code, version=1, records=said)
        told[code] = InstrumentPublished.read(event.to_bytes()).records
    return Toolkit(told).at(NOW)


def organisation(kind: StakeholderType | None) -> Stakeholder:
    return Stakeholder(uuid4(), "Chi", "approved", kind=kind)


def _line(kind: ResourceKind, cents: int | None) -> Line:
    if kind == "money":
        return a_line("money", str(Decimal(cents or 100) / 100), "EUR")
    return a_line(kind, "1", total_value_cents=cents)


class Match:
    """A set of offers for a need, as matching proposes it and as agreements opens its file."""

    def __init__(
        self,
        gives: list[tuple[StakeholderType | None, ResourceKind, int | None]],
        *,
        partners: tuple[StakeholderType, ...] = (),
        receivers: tuple[StakeholderType, ...] = (),
        visible: bool = False,
    ) -> None:
        named = {one.stakeholder_id: one for one in map(organisation, receivers)}
        lines = [_line(kind, cents) for _, kind, cents in gives]
        self.need: Need = a_need(*lines, receivers=named)
        behind = {uuid4(): kind for kind in partners}
        self.offers: list[Offer] = []
        for position, (kind, _, _) in enumerate(gives):
            more: dict[str, Any] = {"expected_return": "visibility"} if visible else {}
            if position == 0:
                more["partners"] = tuple(OfferPartner(stakeholder_id=one) for one in behind)
            offer = an_offer(lines[position], giver=organisation(kind), **more)
            if position == 0:
                offer = Offer(offer.state, True, offer.lines, offer.words, offer.giver, partner_kinds=behind)
            self.offers.append(offer)
        self.pieces = [
            Piece(offer, offer.lines[0], self.need.lines[position], offer.lines[0].free)
            for position, offer in enumerate(self.offers)
        ]
        self.kinds: dict[UUID, StakeholderType | None] = {one: named[one].kind for one in named} | dict(behind)
        self.kinds |= {offer.giver.stakeholder_id: offer.giver.kind for offer in self.offers}

    def refused(self, instruments: InForce) -> deals.Obstacle | None:
        return deals.refused(self.need, self.pieces, instruments)

    def file(self) -> AgreementFile:
        proposal = ranked(Question(self.need, self.pieces, Steering(), TODAY)).proposal()
        accepted = MatchAccepted(
            match_id=uuid4(),
            version=3,
            need_id=self.need.need_id,
            need_title=self.need.state.title,
            department=self.need.state.department,
            policy_area=self.need.state.policy_area,
            triangulation=proposal.triangulation,
            parties=proposal.parties,
            allocations=tuple(Allocation(**dict(share.allocation)) for share in proposal.shares),
            expected_return=proposal.expected_return,  # type: ignore[arg-type]
        )
        return self.known(draft(accepted, uuid4(), NOW, TODAY).file)

    def known(self, file: AgreementFile) -> AgreementFile:
        types = {str(one): kind for one, kind in self.kinds.items() if kind is not None}
        return file.model_copy(update={"organisation_types": types})


def fits(records: tuple[Instrument, ...], file: AgreementFile) -> set[str]:
    return {one.code for one in propose(records, file, TODAY) if one.fits}


words = Bilingual(it="parole", en="words")


def some(of: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(of), min_size=1, max_size=3, unique=True).map(tuple)


PARTS: dict[str, st.SearchStrategy[Any]] = {
    "kinds": some(KINDS),
    "only_kinds": some(KINDS),
    "party_types": some(TYPES),
    "only_party_types": some(TYPES),
    "giver_types": some(TYPES),
    "expected_return": st.sampled_from(["none", "visibility"]),
    "organisations_at_least": st.sampled_from([2, 3]),
    "value_above_cents": st.sampled_from([0, 1000, 100_000]),
}


def criteria(*without: str) -> st.SearchStrategy[Criterion]:
    """Of few parts each, so that they hold often enough to tell something."""
    part = st.one_of(*(st.tuples(st.just(name), what) for name, what in PARTS.items() if name not in without))
    condition = st.lists(part, min_size=1, max_size=2).map(lambda found: Condition(**dict(found)))
    return st.builds(
        Criterion,
        code=st.just("c"),
        effect=st.sampled_from(["needed", "excludes", "speaks_for"]),
        when=st.lists(condition, min_size=1, max_size=2).map(tuple),
        text=st.just(words),
        otherwise=st.none(),
        weight=st.just(1),
        source=st.just("fonte"),
        certainty=st.just("C"),
    )


def toolkits(*without: str) -> st.SearchStrategy[tuple[Instrument, ...]]:
    each = st.lists(criteria(*without), min_size=1, max_size=2).map(tuple)
    return st.lists(each, min_size=1, max_size=2).map(
        lambda found: tuple(
            RELEASED[0].model_copy(update={"code": f"strumento_{number}", "applies": one})
            for number, one in enumerate(found)
        )
    )


givers = st.tuples(st.sampled_from([*TYPES, None]), st.sampled_from(KINDS), st.sampled_from([None, 500, 1001, 200_000]))
matches = st.builds(
    lambda gives, partners, receivers, visible: Match(
        gives, partners=tuple(partners), receivers=tuple(receivers), visible=visible
    ),
    st.lists(givers, min_size=1, max_size=4),
    st.lists(st.sampled_from(TYPES), max_size=2),
    st.lists(st.sampled_from(TYPES), max_size=2),
    st.booleans(),
)


@settings(max_examples=300)
@given(records=toolkits(), match=matches)
def test_whatever_agreements_would_propose_an_instrument_for_is_never_refused(
    records: tuple[Instrument, ...], match: Match
) -> None:
    instruments = heard(records)
    found = fits(records, match.file())
    if found:
        assert match.refused(instruments) is None
        assert found <= {one.code for one in instruments.possible(deals.deal_of(match.need, match.pieces))}
        assert not any(deals.never(offer, instruments) for offer in match.offers)


@settings(max_examples=300)
@given(records=toolkits(), match=matches)
def test_nor_is_what_would_have_an_instrument_for_each_of_several_agreements(
    records: tuple[Instrument, ...], match: Match
) -> None:
    file, lines = match.file(), range(len(match.pieces))
    receivers = tuple(one.party_id for one in file.parties if one.role == "receiver")
    several = [going for count in lines[1:] for going in combinations(lines, count)]
    halves = [divided(file, going, named) for going in several for named in {(), receivers}]
    if any(all(fits(records, match.known(one)) for one in both) for both in halves):
        assert match.refused(heard(records)) is None


def divided(file: AgreementFile, going: tuple[int, ...], named: tuple[str, ...]) -> list[AgreementFile]:
    """The file in two; whoever is named takes part in the second, too."""
    both = splitting.split(file, Split(allocations=going, parties=named), uuid4(), 2, NOW, TODAY)
    return [one.file for one in both]


@given(records=toolkits("value_above_cents"), match=matches)
def test_of_one_giver_who_is_known_both_judge_alike(records: tuple[Instrument, ...], match: Match) -> None:
    match.pieces = match.pieces[:1]
    kinds = [match.kinds[one] for one in match.kinds]
    decides = all(any(one.effect in ("needed", "excludes") for one in record.applies) for record in records)
    if None not in kinds and decides:
        assert (match.refused(heard(records)) is None) == bool(fits(records, match.file()))


Gives = list[tuple[StakeholderType | None, ResourceKind, int | None]]
COMPANY: Gives = [("company", "goods", 500)]
ROOM: Gives = [("company", "space", None)]
THREE: Gives = [("company", "service", None), ("association", "service", None), ("university", "expertise", None)]
DECISIVE: dict[tuple[str, str], tuple[Match, Match]] = {
    ("sponsorizzazione", "image_return"): (Match(COMPANY, visible=True), Match(COMPANY)),
    ("donazione", "nothing_in_return"): (Match(COMPANY), Match(COMPANY, visible=True)),
    ("donazione", "use_only"): (Match(COMPANY), Match(ROOM)),
    ("concessione_comodato", "asset"): (Match(ROOM), Match(COMPANY)),
    ("patto_di_collaborazione", "active_citizens"): (Match(COMPANY, partners=("association",)), Match(COMPANY)),
    ("accordo_di_collaborazione", "public_bodies_or_services"): (
        Match([("university", "service", None)]),
        Match([("university", "service", None)], receivers=("association",)),
    ),
    ("accordo_di_partenariato", "third_sector_together"): (Match(THREE), Match(THREE[:2])),
    ("accordo_di_co_produzione", "produced_together"): (Match([("company", "service", None)]), Match(COMPANY)),
}
"""By instrument and criterion of the release: a match for which it can be used, and one for which just this says no."""


@pytest.mark.parametrize(("code", "criterion"), DECISIVE, ids=lambda one: str(one))
def test_each_rule_of_the_release_decides_with_its_source(code: str, criterion: str) -> None:
    possible, not_possible = DECISIVE[code, criterion]
    instruments = heard(RELEASED)
    [asked] = [one for one in instruments.instruments if one.code == code]
    assert asked.failing(instruments.whole(deals.deal_of(possible.need, possible.pieces))) == []
    [reason] = asked.failing(instruments.whole(deals.deal_of(not_possible.need, not_possible.pieces)))
    assert (reason.code, bool(reason.source), reason.certainty in "ABC") == (criterion, True, True)
    assert code in fits(RELEASED, possible.file())
    assert code not in fits(RELEASED, not_possible.file())


def test_the_table_has_every_rule_that_decides() -> None:
    decisive = {(one.code, each.code) for one in heard(RELEASED).instruments for each in one.record.criteria}
    assert decisive == set(DECISIVE)


@given(match=matches)
def test_the_release_leaves_nobody_without_an_instrument(match: Match) -> None:
    assert match.refused(heard(RELEASED)) is None
