"""Other services are told when each instrument can be used: every city, once, and whenever that changes."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.auth import Actor
from chassis.clock import new_id
from chassis.replay import replay
from chassis.scope import Scope
from chassis.testing import eventually
from contracts.events.agreements import InstrumentPublished
from contracts.events.intake import StakeholderRegistered
from services.agreements.announcing import tell_every_city
from services.agreements.app import service
from services.agreements.store.instruments import EVERY_CITY
from services.agreements.tests.story import LEGAL, Story
from services.agreements.tests.test_toolkit_desk import WHY, done, post, today
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.integration
SEVEN = sorted({one.code for one in first_records()})


async def told(story: Story, city: str, code: str | None = None) -> list[InstrumentPublished]:
    """What was published of the city's toolkit, in its order."""
    rows = await story.desk.app.state.units.pool.fetch(
        "SELECT payload FROM outbox WHERE city = $1 AND topic = $2 AND $3 IN ('', aggregate_id) ORDER BY seq",
        city,
        InstrumentPublished.topic,
        f"{city}/{code}" if code else "",
    )
    return [InstrumentPublished.read(row["payload"]) for row in rows]


async def new_city(story: Story) -> Actor:
    """The Legal Office of a city whose first organisation has just been heard of, and which was told everything."""
    actor = replace(LEGAL, city=f"t_{secrets.token_hex(4)}")
    await heard_of(story, actor.city)

    async def all_told() -> bool:
        return len(await told(story, actor.city)) >= len(SEVEN)

    await eventually(all_told)
    return actor


async def heard_of(story: Story, city: str) -> None:
    one = new_id()
    event = StakeholderRegistered(stakeholder_id=one, version=1, name="Prima", stakeholder_type="company")
    await story.happened(event, one, city=city)


async def again(story: Story) -> int:
    return await tell_every_city(story.desk.app.state.units)


async def test_a_city_that_is_new_is_told_the_whole_toolkit_with_the_rules_that_decide_and_their_sources(
    story: Story,
) -> None:
    actor = await new_city(story)
    events = await told(story, actor.city)
    assert sorted(event.code for event in events) == SEVEN
    assert {event.version for event in events} == {1}
    assert {event.toolkit for event in events} == {tuple(SEVEN)}, "whoever hears one knows what is still to come"
    [donation] = next(event for event in events if event.code == "donazione").records
    [newest] = [one for one in first_records() if (one.code, one.version) == ("donazione", 2)]
    assert (donation.number, donation.valid_from, donation.title.it) == (2, newest.valid_from, "Donazione")
    assert [(one.code, one.effect, one.certainty) for one in donation.criteria] == [
        ("nothing_in_return", "needed", "A"),
        ("use_only", "excludes", "B"),
    ]
    assert all(one.source for one in donation.criteria)


async def test_nothing_is_told_twice_whoever_looks_and_however_many_at_once(story: Story) -> None:
    actor = await new_city(story)
    await heard_of(story, actor.city)
    pool = story.desk.app.state.units.pool
    await asyncio.gather(*(again(story) for _ in range(4)))
    assert len(await told(story, actor.city)) == len(SEVEN)
    # A city known only by its organisations, as after an update of the service, is told by whoever looks first.
    other = f"t_{secrets.token_hex(4)}"
    await pool.execute(
        "INSERT INTO stakeholder (city, stakeholder_id, version, name, type) VALUES ($1, $2, 1, 'x', 'company')",
        other,
        new_id(),
    )
    await asyncio.gather(*(again(story) for _ in range(4)))
    assert sorted(event.code for event in await told(story, other)) == SEVEN
    assert EVERY_CITY not in [row["city"] for row in await pool.fetch("SELECT city FROM instrument_told")]


async def test_a_version_is_told_with_its_day_and_taken_back_it_is_not_told_any_more(story: Story) -> None:
    actor = await new_city(story)
    day = today() + timedelta(30)
    await done(story, actor, "donazione/versions", WHY)
    only_companies = {"effect": "needed", "when": [{"giver_types": ["company"]}]}
    words = {"text": {"it": "Dona un'impresa.", "en": "A company gives."}, "source": "Delibera 1", "certainty": "A"}
    await done(story, actor, "donazione/draft", {"new_criteria": {"companies": only_companies | words}})
    assert len(await told(story, actor.city, "donazione")) == 1, "a draft is nobody's business"
    await done(story, actor, "donazione/draft/publish", WHY | {"valid_from": day.isoformat()})
    first, second = await told(story, actor.city, "donazione")
    assert (second.version, [one.number for one in second.records]) == (2, [2, 3])
    assert second.records[0] == first.records[0]
    assert second.records[1].valid_from == day
    assert second.records[1].criteria[-1].when[0].giver_types == ("company",)
    await done(story, actor, "donazione/versions/3/withdraw", WHY)
    *_, third = await told(story, actor.city, "donazione")
    assert (third.version, third.records) == (3, first.records)
    assert await again(story) == 0
    assert len(await told(story, actor.city)) == len(SEVEN) + 2


async def test_what_changes_no_rule_that_decides_is_still_a_version_of_its_own(story: Story) -> None:
    actor = await new_city(story)
    await done(story, actor, "sponsorizzazione/versions", WHY)
    await done(story, actor, "sponsorizzazione/draft", {"steps": {"review": {"days": 3}}})
    await done(story, actor, "sponsorizzazione/draft/publish", WHY | {"valid_from": today().isoformat()})
    *_, last = await told(story, actor.city, "sponsorizzazione")
    assert [one.number for one in last.records] == [3], "the one in force; what it took the place of is over"


async def test_criteria_are_changed_added_and_taken_away_each_fault_at_its_field(story: Story) -> None:
    actor = await new_city(story)
    await done(story, actor, "donazione/versions", WHY)
    draft = await done(
        story,
        actor,
        "donazione/draft",
        {
            "applies": {"use_only": {"effect": "speaks_against", "when": [{"only_kinds": ["space", "service"]}]}},
            "without_criteria": ["volunteering"],
        },
    )
    said = {one["pointer"]: (one["before"], one["after"]) for one in draft["differences"]}
    assert said["/applies/use_only/effect"] == ("excludes", "speaks_against")
    assert said["/applies/use_only/when"] == ("only_kinds space", "only_kinds space/service")
    assert said["/applies/volunteering"][1] is None
    text = {"it": "Testo", "en": "Text"}
    new = {"effect": "excludes", "when": [{}], "text": text, "source": "Delibera", "certainty": "C"}
    for body, pointer in (
        ({"new_criteria": {"use_only": new}}, "/new_criteria/use_only"),
        ({"without_criteria": ["nothing"]}, "/without_criteria/nothing"),
        ({"applies": {"use_only": {"when": []}}}, "/applies/use_only/when"),
    ):
        refused = await post(story, actor, "donazione/draft", body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), refused.text


async def test_criteria_too_long_to_be_told_are_refused_while_their_author_can_still_be_told(story: Story) -> None:
    actor = await new_city(story)
    await done(story, actor, "donazione/versions", WHY)
    long = {"it": "a" * 10_000, "en": "b" * 10_000}
    new = {"effect": "excludes", "when": [{"kinds": ["space"]}], "text": long, "source": "Delibera", "certainty": "C"}
    await done(story, actor, "donazione/draft", {"new_criteria": {f"c{number}": new for number in range(46)}})
    refused = await post(story, actor, "donazione/draft/publish", WHY | {"valid_from": today().isoformat()})
    assert (refused.status_code, refused.json()["code"]) == (409, "criteria-too-long")
    assert len(await told(story, actor.city, "donazione")) == 1


async def test_a_replay_tells_nothing(story: Story) -> None:
    actor = await new_city(story)
    before = await _everything(story)
    await replay(service(story.desk.settings), "directory")
    assert await again(story) == 0
    assert await _everything(story) == before
    assert len(await told(story, actor.city)) == len(SEVEN)


async def test_a_release_after_the_city_wrote_its_own_is_an_offer_and_not_told(story: Story) -> None:
    actor, other = await new_city(story), await new_city(story)
    await done(story, actor, "accordo_di_partenariato/versions", WHY)
    await done(story, actor, "accordo_di_partenariato/draft", {"certainty": "A"})
    publish = WHY | {"valid_from": today().isoformat()}
    await done(story, actor, "accordo_di_partenariato/draft/publish", publish)
    [newest] = [one for one in first_records() if (one.code, one.version) == ("accordo_di_partenariato", 2)]
    release = newest.model_copy(update={"version": 9, "valid_from": today()})
    units = story.desk.app.state.units
    async with units.begin(Scope(EVERY_CITY, "vademecum")) as unit:
        assert await unit.store.instruments.add(unit.scope, [release]) == 1
    await again(story)
    assert [one.number for one in (await told(story, other.city, release.code))[-1].records] == [9]
    assert [one.number for one in (await told(story, actor.city, release.code))[-1].records] == [3]


async def _everything(story: Story) -> list[Any]:
    rows = await story.desk.app.state.units.pool.fetch("SELECT city, code, version, records FROM instrument_told")
    return sorted(json.dumps(list(row)) for row in rows)
