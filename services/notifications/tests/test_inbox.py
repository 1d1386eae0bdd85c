"""What people do with their items, and who sees which."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.scope import Scope
from chassis.testing import Running
from contracts.event import Event
from contracts.events import matching as m
from services.notifications.consumers import HANDLERS
from services.notifications.tests.tale import Tale
from services.notifications.tests.wire import Sent, holder, manager, officer, partner, sent

pytestmark = pytest.mark.integration
INBOX = "/notifications/api/v1/inbox"


async def apply(desk: Running, events: Sequence[Sent], city: str) -> None:
    """The events through the service's own handlers, one transaction each, without the bus."""
    units = desk.app.state.units
    for one in events:
        async with units.begin(Scope(city, "test")) as unit:
            await HANDLERS[type(one.event)](unit, [one.delivery(city)])


async def told(desk: Running, city: str, *events: Event) -> None:
    await apply(desk, sent(events, city), city)


async def items(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Every page of the reader's inbox."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = await client.get(INBOX, params={"limit": 200, **query} | ({"after": after} if after else {}))
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        after = answer.json()["next"]
        if after is None:
            return found


async def kinds(client: httpx.AsyncClient, **query: Any) -> list[str]:
    return sorted(item["kind"] for item in await items(client, **query))


@pytest.fixture
def city() -> str:
    """A city of its own for each test: nobody else's items."""
    return f"c_{uuid4().hex[:8]}"


async def test_a_need_without_manager_waits_in_the_queue_until_one_takes_it(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.registered())
    async with desk.client(manager("giulia", city)) as giulia, desk.client(manager("paolo", city)) as paolo:
        [item] = await items(giulia)
        assert (item["kind"], item["owner"], item["mine"]) == ("triage_need", None, False)
        assert await kinds(paolo) == ["triage_need"]
        taken = await paolo.post(f"{INBOX}/{item['id']}/take")
        assert taken.status_code == 200, taken.text
        assert (taken.json()["owner"], taken.json()["taken"]) == ("paolo", True)
        assert await kinds(giulia) == []
        assert (await giulia.post(f"{INBOX}/{item['id']}/take")).status_code == 404
        assert (await paolo.post(f"{INBOX}/{item['id']}/give-back")).json()["owner"] is None
        assert await kinds(giulia) == ["triage_need"]


async def test_it_moves_to_the_manager_who_is_assigned_and_to_whoever_covers(desk: Running, city: str) -> None:
    tale = Tale(manager=None)
    await told(desk, city, tale.stakeholder(tale.giver))
    async with (
        desk.client(manager("giulia", city)) as giulia,
        desk.client(manager("paolo", city)) as paolo,
        desk.client(manager("marta", city)) as marta,
    ):
        assert await kinds(marta) == ["vet_stakeholder"]
        await told(desk, city, tale.assigned(tale.giver, "giulia", 2, cover="paolo"))
        assert await kinds(marta) == []
        assert await kinds(giulia) == ["vet_stakeholder"]
        [item] = await items(paolo)
        assert (item["owner"], item["mine"]) == ("giulia", False)
        await told(desk, city, tale.assigned(tale.giver, "giulia", 3))
        assert await kinds(paolo) == []


async def test_done_undo_snooze_and_what_events_settle(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.registered())
    async with desk.client(manager("giulia", city)) as giulia:
        [item] = await items(giulia)
        address = f"{INBOX}/{item['id']}"
        key = {"Idempotency-Key": uuid4().hex}
        first = await giulia.post(f"{address}/done", headers=key)
        again = await giulia.post(f"{address}/done", headers=key)
        assert first.json() == again.json()
        assert again.headers["Idempotent-Replayed"] == "true"
        assert await kinds(giulia) == []
        assert await kinds(giulia, state="done") == ["triage_need"]
        assert (await giulia.post(f"{address}/snooze", json=_tomorrow())).json()["code"] == "already-done"
        assert (await giulia.post(f"{address}/undo")).json()["state"] == "open"

        past = await giulia.post(f"{address}/snooze", json={"until": "2020-01-01T00:00:00Z"})
        assert past.status_code == 422
        assert past.json()["errors"][0]["pointer"] == "/until"
        assert (await giulia.post(f"{address}/snooze", json=_tomorrow())).json()["state"] == "snoozed"
        assert await kinds(giulia) == []
        assert await kinds(giulia, state="snoozed") == ["triage_need"]
        assert (await giulia.get(f"{INBOX}/counts")).json()["snoozed"] == 1
        assert (await giulia.post(f"{address}/undo")).json()["state"] == "open"

        await told(desk, city, tale.guided())
        settled = (await giulia.get(address)).json()
        assert (settled["state"], settled["done_by_event"]) == ("done", True)
        assert (await giulia.post(f"{address}/undo")).status_code == 409


def _tomorrow() -> dict[str, str]:
    return {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()}


async def test_a_snooze_ends_by_itself(desk: Running, city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await told(desk, city, Tale().registered())
    async with desk.client(manager("giulia", city)) as giulia:
        [item] = await items(giulia)
        await giulia.post(f"{INBOX}/{item['id']}/snooze", json=_tomorrow())
        assert await kinds(giulia) == []
        monkeypatch.setattr(desk.app.state.units, "clock", lambda: datetime.now(UTC) + timedelta(days=2))
        assert await kinds(giulia) == ["triage_need"]


async def test_a_new_proposal_brings_back_what_was_marked_done(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided(), tale.proposed())
    async with desk.client(manager("giulia", city)) as giulia:
        [item] = await items(giulia)
        await giulia.post(f"{INBOX}/{item['id']}/done")
        await told(desk, city, tale.consented(2, f"department:{tale.department}", f"stakeholder:{tale.giver}"))
        assert await kinds(giulia) == [], "progress alone does not bring it back"
        await told(desk, city, tale.proposed(other=True))
        [back] = await items(giulia)
        assert (back["id"], back["count"]) == (item["id"], 2)


async def test_consents_are_shown_on_the_item(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided(), tale.proposed(), tale.both_consent()[0])
    async with desk.client(manager("giulia", city)) as giulia:
        [item] = await items(giulia, kind="decide_match")
        assert item["parts"][0]["progress"]["awaited"] == [f"stakeholder:{tale.giver}"]
        page = await giulia.get("/notifications/inbox", headers={"Accept": "text/html"})
        assert f"consents: 1 of 2 · awaiting Impresa {tale.giver.hex[:6]}" in page.text


async def test_a_match_proposed_anew_is_asked_anew(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided(), tale.proposed(), tale.both_consent()[0])
    await told(desk, city, tale.proposed().model_copy(update={"version": 3}))
    async with (
        desk.client(manager("giulia", city)) as giulia,
        desk.client(officer(tale.department, city)) as department,
    ):
        [item] = await items(giulia, kind="decide_match")
        assert item["parts"][0]["progress"] == {}, "consents to the former proposal do not count"
        assert await kinds(department) == ["give_consent"]


async def test_each_party_is_asked_and_is_left_alone_once_it_answered(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided(), tale.proposed())
    async with (
        desk.client(officer(tale.department, city)) as department,
        desk.client(partner(tale.giver, city)) as giver,
        desk.client(partner(tale.other, city)) as other,
        desk.client(officer("elsewhere", city)) as elsewhere,
    ):
        assert await kinds(department) == ["give_consent"]
        assert await kinds(giver) == ["give_consent"]
        assert await kinds(other) == await kinds(elsewhere) == []
        await told(desk, city, tale.both_consent()[0])
        assert await kinds(department) == []
        assert await kinds(giver) == ["give_consent"]
        await told(desk, city, tale.accepted())
        assert await kinds(giver) == []


async def test_the_file_goes_from_desk_to_desk(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.guided())
    async with (
        desk.client(manager("giulia", city)) as giulia,
        desk.client(holder("legal", city)) as legal,
        desk.client(holder("signatory", city)) as signatory,
        desk.client(holder("operations", city)) as operations,
    ):

        async def desks() -> tuple[list[str], list[str], list[str]]:
            return await kinds(giulia), await kinds(legal), await kinds(signatory)

        await told(desk, city, tale.accepted())
        assert await desks() == (["choose_instrument", "fill_plans"], [], [])
        await told(desk, city, tale.drafted())
        assert await desks() == (["choose_instrument", "fill_plans"], [], [])
        await told(desk, city, tale.review())
        assert await desks() == ([], ["review_agreement"], [])
        await told(desk, city, tale.approved())
        assert await desks() == (["collect_signatures"], [], ["sign_agreement"])
        await told(desk, city, tale.signed(), tale.opened())
        assert await desks() == (["follow_deliveries"], [], [])
        await told(desk, city, *tale.fulfilled())
        assert await desks() == (["thank_and_close"], [], [])
        assert await kinds(operations) == []


async def test_urgent_first_page_by_page_and_many_done_at_once(desk: Running, city: str) -> None:
    now = datetime.now(UTC)
    await apply(desk, sent([Tale().registered() for _ in range(12)], city), city)
    soon = [Tale(expires_at=now + timedelta(hours=3 + hour)) for hour in range(3)]
    later = [Tale(expires_at=now + timedelta(days=40 + day)) for day in range(3)]
    await apply(
        desk, sent([event for tale in (*later, *soon) for event in (tale.guided(), tale.proposed())], city), city
    )
    async with desk.client(manager("giulia", city)) as giulia:
        everything = await items(giulia)
        small = await items(giulia, limit=4)
        assert [one["id"] for one in small] == [one["id"] for one in everything]
        assert len({one["id"] for one in everything}) == 18
        assert [one["case_id"] for one in everything[:3]] == [str(tale.need) for tale in soon]
        assert [one["urgency"] for one in everything] == ["urgent"] * 3 + ["high"] * 15
        counts = (await giulia.get(f"{INBOX}/counts")).json()
        assert (counts["open"], counts["urgent"]) == (18, 3)
        assert counts["by_kind"] == {"decide_match": 6, "triage_need": 12}
        assert await kinds(giulia, kind="decide_match") == ["decide_match"] * 6
        some = [one["id"] for one in everything[:7]]
        answer = await giulia.post(f"{INBOX}/done", json={"items": [*some, str(uuid4())]})
        assert answer.json() == {"done": 7}
        assert len(await items(giulia)) == 11
        assert {one["id"] for one in await items(giulia, state="done", limit=2)} == set(some)


async def test_nobody_without_a_queue_and_no_other_city_sees_anything(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.registered())
    async with desk.client() as nobody, desk.client(manager("giulia")) as abroad:
        assert (await nobody.get(INBOX)).status_code == 401
        assert str(tale.need) not in str(await items(abroad))
        assert (await abroad.get(f"/notifications/api/v1/cases/{tale.need}")).status_code == 404


async def test_cases_are_found_by_title_and_department_and_by_nobody_else(desk: Running, city: str) -> None:
    laptops, food = Tale(title="Laptop 100% usati", department="education"), Tale(title="Cibo", department="welfare")
    await told(desk, city, laptops.registered(), food.registered(), *laptops.until_proposals())
    cases = "/notifications/api/v1/cases"

    async def found(client: httpx.AsyncClient, **query: Any) -> list[str]:
        answer = await client.get(cases, params=query)
        assert answer.status_code == 200, answer.text
        return [one["title"] for one in answer.json()["items"]]

    async with desk.client(manager("giulia", city)) as giulia, desk.client(officer("welfare", city)) as welfare:
        assert sorted(await found(giulia)) == ["Cibo", "Laptop 100% usati"]
        assert await found(giulia, q="laptop 100%") == ["Laptop 100% usati"]
        assert await found(giulia, q="10_%") == []
        assert await found(giulia, department="welfare", state="open") == ["Cibo"]
        first = (await giulia.get(cases, params={"limit": 1})).json()
        second = (await giulia.get(cases, params={"limit": 1, "after": first["next"]})).json()
        assert len({first["items"][0]["title"], second["items"][0]["title"]}) == 2
        assert second["next"] is None
        assert await found(welfare) == ["Cibo"]
    async with desk.client(partner(laptops.other, city)) as other, desk.client(partner(uuid4(), city)) as stranger:
        assert await found(other) == ["Laptop 100% usati"]
        assert await found(stranger) == []
        own = await other.get(f"{cases}/{laptops.other}")
        assert [one["type"].split(".")[2] for one in own.json()["events"]] == [
            "stakeholder-registered",
            "stakeholder-vetted",
        ]
        assert (await other.get(f"{cases}/{laptops.giver}")).status_code == 404


async def test_what_concerns_an_organisation_alone_is_not_told_to_the_department(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, *tale.until_accepted())
    address = f"/notifications/api/v1/cases/{tale.need}"
    async with (
        desk.client(officer(tale.department, city)) as department,
        desk.client(partner(tale.giver, city)) as giver,
    ):
        shown = [one["type"].split(".")[2] for one in (await department.get(address)).json()["events"]]
        assert {"need-registered", "offer-received", "match-declined", "submission-rejected"} <= set(shown)
        assert not {"stakeholder-registered", "stakeholder-vetted", "account-manager-assigned"} & set(shown)
        told_to_giver = (await giver.get(address)).json()
        assert told_to_giver["case"]["account_manager_id"] is None
        shown = [one["type"].split(".")[2] for one in told_to_giver["events"]]
        assert {"need-registered", "account-manager-assigned", "match-accepted", "match-consent-given"} <= set(shown)
        assert "match-declined" not in shown, "how another was treated is not theirs to know"
        assert shown.count("match-proposed") == shown.count("offer-received") == 1


async def test_consumers_that_touch_one_item_at_once_count_each_others_parts(desk: Running, city: str) -> None:
    need = uuid4()
    proposals = [sent([Tale(need=need).proposed()]) for _ in range(8)]
    await asyncio.gather(*[apply(desk, one, city) for one in proposals])
    async with desk.client(manager("giulia", city)) as giulia:
        [item] = await items(giulia)
        assert (item["kind"], item["count"]) == ("decide_match", 8)
    ends = [
        m.MatchExpired(match_id=one[0].event.match_id, version=2, need_id=need, reason_code="superseded")
        for one in proposals
    ]
    await asyncio.gather(*[apply(desk, sent([one]), city) for one in ends])
    async with desk.client(manager("giulia", city)) as giulia:
        assert await items(giulia) == []


async def test_somebody_who_settles_the_case_while_it_is_done_by_hand_does_no_harm(desk: Running, city: str) -> None:
    tale = Tale()
    await told(desk, city, tale.registered())
    async with desk.client(manager("giulia", city)) as giulia:
        [item] = await items(giulia)
        answers = await asyncio.gather(
            giulia.post(f"{INBOX}/{item['id']}/done"),
            told(desk, city, tale.guided()),
            giulia.post(f"{INBOX}/{item['id']}/done"),
        )
        assert {answers[0].status_code, answers[2].status_code} == {200}
        assert await items(giulia) == []


OPEN = """SELECT kind, audience, parts, due_at, opened_at, account_manager_id, case_id, stakeholder_ids
    FROM work_item WHERE city = $1 AND parts > 0 ORDER BY kind, subject, audience"""
STORY = "SELECT thread, event_type, facts FROM timeline_entry WHERE city = $1 ORDER BY happened_at"
FILE = "SELECT version, title, department, state, first_at, last_at FROM case_file WHERE city = $1"
LINKS = "SELECT case_id, thread, kind FROM thread_link WHERE city = $1 ORDER BY thread"


@pytest.mark.parametrize("seed", range(8))
async def test_the_database_too_comes_to_the_same_in_any_order(desk: Running, seed: int) -> None:
    events = sent(Tale().until_signed() if seed % 2 else Tale().all())
    shuffled = [*events, *events[:5]]
    Random(seed).shuffle(shuffled)
    cities = [f"c_{uuid4().hex[:8]}" for _ in range(2)]
    await apply(desk, events, cities[0])
    await apply(desk, shuffled, cities[1])
    async with desk.app.state.units.pool.acquire() as connection:
        for query in (OPEN, STORY, FILE, LINKS):
            straight, other = [await connection.fetch(query, city) for city in cities]
            assert [tuple(row) for row in straight] == [tuple(row) for row in other]
            assert straight
