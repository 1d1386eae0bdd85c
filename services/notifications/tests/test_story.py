"""The whole way: events from Kafka become a story and work, read over HTTP."""

from __future__ import annotations

import httpx
import pytest

from chassis.testing import Running, eventually
from services.notifications.tests.tale import Tale
from services.notifications.tests.wire import Wire, holder, manager, officer, partner, sent

pytestmark = pytest.mark.integration
INBOX = "/notifications/api/v1/inbox"


async def kinds(client: httpx.AsyncClient, tale: Tale, **query: object) -> dict[str, int]:
    """Kinds of the reader's items that concern the tale, with the number of their parts."""
    answer = await client.get(INBOX, params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    mine = {str(tale.need), str(tale.giver), str(tale.other)}
    return {
        item["kind"]: item["count"]
        for item in answer.json()["items"]
        if item["case_id"] in mine or item["subject"] in mine
    }


async def test_proposals_for_one_need_are_one_item_of_its_account_manager(desk: Running, wire: Wire) -> None:
    tale = Tale(department="culture", manager="marta")
    await wire.send(sent(tale.until_proposals()))
    async with desk.client(manager("marta")) as marta, desk.client(manager("paolo")) as paolo:

        async def both_there() -> bool:
            return await kinds(marta, tale) == {"decide_match": 2}

        await eventually(both_there)
        [item] = [one for one in (await marta.get(INBOX)).json()["items"] if one["case_id"] == str(tale.need)]
        assert item["title"]["en"] == f"2 proposals for “{tale.title}”: choose and ask the parties"
        assert item["owner"] == "marta"
        assert item["mine"]
        assert await kinds(paolo, tale) == {}


async def test_the_case_is_told_event_by_event_each_with_time_and_service(desk: Running, wire: Wire) -> None:
    tale = Tale(department="sport")
    events = sent(tale.all())
    await wire.send(events)
    async with desk.client(manager()) as giulia:
        address = f"/notifications/api/v1/cases/{tale.need}"

        async def told() -> dict:
            answer = await giulia.get(address)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["events"]) == len(events)
            return answer.json()

        story = await eventually(told)
        assert [one["type"] for one in story["events"]] == [one.event.type for one in events]
        assert {one["service"] for one in story["events"]} == {"intake", "matching", "agreements", "impact"}
        assert all(one["summary"]["it"] and one["summary"]["en"] for one in story["events"])
        assert story["case"]["title"] == tale.title
        assert story["case"]["state"] == "fulfilled"
        assert await kinds(giulia, tale) == {"thank_and_close": 1}
    async with desk.client(officer("sport")) as theirs, desk.client(officer("elsewhere")) as others:
        assert (await theirs.get(address)).status_code == 200
        assert (await others.get(address)).status_code == 404
    async with desk.client(partner(tale.giver)) as giver, desk.client(holder("legal")) as legal:
        shown = (await giver.get(address)).json()["events"]
        assert len(shown) < len(events)
        assert not any(str(tale.other) in str(one) or str(tale.other_match) in str(one) for one in shown)
        assert len((await legal.get(address)).json()["events"]) == len(events)
