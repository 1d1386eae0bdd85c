"""Commands over HTTP: once per key, whoever asks again and however often at once."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from chassis.database.pool import create_pool
from chassis.http.problem import of_database
from chassis.settings import Settings
from chassis.testing import running
from chassis.tests.toy import Toy

pytestmark = pytest.mark.integration
PATH = "/toy/api/v1/stakeholders"


async def _events(app: object) -> int:
    async with app.state.units.pool.acquire() as connection:  # type: ignore[attr-defined]
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


async def test_fifty_concurrent_repeats_have_one_effect_and_one_answer(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service, service.client() as client:
        answers = await asyncio.gather(
            *(client.post(PATH, params={"name": "Enel"}, headers={"Idempotency-Key": "k1"}) for _ in range(50))
        )
        assert {(answer.status_code, answer.text, answer.headers["location"]) for answer in answers} == {
            (201, answers[0].text, answers[0].headers["location"])
        }
        assert sum("idempotent-replayed" in answer.headers for answer in answers) == 49
        assert await _events(service.app) == 1


async def test_the_same_key_for_another_request_is_refused(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service, service.client() as client:
        await client.post(PATH, params={"name": "Enel"}, headers={"Idempotency-Key": "k1"})
        other = await client.post(PATH, params={"name": "Aviva"}, headers={"Idempotency-Key": "k1"})
        assert other.status_code == 422
        assert other.json()["code"] == "idempotency-key-reused"
        assert await _events(service.app) == 1


async def test_keys_belong_to_a_city(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service, service.client() as client:
        for city in ("c_f205", "c_h501"):
            await client.post(PATH, params={"name": "Enel", "city": city}, headers={"Idempotency-Key": "k1"})
        assert await _events(service.app) == 2


async def test_a_refused_command_leaves_nothing_and_may_be_sent_again(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service, service.client() as client:
        refused = await client.post(PATH, headers={"Idempotency-Key": "k1"})
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["errors"][0]["pointer"] == "/query/name"
        assert refused.json()["errors"][0]["message_it"] == "manca questo campo"
        accepted = await client.post(PATH, params={"name": "Enel"}, headers={"Idempotency-Key": "k1"})
        assert accepted.status_code == 201


async def test_health_says_what_operations_need(toy: Toy, settings: Settings) -> None:
    async with running(toy.service(settings)) as service, service.client() as client:
        ready = (await client.get("/toy/readyz")).json()
        assert ready["ready"] is True
        assert set(ready) >= {"service", "consumer_lag", "outbox", "dead_letters", "checks"}
        assert (await client.get("/toy/healthz")).json() == {"status": "alive"}
        assert "sportello_outbox_pending" in (await client.get("/toy/metrics")).text


@pytest.mark.parametrize("reason", [ConnectionRefusedError, asyncpg.InternalClientError])
async def test_while_the_database_is_away_the_answer_says_to_try_again(
    toy: Toy, settings: Settings, monkeypatch: pytest.MonkeyPatch, reason: type[Exception]
) -> None:
    async with running(toy.service(settings)) as service, service.client() as client:

        class Away:
            def acquire(self) -> None:
                raise reason

        monkeypatch.setattr(service.app.state.units, "pool", Away())
        answer = await client.post(PATH, params={"name": "Enel"}, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert answer.json()["code"] == "unavailable"
        monkeypatch.undo()
        assert (await client.post(PATH, params={"name": "Enel"}, headers={"Idempotency-Key": "k1"})).status_code == 201


async def test_what_no_database_holds_is_refused_where_no_model_foresaw_it(toy: Toy, settings: Settings) -> None:
    """A page for people, a problem for programs; neither a fault of ours nor anything recorded."""
    async with running(toy.service(settings)) as service, service.client() as client:

        @service.app.get("/toy/remember")
        async def remember(text: str) -> str:
            return str(await service.app.state.units.pool.fetchval("SELECT $1::text", text))

        program = await client.get("/toy/remember", params={"text": "a\0b"})
        assert (program.status_code, program.json()["code"]) == (422, "unstorable")
        person = await client.get("/toy/remember", params={"text": "a\0b"}, headers={"Accept": "text/html"})
        assert person.status_code == 422
        assert "Nothing was recorded." in person.text
        assert (await client.get("/toy/remember", params={"text": "a"})).status_code == 200


@pytest.mark.parametrize(
    ("argument", "kind"),
    [(10**30, "bigint"), ("\ud800", "text"), ("a\0b", "text"), ({"n": 10**30}, "jsonb"), ({"s": "\ud800"}, "jsonb")],
)
async def test_what_the_driver_cannot_send_is_taken_for_the_senders_fault(
    settings: Settings, argument: object, kind: str
) -> None:
    pool = await create_pool(settings)
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await pool.fetchval(f"SELECT $1::{kind}", argument)
    finally:
        await pool.close()
    problem = of_database(refused.value)
    assert problem is not None
    assert problem.code == "unstorable"


async def test_faults_in_our_queries_stay_faults(settings: Settings) -> None:
    pool = await create_pool(settings)
    try:
        wrongly_typed = (("SELECT $1::text", 5), ("SELECT $1::int", "5"), ("SELECT $1::date", "2026-11-20"))
        for query, *arguments in (("SELECT 1/0",), ("SELECT 'x'::int",), *wrongly_typed):
            with pytest.raises(asyncpg.PostgresError) as failed:
                await pool.fetchval(query, *arguments)
            assert of_database(failed.value) is None
    finally:
        await pool.close()
