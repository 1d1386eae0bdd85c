"""The Legal Office writes a new version of an instrument, on real Postgres."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from chassis.auth import Actor
from chassis.testing import eventually
from services.agreements.handlers.desk import CITY_TIME
from services.agreements.tests.story import DONATION_TERMS, GUIDE, LEGAL, Story, donation

pytestmark = pytest.mark.integration

API = "/agreements/api/v1/instruments"
WHY = {"reason": "Nuova circolare della direzione"}


def today() -> date:
    return datetime.now(CITY_TIME).date()


def lawyer(city: str | None = None) -> Actor:
    """The Legal Office of a city that nobody else edits in."""
    return replace(LEGAL, city=city or f"t_{secrets.token_hex(4)}")


async def post(story: Story, actor: Actor, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return await story.as_(actor).post(f"{API}/{path}", json=body, headers=headers)


async def done(story: Story, actor: Actor, path: str, body: Any = None) -> dict[str, Any]:
    answer = await post(story, actor, path, body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def versions(story: Story, actor: Actor, code: str = "donazione") -> list[tuple[int, str]]:
    answer = await story.as_(actor).get(f"{API}/{code}/versions")
    assert answer.status_code == 200, answer.text
    return [(one["version"], one["status"]) for one in answer.json()["versions"]]


async def written(story: Story, actor: Actor, valid_from: date, days: int = 5) -> dict[str, Any]:
    await done(story, actor, "donazione/versions", WHY)
    await done(story, actor, "donazione/draft", {"steps": {"review": {"days": days}}})
    return await done(story, actor, "donazione/draft/publish", WHY | {"valid_from": valid_from.isoformat()})


async def test_a_version_is_drafted_edited_compared_and_published(story: Story) -> None:
    actor = lawyer()
    opened = await post(story, actor, "donazione/versions", WHY)
    assert opened.status_code == 201
    assert (opened.json()["version"], opened.json()["based_on"], opened.json()["differences"]) == (3, 2, [])
    assert (await post(story, actor, "donazione/versions", WHY)).status_code == 409
    edit = {"rules": {"deed_above_threshold": {"enabled": True, "value_above_cents": 2_000_000}}}
    draft = await done(story, actor, "donazione/draft", edit)
    assert {one["pointer"] for one in draft["differences"]} == {
        "/rules/deed_above_threshold/enabled",
        "/rules/deed_above_threshold/off_because",
        "/rules/deed_above_threshold/when/value_above_cents",
    }
    # Until it is published it counts for nothing.
    assert await versions(story, actor) == [(2, "in_force"), (1, "past")]
    await done(story, actor, "donazione/draft/publish", WHY | {"valid_from": today().isoformat()})
    assert await versions(story, actor) == [(3, "in_force"), (2, "past"), (1, "past")]
    public = (await story.as_(actor).get("/agreements/api/v1/instruments")).json()
    assert [one["version"] for one in public if one["code"] == "donazione"] == [1, 2, 3]
    history = (await story.as_(actor).get(f"{API}/donazione/history")).json()["items"]
    assert [(one["act"], one["actor"]) for one in history] == [
        ("published", actor.subject), ("edited", actor.subject), ("drafted", actor.subject),
    ]  # fmt: skip
    assert "deed_above_threshold" in history[1]["note"]
    assert WHY["reason"] in history[0]["note"]


async def test_a_version_of_the_future_is_taken_back_before_its_day_and_counts_for_nothing(story: Story) -> None:
    actor = lawyer()
    await written(story, actor, today() + timedelta(30))
    assert (await versions(story, actor))[:2] == [(3, "coming"), (2, "in_force")]
    await done(story, actor, "donazione/versions", WHY)
    early = await post(story, actor, "donazione/draft/publish", WHY | {"valid_from": today().isoformat()})
    assert early.status_code == 409  # it changes nothing yet
    await done(story, actor, "donazione/draft", {"certainty": "B"})
    early = await post(story, actor, "donazione/draft/publish", WHY | {"valid_from": today().isoformat()})
    assert (early.status_code, early.json()["errors"][0]["pointer"]) == (422, "/valid_from")
    await done(story, actor, "donazione/draft/discard")
    await done(story, actor, "donazione/versions/3/withdraw", WHY)
    assert (await versions(story, actor))[:2] == [(3, "withdrawn"), (2, "in_force")]
    assert (await post(story, actor, "donazione/versions/3/withdraw", WHY)).status_code == 409
    assert (await post(story, actor, "donazione/versions/2/withdraw", WHY)).status_code == 409
    assert (await post(story, actor, "donazione/versions/9/withdraw", WHY)).status_code == 404
    # The number is not used again.
    assert (await done(story, actor, "donazione/versions", WHY))["version"] == 4


async def test_in_force_cannot_be_taken_back_and_nothing_is_rewritten(story: Story) -> None:
    actor = lawyer()
    await written(story, actor, today())
    refused = await post(story, actor, "donazione/versions/3/withdraw", WHY)
    assert (refused.status_code, refused.json()["code"]) == (409, "in-force")
    connection = await asyncpg.connect(story.desk.settings.migration_database_url.get_secret_value())
    try:
        for table in ("instrument", "instrument_history"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(f"UPDATE {table} SET version = 9 WHERE city = $1", actor.city)
    finally:
        await connection.close()


async def test_a_file_that_is_open_keeps_its_version_and_a_new_one_takes_the_new(story: Story) -> None:
    actor = lawyer()
    guide = replace(GUIDE, city=actor.city)
    before = await file_of(story, actor)
    await story.done(before, "instrument", guide, {"instrument": "donazione", "terms": DONATION_TERMS})
    seen = (await story.as_(actor).get(f"/agreements/api/v1/agreements/{before}")).json()
    await written(story, actor, today())
    assert (await story.as_(actor).get(f"/agreements/api/v1/agreements/{before}")).json() == seen
    kept = await story.done(before, "instrument", guide, {"instrument": "donazione"})
    assert kept["instrument_version"] == 2
    after = await file_of(story, actor)
    chosen = await story.done(after, "instrument", guide, {"instrument": "donazione"})
    assert chosen["instrument_version"] == 3
    assert [one["due_on"] for one in chosen["steps"] if one["code"] == "review"] == [
        (today() + timedelta(20)).isoformat()
    ]


async def file_of(story: Story, actor: Actor) -> str:
    match = donation()
    await story.happened(match, match.match_id, match.need_id, actor.city)

    async def there() -> Any:
        answer = await story.as_(actor).get("/agreements/api/v1/agreements", params={"match": str(match.match_id)})
        return answer.json()["items"]

    return str((await eventually(there))[0]["agreement_id"])


async def test_two_who_edit_at_once_do_not_overwrite_each_other(story: Story) -> None:
    actor = lawyer()
    opened = await post(story, actor, "donazione/versions", WHY)
    seen = opened.headers["etag"]
    first = await post(story, actor, "donazione/draft", {"certainty": "B"}, **{"If-Match": seen})
    assert first.status_code == 200
    second = await post(story, actor, "donazione/draft", {"certainty": "C"}, **{"If-Match": seen})
    assert second.status_code == 412
    for act, body in (("publish", WHY | {"valid_from": today().isoformat()}), ("discard", None)):
        stale = await post(story, actor, f"donazione/draft/{act}", body, **{"If-Match": seen})
        assert stale.status_code == 412
    again = await post(story, actor, "donazione/draft", {"certainty": "C"}, **{"If-Match": first.headers["etag"]})
    assert again.json()["record"]["certainty"] == "C"


async def test_faults_name_the_field_and_the_reason(story: Story) -> None:
    actor = lawyer()
    await done(story, actor, "donazione/versions", WHY)
    refused = await post(story, actor, "donazione/draft", {"rules": {"form": {"enabled": False}}})
    assert refused.status_code == 422
    assert {(one["pointer"], one["code"]) for one in refused.json()["errors"]} == {
        ("/rules/form/off_because", "reason-missing"),
        ("/rules/form/enabled", "firm"),
    }
    assert (await post(story, actor, "donazione/draft", {"rules": {"form": {"days": "x"}}})).status_code == 422
    assert (await post(story, actor, "donazione/draft", {"rules": {"form": {"overridable": True}}})).status_code == 422


async def test_only_the_legal_office_edits_and_sees_drafts(story: Story) -> None:
    actor = lawyer()
    guide = replace(GUIDE, city=actor.city)
    assert (await post(story, guide, "donazione/versions", WHY)).status_code == 403
    assert (await story.as_(guide).get(f"{API}/donazione/versions")).status_code == 403
    assert (await story.as_(guide).get(f"{API}/donazione/history")).status_code == 403
    assert (await story.desk.client().get(f"{API}/donazione/versions")).status_code == 401
    assert (await story.as_(actor).get(f"{API}/baratto/versions")).status_code == 404
    assert (await post(story, actor, "donazione/draft", {})).status_code == 404


async def test_what_is_not_verified_is_marked_in_the_list_of_instruments(story: Story) -> None:
    listed = (await story.desk.client().get("/agreements/api/v1/instruments")).json()
    newest = {one["code"]: one for one in listed}
    made = newest["accordo_di_co_produzione"]
    assert made["to_be_confirmed"]
    assert set(made["unconfirmed_parts"]) >= {rule["code"] for rule in made["rules"]}
    assert not newest["donazione"]["to_be_confirmed"]


async def test_each_city_has_its_own_and_a_release_does_not_take_its_place(story: Story) -> None:
    actor, neighbour = lawyer(), lawyer()
    await written(story, actor, today())
    assert (await versions(story, neighbour))[0] == (2, "in_force")
    connection = await asyncpg.connect(story.desk.settings.migration_database_url.get_secret_value())
    try:
        # A later release brings a version of its own for every city.
        await connection.execute(
            "INSERT INTO instrument (city, code, version, valid_from, record, added_by) SELECT '*', code, 7, $1::date,"
            " jsonb_set(jsonb_set(record, '{version}', '7'), '{valid_from}', to_jsonb($1::date)), 'release'"
            " FROM instrument WHERE city = '*' AND code = 'donazione' AND version = 2",
            today(),
        )
        assert (await versions(story, actor))[:2] == [(7, "offered"), (3, "in_force")]
        assert (await versions(story, neighbour))[:2] == [(7, "in_force"), (2, "past")]
    finally:
        await connection.execute("ALTER TABLE instrument DISABLE TRIGGER USER")
        await connection.execute("DELETE FROM instrument WHERE version = 7")
        await connection.execute("ALTER TABLE instrument ENABLE TRIGGER USER")
        await connection.close()
