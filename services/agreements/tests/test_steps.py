"""Who must do what by when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.clock import new_id
from contracts.values import CommunicationPlan, ImpactPlan, SignatureEvidence
from services.agreements.domain import drafting
from services.agreements.domain.file import AgreementFile, NoticeOnFile, Signatory
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.particulars import Milestone
from services.agreements.domain.states import FINAL, State
from services.agreements.domain.steps import USUAL, moved, next_step, schedule
from services.agreements.tests.story import donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RECORDS = {(record.code, record.version): record for record in first_records()}
GIFT, SPONSOR = RECORDS["donazione", 2], RECORDS["sponsorizzazione", 2]


def file(state: State = State.DRAFTED, record: Instrument | None = GIFT, **more: Any) -> AgreementFile:
    opened = drafting.draft(donation(), new_id(), NOW, TODAY).file
    pinned = {"instrument": record.code, "instrument_version": record.version} if record else {}
    plans = {"communication_plan": CommunicationPlan(summary="x"), "impact_plan": ImpactPlan()}
    return opened.model_copy(update={"state": state} | pinned | plans | more)


def signatory(party: str, is_city: bool, signed: bool = False) -> Signatory:
    evidence = SignatureEvidence(party_id=party, level="qualified", signed_at=NOW, certificate_sha256="0" * 64)
    return Signatory(
        party_id=party, name=party, organisation_id=party, is_city=is_city, evidence=evidence if signed else None
    )


@pytest.mark.parametrize("record", RECORDS.values(), ids=[f"{code}-{version}" for code, version in RECORDS])
@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_every_agreement_that_has_not_ended_has_a_next_step_with_its_owner(record: Instrument, state: State) -> None:
    step = next_step(file(state, record), record, TODAY)
    assert step is not None
    assert step.owner
    assert step.due_on is not None or state in (State.SIGNED, State.ACTIVE)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_has_ended_has_no_next_step(state: State) -> None:
    assert next_step(file(state), GIFT, TODAY) is None


@pytest.mark.parametrize(
    ("state", "record", "code", "owner", "days"),
    [
        (State.DRAFTED, None, "choose_instrument", "account_manager", 10),
        (State.DRAFTED, GIFT, "fill_in", "account_manager", 15),
        (State.IN_REVIEW, GIFT, "review", "legal", 10),
        (State.APPROVED, GIFT, "sign", "signatory", 15),
        (State.SUSPENDED, GIFT, "resume", "legal", 30),
        (State.DRAFTED, RECORDS["donazione", 1], "fill_in", "account_manager", 15),
        (State.DRAFTED, RECORDS["accordo_di_partenariato", 2], "procedure", "department", 45),
        (State.DRAFTED, RECORDS["concessione_comodato", 2], "criteria", "department", 20),
    ],
)
def test_each_state_has_its_step(state: State, record: Instrument | None, code: str, owner: str, days: int) -> None:
    step = next_step(file(state, record).model_copy(update={"next_step": None}), record, TODAY)
    assert step is not None
    assert (step.code, step.owner, step.due_on) == (code, owner, TODAY + timedelta(days))


def test_a_step_that_goes_on_keeps_its_first_day_and_the_next_one_begins_anew() -> None:
    first = moved(file(State.DRAFTED), GIFT, TODAY)
    later = moved(first, GIFT, TODAY + timedelta(7))
    assert later.next_step == first.next_step
    handed_in = moved(later.model_copy(update={"state": State.IN_REVIEW}), GIFT, TODAY + timedelta(7))
    assert handed_in.next_step is not None
    assert handed_in.next_step.since == TODAY + timedelta(7)
    assert handed_in.next_step.due_on == TODAY + timedelta(17)


def test_signing_is_up_to_the_parties_and_then_to_the_city() -> None:
    parties = (signatory("department:x", True), signatory("stakeholder:y", False))
    step = next_step(file(State.APPROVED, signatories=parties), GIFT, TODAY)
    assert step is not None
    assert (step.owner, step.parties) == ("partner", ("stakeholder:y",))
    signed = (parties[0], signatory("stakeholder:y", False, signed=True))
    last = next_step(file(State.SIGNING, signatories=signed), GIFT, TODAY)
    assert last is not None
    assert (last.owner, last.parties) == ("signatory", ("department:x",))


def test_above_the_threshold_the_notice_comes_before_the_signatures() -> None:
    """Art. 134 c. 4 D.Lgs. 36/2023."""
    line = donation().allocations[0].model_copy(update={"value_cents": 4_000_001})
    waiting = file(State.APPROVED, SPONSOR, allocations=(line,))
    step = next_step(waiting, SPONSOR, TODAY)
    assert step is not None
    assert (step.code, step.owner, step.due_on) == ("public_notice", "department", TODAY + timedelta(5))
    notice = NoticeOnFile(notice_id=new_id(), term="public_notice_on", published_on=TODAY)
    published = waiting.model_copy(update={"notices": (notice,)})
    step = next_step(published, SPONSOR, TODAY)
    assert step is not None
    assert (step.code, step.due_on) == ("public_notice", TODAY + timedelta(30))
    over = next_step(published, SPONSOR, TODAY + timedelta(30))
    assert over is not None
    assert over.code == "sign"
    small = next_step(file(State.APPROVED, SPONSOR), SPONSOR, TODAY)
    assert small is not None
    assert small.code == "sign"


def test_what_is_delivered_is_due_at_the_next_milestone_or_on_the_last_day() -> None:
    running = file(State.ACTIVE, valid_to=date(2027, 6, 30))
    step = next_step(running, GIFT, TODAY)
    assert step is not None
    assert (step.owner, step.due_on) == ("department", date(2027, 6, 30))
    reached = Milestone(milestone_id=new_id(), title="a", due_on=date(2027, 1, 1), done_on=date(2027, 1, 1))
    ahead = Milestone(milestone_id=new_id(), title="b", due_on=date(2027, 2, 1))
    step = next_step(running.model_copy(update={"milestones": (reached, ahead)}), GIFT, TODAY)
    assert step is not None
    assert step.due_on == date(2027, 2, 1)


def test_the_schedule_counts_every_step_after_the_one_before() -> None:
    steps = schedule(moved(file(State.DRAFTED), GIFT, TODAY), GIFT, TODAY)
    assert [(one.code, one.status) for one in steps] == [
        ("choose_instrument", "done"),
        ("fill_in", "now"),
        ("review", "ahead"),
        ("sign", "ahead"),
        ("deliver", "ahead"),
    ]
    assert [one.due_on for one in steps[1:4]] == [TODAY + timedelta(days) for days in (15, 25, 40)]
    assert {one.status for one in schedule(file(State.COMPLETED), GIFT, TODAY)} == {"done"}


def test_the_usual_steps_reach_every_state_of_the_way() -> None:
    reached = {state for step in USUAL for state in step.states}
    assert reached == set(State) - FINAL - {State.SUSPENDED}
