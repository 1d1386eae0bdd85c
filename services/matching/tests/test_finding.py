"""Candidates are found by what they say, however many newer ones there are, and never by a scan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from chassis.clock import utc_now
from chassis.database.pool import set_codecs
from chassis.replay import replay
from chassis.scope import Scope
from contracts.values import Line
from services.matching.app import service
from services.matching.domain.policy import Policy
from services.matching.domain.search import for_need, for_set
from services.matching.store import MatchingStore, finding
from services.matching.tests.world import World, goods
from services.matching.text import Profile, encoder
from services.matching.text.reading import unit
from services.matching.text.terms import is_unit
from services.matching.warming import warm

pytestmark = pytest.mark.integration

NEWER = 500
VECTORS = ("direction", "sketch", "glance")
READ_MODELS = ("need", "offer", "need_trait", "offer_trait", "need_key", "offer_key")


async def found_for(world: World, need: UUID, search: Any = for_need) -> list[UUID]:
    async with world.running.app.state.units.reading() as store:
        return (await store.candidates.offers_for(Scope(world.city, "test"), [need], search(Policy(), utc_now())))[need]


async def best_offer(world: World, need: UUID) -> str:
    """The offer that leads the best proposal."""
    found = await world.proposals(need)
    best = max(found, key=lambda one: one["score"])
    return str(best["allocations"][0]["offer_id"])


async def test_the_right_old_offer_is_found_among_hundreds_of_newer_ones(world: World) -> None:
    giver = await world.stakeholder("Enel")
    by_text = await world.offer("Computer portatili ricondizionati", giver, goods("40"))
    by_category = await world.offer("Materiale vario", giver, goods("40", cpv="33182100"))
    by_place = await world.offer("Sedie pieghevoli", giver, goods("40"), place={"label": "Ponte Lambro", "nil": 33})
    for number in range(NEWER):
        what = ("Sedie pieghevoli", "Tavoli da riunione", "Materiale di cancelleria", "Cappotti invernali")[number % 4]
        await world.offer(what, giver, goods("40", cpv="39100000"), place={"label": "Porta Garibaldi", "nil": 9})
    await world.settled()

    laptops = await world.need("Laptops for a school", goods("40"))
    assert await best_offer(world, laptops) == str(by_text)
    devices = await world.need("Dispositivi", goods("40", cpv="33182100"))
    await world.settled()
    assert by_category in await found_for(world, devices)
    chairs = await world.need("Sedie pieghevoli", goods("40"), place={"label": "Ponte Lambro", "nil": 33})
    assert await best_offer(world, chairs) == str(by_place)
    compared = await found_for(world, chairs)
    assert len(compared) <= Policy().candidates + for_need(Policy(), utc_now()).newest


async def test_what_answers_a_need_is_always_a_candidate(world: World) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Libri per la biblioteca", goods("5"))
    answering = [
        await world.offer("Tutt'altro", giver, line, answers=need)
        for line in (goods("1"), Line(kind="goods", unit="KGM", quantity="1"), goods("3", cpv="15000000"))
    ]
    for _ in range(30):
        await world.offer("Libri per la biblioteca", giver, goods("5"))
    await world.settled()
    for search in (for_need, for_set):
        found = await found_for(world, need, search)
        assert set(found[: len(answering)]) == set(answering)


async def test_who_brings_a_capability_is_found_by_it(world: World) -> None:
    giver = await world.stakeholder("Amazon")
    near = await world.offer(
        "Consegne in bicicletta", giver, goods("9", capability="delivery"), place={"label": "Bovisa", "nil": 77}
    )
    for _ in range(60):
        await world.offer("Trasporti pesanti", giver, goods("9", capability="delivery"))
    crates = Line(kind="goods", unit="KGM", quantity="5")
    place = {"label": "Bovisa", "nil": 77}
    need = await world.need("Consegne in bicicletta", crates, requires=["delivery"], place=place)
    await world.settled()
    assert near in await found_for(world, need)


async def test_a_closed_or_changed_one_is_in_no_list_it_does_not_belong_to(world: World) -> None:
    giver = await world.stakeholder("Enel")
    offer = await world.offer("Biciclette", giver, goods("4"), place={"label": "Bovisa", "nil": 77})
    other = await world.offer("Biciclette", giver, goods("4"), place={"label": "Bovisa", "nil": 77})
    await world.settled()
    before = await listed(world, offer)
    assert before == await listed(world, other)
    await world.offer("Tende da campo", giver, goods("4"), offer_id=offer)
    await world.settled()
    after = await listed(world, offer)
    assert after
    assert len(before - after) > len(before & after)
    await world.withdraw_offer(offer)
    await world.settled()
    assert await listed(world, offer) == set()
    assert await listed(world, other) == before


async def test_lists_tell_at_a_glance_what_an_entry_is_about_now(world: World) -> None:
    giver = await world.stakeholder("Enel")
    offer = await world.offer("Biciclette", giver, goods("4"), place={"label": "Bovisa", "nil": 77})
    await world.offer("Biciclette da donna", giver, goods("4"), place={"label": "Bovisa", "nil": 77}, offer_id=offer)
    await world.settled()
    async with world.running.app.state.units.pool.acquire() as connection:
        apart = await connection.fetch(
            "SELECT DISTINCT bit_count(entry.glance # substring(trait.sketch FROM 1 FOR 256)) FROM offer_trait AS trait"
            " JOIN offer_key AS entry USING (city, offer_id) WHERE city = $1 AND offer_id = $2",
            world.city,
            offer,
        )
    assert [row[0] for row in apart] == [0]


async def test_after_a_start_the_usual_words_have_been_heard(world: World) -> None:
    giver = await world.stakeholder("Enel")
    await world.offer("Zampognari e ciaramelle", giver, goods("4"))
    await world.settled()
    units = world.running.app.state.units
    await warm(units)
    async with units.reading() as store:
        usual = await store.candidates.usual_terms(1000, 1000)
    written = [unit(term).written for term in usual if is_unit(term)]
    assert "zampognari" in written
    assert all(one in encoder._memory.rows for one in written)


async def listed(world: World, offer: UUID) -> set[int]:
    async with world.running.app.state.units.pool.acquire() as connection:
        rows = await connection.fetch("SELECT key FROM offer_key WHERE city = $1 AND offer_id = $2", world.city, offer)
    return {row["key"] for row in rows}


async def test_a_rebuild_makes_the_profiles_that_were_there(world: World) -> None:
    giver = await world.stakeholder("Enel")
    await world.need("Computer portatili per la scuola", goods("40", cpv="30213100"), requires=["delivery"])
    await world.offer("Forty laptops", giver, goods("40"), place={"label": "Bovisa", "nil": 77})
    await world.settled()
    before = await read_models(world)
    made = service(world.running.settings)
    for name in ("needs", "offers"):
        async with world.running.app.state.units.pool.acquire() as connection:
            for table in made.projections[name].tables:
                await connection.execute(f"DELETE FROM {table} WHERE city = $1", world.city)
        assert (await replay(made, name)).kept_aside == 0
    after = await read_models(world)
    for table in READ_MODELS:
        assert len(before[table]) == len(after[table]) > 0
        for was, now in zip(before[table], after[table], strict=True):
            assert {name: was[name] for name in was if name not in VECTORS} == {
                name: now[name] for name in now if name not in VECTORS
            }
            if was.get("direction") is not None:  # the same up to rounding: the batch was another one
                left, right = (Profile.stored((), one["direction"]).direction for one in (was, now))
                assert float(left.astype("f4") @ right.astype("f4")) > 0.999


async def read_models(world: World) -> dict[str, list[dict[str, Any]]]:
    async with world.running.app.state.units.pool.acquire() as connection:
        found = {}
        for table in READ_MODELS:
            rows = await connection.fetch(f"SELECT * FROM {table} WHERE city = $1", world.city)
            found[table] = sorted((dict(row) for row in rows), key=str)
        return found


BIG = ("need", "offer", "need_trait", "offer_trait", "need_key", "offer_key", "ledger_line", "need_requirement")
_MANY = 20_000


async def test_no_plan_reads_a_big_table_from_end_to_end(world: World) -> None:
    settings = world.running.settings
    owner = await asyncpg.connect(settings.migration_database_url.get_secret_value())
    await set_codecs(owner)
    try:
        await fill(owner, world.city)
        subject = await owner.fetchval("SELECT need_id FROM need WHERE city = $1 LIMIT 1", world.city)
        offered = await owner.fetchval("SELECT offer_id FROM offer WHERE city = $1 LIMIT 1", world.city)
        await owner.execute("SET plan_cache_mode = force_generic_plan")
        for statement, one in ((finding.OFFERS_FOR_NEEDS, subject), (finding.NEEDS_FOR_OFFERS, offered)):
            search = for_need(Policy(), utc_now())
            arguments = finding.arguments(Scope(world.city, "test"), [one], search)
            assert scanned(await explained(owner, statement, arguments)) == []
        lazy = await explained(owner, "SELECT * FROM offer_trait WHERE nil = $1", [3])
        assert scanned(lazy) == ["offer_trait"]
    finally:
        await owner.close()


async def explained(connection: Any, statement: str, arguments: Sequence[Any]) -> Any:
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    return plan if isinstance(plan, list) else json.loads(plan)


def scanned(plan: Any) -> list[str]:
    """The big tables that a plan reads from end to end."""
    if isinstance(plan, list):
        return [name for one in plan for name in scanned(one)]
    if not isinstance(plan, dict):
        return []
    own = [plan["Relation Name"]] if plan.get("Node Type") == "Seq Scan" and plan.get("Relation Name") in BIG else []
    return own + [name for value in plan.values() for name in scanned(value)]


async def fill(owner: Any, city: str) -> None:
    """So many needs and offers, their lines and keys, written as rows."""
    for that, other, more in (
        ("need", "department", "'d'"),
        ("offer", "stakeholder_id", "md5('giver' || n % 100)::uuid"),
    ):
        trait = "policy_area, requires" if that == "need" else "policy_area"
        values = "'school', '{}'" if that == "need" else "'school'"
        await owner.execute(
            f"INSERT INTO {that} (city, {that}_id, version, state, {other}, snapshot, words)"
            f" SELECT $1, md5('{that}' || n)::uuid, 1, 'open', {more}, '{{}}', '{{}}'"
            " FROM generate_series(1, $2::int) AS n",
            city,
            _MANY,
        )
        await owner.execute(
            f"INSERT INTO {that}_trait (city, {that}_id, {trait}, cpv, keys)"
            f" SELECT $1, {that}_id, {values}, '{{}}', ARRAY[1, hashtext({that}_id::text) % 50, 777]"
            f" FROM {that} WHERE city = $1",
            city,
        )
        await owner.execute(
            f"INSERT INTO {that}_key (city, key, {that}_id)"
            f" SELECT DISTINCT $1, unnest(keys), {that}_id FROM {that}_trait WHERE city = $1",
            city,
        )
        await owner.execute(
            "INSERT INTO ledger_line (city, subject_id, line, line_of, kind, unit, capability, open_ended, listed)"
            f" SELECT $1, {that}_id, 0, '{that}', 'goods', 'KGM', NULL, true, true FROM {that} WHERE city = $1",
            city,
        )
    await owner.execute("ANALYZE need, offer, need_trait, offer_trait, need_key, offer_key, ledger_line")


def test_the_weights_of_a_first_look_are_those_of_the_rules() -> None:
    search = for_need(Policy(), utc_now())
    assert len(search.weights) == 5
    assert all(0 < weight < 1 for weight in search.weights)


async def test_a_store_reads_rows_from_before_profiles(world: World) -> None:
    """Until a rebuild they are compared by their words and found as the newest of their kind."""
    giver = await world.stakeholder("Enel")
    old = await world.offer("Sedie pieghevoli", giver, goods("8"))
    await world.settled()
    async with world.running.app.state.units.pool.acquire() as connection:
        await connection.execute(
            "UPDATE offer SET terms = NULL, direction = NULL, text_version = NULL WHERE city = $1", world.city
        )
        await connection.execute("DELETE FROM offer_key WHERE city = $1", world.city)
        await connection.execute("DELETE FROM offer_trait WHERE city = $1", world.city)
        known = await MatchingStore(connection).candidates.offers(Scope(world.city, "test"), [old])
    assert known[old].profile is None
    need = await world.need("Sedie", goods("8"))
    assert await best_offer(world, need) == str(old)
