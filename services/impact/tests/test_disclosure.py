"""What the Legal Office hides in the register shows in no public result; the figures stay."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from chassis.replay import replay
from chassis.testing import eventually
from contracts.events.agreements import AgreementDisclosureChanged, AgreementSigned
from services.impact.app import service
from services.impact.tests import sample
from services.impact.tests.world import World, actor

pytestmark = pytest.mark.integration
CITY = "c_l219"
MANAGER = actor("manager", "account_manager", city=CITY)
READER = actor("reader", city=CITY)
SECRETS = ("Aiuto a una famiglia", "Giver b0", "Per la bambina")
PUBLIC = ("api/v1/summary", "summary", "api/v1/exports/csv", "api/v1/exports/json")


def agreement(**more: Any) -> AgreementSigned:
    promised = sample.allocation("10", value=100_000, description="Per la bambina")
    return sample.signed(promised, **({"title": "Aiuto a una famiglia"} | more))


def told(signed: AgreementSigned, version: int, *hidden: str) -> AgreementDisclosureChanged:
    return AgreementDisclosureChanged(
        agreement_id=signed.agreement_id,
        version=version,
        match_id=signed.match_id,
        need_id=signed.need_id,
        department=signed.department,
        stakeholder_ids=signed.stakeholder_ids,
        hidden=hidden,
    )


async def tell(world: World, signed: AgreementSigned, version: int, *hidden: str) -> None:
    """Publishes it and waits until it is known."""
    await world.publish(told(signed, version, *hidden), signed.agreement_id, city=CITY)

    async def known() -> Any:
        query = "SELECT version FROM disclosure WHERE city = $1 AND agreement_id = $2"
        return (await world.owner.fetchval(query, CITY, signed.agreement_id) or 0) >= version

    await eventually(known)


async def read(world: World, signed: AgreementSigned, path: str, language: str = "it") -> str:
    async with world.client(READER) as client:
        answer = await client.get(f"/impact/{path}", params={"need": str(signed.need_id), "lang": language})
    assert answer.status_code == 200, answer.text
    return answer.text


async def summary(world: World, signed: AgreementSigned) -> dict[str, Any]:
    async with world.client(READER) as client:
        found: dict[str, Any] = (await client.get(f"/impact/api/v1/summary?need={signed.need_id}")).json()
    return found


async def test_hidden_after_the_signature_and_shown_again(world: World) -> None:
    signed = agreement()
    await world.open(signed, city=CITY)
    await world.deliver(signed, 0, "4", MANAGER)
    before = await summary(world, signed)
    for secret in SECRETS:
        assert secret in await read(world, signed, "api/v1/exports/json")

    await tell(world, signed, 9, "parties", "subject")
    for path in PUBLIC:
        italian, english = await read(world, signed, path), await read(world, signed, path, "en")
        assert "omesso" in italian, path
        assert "omitted" in english, path
        for leads_there in (*SECRETS, str(signed.allocations[0].offer_id), str(sample.BANK)):
            assert leads_there not in italian, (path, leads_there)
    now = await summary(world, signed)
    for figures in ("totals", "policy_areas", "resource_kinds"):
        assert now[figures] == before[figures]
    [case] = now["cases"]
    assert case["omitted"] == ["subject"]
    assert case["value_cents"] == 40_000
    assert case["commitments"][0]["omitted"] == ["subject", "parties"]
    assert case["commitments"][0]["delivered_quantity"] == "4"
    plan = await world.plan(signed, MANAGER)
    assert plan["title"] == "Aiuto a una famiglia", "those concerned still read it"

    await tell(world, signed, 10)
    assert await summary(world, signed) == before


async def test_hidden_before_the_signature(world: World) -> None:
    signed = agreement()
    await tell(world, signed, 3, "parties", "subject")
    await world.open(signed, city=CITY)
    for path in PUBLIC:
        text = await read(world, signed, path)
        assert not [secret for secret in SECRETS if secret in text], path


async def test_each_part_by_itself(world: World) -> None:
    signed = agreement()
    await world.open(signed, city=CITY)
    await tell(world, signed, 7, "parties")
    text = await read(world, signed, "api/v1/exports/csv")
    assert "Giver b0" not in text
    assert "Aiuto a una famiglia" in text
    await tell(world, signed, 8, "subject")
    text = await read(world, signed, "api/v1/exports/csv")
    assert "Giver b0" in text
    assert "Aiuto a una famiglia" not in text


async def test_an_older_word_delivered_again_shows_nothing(world: World) -> None:
    signed = agreement()
    await world.open(signed, city=CITY)
    await tell(world, signed, 8, "parties", "subject")
    await world.publish(told(signed, 7), signed.agreement_id, city=CITY)
    # What follows on the same key is read after it.
    await world.publish(sample.terminated(signed, date(2026, 1, 1)), signed.agreement_id, city=CITY)

    async def read_on() -> Any:
        query = "SELECT closed_on FROM plan WHERE city = $1 AND plan_id = $2"
        return await world.owner.fetchval(query, CITY, signed.agreement_id)

    await eventually(read_on)
    assert "Giver b0" not in await read(world, signed, "api/v1/exports/json")


async def test_what_is_hidden_comes_back_from_the_log(world: World) -> None:
    signed = agreement()
    await world.open(signed, city=CITY)
    await tell(world, signed, 8, "parties")
    await tell(world, signed, 9, "subject")
    await world.owner.execute("DELETE FROM disclosure")
    assert (await replay(service(world.running.settings), "disclosures")).rows["disclosure"] > 0
    text = await read(world, signed, "api/v1/exports/csv")
    assert "Giver b0" in text
    assert "Aiuto a una famiglia" not in text


async def test_one_of_two_agreements_of_a_case(world: World) -> None:
    need = uuid.uuid4()
    hidden, shown = agreement(need_id=need), agreement(need_id=need, policy_area="food_poverty")
    for one in (hidden, shown):
        await world.open(one, city=CITY)
    await tell(world, hidden, 9, "parties", "subject")
    [case] = (await summary(world, hidden))["cases"]
    assert case["omitted"] == ["subject"], "the title may be that of both"
    given = {one["plan_id"]: one["stakeholder"] for one in case["commitments"]}
    assert given[str(shown.agreement_id)] == "Giver b0"
    assert given[str(hidden.agreement_id)] != "Giver b0"
    async with world.client(READER) as client:
        area = (await client.get(f"/impact/api/v1/summary?need={need}&policy_area=food_poverty")).json()
    assert area["cases"][0]["omitted"] == ["subject"], "nor by a filter"
