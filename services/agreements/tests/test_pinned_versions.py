"""A file keeps the very record it was given, also when a release and the city number theirs alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from chassis.scope import Scope
from services.agreements.domain.instruments import Instrument
from services.agreements.tests.story import Story
from services.agreements.tests.test_toolkit_desk import WHY, done, lawyer, today, versions

pytestmark = pytest.mark.integration


async def released(settings: Any, code: str, version: int) -> None:
    """A release brings a version for every city, that counts from today."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        await connection.execute(
            "INSERT INTO instrument (city, code, version, valid_from, record, added_by)"
            " SELECT '*', code, $2::int, $3::date,"
            " record || jsonb_build_object('version', $2::int, 'valid_from', ($3::date)::text), 'release'"
            " FROM instrument WHERE city = '*' AND code = $1 AND version = 2 ON CONFLICT DO NOTHING",
            code, version, today(),
        )  # fmt: skip
    finally:
        await connection.close()


async def pinned(story: Story, city: str, code: str, version: int) -> Instrument:
    async with story.desk.app.state.units.reading() as store:
        found = await store.instruments.one(Scope(city), code, version)
    assert found is not None
    return found


async def test_a_draft_takes_another_number_when_a_release_has_taken_its_own(story: Story, settings: Any) -> None:
    actor, code = lawyer(), "donazione"
    opened = await done(story, actor, f"{code}/versions", WHY)
    number = opened["version"]
    await released(settings, code, number)
    # Files that are opened now are given the release's version of this number.
    before = await pinned(story, actor.city, code, number)
    await done(story, actor, f"{code}/draft", {"steps": {"review": {"days": 9}}})
    published = await done(story, actor, f"{code}/draft/publish", WHY | {"valid_from": today().isoformat()})
    assert published["version"] == number + 1
    assert await pinned(story, actor.city, code, number) == before
    assert (await versions(story, actor))[0] == (number + 1, "in_force")


async def test_a_version_taken_back_does_not_stand_in_for_a_release_of_its_number(story: Story, settings: Any) -> None:
    actor, code = lawyer(), "patto_di_collaborazione"
    number = (await done(story, actor, f"{code}/versions", WHY))["version"]
    await done(story, actor, f"{code}/draft", {"title": {"it": "Ritirato", "en": "Taken back"}})
    later = (today() + timedelta(days=30)).isoformat()
    await done(story, actor, f"{code}/draft/publish", WHY | {"valid_from": later})
    await done(story, actor, f"{code}/versions/{number}/withdraw", WHY)
    await released(settings, code, number)
    assert (await pinned(story, actor.city, code, number)).title.en != "Taken back"
