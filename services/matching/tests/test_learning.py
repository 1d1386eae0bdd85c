"""Decisions teach the ranking: refitted, read, switched to and back, and said in every later proposal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.auth import Actor
from chassis.clock import new_id
from chassis.scope import Scope
from services.matching.domain.ranking import FIT_REFUSALS
from services.matching.domain.rules import RULES_VERSION, WEIGHTS
from services.matching.learning.fitting import ENOUGH
from services.matching.teaching import learn_for
from services.matching.tests.test_fitting import BEGIN, decided, moved
from services.matching.tests.world import World, goods

pytestmark = pytest.mark.integration

RANKING = "/matching/api/v1/ranking"
PEOPLE = moved(near=2.8, quantity_fit=0.4)
WEEKS = timedelta(weeks=3)


def coordinator(world: World) -> httpx.AsyncClient:
    return world.running.client(Actor("coordinator-1", world.city, roles=frozenset({"coordinator"})))


async def decide(
    world: World,
    number: int,
    *,
    version: str = RULES_VERSION,
    refusal: str = "not_suitable",
    later: timedelta = timedelta(),
) -> None:
    """Proposals of the past with what their signals said, and how they ended: three weeks after they were made."""
    rows = []
    for one in (replace(one, decided_at=one.decided_at + later) for one in decided(number, PEOPLE)):
        reasons = [
            {"code": code, "contribution": round(share * WEIGHTS[code], 4), "text_it": "-", "text_en": "-"}
            for code, share in one.shares.items()
        ]
        state = "accepted" if one.accepted else "declined"
        closed = None if one.accepted else one.decided_at
        proposed = one.decided_at - WEEKS
        rows.append((new_id(), state, reasons, proposed, closed, None if one.accepted else refusal, one.decided_at))
    async with world.running.app.state.units.pool.acquire() as connection:
        await connection.executemany(
            "INSERT INTO match (city, match_id, version, state, need_id, set_key, basis, need_title, department,"
            " with_departments, policy_area, triangulation, answers, score, rules_version, reasons, expected_return,"
            " due_on, proposed_at, expires_at, closed_at, reason_code) VALUES ($1, $2, 2, $3, $2, $8, '-', '-',"
            " 'education', '{}', 'digital_poverty', false, false, 0.5, $9, $4, 'none', '2999-12-31', $5, $5, $6, $7)",
            [(world.city, *row[:6], uuid4().hex, version) for row in rows],
        )
        await connection.executemany(
            "INSERT INTO match_party (city, match_id, party_id, position, role, department, name, partners, consent,"
            " channel, decided_at) VALUES ($1, $2, 'department:education', 0, 'department', 'education', '-', '[]', $3,"
            " 'own', $4)",
            [(world.city, row[0], "given" if row[1] == "accepted" else "declined", row[6]) for row in rows],
        )


async def post(client: httpx.AsyncClient, path: str, body: Any = None) -> httpx.Response:
    return await client.post(f"{RANKING}/{path}", json=body, headers={"Idempotency-Key": uuid4().hex})


async def test_it_learns_and_is_used_only_when_somebody_says_so(world: World) -> None:
    await decide(world, 600)
    async with coordinator(world) as client:
        learned = (await post(client, "refits")).json()
        assert (learned["decisions"], learned["is_better"]) == (600, True)
        before = (await client.get(RANKING)).json()
        assert before["in_use"] is None
        assert before["weights"] == before["rules"]

        used = await post(client, "uses", {"number": learned["number"], "reason": "meglio sui dati nuovi"})
        assert used.status_code == 200, used.text
        assert used.json()["weights"]["near"] > WEIGHTS["near"]

        giver = await world.stakeholder("Lexmark")
        need = await world.need("Stampanti per la scuola", goods("10"))
        await world.offer("Stampanti", giver, goods("10"))
        [match] = await world.proposals(need)
        assert match["rules_version"] == f"{RULES_VERSION}+{learned['number']}"
        fit = next(one for one in match["reasons"] if one["code"] == "quantity_fit")
        assert fit["contribution"] == pytest.approx(used.json()["weights"]["quantity_fit"], abs=1e-3)

        back = (await post(client, "uses", {"number": None, "reason": "si torna alle regole"})).json()
        assert (back["in_use"], back["weights"]) == (None, back["rules"])
        assert [one["reason"] for one in back["uses"]] == ["si torna alle regole", "meglio sui dati nuovi"]


async def test_what_is_gone_or_of_other_rules_teaches_nothing(world: World) -> None:
    await decide(world, ENOUGH, version="2001-01")
    await decide(world, ENOUGH, refusal="no_answer")
    async with coordinator(world) as client:
        found = (await post(client, "refits")).json()
    assert found["number"] is None
    assert found["decisions"] == found["accepted"]  # only the acceptances of the second lot are left


async def test_unknown_weights_are_refused_and_partners_are_not_asked(world: World) -> None:
    async with coordinator(world) as client:
        answer = await post(client, "uses", {"number": 7, "reason": "prova"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/number"
    async with world.manager() as client:
        assert (await client.get(RANKING)).status_code == 200
        assert (await post(client, "refits")).status_code == 403
    async with world.partner(new_id()) as client:
        assert (await client.get(RANKING)).status_code == 403


async def test_by_itself_it_learns_once_until_there_is_more_to_learn_from(world: World) -> None:
    units = world.running.app.state.units
    await decide(world, 600)
    await learn_for(units, world.city, and_use=True)
    await learn_for(units, world.city, and_use=True)
    async with coordinator(world) as client:
        view = (await client.get(RANKING)).json()
    assert [one["number"] for one in view["learned"]] == [1]
    assert (view["in_use"], view["uses"][0]["by"]) == (1, "schedule")


async def test_decisions_are_in_the_order_in_which_they_were_taken(world: World) -> None:
    await decide(world, 200)
    async with world.running.app.state.units.reading() as store:
        scope = Scope(world.city, "test")
        found = await store.rankings.decided(scope, RULES_VERSION, FIT_REFUSALS, 1000)
    asked = decided(200, PEOPLE)
    assert [one.accepted for one in reversed(found)] == [one.accepted for one in asked]
    assert [one.decided_at for one in reversed(found)] == [one.decided_at for one in asked]


async def test_what_was_proposed_before_the_last_refit_and_decided_since_is_new(world: World) -> None:
    units = world.running.app.state.units
    await decide(world, 600)
    await learn_for(units, world.city, and_use=False)
    # Accepted from tomorrow on, proposed three weeks before; the refusals of this lot say nothing about fit.
    await decide(world, 120, later=datetime.now(UTC) + timedelta(days=1) - BEGIN, refusal="no_answer")
    await learn_for(units, world.city, and_use=False)
    async with coordinator(world) as client:
        view = (await client.get(RANKING)).json()
    accepted = sum(one.accepted for one in decided(120, PEOPLE))
    assert [(one["number"], one["decisions"]) for one in view["learned"]] == [(2, 600 + accepted), (1, 600)]


async def test_who_went_back_to_the_rules_is_not_overruled_by_the_schedule(world: World) -> None:
    units = world.running.app.state.units
    await decide(world, 600)
    async with coordinator(world) as client:
        back = await post(client, "uses", {"number": None, "reason": "si resta alle regole"})
        assert back.status_code == 200
    await learn_for(units, world.city, and_use=True)
    async with coordinator(world) as client:
        view = (await client.get(RANKING)).json()
    assert [one["number"] for one in view["learned"]] == [1]
    assert view["in_use"] is None


async def test_the_page_shows_the_weights_and_switches(world: World) -> None:
    await decide(world, 600)
    html = {"Accept": "text/html"}
    async with coordinator(world) as client:
        empty = await client.get("/matching/ranking?lang=it", headers=html)
        assert "Non è stato ancora imparato nulla" in empty.text
        pressed = {"idempotency_key": uuid4().hex}
        for _twice in range(2):
            done = await client.post("/matching/ranking/refits", data=pressed, headers=html)
            assert done.status_code == 303
        fields = {"idempotency_key": uuid4().hex, "number": "1"}
        missing = await client.post("/matching/ranking/uses", data=fields, headers=html)
        assert missing.status_code == 422
        used = await client.post("/matching/ranking/uses", data=fields | {"reason": "meglio così"}, headers=html)
        assert used.status_code == 303
        shown = await client.get("/matching/ranking?lang=it", headers=html)
        assert "Imparati, numero 1" in shown.text
        assert "meglio così" in shown.text
    async with world.manager() as client:
        assert "/matching/ranking/uses" not in (await client.get("/matching/ranking", headers=html)).text
