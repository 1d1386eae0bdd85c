"""Others publish parts of agreements too: whenever something is hidden or shown they are told which parts."""

from __future__ import annotations

import pytest

from contracts.events.agreements import AgreementDisclosureChanged
from services.agreements.tests.story import LEGAL, Story, donation
from services.agreements.tests.test_publication import hidden_agreement, redact

pytestmark = pytest.mark.integration


async def test_every_change_of_what_is_shown_is_told_without_words(story: Story) -> None:
    title, reason = "Aiuto a chi non si nomina", "Il padre è in cura da anni"
    one, line = await hidden_agreement(story, title)
    version = (await story.get(one))["version"]
    why = {"reason": reason}
    refused = await story.post(one, "show", LEGAL, {"which": ["parties"], **why})
    assert refused.status_code == 409, "nothing is hidden yet, so nothing is told"
    for act, body in (
        ("hide", {"which": ["parties"]}),
        ("hide", {"which": ["subject"]}),
        ("show", {"which": ["parties"]}),
        ("erase", {"which": ["subject"], "confirm": True}),
    ):
        answer = await redact(story, line, act, **body, **why)
        assert answer.status_code == 200, answer.text
    await story.done(one, "terminate", LEGAL, {"reason": "Finito prima"})
    told = [
        event
        for event in await story.published(one, until="Terminated")
        if isinstance(event, AgreementDisclosureChanged)
    ]
    assert [set(event.hidden) for event in told] == [{"parties"}, {"parties", "subject"}, {"subject"}, {"subject"}]
    assert [event.version for event in told] == [version + 1, version + 2, version + 3, version + 4]
    for event in told:
        assert title.encode() not in event.to_bytes()
        assert reason.encode() not in event.to_bytes()


async def test_hidden_before_the_signature_is_told_before_it(story: Story) -> None:
    one = await story.filled(donation())
    assert (await story.post(one, "hide", LEGAL, {"which": ["subject"], "reason": "Disagio"})).status_code == 200
    await story.done(one, "submit")
    events = await story.published(one, until="ReviewRequested")
    assert [type(event).__name__ for event in events] == [
        "AgreementDrafted",
        "AgreementDisclosureChanged",
        "AgreementReviewRequested",
    ]
