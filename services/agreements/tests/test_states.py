"""The life of an agreement: the table, and any path through it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.clock import new_id
from contracts.events.agreements import AgreementCompleted, AgreementRejected, AgreementSigned, AgreementTerminated
from contracts.values import CommunicationPlan, ImpactPlan, SignatureEvidence
from services.agreements.domain import closing, drafting, signing
from services.agreements.domain.commands import ChooseInstrument
from services.agreements.domain.file import AgreementFile, Protocol
from services.agreements.domain.outcome import Outcome
from services.agreements.domain.refusals import NotPossible
from services.agreements.domain.states import FINAL, TRANSITIONS, Act, State, after, allows
from services.agreements.tests.story import DONATION_TERMS, donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)
DONATION = next(record for record in first_records() if record.code == "donazione")
SHA = "0" * 64


def test_final_states_lead_nowhere_and_every_other_state_leads_on() -> None:
    leading = {state for state, _ in TRANSITIONS}
    assert leading == set(State) - FINAL
    assert set(TRANSITIONS.values()) | {State.DRAFTED} == set(State)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_what_is_not_in_the_table_is_refused(state: State, act: Act) -> None:
    if allows(state, act):
        assert after(state, act) in State
    else:
        with pytest.raises(NotPossible):
            after(state, act)


class Life(RuleBasedStateMachine):
    """Anybody tries anything at any time: only what the table allows has an effect, and events tell all of it."""

    def __init__(self) -> None:
        super().__init__()
        opened = drafting.draft(donation(), new_id(), NOW, TODAY)
        self.file: AgreementFile = opened.file
        self.events = list(opened.events)

    def attempt(self, act: Act, outcome: object) -> None:
        before = self.file
        try:
            result: Outcome = outcome()  # type: ignore[operator]
        except NotPossible:
            assert not allows(before.state, act)
            return
        assert allows(before.state, act) or result.file == before
        self.file = result.file
        self.events += result.events

    @rule()
    def fill_in(self) -> None:
        command = ChooseInstrument(instrument="donazione", terms=DONATION_TERMS)
        self.attempt(Act.EDIT, lambda: drafting.choose_instrument(self.file, command, DONATION))
        self.attempt(
            Act.EDIT, lambda: drafting.set_communication_plan(self.file, CommunicationPlan(summary="Comunicato"))
        )
        self.attempt(Act.EDIT, lambda: drafting.set_impact_plan(self.file, ImpactPlan()))

    @precondition(lambda self: self.file.impact_plan is not None)
    @rule()
    def submit(self) -> None:
        self.attempt(Act.SUBMIT, lambda: drafting.submit(self.file, DONATION, "guide", TODAY))

    @precondition(lambda self: self.file.impact_plan is not None)
    @rule()
    def approve(self) -> None:
        def decide() -> Outcome:
            signing.may_be_approved(self.file, DONATION, TODAY)
            parties = signing.signatories_of(self.file, "c_f205", {})
            return signing.approved(signing.numbered(self.file, parties, Protocol(year=2026, number=1), TODAY), SHA)

        self.attempt(Act.APPROVE, decide)

    @precondition(lambda self: any(one.evidence is None for one in self.file.signatories))
    @rule()
    def sign(self) -> None:
        waiting = next(one for one in self.file.signatories if one.evidence is None)

        def decide() -> Outcome:
            signing.awaited(self.file, DONATION, waiting.party_id, TODAY)
            evidence = SignatureEvidence(
                party_id=waiting.party_id, level="development", signed_at=NOW, certificate_sha256=SHA
            )
            return signing.signed(self.file, evidence, "person", SHA, TODAY)

        self.attempt(Act.SIGN, decide)

    @rule()
    def reject(self) -> None:
        self.attempt(Act.REJECT, lambda: closing.reject(self.file, "motivo"))

    @rule()
    def suspend(self) -> None:
        self.attempt(Act.SUSPEND, lambda: closing.suspend(self.file, "motivo"))

    @rule()
    def resume(self) -> None:
        self.attempt(Act.RESUME, lambda: closing.resume(self.file, TODAY))

    @rule()
    def terminate(self) -> None:
        self.attempt(Act.TERMINATE, lambda: closing.terminate(self.file, "motivo", None, TODAY))

    @rule()
    def release(self) -> None:
        self.attempt(Act.RELEASE, lambda: closing.release(self.file, "party_withdrew"))

    @precondition(lambda self: self.file.signed_on is not None)
    @rule()
    def complete(self) -> None:
        self.attempt(Act.COMPLETE, lambda: closing.complete(self.file))

    @invariant()
    def versions_of_events_grow(self) -> None:
        versions = [event.version for event in self.events]  # type: ignore[attr-defined]
        assert versions == sorted(set(versions))
        assert versions[-1] <= self.file.version

    @invariant()
    def signed_means_signed_by_all(self) -> None:
        signed = [event for event in self.events if isinstance(event, AgreementSigned)]
        assert len(signed) <= 1
        assert bool(signed) == (self.file.signed_on is not None)
        if signed:
            assert all(one.evidence for one in self.file.signatories)
            assert len(signed[0].signatures) == len(self.file.signatories)

    @invariant()
    def it_ends_at_most_once(self) -> None:
        ends = (AgreementRejected, AgreementTerminated, AgreementCompleted)
        assert sum(isinstance(event, ends) for event in self.events) == (self.file.state in FINAL)


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


def test_an_agreement_that_begins_later_waits_for_its_day() -> None:
    file = drafting.draft(donation(), UUID(int=1), NOW, TODAY).file
    later = file.model_copy(update={"valid_from": date(2027, 1, 1)})
    assert not signing.is_due(later, date(2026, 12, 31))
    assert signing.is_due(later, date(2027, 1, 1))
