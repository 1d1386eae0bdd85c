"""The life of a match: one table, and decisions that follow it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import get_args
from uuid import uuid4

import pytest

from contracts.events.matching import MatchAccepted, MatchConsentGiven
from services.matching.domain import match as matches
from services.matching.domain.match import Match, Said, UnknownParty
from services.matching.domain.parts import MatchParty, Part
from services.matching.domain.proposals import propose
from services.matching.domain.refusals import Refusal
from services.matching.domain.speakers import Speaker, voice
from services.matching.domain.states import TRANSITIONS, Happening, State, WrongState, after
from services.matching.domain.subjects import Steering
from services.matching.tests.things import NOW, a_giver, a_line, a_need, an_offer

pytestmark = pytest.mark.unit
LATER = NOW + timedelta(days=14)
SAID = Said("somebody", NOW)


def a_match() -> Match:
    need, giver = a_need(a_line(quantity="10")), a_giver()
    [proposal] = propose(need, [an_offer(giver=giver)], Steering(), NOW)
    return Match(
        match_id=uuid4(),
        version=1,
        state="proposed",
        need_id=need.need_id,
        need_title=need.state.title,
        department="education",
        with_departments=(),
        policy_area="digital_poverty",
        triangulation=False,
        parties=tuple(MatchParty(party) for party in proposal.parties),
        parts=tuple(Part(position, share.allocation, 1) for position, share in enumerate(proposal.shares)),
        account_manager_id=None,
        expires_at=NOW,
    )


def yes(match: Match, index: int) -> matches.Decision:
    party_id = match.parties[index].party.party_id
    return matches.consent(match, party_id, SAID, quantities={}, lines={}, reserved_until=LATER)


def accepted() -> Match:
    return yes(yes(a_match(), 0).match, 1).match


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("happening", get_args(Happening))
def test_what_the_table_does_not_name_is_refused(state: State, happening: Happening) -> None:
    if (state, happening) in TRANSITIONS:
        assert after(state, happening) in get_args(State)
    else:
        with pytest.raises(WrongState):
            after(state, happening)


def test_first_yes_reserves_and_last_yes_accepts() -> None:
    first = yes(a_match(), 1)
    assert [move.entry for move in first.moves] == ["reserve"]
    assert (first.match.state, first.match.expires_at, first.match.is_reserved) == ("proposed", LATER, True)
    last = yes(first.match, 0)
    assert last.moves == ()
    assert [(version, type(event)) for version, event in last.events] == [(3, MatchConsentGiven), (4, MatchAccepted)]
    assert (last.match.state, last.match.version) == ("accepted", 4)


def test_yes_again_changes_nothing() -> None:
    once = yes(a_match(), 0).match
    again = yes(once, 0)
    assert (again.match, again.events, again.moves) == (once, (), ())


def test_no_gives_back_what_was_reserved() -> None:
    reserved = yes(a_match(), 0).match
    decision = matches.decline(reserved, reserved.parties[1].party.party_id, SAID, "too_late")
    assert [(move.entry, move.quantity) for move in decision.moves] == [("release_reserved", Decimal(10))]
    assert decision.match.parties[1].consent == "declined"
    with pytest.raises(WrongState):
        yes(decision.match, 1)


def test_signing_commits_and_release_gives_back_the_undelivered() -> None:
    signed = matches.sign(accepted(), accepted().agreed)
    assert signed.moves == ()  # the allocations of another match
    match = accepted()
    signed = matches.sign(match, match.agreed)
    assert [move.entry for move in signed.moves] == ["commit"]
    delivered = matches.deliver(signed.match, signed.match.parts[0], Decimal(4)).match
    released = matches.release(delivered, "agreement_terminated", NOW)
    assert [(move.entry, move.quantity) for move in released.moves] == [("release_committed", Decimal(6))]


@pytest.mark.parametrize(
    ("reports", "delivered", "committed"),
    [
        (["4", "4"], 8, 2),
        (["12"], 10, 0),
        (["12", "-1"], 10, 0),
        (["12", "-5"], 7, 3),
        (["4", "-4"], 0, 10),
    ],
)
def test_deliveries_post_up_to_what_was_committed(reports: list[str], delivered: int, committed: int) -> None:
    match = accepted()
    match = matches.sign(match, match.agreed).match
    for report in reports:
        match = matches.deliver(match, match.parts[0], Decimal(report)).match
    assert (match.parts[0].delivered, match.parts[0].committed) == (delivered, committed)
    assert match.parts[0].recorded == sum(map(Decimal, reports))


def test_unknown_party() -> None:
    with pytest.raises(UnknownParty):
        matches.decline(a_match(), "department:nobody", SAID, "other")


def test_a_department_and_a_member_need_not_say_for_whom() -> None:
    match = a_match()
    giver = match.parties[1].party
    assert voice(match, Speaker("o", department="education"), None, None, None).party_id == "department:education"
    member = Speaker("p", stakeholders=frozenset({str(giver.stakeholder_id)}))
    assert voice(match, member, None, None, None).party_id == giver.party_id
    with pytest.raises(Refusal) as refused:
        voice(match, Speaker("x", department="environment"), None, None, None)
    assert refused.value.kind == "forbidden"


def test_who_speaks_for_two_parties_says_which() -> None:
    match = a_match()
    both = Speaker("b", "education", frozenset({str(match.parties[1].party.stakeholder_id)}))
    with pytest.raises(Refusal) as refused:
        voice(match, both, None, None, None)
    assert refused.value.code == "party-required"
    one_left = yes(match, 0).match
    assert voice(one_left, both, None, None, None).party_id == match.parties[1].party.party_id


def test_an_own_party_needs_no_note_and_somebody_elses_does() -> None:
    match = a_match()
    manager = Speaker("m", is_account_manager=True)
    party_id = match.parties[1].party.party_id
    with pytest.raises(Refusal):
        voice(match, manager, party_id, "telephone", " a ")
    with pytest.raises(Refusal):
        voice(match, manager, party_id, "own", "called on Monday")
    assert voice(match, manager, party_id, "letter", " of 12 May ").note == "of 12 May"
    assert replace(match, state="accepted").awaited == match.awaited
