"""Several agreements of one match, and days that come by themselves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.clock import new_id
from chassis.scope import Scope
from chassis.testing import eventually
from contracts.events.agreements import AgreementTerminated
from contracts.events.matching import MatchAccepted, MatchReleased
from contracts.values import Allocation, Party
from services.agreements.domain.closing import Calendar
from services.agreements.tests.story import CITY, EDUCATION, GUIDE, LEGAL, Story, donation
from services.agreements.timekeeping import catch_up

pytestmark = pytest.mark.integration


def triangle() -> MatchAccepted:
    """A bank gives laptops, an association refurbishes them, a school receives them."""
    bank, club, school = new_id(), new_id(), new_id()
    line = {"offer_line": 0, "kind": "goods", "quantity": Decimal(10), "unit": "C62"}
    return donation(
        triangulation=True,
        parties=(
            Party(party_id=EDUCATION, role="department", department="education", name="Direzione Educazione"),
            Party(party_id=f"stakeholder:{bank}", role="giver", stakeholder_id=bank, name="Banca"),
            Party(party_id=f"stakeholder:{club}", role="giver", stakeholder_id=club, name="Associazione"),
            Party(party_id=f"stakeholder:{school}", role="receiver", stakeholder_id=school, name="Scuola"),
        ),
        allocations=(
            Allocation(offer_id=new_id(), need_line=0, stakeholder_id=bank, value_cents=200_000, **line),
            Allocation(
                offer_id=new_id(),
                need_line=None,
                stakeholder_id=club,
                **line | {"kind": "service", "capability": "refurbishing"},
            ),
        ),
    )


async def test_a_match_gets_a_second_agreement_with_lines_and_parties_of_its_own(story: Story) -> None:
    match = triangle()
    first = await story.file_of(match)
    one = first["agreement_id"]
    bad = await story.post(one, "split", GUIDE, {"allocations": [0, 1]})
    assert bad.json()["errors"][0]["code"] == "nothing-left"
    school = first["parties"][3]["party_id"]
    second = await story.done(one, "split", GUIDE, {"allocations": [1], "parties": [school]})
    stays = await story.get(one)
    assert [party["name"] for party in stays["parties"]] == ["Direzione Educazione", "Banca", "Scuola"]
    assert [party["name"] for party in second["parties"]] == ["Direzione Educazione", "Associazione", "Scuola"]
    assert stays["allocations"] + second["allocations"] == first["allocations"]
    assert (second["split_from"], second["part"]) == (one, 2)
    found = await story.as_(LEGAL).get("/agreements/api/v1/agreements", params={"match": str(match.match_id)})
    assert len(found.json()["items"]) == 2
    await story.happened(match, match.match_id, match.need_id)  # said again, it opens nothing

    await story.done(second["agreement_id"], "reject", LEGAL, {"reason": "non ammesso"})
    [rejected] = [e for e in await story.published(second["agreement_id"], until="Rejected") if hasattr(e, "reason")]
    assert rejected.match_over is False
    assert [line.kind for line in rejected.allocations or ()] == ["service"]
    await story.done(one, "reject", LEGAL, {"reason": "nemmeno questo"})
    [last] = [e for e in await story.published(one, until="Rejected") if hasattr(e, "reason")]
    assert last.match_over is True


async def test_a_released_match_closes_all_its_files(story: Story) -> None:
    match = triangle()
    one = (await story.file_of(match))["agreement_id"]
    other = (await story.done(one, "split", GUIDE, {"allocations": [0]}))["agreement_id"]
    event = MatchReleased(match_id=match.match_id, version=4, need_id=match.need_id, reason_code="released_by_manager")
    await story.happened(event, match.match_id, match.need_id)

    async def closed() -> Any:
        states = {(await story.get(each))["state"] for each in (one, other)}
        return states == {"rejected"}

    await eventually(closed)


async def test_days_that_were_missed_are_caught_up_with_once(story: Story) -> None:
    """An end decided for a day to come, a rest until a day, a term that runs out: each once, by two instances."""
    today = datetime.now(UTC).date()
    ending, resting, running = [await story.signed(donation()) for _ in range(3)]
    later = (today + timedelta(days=5)).isoformat()
    scheduled = await story.done(ending, "terminate", LEGAL, {"reason": "si scioglie", "effective_on": later})
    assert (scheduled["state"], scheduled["ends_on"]) == ("active", later)
    await story.done(ending, "keep-on", LEGAL)
    assert (await story.post(ending, "keep-on", LEGAL)).status_code == 409
    await story.done(ending, "terminate", LEGAL, {"reason": "si scioglie", "effective_on": later})
    rested = await story.done(resting, "suspend", LEGAL, {"reason": "lavori", "until": later})
    assert rested["suspended_until"] == later
    past = await story.post(running, "suspend", LEGAL, {"reason": "lavori", "until": today.isoformat()})
    assert past.json()["errors"][0]["pointer"] == "/until"
    async with story.desk.app.state.units.begin(Scope(CITY, "test")) as unit:
        file = await unit.store.files.load(unit.scope, UUID(running))
        ended = file.model_copy(update={"valid_to": today, "version": file.version + 1})
        await unit.store.files.save(unit.scope, ended, unit.now)

    units = story.desk.app.state.units
    clock = units.clock
    units.clock = lambda: clock() + timedelta(days=40)
    try:
        done = [await catch_up(units, Calendar(expires_after_days=30)) for _ in range(2)]
    finally:
        units.clock = clock
    assert done[0] >= 3
    assert done[1] == 0
    assert [(await story.get(each))["state"] for each in (ending, resting, running)] == [
        "terminated", "active", "expired",
    ]  # fmt: skip
    [event] = [e for e in await story.published(ending, until="Terminated") if isinstance(e, AgreementTerminated)]
    assert (event.effective_on.isoformat(), event.ending) == (later, "decided")
    [event] = [e for e in await story.published(running, until="Terminated") if isinstance(e, AgreementTerminated)]
    assert (event.effective_on, event.ending) == (today, "term_over")


async def test_of_two_files_that_end_at_once_exactly_one_says_that_the_match_is_over(story: Story) -> None:
    for _ in range(3):
        one = (await story.file_of(triangle()))["agreement_id"]
        other = (await story.done(one, "split", GUIDE, {"allocations": [0]}))["agreement_id"]
        await asyncio.gather(*(story.done(each, "reject", LEGAL, {"reason": "motivo"}) for each in (one, other)))
        said = []
        async with story.desk.app.state.units.pool.acquire() as connection:
            for each in (one, other):
                payload = await connection.fetchval(
                    "SELECT payload FROM outbox WHERE aggregate_id = $1 AND event_type LIKE '%rejected%'", each
                )
                said.append(orjson.loads(payload)["match_over"])
        assert sorted(said) == [False, True]
