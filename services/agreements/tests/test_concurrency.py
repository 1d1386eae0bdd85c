"""Many at once: numbers without gaps, one effect per signature, batches of events."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from chassis.scope import Scope
from chassis.testing import eventually
from services.agreements.documents.data import DocumentData
from services.agreements.domain.closing import Calendar
from services.agreements.domain.commands import Sign
from services.agreements.domain.register import faults
from services.agreements.handlers.closing import follow_calendar
from services.agreements.handlers.signing import approve, sign
from services.agreements.tests.story import (
    CITY,
    GUIDE,
    LEGAL,
    SIGNATORY,
    Story,
    donation,
    giver_of,
    partner,
)

pytestmark = pytest.mark.integration


async def test_concurrent_approvals_and_signatures_leave_no_gap_and_one_chain(story: Story) -> None:
    matches = [donation() for _ in range(8)]
    files = [await story.filled(match) for match in matches]
    await asyncio.gather(*(story.done(one, "submit", GUIDE) for one in files))
    # One more is refused half-way: its number must not be lost.
    empty = (await story.file_of(donation()))["agreement_id"]
    approvals = [story.post(one, "approve", LEGAL) for one in (*files, empty)]
    answers = await asyncio.gather(*approvals)
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [409]
    signings = [story.post(one, "sign", partner(giver_of(match))) for one, match in zip(files, matches, strict=True)]
    signings += [story.post(one, "sign", SIGNATORY) for one in files]
    assert {answer.status_code for answer in await asyncio.gather(*signings)} == {200}
    states = [(await story.get(one))["state"] for one in files]
    assert set(states) == {"active"}
    async with story.desk.app.state.units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
        assert faults(entries, await store.register.disclosures(Scope(CITY))) == []
    numbers = [entry.protocol.number for entry in entries if entry.act == "registered"]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_the_same_signature_pressed_many_times_counts_once(story: Story) -> None:
    one = await story.approved(donation())
    answers = await asyncio.gather(*(story.post(one, "sign", SIGNATORY) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


async def test_a_burst_of_acceptances_opens_every_file(story: Story) -> None:
    matches = [donation(need_title="Raffica") for _ in range(60)]
    await asyncio.gather(*(story.happened(match, match.match_id, match.need_id) for match in matches))

    async def all_there() -> bool:
        answer = await story.as_(LEGAL).get("/agreements/api/v1/agreements", params={"q": "Raffica", "limit": 200})
        return {item["match_id"] for item in answer.json()["items"]} == {str(match.match_id) for match in matches}

    await eventually(all_there)
    first = await story.as_(LEGAL).get("/agreements/api/v1/agreements", params={"q": "Raffica", "limit": 50})
    rest = await story.as_(LEGAL).get(
        "/agreements/api/v1/agreements", params={"q": "Raffica", "limit": 50, "after": first.json()["next"]}
    )
    assert rest.json()["next"] is None
    both = [item["agreement_id"] for item in first.json()["items"] + rest.json()["items"]]
    assert len(both) == len(set(both)) == 60


async def test_an_agreement_signed_before_its_first_day_takes_effect_on_it(story: Story) -> None:
    match = donation()
    one = await story.filled(match)
    first_day = datetime.now(UTC).date() + timedelta(days=2)
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione", "valid_from": first_day.isoformat()})
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    await story.done(one, "sign", partner(giver_of(match)))
    assert (await story.done(one, "sign", SIGNATORY))["state"] == "signed"
    units = story.desk.app.state.units
    async with units.begin(Scope(CITY, "calendar")) as unit:
        await follow_calendar(unit, UUID(one), Calendar())
    assert (await story.get(one))["state"] == "signed"
    async with units.begin(Scope(CITY, "calendar")) as unit:
        unit.now += timedelta(days=3)
        await follow_calendar(unit, UUID(one), Calendar())
    assert (await story.get(one))["state"] == "active"
    names = [type(event).__name__ for event in await story.published(one, until="Activated")]
    assert names[-2:] == ["AgreementSigned", "AgreementActivated"]


async def test_parties_may_take_days_to_sign(story: Story) -> None:
    """The certificate of the first signature has run out when the last one is made."""
    match = donation()
    one = await story.approved(match)
    units = story.desk.app.state.units
    await story.done(one, "sign", partner(giver_of(match)))
    async with units.begin(Scope(CITY, SIGNATORY.subject)) as unit:
        unit.now += timedelta(days=3)
        file = await sign(unit, SIGNATORY, UUID(one), Sign(), story.desk.app.state.desk)
    assert file.state == "active"


async def test_a_number_drawn_by_an_approval_that_breaks_off_is_not_lost(story: Story) -> None:
    one = await story.filled(donation())
    await story.done(one, "submit", GUIDE)

    async def out_of_paper(_: DocumentData) -> bytes:
        raise OSError("no space left on device")

    units = story.desk.app.state.units
    with pytest.raises(OSError, match="no space"):
        async with units.begin(Scope(CITY, LEGAL.subject)) as unit:
            await approve(unit, LEGAL, UUID(one), replace(story.desk.app.state.desk, render=out_of_paper))
    assert (await story.get(one))["state"] == "in_review"
    await story.done(one, "approve", LEGAL)
    async with units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
    assert faults(entries, {}) == []
