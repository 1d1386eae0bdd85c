"""Adopting a plan takes no proposal away for which it brings none, and leaves all as it was when it fails."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from services.matching.handlers import likening, planning
from services.matching.tests.test_pages import submit
from services.matching.tests.test_plans import made, posted, two_schools
from services.matching.tests.world import World

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


async def planned_anew(world: World) -> tuple[dict[str, Any], set[str]]:
    """A plan that gives both schools less than today's proposals do, and those."""
    await two_schools(world)
    plan = await made(world, fairness=1.0, smallest_share=0)
    today = {line["today_match_id"] for line in plan["lines"]["items"] if line["change"] == "other_quantity"}
    assert len(today) == 2
    return plan, today


async def open_ones(world: World) -> set[str]:
    return {one["match_id"] for one in await world.matches(state="proposed")}


async def test_what_cannot_be_proposed_now_keeps_todays_proposal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, today = await planned_anew(world)
    original, refused = planning._candidate, list[str]()

    def one_refused(unit: Any, known: Any, line: Any) -> Any:
        if not refused:
            refused.append(str(line["today_match_id"]))
            return "nothing_free"
        return original(unit, known, line)

    monkeypatch.setattr(planning, "_candidate", one_refused)
    adopted = await posted(world, f"{plan['plan_id']}/propose")
    assert list(adopted["left_out"].values()) == ["nothing_free"]
    now = await open_ones(world)
    assert set(refused) <= now, "it stands, for nothing takes its place"
    assert now == {*refused, *adopted["proposed"].values()}
    assert len(today & now) == 1


async def test_when_it_fails_halfway_everything_is_as_before_and_the_page_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, today = await planned_anew(world)

    async def fails(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(planning.proposing, "store", fails)
    async with world.manager() as client:
        answer = await submit(client, f"/matching/plans/{plan['plan_id']}/propose", everything="true")
        assert answer.status_code == 500
        assert "nothing was proposed and today&#39;s proposals are as they were" in answer.text
    assert today <= await open_ones(world)
    monkeypatch.undo()
    adopted = await posted(world, f"{plan['plan_id']}/propose")
    assert len(adopted["proposed"]) == 2, "and it can be done again"


async def test_texts_are_compared_beside_the_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, _ = await planned_anew(world)
    threads: set[str] = set()
    original = likening._likenesses

    def noted(*arguments: Any) -> Any:
        threads.add(threading.current_thread().name)
        return original(*arguments)

    monkeypatch.setattr(likening, "_likenesses", noted)
    await posted(world, f"{plan['plan_id']}/propose")
    assert threads
    assert threading.current_thread().name not in threads
