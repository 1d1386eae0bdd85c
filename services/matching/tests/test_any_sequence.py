"""Any sequence of answers: the ledger is conserved, versions grow, and who is awaited is who has not answered."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.event import Event
from contracts.values import Line
from services.matching.domain import ledger, refill, succession
from services.matching.domain import match as matches
from services.matching.domain.countering import NothingCountered, counter
from services.matching.domain.history import Taken
from services.matching.domain.ledger import ZERO, Balance, NotEnough
from services.matching.domain.match import Decision, Match, QuantityFixed, Said
from services.matching.domain.parts import QuantityMissing
from services.matching.domain.policy import Policy
from services.matching.domain.postponing import NotLater, TooFar, postpone
from services.matching.domain.proposals import Memory, propose
from services.matching.domain.states import WrongState
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.domain.succession import Grounds
from services.matching.domain.undoing import CannotUndo, check, undo
from services.matching.tests.test_answers import match_of
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit
WINDOW = timedelta(minutes=15)
GROUNDS = Grounds(0.5, (), "1")
NOT_POSSIBLE = (WrongState, NotEnough, QuantityMissing, QuantityFixed, NothingCountered, TooFar, NotLater, CannotUndo)
MINUTES = st.sampled_from([0, 1, 20, 60 * 24 * 3])
WHICH = st.integers(0, 50)
RARELY = st.sampled_from([False, False, False, True])


class City(RuleBasedStateMachine):
    """A few needs and scarce offers; what the handlers do with the store is done here with dictionaries."""

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.lines: dict[tuple[UUID, int], Balance] = {}
        self.matches: dict[UUID, Match] = {}
        self.steps: dict[UUID, list[tuple[Taken, bool]]] = {}
        self.told: dict[UUID, int] = {}
        self.ids = 0
        self.needs = [
            self._need(a_line(quantity="40"), requires=["refurbishing"], title="Laptop a scuola"),
            self._need(a_line(quantity=None), title="Coperte"),
        ]
        self.offers = [
            self._offer(a_line(quantity="25")),
            self._offer(a_line(quantity="25")),
            self._offer(a_line(quantity=None), title="Coperte"),
            *(self._offer(a_line("service", "40", capability="refurbishing")) for _ in range(2)),
        ]
        for need in self.needs:
            self._open("need", need)
        for offer in self.offers:
            self._open("offer", offer)
        for need in self.needs:
            for proposal in propose(need, self.offers, Steering(), NOW)[:4]:
                made = replace(match_of(proposal, need), match_id=self._id())
                self.matches[made.match_id] = made
                self.told[made.match_id] = 1

    def _id(self) -> UUID:
        """Ids in order: a run that is repeated is the same run."""
        self.ids += 1
        return UUID(int=self.ids)

    def _need(self, *lines: Line, **more: Any) -> Need:
        need = a_need(*lines, **more)
        return replace(need, state=need.state.model_copy(update={"need_id": self._id()}))

    def _offer(self, *lines: Line, **more: Any) -> Offer:
        offer = an_offer(*lines, giver=replace(a_giver(), stakeholder_id=self._id()), **more)
        return replace(offer, state=offer.state.model_copy(update={"offer_id": self._id()}))

    def _open(self, line_of: Any, subject: Need | Offer) -> None:
        subject_id = subject.need_id if isinstance(subject, Need) else subject.offer_id
        for line in subject.lines:
            self.lines[subject_id, line.index] = Balance(
                line_of, subject_id, line.index, line.line.unit, 0, line.open_ended, line.free, line.free
            )

    # -- what the handlers do ------------------------------------------------------------------------------

    def _apply(self, *decisions: Decision) -> None:
        """All or nothing, as in one transaction."""
        lines = dict(self.lines)
        for decision in decisions:
            for move in decision.moves:
                one = move.part.allocation
                keys = [(one.offer_id, one.offer_line)]
                keys += [(decision.match.need_id, one.need_line)] if one.need_line is not None else []
                for key in keys:
                    lines[key] = lines[key].after(ledger.move(lines[key], move.entry, move.quantity))
        self.lines = lines
        for decision in decisions:
            self._tell(decision)

    def _tell(self, decision: Decision) -> None:
        match = decision.match
        before = self.matches.get(match.match_id)
        assert before is None or match.version >= before.version
        for version, event in decision.events:
            assert version > self.told.get(match.match_id, 0)
            self.told[match.match_id] = version
            self._says_what_is(event, match)
        if decision.taken:
            self.steps.setdefault(match.match_id, []).append((decision.taken, False))
        self.matches[match.match_id] = replace(match, last=self._last(match.match_id))

    @staticmethod
    def _says_what_is(event: Event, match: Match) -> None:
        assert getattr(event, "awaited", match.awaited) == match.awaited
        assert (getattr(event, "consented", None) or match.consented) == match.consented

    def _last(self, match_id: UUID) -> Taken | None:
        standing = [taken for taken, undone in self.steps.get(match_id, []) if not undone and taken.act != "undo"]
        return standing[-1] if standing else None

    def _pick(self, which: int) -> Match:
        open_first = sorted(self.matches.values(), key=lambda one: (one.state != "proposed", str(one.match_id)))
        return open_first[which % len(open_first)]

    def _said(self, party_id: str) -> Said:
        return Said(party_id, self.now)

    def _offered(self) -> dict[tuple[UUID, int], Any]:
        return {(one.offer_id, index): line for one in self.offers for index, line in enumerate(one.state.lines)}

    def _end(self, match: Match, ended: Decision, gone: set[UUID]) -> None:
        if refill.could_go_on(match, gone):
            need = next(one for one in self.needs if one.need_id == match.need_id)
            found = refill.candidates(
                match, gone, self._now_of(need), list(map(self._now_of, self.offers)), Steering(), NOW, memory=Memory()
            )
            if found:
                fresh = replace(match_of(found[0].proposal(), need), match_id=self._id())
                stands = succession.carried(match, fresh, self.now + timedelta(days=14))
                begun = succession.begin(fresh, stands, match, "party_replaced", GROUNDS)
                if begun.match.consented:
                    assert begun.match.awaited, "somebody new has to be asked"
                    try:
                        self._apply(ended, begun)
                    except NotEnough:
                        pass
                    else:
                        return
        self._apply(ended)

    def _now_of(self, subject: Any) -> Any:
        subject_id = subject.need_id if isinstance(subject, Need) else subject.offer_id
        return replace(
            subject,
            lines=tuple(replace(line, free=self.lines[subject_id, line.index].free) for line in subject.lines),
        )

    # -- what people do ------------------------------------------------------------------------------------

    @rule(which=WHICH, who=WHICH, quantity=st.integers(1, 30), minutes=MINUTES)
    def says_yes(self, which: int, who: int, quantity: int, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        match = self._pick(which)
        party_id = match.parties[who % len(match.parties)].party.party_id
        to_agree = {part.position: Decimal(quantity) for part in match.parts if part.to_agree}
        try:
            decision = matches.consent(
                match,
                party_id,
                self._said(party_id),
                quantities=to_agree,
                lines=self._offered(),
                reserved_until=self.now + timedelta(days=14),
            )
            self._apply(decision)
        except NOT_POSSIBLE:
            pass

    @rule(which=WHICH, but=WHICH)
    def nearly_all_say_yes(self, which: int, but: int) -> None:
        match = self._pick(which)
        for who in range(len(match.parties)):
            if who != but:
                found = self.matches[match.match_id]
                order = sorted(self.matches.values(), key=lambda one: (one.state != "proposed", str(one.match_id)))
                self.says_yes(order.index(found), who, 7, 0)

    @rule(which=WHICH, who=WHICH, rarely=RARELY)
    def says_no(self, which: int, who: int, rarely: bool) -> None:
        if not rarely:
            return
        match = self._pick(which)
        one = match.parties[who % len(match.parties)]
        gone = {
            part.allocation.offer_id
            for part in match.parts
            if part.allocation.stakeholder_id == one.party.stakeholder_id
        }
        try:
            ended = matches.decline(match, one.party.party_id, self._said(one.party.party_id), "other")
        except NOT_POSSIBLE:
            return
        self._end(match, ended, gone)

    @rule(which=WHICH, who=WHICH)
    def withdraws_its_offer(self, which: int, who: int) -> None:
        """A giver of several leaves before anything is signed, whoever has said yes by then."""
        several = [one for one in self.matches.values() if one.triangulation and one.consented and not one.is_committed]
        several = [one for one in several if one.state in ("proposed", "accepted")]
        if not several:
            return
        match = sorted(several, key=lambda one: str(one.match_id))[which % len(several)]
        gone = {match.parts[who % len(match.parts)].allocation.offer_id}
        ending = matches.expire(match, "offer_closed", self.now) if match.state == "proposed" else None
        self._end(match, ending or matches.release(match, "party_withdrew", self.now), gone)

    @rule(which=WHICH, who=WHICH, position=WHICH, quantity=st.integers(1, 60))
    def wants_other_quantities(self, which: int, who: int, position: int, quantity: int) -> None:
        match = self._pick(which)
        party_id = match.parties[who % len(match.parties)].party.party_id
        try:
            decision = counter(
                match,
                party_id,
                self._said(party_id),
                quantities={position % len(match.parts): Decimal(quantity)},
                lines=self._offered(),
                reserved_until=self.now + timedelta(days=14),
            )
            assert party_id in decision.match.consented
            assert decision.match.awaited, "somebody is concerned by other quantities"
            self._apply(decision)
        except NOT_POSSIBLE:
            pass

    @rule(which=WHICH, who=WHICH, days=st.integers(-1, 100))
    def decides_later(self, which: int, who: int, days: int) -> None:
        match = self._pick(which)
        party_id = match.parties[who % len(match.parties)].party.party_id
        day: date = self.now.date() + timedelta(days=days)
        with contextlib.suppress(NOT_POSSIBLE):
            self._apply(postpone(match, party_id, self._said(party_id), day, Policy()))

    @rule(which=WHICH, minutes=MINUTES)
    def takes_it_back(self, which: int, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        decided = [one for one in self.matches.values() if one.last and one.last.before] or [self._pick(which)]
        match = sorted(decided, key=lambda one: str(one.match_id))[which % len(decided)]
        by = match.last.by if match.last and match.last.by else "nobody"
        try:
            check(match, by, self.now, WINDOW)
            undone = undo(match, by, self.now)
            begun = []
            if undone.goes_on is not None:
                fresh = replace(
                    match,
                    match_id=self._id(),
                    version=1,
                    state="proposed",
                    parts=tuple(replace(part, reserved=ZERO) for part in match.parts),
                    last=None,
                )
                stands = succession.as_it_was(undone.goes_on, self.now + WINDOW)
                begun = [succession.begin(fresh, stands, match, "decision_undone", GROUNDS)]
            self._apply(undone.decision, *begun)
        except NOT_POSSIBLE:
            return
        steps = self.steps[match.match_id]
        at = max(index for index, (taken, _) in enumerate(steps) if taken == match.last)
        steps[at] = (steps[at][0], True)
        left = self.matches[match.match_id]
        self.matches[match.match_id] = replace(left, last=self._last(match.match_id))
        if undone.goes_on is None and match.last and match.last.before:
            assert left.memento == match.last.before, "just as it stood"

    @rule(which=WHICH, rarely=RARELY)
    def time_passes(self, which: int, rarely: bool) -> None:
        if not rarely:
            return
        match = self._pick(which)
        with contextlib.suppress(NOT_POSSIBLE):
            self._apply(matches.expire(match, "timeout", self.now))

    def _accepted(self) -> list[Match]:
        return [one for one in self.matches.values() if one.state == "accepted"]

    @precondition(lambda self: self._accepted())
    @rule(which=WHICH)
    def is_signed(self, which: int) -> None:
        accepted = self._accepted()
        match = accepted[which % len(accepted)]
        self._apply(matches.sign(match, match.agreed))

    @precondition(lambda self: self._accepted())
    @rule(which=WHICH, position=WHICH, quantity=st.integers(1, 30))
    def is_delivered(self, which: int, position: int, quantity: int) -> None:
        accepted = self._accepted()
        match = accepted[which % len(accepted)]
        part = match.parts[position % len(match.parts)]
        if part.committed > 0:
            self._apply(matches.deliver(match, part, Decimal(quantity)))

    @precondition(lambda self: self._accepted())
    @rule(which=WHICH)
    def is_released(self, which: int) -> None:
        accepted = self._accepted()
        self._apply(matches.release(accepted[which % len(accepted)], "party_withdrew", self.now))

    # -- what always holds ---------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_or_given_twice(self) -> None:
        held: dict[tuple[UUID, int], list[Decimal]] = {key: [ZERO, ZERO, ZERO] for key in getattr(self, "lines", {})}
        for match in getattr(self, "matches", {}).values():
            for part in match.parts:
                one = part.allocation
                keys = [(one.offer_id, one.offer_line)]
                keys += [(match.need_id, one.need_line)] if one.need_line is not None else []
                for key in keys:
                    for index, amount in enumerate((part.reserved, part.committed, part.delivered)):
                        held[key][index] += amount
        for key, line in getattr(self, "lines", {}).items():
            assert line.total + line.shortfall == line.free + line.reserved + line.committed + line.delivered
            assert min(line.free, line.reserved, line.committed, line.delivered, line.shortfall) >= 0
            assert held[key] == [line.reserved, line.committed, line.delivered]

    @invariant()
    def all_is_reserved_or_nothing(self) -> None:
        for match in getattr(self, "matches", {}).values():
            if match.state == "proposed":
                for part in match.parts:
                    assert part.reserved == (part.quantity if match.consented else ZERO)
            if match.state not in ("proposed", "accepted"):
                assert all(part.reserved == 0 and part.committed == 0 for part in match.parts)
            if match.state == "accepted":
                assert not match.awaited


City.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_any_sequence_of_answers = City.TestCase
