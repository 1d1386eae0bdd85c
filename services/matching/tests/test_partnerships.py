"""The city's nine published partnerships, all in one city: each finds its right proposal, and can be accepted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from contracts.events.matching import MatchProposed
from services.matching.tests.partnerships import load_partnerships, play
from services.matching.tests.world import World

pytestmark = pytest.mark.integration
CASES = {case["ref"]: case for case in load_partnerships()["partnerships"]}


async def played(world: World) -> dict[str, tuple[UUID, dict[str, UUID]]]:
    sample = load_partnerships()
    known = {one["ref"]: await world.stakeholder(one["name"], one["type"]) for one in sample["stakeholders"]}
    said = {ref: await play(world, case, known) for ref, case in CASES.items()}
    await world.settled()
    return said


def right_one(found: list[dict[str, Any]], offers: set[str]) -> dict[str, Any]:
    """The proposal made of exactly these offers."""
    fitting = [one for one in found if {part["offer_id"] for part in one["allocations"]} == offers]
    assert len(fitting) == 1, f"{len(fitting)} of {len(found)} are made of exactly these offers"
    return fitting[0]


async def test_each_partnership_is_proposed_and_can_be_accepted(world: World) -> None:
    said = await played(world)
    for ref, (need_id, offers) in said.items():
        found = await world.proposals(need_id)
        match = right_one(found, set(map(str, offers.values())))
        case = CASES[ref]
        assert match["triangulation"] == (len(case["offers"]) > 1), ref
        for line in case["need"]["lines"]:
            asked = line["quantity"]
            times = line.get("recurrence", {}).get("times", 1)
            if asked is not None:
                assert match["allocations"][0]["quantity"] == str(int(asked) * times), ref
        accepted = await world.accepted_by_all(match)
        assert accepted["state"] == "accepted", ref
    assert await world.kept_aside() == []


async def test_the_devices_go_through_three_givers_to_the_receiver(world: World) -> None:
    said = await played(world)
    need_id, offers = said["devices"]
    match = right_one(await world.proposals(need_id), set(map(str, offers.values())))
    assert [one["role"] for one in match["parties"]] == ["department", "giver", "giver", "giver", "receiver"]
    assert [(one["capability"], one["need_line"], one["quantity"]) for one in match["allocations"]] == [
        (None, 0, "271"),
        ("refurbishing", None, "271"),
        ("storage", None, "271"),
        ("delivery", None, "271"),
    ]
    assert match["allocations"][0]["value_cents"] == 5_420_000
    assert len(match["parties"][1]["partners"]) == 1
    accepted = await world.accepted_by_all(match)
    event = await world.accepted(accepted["match_id"])
    assert event.triangulation
    assert event.beneficiaries == CASES["devices"]["need"]["beneficiaries"]
    for offer in offers.values():
        assert (await world.balance(offer))["free"] == 0


async def test_food_is_counted_over_all_months_and_volunteers_by_head(world: World) -> None:
    said = await played(world)
    need_id, offers = said["food"]
    match = right_one(await world.proposals(need_id), set(map(str, offers.values())))
    assert [(one["quantity"], one["unit"], one["need_line"]) for one in match["allocations"]] == [
        ("9600", "KGM", 0),
        ("100", "IE", None),
    ]
    assert match["allocations"][0]["recurrence"] == {"every": "month", "times": 12}


async def test_every_proposal_explains_itself_in_both_languages(world: World) -> None:
    await played(world)
    for event in await world.published(MatchProposed):
        assert event["reasons"]
        assert event["rules_version"]
        assert all(one["text_it"] and one["text_en"] for one in event["reasons"])
        assert abs(sum(one["contribution"] for one in event["reasons"]) - event["score"]) < 1e-3
