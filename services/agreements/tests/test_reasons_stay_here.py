"""Why something was refused, changed or ended may name people: it stays in the file, the bus carries a code."""

from __future__ import annotations

import pytest

from chassis.clock import new_id
from contracts.events.agreements import AgreementAmended
from contracts.events.matching import MatchReleased
from services.agreements.tests.story import GUIDE, LEGAL, Story, donation, giver_of, partner
from services.agreements.tests.test_amendments import amended

pytestmark = pytest.mark.integration
WORDS = "Mario Rossi si e ammalato gravemente"
WHY = {"reason": WORDS}


async def told(story: Story, one: str, until: str) -> list[tuple[str, str, str]]:
    """What each event says of its reason; none of them has the words."""
    events = await story.published(one, until=until)
    assert not [event for event in events if WORDS.encode() in event.to_bytes()]
    return [
        (type(event).__name__.removeprefix("Agreement"), event.reason_code, event.reason)
        for event in events
        if hasattr(event, "reason_code")
    ]


async def test_a_refusal_says_on_the_bus_only_that_it_is_one(story: Story) -> None:
    one = await story.approved(donation())
    file = await story.done(one, "reject", LEGAL, WHY)
    assert file["closing_reason"] == WORDS, "the desk reads it"
    assert await told(story, one, "Rejected") == [("Rejected", "refused", "refused")]


async def test_rests_ends_and_changes_say_a_code(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    await story.done(one, "suspend", LEGAL, WHY)
    await story.done(one, "resume", LEGAL)
    await story.done(one, "amendments", GUIDE, WHY | {"quantities": [{"position": 0, "quantity": "2400"}]})
    await amended(story, one, match)
    await story.done(one, "amendments", GUIDE, WHY | {"quantities": [{"position": 0, "quantity": "2000"}]})
    await story.done(one, "amendments/2/withdraw", GUIDE, WHY)
    await story.done(one, "terminate", LEGAL, WHY)
    assert await told(story, one, "Terminated") == [
        ("Suspended", "decided", "decided"),
        ("Terminated", "decided", "decided"),
    ]
    changes = [event for event in await story.published(one, until="Terminated") if isinstance(event, AgreementAmended)]
    assert [event.summary for event in changes] == ["amendment"]


async def test_a_released_match_is_named_by_its_code(story: Story) -> None:
    match = donation(new_id())
    one = (await story.file_of(match))["agreement_id"]
    released = MatchReleased(match_id=match.match_id, version=4, need_id=match.need_id, reason_code="party_withdrew")
    await story.happened(released, match.match_id, match.need_id)
    assert await told(story, one, "Rejected") == [("Rejected", "match_released", "match_released")]


async def test_remarks_go_back_to_the_account_manager_and_stay_at_the_desk(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    await story.done(one, "submit", GUIDE)
    assert (await story.post(one, "send-back", GUIDE, WHY)).status_code == 403
    assert (await story.post(one, "send-back", LEGAL, {"reason": ""})).status_code == 422
    assert (await story.done(one, "send-back", LEGAL, WHY))["state"] == "drafted"
    assert (await story.done(one, "submit", GUIDE))["state"] == "in_review", "it goes on from there"
    assert await told(story, one, "SentBack") == []
    for actor, reads in ((LEGAL, True), (GUIDE, True), (partner(giver_of(match)), False)):
        history = (await story.as_(actor).get(f"/agreements/api/v1/agreements/{one}/history")).json()["items"]
        assert (WORDS in str(history)) is reads, "the remarks are for those who fill the file in"


async def test_events_say_whose_turn_it_is_and_until_when_as_the_file_does(story: Story) -> None:
    one = await story.filled(donation())
    await story.done(one, "submit", GUIDE)
    step = (await story.get(one))["next_step"]
    events = await story.published(one, until="ReviewRequested")
    assert [event.next_owner for event in events] == ["account_manager", "legal"]
    assert events[-1].next_due_on.isoformat() == step["due_on"]
