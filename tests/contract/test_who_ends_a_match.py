"""Matching asks for the end of an accepted match while its agreements go on: in whatever order the news cross.

Both domains beside each other, with a queue per key between them, as on Kafka. See ADR 99.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contracts.events import agreements as a
from contracts.events.matching import MatchAccepted, MatchEndAsked, MatchEndRefused, MatchReleased
from contracts.values import Allocation, CommunicationPlan, ImpactPlan, Party, SignatureEvidence
from services.agreements.domain import closing, drafting
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.outcome import changed, reference
from services.agreements.domain.splitting import match_over
from services.agreements.domain.states import FINAL, PUBLIC, Act, State, allows
from services.matching.domain import agreed, ending
from services.matching.domain import match as matches
from services.matching.domain.history import EndReason
from services.matching.domain.match import Decision, Match
from services.matching.domain.parts import Part

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)
WHICH = st.integers(0, 1)


def everybody_agreed() -> tuple[Match, MatchAccepted]:
    giver = uuid4()
    lines = tuple(
        Allocation(offer_id=uuid4(), offer_line=0, need_line=index, stakeholder_id=giver, kind="goods", quantity=10,
                   unit="C62")
        for index in range(2)
    )  # fmt: skip
    parts = tuple(Part(index, line, 1, reserved=line.quantity) for index, line in enumerate(lines))
    match = Match(
        match_id=uuid4(), version=3, state="accepted", need_id=uuid4(), need_title="Portatili", department="education",
        with_departments=(), policy_area="digital_poverty", triangulation=False, parties=(), parts=parts,
        account_manager_id="guide", expires_at=NOW,
    )  # fmt: skip
    parties = (
        Party(party_id="department:education", role="department", department="education", name="Educazione"),
        Party(party_id=f"stakeholder:{giver}", role="giver", stakeholder_id=giver, name="Enel"),
    )
    event = MatchAccepted(
        match_id=match.match_id, version=3, need_id=match.need_id, need_title="Portatili", department="education",
        policy_area="digital_poverty", triangulation=False, parties=parties, allocations=lines,
    )  # fmt: skip
    return match, event


class Crossing(RuleBasedStateMachine):
    """Anybody acts on either side at any time; news arrive when they arrive, in order only per key."""

    @initialize(divided=st.booleans())
    def begin(self, divided: bool) -> None:
        self.match, accepted = everybody_agreed()
        self.now = NOW
        whole = drafting.draft(accepted, uuid4(), NOW, TODAY).file
        self.files = [whole]
        if divided:
            self.files = [
                whole.model_copy(update={"agreement_id": uuid4(), "allocations": (line,), "part": index + 1})
                for index, line in enumerate(accepted.allocations)
            ]
        self.to_desk: deque[Any] = deque()
        self.to_matching: list[deque[Any]] = [deque() for _ in self.files]
        self.asked = self.told_no = 0

    # -- matching ------------------------------------------------------------------------------------------

    def decided(self, decision: Decision | None) -> None:
        if decision is None:
            return
        self.match = decision.match
        for _, event in decision.events:
            self.told_no += isinstance(event, MatchEndRefused)
            self.to_desk.append(event)

    @rule(reason=st.sampled_from(["undone", "released_by_manager", "party_withdrew"]))
    def somebody_wants_the_end(self, reason: EndReason) -> None:
        """As the handlers do: what is known to be signed or, for an undo, submitted, is refused at once."""
        if self.match.state != "accepted" or self.match.is_committed:
            return
        if reason == "undone" and (self.match.submitted_at is not None or ending.pending(self.match)):
            return
        self.decided(ending.ask(self.match, reason, self.now, "somebody"))

    @rule(which=WHICH)
    def news_reach_matching(self, which: int) -> None:
        queue = self.to_matching[which % len(self.to_matching)]
        if not queue:
            return
        event = queue.popleft()
        if isinstance(event, a.AgreementSigned):
            if self.match.state == "accepted":
                signed = matches.sign(self.match, event.allocations).match
                self.decided(ending.under_way(signed, "signed", self.now) or Decision(signed))
        elif isinstance(event, a.AgreementRejected):
            asked = ending.granted(self.match, event)
            if event.reason_code == ending.CLOSED_FOR_THE_MATCH and self.match.state == "accepted":
                assert asked is not None, "whoever asked was told no, and the file is closed all the same"
            if asked is not None:
                self.decided(matches.release(self.match, asked.reason, self.now, asked.by))
            else:
                self.decided(agreed.end(self.match, event, "agreement_rejected", self.now))
        else:
            self.decided(ending.under_way(self.match, "submitted", self.now))

    # -- agreements ----------------------------------------------------------------------------------------

    def kept(self, index: int, file: AgreementFile, *events: Any) -> None:
        self.files[index] = file
        self.to_matching[index].extend(events)

    @rule(which=WHICH)
    def the_legal_office_refuses(self, which: int) -> None:
        index = which % len(self.files)
        file = self.files[index]
        if allows(file.state, Act.REJECT):
            others = [one for one in self.files if one is not file]
            outcome = closing.reject(file, "No", match_over(file, others))
            self.kept(index, outcome.file, *outcome.events)

    @rule(which=WHICH)
    def the_legal_office_sends_back(self, which: int) -> None:
        index = which % len(self.files)
        if allows(self.files[index].state, Act.SEND_BACK):
            self.files[index] = changed(self.files[index], Act.SEND_BACK, submitted_by=None).file

    @rule(which=WHICH, last=st.booleans())
    def a_file_goes_a_step_on(self, which: int, last: bool) -> None:
        index = which % len(self.files)
        file = self.files[index]
        acts = (Act.SUBMIT, Act.APPROVE, Act.SIGN_LAST if last else Act.SIGN)
        act = next((one for one in acts if allows(file.state, one)), None)
        if act is None:
            return
        fields: dict[Act, dict[str, Any]] = {Act.SIGN_LAST: {"signed_on": TODAY}, Act.SUBMIT: {"submitted_once": True}}
        after = changed(file, act, **fields.get(act, {})).file
        self.kept(index, after, _news(after, act))

    @rule()
    def news_reach_the_desk(self) -> None:
        if not self.to_desk:
            return
        event = self.to_desk.popleft()
        if isinstance(event, MatchEndAsked) and any(closing.holds(file, event.reason_code) for file in self.files):
            return
        if isinstance(event, MatchEndAsked | MatchReleased):
            for index, file in enumerate(self.files):
                outcome = closing.release(file, event.reason_code)
                self.kept(index, outcome.file, *outcome.events)

    # -- what always holds ---------------------------------------------------------------------------------

    @invariant()
    def nothing_is_given_away_under_a_file_that_goes_on(self) -> None:
        if getattr(self, "match", None) is None:
            return
        if self.match.state == "released":
            assert all(file.state in FINAL for file in self.files), "released, and a file can still be signed"
        assert not [file for file in self.files if file.signed_on and file.state not in PUBLIC]
        assert not [file for file in self.files if file.signed_on and file.state is State.TERMINATED]

    def teardown(self) -> None:
        """When all news have arrived, both sides say the same and whoever asked knows."""
        if getattr(self, "match", None) is None:
            return
        while self.to_desk or any(self.to_matching):
            self.news_reach_the_desk()
            for which in range(len(self.to_matching)):
                self.news_reach_matching(which)
        assert ending.pending(self.match) is None, "asked and never answered"
        signed = [file for file in self.files if file.signed_on]
        assert (self.match.state == "released") == all(file.state is State.REJECTED for file in self.files)
        keys = {line.offer_id for file in signed for line in file.allocations}
        for part in self.match.parts:
            assert (part.committed > 0) == (part.allocation.offer_id in keys), "signed is committed, and nothing else"
        if self.match.state == "accepted" and self.match.asked is not None:
            assert self.match.asked.refused is not None
            assert self.told_no > 0


def _news(file: AgreementFile, act: Act) -> Any:
    more: dict[str, Any] = {"title": file.title}
    if act is Act.SUBMIT:
        return a.AgreementReviewRequested(**reference(file), **more, instrument="donazione")
    if act is Act.APPROVE:
        return a.AgreementApproved(
            **reference(file), **more, instrument="donazione", signatories=("department:education",),
            document_sha256="0" * 64,
        )  # fmt: skip
    if act is Act.SIGN:
        return a.AgreementSignatureGiven(
            **reference(file), **more, party_id="department:education", awaited=("stakeholder:x",), missing=1
        )
    evidence = SignatureEvidence(
        party_id="department:education", level="development", signed_at=NOW, certificate_sha256="0" * 64
    )
    return a.AgreementSigned(
        **reference(file), **more, policy_area="digital_poverty", instrument="donazione", instrument_version=1,
        protocol_number="1/2026", signed_on=TODAY, valid_from=TODAY, parties=(), allocations=file.allocations,
        impact_plan=ImpactPlan(), communication_plan=CommunicationPlan(summary="-"), signatures=(evidence,),
        document_sha256="0" * 64,
    )  # fmt: skip


def test_whatever_crosses_what_is_signed_stays_and_whoever_asked_is_told() -> None:
    run_state_machine_as_test(Crossing, settings=settings(max_examples=300, stateful_step_count=25))


def test_an_undo_that_crosses_a_file_sent_back_is_refused_on_both_sides() -> None:
    """Rare enough that chance seldom comes by: asked, submitted, sent back, and only then heard of."""
    case = Crossing()
    case.begin(divided=False)
    case.somebody_wants_the_end("undone")
    case.a_file_goes_a_step_on(0, last=False)
    case.the_legal_office_sends_back(0)
    case.news_reach_the_desk()
    assert case.files[0].state is State.DRAFTED, "it stays with the account manager"
    case.teardown()
    assert (case.match.state, case.told_no) == ("accepted", 1)


@pytest.mark.parametrize("reason", ["undone", "released_by_manager", "party_withdrew"])
@pytest.mark.parametrize("state", list(State))
def test_the_table_of_who_wins(reason: Literal["undone"], state: State) -> None:
    """An undo wins over a file in preparation, the others over all that is not signed; nothing over a signature."""
    file = drafting.draft(everybody_agreed()[1], uuid4(), NOW, TODAY).file.model_copy(update={"state": state})
    outcome = closing.release(file, reason)
    if state in PUBLIC or state is State.REJECTED:
        assert outcome.file is file
    else:
        assert outcome.file.state is State.REJECTED
    wins = not closing.holds(file, reason)
    if state in (State.DRAFTED, State.REJECTED):
        assert wins
    elif state in (State.IN_REVIEW, State.APPROVED, State.SIGNING):
        assert wins is (reason != "undone")
    elif state not in (State.TERMINATED, State.EXPIRED):
        assert not wins
