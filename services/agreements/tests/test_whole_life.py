"""The whole life of one match's agreements: anybody tries anything on any day, and what must hold, holds."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant

from chassis.clock import new_id
from contracts.event import Event
from contracts.events import agreements as a
from services.agreements.domain import amending, closing, drafting
from services.agreements.domain.file import Amendment
from services.agreements.domain.refusals import NotPossible
from services.agreements.domain.states import (
    AMENDMENT_TRANSITIONS,
    FINAL,
    OPEN_AMENDMENT,
    AmendmentAct,
    AmendmentState,
    State,
    amendment_after,
)
from services.agreements.tests.story import donation
from services.agreements.tests.trying import CALENDAR, NOW, TODAY, Trying, sha

pytestmark = pytest.mark.unit

FOLLOWS: dict[type[Event] | None, set[str]] = {
    None: {"Drafted"},
    a.AgreementDrafted: {"ReviewRequested", "Rejected"},
    a.AgreementReviewRequested: {"SentBack", "Approved", "Rejected"},
    a.AgreementSentBack: {"ReviewRequested", "Rejected"},
    a.AgreementApproved: {"SignatureGiven", "Signed", "Rejected"},
    a.AgreementSignatureGiven: {"SignatureGiven", "Signed", "Rejected"},
    a.AgreementSigned: {"Activated", "AmendmentChanged", "Amended", "Completed", "Terminated"},
    a.AgreementActivated: {"Suspended", "AmendmentChanged", "Amended", "Completed", "Terminated"},
    a.AgreementSuspended: {"Activated", "AmendmentChanged", "Amended", "Completed", "Terminated"},
    a.AgreementRejected: set(),
    a.AgreementTerminated: set(),
    a.AgreementCompleted: set(),
}
"""Which event may follow which, told from outside; events of amendments change nothing of what may follow."""


class WholeLife(Trying):
    """After every step."""

    @invariant()
    def events_tell_a_story_in_order(self) -> None:
        for file in self.files:
            told = self.told[file.agreement_id]
            versions = [event.version for event in told]
            assert versions == sorted(set(versions))
            assert versions[-1] <= file.version
            before: type[Event] | None = None
            for event in told:
                name = type(event).__name__.removeprefix("Agreement")
                if isinstance(event, a.AgreementSignatureGiven) and event.amendment:
                    name = "AmendmentChanged"
                assert name in FOLLOWS[before], f"{name} after {before}"
                if name not in ("Amended", "AmendmentChanged"):
                    before = type(event)

    @invariant()
    def signed_once_by_all_and_never_changed(self) -> None:
        for file in self.files:
            events = [event for event in self.told[file.agreement_id] if isinstance(event, a.AgreementSigned)]
            assert len(events) == (file.signed_on is not None)
            if events:
                assert all(one.evidence for one in file.signatories)
                assert len(events[0].signatures) == len(file.signatories)
                self.unchanged(file.agreement_id, file.approved_sha256, file.signed_sha256, file.protocol)
            for one in file.amendments:
                if one.state is AmendmentState.IN_FORCE:
                    assert {s.party_id for s in one.signatories} == {s.party_id for s in file.signatories}
                    self.unchanged((file.agreement_id, one.number), one.approved_sha256, one.signed_sha256, one)

    @invariant()
    def amendments_come_one_by_one(self) -> None:
        for file in self.files:
            assert sum(one.state in OPEN_AMENDMENT for one in file.amendments) <= (file.state not in FINAL)
            assert [one.number for one in file.amendments] == list(range(1, len(file.amendments) + 1))
            in_force = [one for one in file.amendments if one.state is AmendmentState.IN_FORCE]
            told = [event for event in self.told[file.agreement_id] if isinstance(event, a.AgreementAmended)]
            assert [event.amendment for event in told] == [one.number for one in in_force]

    @invariant()
    def nothing_promised_is_lost_between_files_and_amendments(self) -> None:
        now: dict[UUID, Decimal] = defaultdict(Decimal)
        for file in self.files:
            for position, line in enumerate(file.allocations):
                now[line.offer_id] += line.quantity
                assert line.quantity >= self.delivered[file.agreement_id].get(position, 0)
        assert {offer: now[offer] + self.released[offer] for offer in self.promised} == self.promised

    @invariant()
    def every_refusal_says_why_in_both_languages(self) -> None:
        assert all(italian and english for italian, english in self.reasons)

    @invariant()
    def numbers_are_each_ones_own(self) -> None:
        numbers = [one.protocol.number for one in self.files if one.protocol]
        numbers += [one.protocol.number for file in self.files for one in file.amendments if one.protocol]
        assert len(numbers) == len(set(numbers))

    def unchanged(self, key: object, *parts: object) -> None:
        assert self.documents.setdefault(key, sha(*parts)) == sha(*parts)


WholeLife.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestWholeLife = WholeLife.TestCase


@pytest.mark.parametrize("state", AmendmentState)
@pytest.mark.parametrize("act", AmendmentAct)
def test_an_amendments_step_is_in_the_table_or_refused_with_a_reason(state: AmendmentState, act: AmendmentAct) -> None:
    if (state, act) in AMENDMENT_TRANSITIONS:
        assert amendment_after(state, act) in AmendmentState
        return
    with pytest.raises(NotPossible) as refused:
        amendment_after(state, act)
    assert refused.value.italian
    assert refused.value.english


def test_an_amendment_that_is_over_leads_nowhere_and_every_other_leads_on() -> None:
    leading = {state for state, _ in AMENDMENT_TRANSITIONS}
    assert leading == set(OPEN_AMENDMENT)
    assert set(AMENDMENT_TRANSITIONS.values()) | {AmendmentState.DRAFTED} == set(AmendmentState)


def test_an_end_that_was_decided_comes_before_the_terms_end() -> None:
    """Both days were missed: the file ends by what was decided, on that day."""
    file = drafting.draft(donation(), new_id(), NOW, TODAY).file.model_copy(
        update={
            "state": State.ACTIVE,
            "valid_from": TODAY,
            "valid_to": TODAY + timedelta(20),
            "ends_on": TODAY + timedelta(5),
            "ends_because": "si scioglie",
            "amendments": (
                Amendment(
                    number=1, kind="amendment", state=AmendmentState.SIGNING, reason="x",
                    changes=amending.Changes(), opened_on=TODAY, opened_by="guide",
                ),
            ),
        }
    )  # fmt: skip
    later = TODAY + timedelta(100)
    act = closing.next_due(file, later, CALENDAR)
    assert act is not None
    ended = closing.by_calendar(file, act, later, True)
    assert ended.file.state is State.TERMINATED
    assert ended.file.amendments[0].state is AmendmentState.LAPSED
    assert ended.events[0].effective_on == TODAY + timedelta(5)  # type: ignore[attr-defined]
