"""Every number in the register comes to an end of its own, and nothing is signed whose term is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from chassis.scope import Scope
from services.agreements.domain import signing
from services.agreements.domain.refusals import NotPossible
from services.agreements.handlers.auditing import audit
from services.agreements.handlers.desk import city_day
from services.agreements.tests.story import CITY, GUIDE, LEGAL, Story, donation, giver_of, partner
from services.agreements.tests.test_amendments import LESS
from services.agreements.tests.test_signatories import GIVER, file

pytestmark = pytest.mark.integration


async def test_the_number_of_an_amendment_that_lapsed_is_annulled(story: Story) -> None:
    match = donation()
    one = await story.signed(match)
    await story.done(one, "amendments", GUIDE, LESS)
    await story.done(one, "amendments/1/submit", GUIDE)
    await story.done(one, "amendments/1/approve", LEGAL)
    await story.done(one, "amendments/1/sign", partner(giver_of(match)))
    ended = await story.done(one, "terminate", LEGAL, {"reason": "Il donatore non c'è più"})
    amendment = ended["amendments"][0]
    assert amendment["state"] == "lapsed"
    async with story.desk.app.state.units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
        found = await audit(store, CITY)
    assert found.faults == ()
    own = [(entry.protocol.number, entry.act) for entry in entries if entry.agreement_id == UUID(one)]
    number, agreement = amendment["protocol"]["number"], ended["protocol"]["number"]
    assert [act for of, act in own if of == number] == ["registered", "rejected"]
    assert [act for of, act in own if of == agreement] == ["registered", "signed", "terminated"]


@pytest.mark.parametrize("days", [(-30, -1), (20, 10)], ids=["over", "ends before it begins"])
async def test_nothing_is_approved_whose_term_is_over_or_never_begins(story: Story, days: tuple[int, int]) -> None:
    one = await story.filled(donation())
    first, last = (city_day(datetime.now(UTC)) + timedelta(number) for number in days)
    # One at a time, so that neither edit sees the other's day as its own.
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione", "valid_to": last.isoformat()})
    await story.done(one, "instrument", GUIDE, {"instrument": "donazione", "valid_from": first.isoformat()})
    await story.done(one, "submit", GUIDE)
    refused = await story.post(one, "approve", LEGAL)
    assert refused.status_code == 409, refused.text
    assert refused.json()["code"] == "term-over"
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/valid_to"]


async def test_an_agreement_does_not_end_before_it_was_signed(story: Story) -> None:
    one = await story.signed(donation())
    body = {"reason": "Il donatore rinuncia", "effective_on": "2020-01-01"}
    refused = await story.post(one, "terminate", LEGAL, body)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/effective_on"]
    assert (await story.get(one))["state"] == "active"


async def test_nobody_signs_once_the_term_is_over() -> None:
    over = file().model_copy(update={"valid_to": date(2026, 1, 1)})
    with pytest.raises(NotPossible, match="last day"):
        signing.awaited(over, None, GIVER, date(2026, 1, 2))
