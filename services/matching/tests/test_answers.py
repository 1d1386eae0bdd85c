"""What becomes of a match with each answer: counter, later, not after all, and who takes a place over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services.matching.domain import match as matches
from services.matching.domain import refill, succession
from services.matching.domain.city_time import city_day
from services.matching.domain.countering import NothingCountered, UnknownPosition, counter, following
from services.matching.domain.match import Match, Said
from services.matching.domain.parts import MatchParty, Part, QuantityMissing
from services.matching.domain.policy import Policy
from services.matching.domain.postponing import NotLater, TooFar, postpone
from services.matching.domain.proposals import Memory, Proposal, propose
from services.matching.domain.states import WrongState
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.domain.undoing import CannotUndo, check, undo, undoable_until
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit
LATER = NOW + timedelta(days=14)
WINDOW = timedelta(minutes=15)
POLICY = Policy()


def match_of(proposal: Proposal, need: Need) -> Match:
    return Match(
        match_id=uuid4(),
        version=1,
        state="proposed",
        need_id=need.need_id,
        need_title=need.state.title,
        department="education",
        with_departments=(),
        policy_area="digital_poverty",
        triangulation=proposal.triangulation,
        parties=tuple(MatchParty(party) for party in proposal.parties),
        parts=tuple(Part(position, share.allocation, 1) for position, share in enumerate(proposal.shares)),
        account_manager_id=None,
        expires_at=NOW + timedelta(days=30),
    )


class Case:
    """Laptops from three companies, refurbished by two, carried in hours by a fourth."""

    def __init__(self) -> None:
        self.need = a_need(a_line(quantity="200"), requires=["refurbishing", "delivery"])
        self.givers = {
            name: a_giver(name) for name in ("Intesa", "Enel", "Aviva", "Sodalitas", "Rigenera", "Corriere", "Nuova")
        }
        self.offers = {
            "Intesa": self._offer("Intesa", a_line(quantity="90")),
            "Enel": self._offer("Enel", a_line(quantity="70")),
            "Aviva": self._offer("Aviva", a_line(quantity="40")),
            "Sodalitas": self._offer("Sodalitas", a_line("service", "120", capability="refurbishing")),
            "Rigenera": self._offer("Rigenera", a_line("service", "100", capability="refurbishing")),
            "Corriere": self._offer("Corriere", a_line("service", "12", "HUR", capability="delivery")),
        }
        self.spare = self._offer("Nuova", a_line("service", "30", "HUR", capability="delivery"))
        proposals = propose(self.need, list(self.offers.values()), Steering(), NOW)
        whole = next(one for one in proposals if len(one.parties) == 7)
        self.match = match_of(whole, self.need)
        self.lines = {
            (offer.offer_id, index): line
            for offer in [*self.offers.values(), self.spare]
            for index, line in enumerate(offer.state.lines)
        }

    def _offer(self, name: str, line: object) -> Offer:
        return an_offer(line, giver=self.givers[name])

    def party(self, name: str) -> str:
        return f"stakeholder:{self.givers[name].stakeholder_id}"

    def position(self, name: str) -> int:
        offer = self.offers[name].offer_id
        return next(part.position for part in self.match.parts if part.allocation.offer_id == offer)

    def yes(self, match: Match, *parties: str) -> Match:
        for party_id in parties:
            said = Said(party_id, NOW)
            match = matches.consent(match, party_id, said, quantities={}, lines=self.lines, reserved_until=LATER).match
        return match

    def counter(self, match: Match, who: str, **quantities: str) -> matches.Decision:
        return counter(
            match,
            self.party(who),
            Said(who, NOW),
            quantities={self.position(name): Decimal(quantity) for name, quantity in quantities.items()},
            lines=self.lines,
            reserved_until=LATER,
        )


def test_only_those_whose_part_changed_are_asked_again() -> None:
    case = Case()
    match = case.yes(case.match, "department:education", *map(case.party, ("Intesa", "Enel", "Corriere")))
    decision = case.counter(match, "Enel", Enel="50")
    after = decision.match
    assert set(after.consented) == {case.party("Enel"), case.party("Intesa"), case.party("Corriere")}
    assert {part.quantity for part in after.parts if part.allocation.capability == "delivery"} == {Decimal(12)}
    refurbished = [part.quantity for part in after.parts if part.allocation.capability == "refurbishing"]
    assert sum(refurbished) == 180, "the capability lends as much as what it serves"
    assert sum(move.quantity for move in decision.moves) == 40
    assert {move.entry for move in decision.moves} == {"release_reserved"}


def test_what_goes_up_is_taken_after_what_goes_down_was_given_back() -> None:
    case = Case()
    match = case.yes(case.match, case.party("Intesa"))
    moves = case.counter(match, "Intesa", Intesa="60", Enel="75").moves
    assert [move.entry for move in moves] == sorted((move.entry for move in moves), key=lambda one: one == "reserve")
    assert {move.entry for move in moves} == {"release_reserved", "reserve"}


def test_a_split_that_only_people_can_make_is_asked_for() -> None:
    case = Case()
    with pytest.raises(QuantityMissing) as asked:
        case.counter(case.match, "Intesa", Intesa="10", Enel="10", Aviva="10")
    assert len(asked.value.positions) == 2
    said = {"Sodalitas": "30"}
    with pytest.raises(NothingCountered):
        case.counter(case.match, "Intesa", Intesa=str(case.match.parts[case.position("Intesa")].quantity))
    with pytest.raises(UnknownPosition):
        following(case.match, {99: Decimal(1)})
    assert (
        case.counter(case.match, "Intesa", Intesa="10", Enel="10", Aviva="10", **said, Rigenera="30").match.version == 2
    )


def test_later_has_bounds() -> None:
    case = Case()
    said = Said("o", NOW)
    today = city_day(NOW)
    with pytest.raises(NotLater):
        postpone(case.match, "department:education", said, today, POLICY)
    with pytest.raises(TooFar) as far:
        postpone(case.match, "department:education", said, today + timedelta(days=91), POLICY)
    assert far.value.bound == "policy"
    due = replace(case.match, due_on=today + timedelta(days=40))
    with pytest.raises(TooFar) as far:
        postpone(due, "department:education", said, today + timedelta(days=41), POLICY)
    assert (far.value.bound, far.value.latest) == ("deadline", due.due_on)
    later = postpone(due, "department:education", said, today + timedelta(days=20), POLICY).match
    assert later.expires_at <= NOW + timedelta(days=42), "never beyond the need's deadline"
    old = replace(case.match, proposed_at=NOW - timedelta(days=150))
    with pytest.raises(TooFar) as far:
        postpone(old, "department:education", said, today + timedelta(days=31), POLICY)
    assert (far.value.bound, far.value.latest) == ("in_all", today + timedelta(days=30))
    reserved = case.yes(case.match, case.party("Enel"))
    with pytest.raises(TooFar) as far:
        postpone(reserved, "department:education", said, today + timedelta(days=15), POLICY)
    assert far.value.bound == "reservation"
    extending = replace(POLICY, postponing_extends_reservations=True)
    longer = postpone(reserved, "department:education", said, today + timedelta(days=15), extending).match
    assert longer.expires_at > reserved.expires_at
    with pytest.raises(WrongState):
        postpone(replace(case.match, state="accepted"), "department:education", said, today, POLICY)


def test_taking_back_needs_ones_own_fresh_last_decision() -> None:
    case = Case()
    match = case.yes(case.match, "department:education")
    assert undoable_until(match, "department:education", WINDOW) == NOW + WINDOW
    assert undoable_until(match, "x", WINDOW) is None
    for by, at, obstacle in (
        ("x", NOW, "somebody_elses"),
        ("department:education", NOW + timedelta(minutes=16), "too_late"),
    ):
        with pytest.raises(CannotUndo) as cannot:
            check(match, by, at, WINDOW)
        assert cannot.value.obstacle == obstacle
    undone = undo(match, "department:education", NOW)
    assert undone.goes_on is None
    back = undone.decision.match
    assert (back.parties, back.parts, back.expires_at) == (case.match.parties, case.match.parts, case.match.expires_at)
    assert back.version == match.version + 1


def test_the_last_yes_taken_back_leaves_the_others_to_a_match_of_its_own() -> None:
    case = Case()
    everybody = [one.party.party_id for one in case.match.parties]
    match = case.yes(case.match, *everybody)
    assert match.state == "accepted"
    undone = undo(match, everybody[-1], NOW)
    assert (undone.decision.match.state, undone.decision.match.reason_code) == ("released", "undone")
    assert undone.goes_on is not None
    fresh = replace(case.match, match_id=uuid4())
    begun = succession.begin(
        fresh,
        succession.as_it_was(undone.goes_on, LATER),
        undone.decision.match,
        "decision_undone",
        succession.Grounds(0.5, (), "1"),
    )
    assert begun.match.awaited == (everybody[-1],)
    assert sum(move.quantity for move in begun.moves) == sum(move.quantity for move in undone.decision.moves)
    assert not succession.newly_consented(begun.match)


@pytest.mark.parametrize("department_too", [True, False])
def test_another_courier_leaves_everybody_elses_yes(department_too: bool) -> None:
    case = Case()
    others = [case.party(name) for name in ("Intesa", "Enel", "Aviva", "Sodalitas", "Rigenera")]
    match = case.yes(case.match, *others, *(["department:education"] if department_too else []))
    gone = {case.offers["Corriere"].offer_id}
    assert refill.could_go_on(match, gone)
    [found] = refill.candidates(
        match, gone, case.need, [*case.offers.values(), case.spare], Steering(), NOW, memory=Memory()
    )
    fresh = match_of(found.proposal(), case.need)
    stands = succession.carried(match, fresh, LATER)
    kept = {one.party_id for one in stands.answers if one.consent == "given"}
    assert kept == {*others, *(["department:education"] if department_too else [])}
    assert all(one.carried for one in stands.answers if one.consent == "given")


def test_another_giver_of_laptops_is_news_for_the_department_but_not_for_the_refurbisher() -> None:
    case = Case()
    match = case.yes(case.match, "department:education", case.party("Intesa"), case.party("Sodalitas"))
    gone = {case.offers["Enel"].offer_id}
    other = an_offer(a_line(quantity="80"), giver=case.givers["Nuova"])
    quantity = match.parts[case.position("Enel")].quantity
    [found] = refill.candidates(
        match, gone, case.need, [*case.offers.values(), other], Steering(), NOW, memory=Memory()
    )
    newcomers = {other.offer_id, case.offers["Aviva"].offer_id}
    taken_over = [piece.quantity for piece in found.pieces if piece.offer.offer_id in newcomers]
    assert quantity in taken_over
    stands = succession.carried(match, match_of(found.proposal(), case.need), LATER)
    kept = {one.party_id for one in stands.answers if one.consent == "given"}
    assert kept == {case.party("Intesa"), case.party("Sodalitas")}


def test_nobody_takes_over_what_they_cannot_fill_wholly() -> None:
    case = Case()
    match = case.yes(case.match, case.party("Intesa"))
    gone = {case.offers["Enel"].offer_id}
    small = an_offer(a_line(quantity="5"), giver=case.givers["Nuova"])
    assert not refill.candidates(
        match, gone, case.need, [*case.offers.values(), small], Steering(), NOW, memory=Memory()
    )
    assert not refill.could_go_on(case.match, gone), "nobody's yes is lost: a new proposal will do"
