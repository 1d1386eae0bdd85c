"""One flipped bit anywhere in what the public register shows is found; hiding and erasing are no faults."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.clock import new_id
from chassis.scope import Scope
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.lines import line_faults
from services.agreements.handlers import registering
from services.agreements.handlers.registering import state_lines
from services.agreements.publication.entries import register_line
from services.agreements.tests.story import CITY, GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_amendments import LESS, amended
from services.agreements.tests.test_publication import faults_of, hidden_agreement, lent, public, redact, sign

pytestmark = pytest.mark.integration


async def content_of(story: Story, one: str) -> dict[str, Any]:
    found = await story.desk.app.state.units.pool.fetchval(
        "SELECT content FROM agreement WHERE agreement_id = $1::uuid", one
    )
    return dict(found)


async def put(story: Story, one: str, content: Any) -> None:
    await story.desk.app.state.units.pool.execute(
        "UPDATE agreement SET content = $2 WHERE agreement_id = $1::uuid", one, content
    )


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for place, inner in enumerate(value) for leaf in leaves(inner, (*path, place))]
    return [path]


def flipped(content: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """The content with one bit of one value changed."""
    copy: Any = orjson.loads(orjson.dumps(content))
    place = copy
    for step in path[:-1]:
        place = place[step]
    value = place[path[-1]]
    if isinstance(value, bool):
        place[path[-1]] = not value
    elif isinstance(value, int):
        place[path[-1]] = value ^ 1
    elif isinstance(value, str) and value:
        place[path[-1]] = value[:-1] + chr(ord(value[-1]) ^ 1)
    else:
        place[path[-1]] = "1"
    return dict(copy)


async def shown(story: Story, one: str) -> Any:
    """The public line; None when nothing can be shown any more."""
    async with story.desk.app.state.units.reading() as store:
        row = await store.public.by_agreement(Scope(CITY), UUID(one))
    assert row is not None
    try:
        return register_line(row).model_dump(exclude={"changed_at"})
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        return None


async def wrong(story: Story) -> list[str]:
    async with story.desk.app.state.units.reading() as store:
        return [fault for line in [one async for one in store.lines.all(Scope(CITY))] for fault in line_faults(line)]


async def test_every_value_that_the_line_shows_is_covered(story: Story) -> None:
    match = donation(need_title="Da coprire")
    one = await story.signed(match)
    await story.done(one, "amendments", GUIDE, LESS | {"valid_to": "2999-12-31"})
    await amended(story, one, match)
    assert await faults_of(story) == ()
    content, line = await content_of(story, one), await shown(story, one)
    seen = []
    for path in leaves(content):
        await put(story, one, flipped(content, path))
        if await shown(story, one) != line:
            seen.append(path[0])
            assert await wrong(story), path
        await put(story, one, content)
    assert {"parties", "allocations", "amendments", "state", "signed_on", "valid_to", "policy_area"} <= set(seen)
    assert len(seen) >= 25
    assert await faults_of(story) == ()


async def test_state_publication_and_moment_are_covered(story: Story) -> None:
    one, match = await lent(story, "Da pubblicare")
    file = await sign(story, one, match)
    assert file["publication"]["position"]
    pool = story.desk.app.state.units.pool
    content = await content_of(story, one)
    for name, value in (("position", 1), ("published_on", "2020-01-01"), ("position", None)):
        await put(story, one, content | {"publication": content["publication"] | {name: value}})
        assert any("publication" in fault for fault in await wrong(story)), name
    await put(story, one, content | {"state": "suspended"})
    assert any("state" in fault for fault in await wrong(story)), "column and file say different things"
    await put(story, one, content)
    before = await pool.fetchval("SELECT updated_at FROM agreement WHERE agreement_id = $1::uuid", one)
    await pool.execute("UPDATE agreement SET updated_at = now() WHERE agreement_id = $1::uuid", one)
    assert any("moment" in fault for fault in await wrong(story))
    await pool.execute("UPDATE agreement SET updated_at = $2 WHERE agreement_id = $1::uuid", one, before)
    await story.done(one, "terminate", LEGAL, {"reason": "Finito prima"})
    ended = await content_of(story, one)
    await pool.execute("UPDATE agreement SET state = 'active' WHERE agreement_id = $1::uuid", one)
    await put(story, one, ended | {"state": "active"})
    assert any("state" in fault for fault in await wrong(story)), "the register knows that it ended"
    await pool.execute("UPDATE agreement SET state = 'terminated' WHERE agreement_id = $1::uuid", one)
    await put(story, one, ended)
    assert await faults_of(story) == ()


async def test_hidden_and_erased_lines_hold_and_what_is_left_of_them_is_still_covered(story: Story) -> None:
    one, line = await hidden_agreement(story, "Da non dire")
    assert (await redact(story, line, "hide", which=["parties", "subject"], reason="Disagio")).status_code == 200
    assert await faults_of(story) == ()
    content = await content_of(story, one)
    renamed = content["parties"][1] | {"name": "Altri"}
    await put(story, one, content | {"parties": [content["parties"][0], renamed]})
    assert any("people" in fault for fault in await wrong(story)), "hidden is still covered"
    await put(story, one, content)
    erased = await redact(story, line, "erase", which=["parties", "subject"], reason="Richiesta", confirm=True)
    assert erased.status_code == 200
    assert await faults_of(story) == ()
    kept = await story.desk.app.state.units.pool.fetch(
        "SELECT s.name FROM register_line_salt s JOIN register_entry e USING (city, position)"
        " WHERE e.agreement_id = $1::uuid",
        one,
    )
    assert {row["name"] for row in kept} == {"facts"}
    await put(story, one, content | {"policy_area": "altro"})
    assert any("facts" in fault for fault in await wrong(story))
    await put(story, one, content)


async def entered_before(story: Story, title: str) -> AgreementFile:
    """A file as a version before this one entered it: committed to are nothing but title and names."""
    one = await story.signed(donation(need_title=title))
    async with story.desk.app.state.units.begin(Scope(CITY, "test")) as unit:
        file = await unit.store.files.load(unit.scope, UUID(one))
        older: AgreementFile = file.model_copy(update={"agreement_id": new_id(), "match_id": new_id(), "part": 1})
        number = await unit.store.register.next_protocol(unit.scope, file.protocol.year)
        older = older.model_copy(update={"protocol": number})
        await unit.store.files.add(unit.scope, older)
        await unit.store.files.note(unit.scope, older, older.drafted_at, "draft")
        for act in ("registered", "signed"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(registering, "_COVERS_LINE", ())
                await registering.enter(unit, older, act, file.signed_sha256)
    return older


async def test_lines_from_before_are_committed_to_once(story: Story) -> None:
    units, older = story.desk.app.state.units, await entered_before(story, "Di prima")
    number = older.protocol
    assert number is not None
    async with units.reading() as store:
        assert await store.lines.uncovered(Scope(CITY)) == [older.agreement_id]
    assert await asyncio.gather(state_lines(units), state_lines(units)) in ([0, 1], [1, 0])
    async with units.reading() as store:
        entry = (await store.register.of_agreement(Scope(CITY), older.agreement_id))[-1]
        assert await store.lines.uncovered(Scope(CITY)) == []
    assert (entry.act, set(entry.commitments)) == ("stated", {"subject", "parties", "facts", "descriptions", "people"})
    assert not await wrong(story)
    shown_ = await public(story, f"register/{number.year}/{number.number}")
    assert [act["entry"]["act"] for act in shown_["acts"]] == ["registered", "signed", "stated"]


async def test_a_file_that_cannot_be_read_holds_up_no_other(story: Story) -> None:
    units = story.desk.app.state.units
    broken, _fine = [await entered_before(story, title) for title in ("Guasta", "Intera")]
    content = await content_of(story, str(broken.agreement_id))
    await put(story, str(broken.agreement_id), content | {"state": "of no state we know"})
    assert await state_lines(units) == 1
    async with units.reading() as store:
        assert await store.lines.uncovered(Scope(CITY)) == [broken.agreement_id]
    await put(story, str(broken.agreement_id), content)
    assert await state_lines(units) == 1
    assert not await wrong(story)
