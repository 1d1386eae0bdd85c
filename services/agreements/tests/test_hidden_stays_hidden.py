"""What was hidden does not come back by another door, and what has to be public first cannot slip by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.agreements.handlers.desk import city_day
from services.agreements.tests.story import GUIDE, LEGAL, Story, partner
from services.agreements.tests.test_publication import (
    check,
    completed,
    hidden_agreement,
    public,
    redact,
    sign,
    sponsored,
    valued,
)

pytestmark = pytest.mark.integration
NAME = "Fondazione Bracco"


async def test_a_notice_corrected_after_hiding_does_not_bring_its_old_words_back(story: Story) -> None:
    title = "Una famiglia in via Padova"
    one, _ = await sponsored(story, title)
    notice = (await story.done(one, "notice", LEGAL))["notices"][0]["notice_id"]
    assert NAME in str(await public(story, f"notices/{notice}"))
    hide = {"which": ["parties", "subject"], "reason": "Disagio"}
    assert (await story.post(one, "hide", LEGAL, hide)).status_code == 200

    page = (await story.as_(LEGAL).get(f"/agreements/files/{one}/publicity")).text
    form = page[page.index("Correggi" if "Correggi" in page else "Correct") : page.index('id="hidden"')]
    assert title not in form
    assert NAME not in form

    corrected = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{notice}/correct", json={"reason": "Importo sbagliato"}
    )
    assert corrected.status_code == 201, corrected.text
    shown = str(await public(story, f"notices/{corrected.json()['notice_id']}"))
    assert title not in shown
    assert NAME not in shown


async def test_a_corrected_notice_keeps_its_words_when_nothing_was_hidden(story: Story) -> None:
    one, _ = await sponsored(story, "Un murale in via Padova")
    words = {"title": {"it": "Titolo del Comune", "en": "Title by the city"}}
    notice = (await story.done(one, "notice", LEGAL, words))["notices"][0]["notice_id"]
    corrected = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{notice}/correct", json={"reason": "Importo sbagliato"}
    )
    assert corrected.json()["words"]["title"] == words["title"]


async def test_why_something_is_hidden_is_for_the_office_only(story: Story) -> None:
    one, line = await hidden_agreement(story, "Aiuto a chi non si nomina")
    reason = "Il padre è in cura da anni"
    assert (await redact(story, line, "hide", which=["parties"], reason=reason)).status_code == 200
    giver = next(party["stakeholder_id"] for party in (await story.get(one))["parties"] if party["stakeholder_id"])
    for reader, knows in ((LEGAL, True), (GUIDE, False), (partner(giver), False)):
        client = story.as_(reader)
        history = (await client.get(f"/agreements/api/v1/agreements/{one}/history")).json()["items"]
        assert "hide" in [happening["act"] for happening in history]
        assert (reason in str(history)) is knows
        assert (reason in (await client.get(f"/agreements/files/{one}")).text) is knows


async def test_an_advantage_whose_value_nobody_knows_is_published_before_it_takes_effect(story: Story) -> None:
    match = valued(500_000, "space", need_title="Una sala senza prezzo")
    line = match.allocations[0].model_copy(update={"value_cents": None})
    match = match.model_copy(update={"allocations": (line,)})
    one = await story.filled(match, "concessione_comodato", {"public_interest": "Scuole"})
    await completed(story, one, "concessione_comodato")
    file = await sign(story, one, match)
    assert file["publication"]["position"]


async def test_the_day_of_a_notice_is_typed_by_the_legal_office_alone(story: Story) -> None:
    one, _ = await sponsored(story, "Panchine in via Padova")
    typed = {"instrument": "sponsorizzazione", "terms": {"public_notice_on": "2020-01-01"}}
    refused = await story.post(one, "instrument", GUIDE, typed)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/terms/public_notice_on"]
    assert not check(await story.get(one), "public_notice_period")["closed"]
    assert check(await story.done(one, "instrument", LEGAL, typed), "public_notice_period")["closed"]
    # Sent again as it is, with the rest of a form, it is nobody's statement.
    await story.done(one, "instrument", GUIDE, typed)


async def test_a_day_typed_by_hand_does_not_stand_in_for_a_notice_that_was_withdrawn(story: Story) -> None:
    one, _ = await sponsored(story, "Orto in via Padova")
    long_ago = (city_day(datetime.now(UTC)) - timedelta(days=40)).isoformat()
    await story.done(
        one, "instrument", LEGAL, {"instrument": "sponsorizzazione", "terms": {"public_notice_on": long_ago}}
    )
    file = await story.done(one, "notice", LEGAL)
    assert not check(file, "public_notice_period")["closed"]
    withdrawn = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{file['notices'][0]['notice_id']}/withdraw", json={"reason": "Proposta ritirata"}
    )
    assert withdrawn.status_code == 200
    assert not check(await story.get(one), "public_notice_period")["closed"]
