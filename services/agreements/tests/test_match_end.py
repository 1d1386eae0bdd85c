"""Matching asks for the end of a match: the files say whether it may be."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from chassis.testing import eventually
from contracts.events.agreements import AgreementRejected
from contracts.events.matching import MatchAccepted, MatchEndAsked, MatchReleased
from services.agreements.tests.story import GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_several import triangle

pytestmark = pytest.mark.integration
Reason = Literal["undone", "released_by_manager", "party_withdrew"]


async def asked(story: Story, match: MatchAccepted, reason: Reason) -> None:
    event = MatchEndAsked(match_id=match.match_id, version=4, need_id=match.need_id, reason_code=reason)
    await story.happened(event, match.match_id, match.need_id)


async def state(story: Story, one: str) -> str:
    found: str = (await story.get(one))["state"]
    return found


async def ended(story: Story, one: str) -> AgreementRejected:
    found = (await story.published(one, until="Rejected"))[-1]
    assert isinstance(found, AgreementRejected)
    return found


async def test_files_in_preparation_are_all_closed(story: Story) -> None:
    match = triangle()
    one = (await story.file_of(match))["agreement_id"]
    other = (await story.done(one, "split", GUIDE, {"allocations": [0]}))["agreement_id"]
    await asked(story, match, "undone")
    for each in (one, other):
        event = await ended(story, each)
        assert (event.reason_code, event.match_over) == ("match_released", True)


async def test_a_file_at_the_legal_office_is_not_undone_but_released(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    await story.done(one, "submit", GUIDE)
    await asked(story, match, "undone")
    await asked(story, match, "released_by_manager")
    assert (await ended(story, one)).reason_code == "match_released"
    history = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/history")).json()
    released = [line for line in history["items"] if line["act"] == "release"]
    assert [line["note"] for line in released] == ["released_by_manager"]


@pytest.mark.parametrize("reason", ["undone", "released_by_manager", "party_withdrew"])
async def test_what_is_signed_stays_whatever_was_asked(story: Story, reason: Reason) -> None:
    match = donation()
    one = await story.signed(match)
    before = await state(story, one)
    await asked(story, match, reason)
    released = MatchReleased(match_id=match.match_id, version=5, need_id=match.need_id, reason_code=reason)
    await story.happened(released, match.match_id, match.need_id)

    async def noted() -> Any:
        history = (await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/history")).json()
        return [line for line in history["items"] if line["act"] == "release"]

    assert await eventually(noted), "the history says that the match is said to be gone"
    assert await state(story, one) == before
