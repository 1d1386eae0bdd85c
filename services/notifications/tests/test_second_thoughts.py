"""Countered, postponed, undone, replaced: who is asked again, what sleeps, and what comes back by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.testing import Running
from services.notifications.tests.tale import Tale
from services.notifications.tests.test_inbox import INBOX, apply, items, told
from services.notifications.tests.wire import manager, officer, partner, sent

pytestmark = pytest.mark.integration


@pytest.fixture
def city() -> str:
    return f"c_{uuid4().hex[:8]}"


async def asked(desk: Running, city: str, tale: Tale, state: str = "open") -> dict[str, list[dict[str, Any]]]:
    """By reader what is asked about the first proposal."""
    found = {}
    readers = {
        "department": officer("education", city),
        "giver": partner(tale.giver, city=city),
        "manager": manager("giulia", city),
    }
    for name, actor in readers.items():
        async with desk.client(actor) as client:
            about = (tale.match, tale.need)
            found[name] = [
                one
                for one in await items(client, state=state)
                if one["subject"] in map(str, about) and one["kind"] in ("give_consent", "decide_match")
            ]
    return found


async def test_who_had_said_yes_is_asked_again_and_reads_what_changed(desk: Running, city: str) -> None:
    tale = Tale()
    department, giver = f"department:{tale.department}", f"stakeholder:{tale.giver}"
    events = [tale.guided(), tale.proposed(), tale.consented(2, department, giver)]
    await told(desk, city, *events)
    assert (await asked(desk, city, tale))["department"] == []
    await apply(desk, sent([*events, tale.countered(3, giver, department)], city)[3:], city)
    again = await asked(desk, city, tale)
    assert again["giver"] == []
    [item] = again["department"]
    assert item["parts"][0]["facts"]["changes"] == [{"kind": "goods", "unit": "C62", "before": "271", "after": "250"}]
    async with desk.client(officer("education", city)) as client:
        page = await client.get("/notifications/inbox", headers={"Accept": "text/html", "Accept-Language": "it"})
        assert "beni 250 pezzi invece di 271 pezzi" in page.text
        story = await client.get(f"/notifications/api/v1/cases/{tale.need}")
    assert any("altre quantità: beni 250" in one["summary"]["it"] for one in story.json()["events"])


async def test_what_was_put_off_sleeps_for_all_and_comes_back_by_itself(desk: Running, city: str) -> None:
    tale = Tale()
    until = datetime.now(UTC) + timedelta(days=3)
    await told(desk, city, tale.guided(), tale.proposed(), tale.postponed(2, until))
    assert await asked(desk, city, tale) == {"department": [], "giver": [], "manager": []}
    asleep = await asked(desk, city, tale, "snoozed")
    assert {name: len(found) for name, found in asleep.items()} == {"department": 1, "giver": 1, "manager": 1}
    [item] = asleep["giver"]
    assert datetime.fromisoformat(item["snoozed_until"]) == until
    assert datetime.fromisoformat(item["due_at"]) == until + timedelta(days=5), "its time stands still meanwhile"
    async with desk.app.state.units.pool.acquire() as connection:
        await connection.execute(
            "UPDATE work_item SET snoozed_until = now() - interval '1 second' WHERE city = $1", city
        )
    back = await asked(desk, city, tale)
    assert {name: len(found) for name, found in back.items()} == {"department": 1, "giver": 1, "manager": 1}


async def test_somebodys_yes_wakes_it_and_other_proposals_keep_the_managers_item_awake(
    desk: Running, city: str
) -> None:
    tale = Tale()
    until = datetime.now(UTC) + timedelta(days=3)
    await told(desk, city, tale.guided(), tale.proposed(), tale.proposed(other=True), tale.postponed(2, until))
    assert [one["count"] for one in (await asked(desk, city, tale))["manager"]] == [2]
    await told(desk, city, tale.consented(3, f"stakeholder:{tale.giver}", f"department:{tale.department}"))
    woken = await asked(desk, city, tale)
    assert [len(woken[name]) for name in ("department", "giver")] == [1, 0]


async def test_what_a_person_put_off_stays_put_off_when_nothing_of_the_kind_happens(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided(), tale.proposed())
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    async with desk.client(manager("giulia", city)) as client:
        [item] = [one for one in await items(client) if one["kind"] == "decide_match"]
        assert (await client.post(f"{INBOX}/{item['id']}/snooze", json={"until": until})).status_code == 200
    await told(desk, city, tale.consented(2, f"stakeholder:{tale.giver}", f"department:{tale.department}"))
    assert (await asked(desk, city, tale))["manager"] == []
    assert len((await asked(desk, city, tale, "snoozed"))["manager"]) == 1


async def test_a_proposal_that_takes_a_place_asks_only_who_has_not_answered(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided(), tale.proposed(other=True), tale.declined(), tale.taking_its_place())
    async with desk.client(officer("education", city)) as client:
        assert [one["kind"] for one in await items(client) if one["kind"] == "give_consent"] == []
    async with desk.client(partner(tale.giver, city=city)) as client:
        assert [one["kind"] for one in await items(client)] == ["give_consent"]
    async with desk.client(manager("giulia", city)) as client:
        assert "find_replacement" not in [one["kind"] for one in await items(client)]
        story = (await client.get(f"/notifications/api/v1/cases/{tale.need}")).json()["events"]
    assert any("takes the place of one that lost a party" in one["summary"]["en"] for one in story)
