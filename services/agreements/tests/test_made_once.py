"""Whoever asks for the whole register gets what was made before; what changed or was hidden is made anew at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.web import formats
from chassis.web.i18n import speaking
from services.agreements.handlers.desk import city_day
from services.agreements.made_once import MadeOnce, fingerprint
from services.agreements.tests.story import GUIDE, LEGAL, SIGNATORY, Story, donation, giver_of, partner
from services.agreements.tests.test_exports import OCDS, errors, export
from services.agreements.tests.test_publication import hidden_agreement, lent, public, redact, sign

EVERYTHING = ("exports/360giving.json", "exports/360giving.csv", "register.csv")


class Maker:
    """Makes texts and remembers of what."""

    def __init__(self) -> None:
        self.asked: list[UUID] = []
        self.together = 0
        self._now = 0

    async def __call__(self, some: Sequence[UUID]) -> dict[UUID, str]:
        self.asked += some
        self._now += 1
        self.together = max(self.together, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        return {one: f"text {one}" for one in some if one.int % 7}


@pytest.mark.unit
async def test_a_text_is_made_once_for_each_version_by_one_caller_at_a_time() -> None:
    made, maker = MadeOnce(), Maker()
    wanted = [(UUID(int=number), 1) for number in range(1, 250)]
    answers = await asyncio.gather(*(made.texts(("a",), wanted, maker) for _ in range(5)))
    assert (len(maker.asked), maker.together) == (249, 1)
    assert {len(one) for one in answers} == {249 - 35}, "who has nothing to say is left out"
    wanted[10] = (wanted[10][0], 2)
    await made.texts(("a",), wanted, maker)
    assert maker.asked[249:] == [wanted[10][0]]
    await made.texts(("a",), [(wanted[10][0], 1)], maker)
    assert len(maker.asked) == 250, "a later version serves who read the list before"


@pytest.mark.unit
async def test_no_more_is_kept_than_so_much_and_nothing_is_lost_by_it() -> None:
    made, maker = MadeOnce(most_bytes=500), Maker()
    numbers = {"a": range(10), "b": range(10, 20), "large": range(20, 50)}
    wanted = {kind: [(UUID(int=one), 1) for one in ones] for kind, ones in numbers.items()}
    asked = []
    for kind in ("a", "b", "b", "a", "large", "large"):
        before = len(maker.asked)
        found = await made.texts((kind,), wanted[kind], maker)
        assert len(found) == sum(1 for one, _ in wanted[kind] if one.int % 7)
        asked.append(len(maker.asked) - before)
    assert asked == [10, 10, 0, 10, 30, 30], "one of them fits at a time; what never fits is not kept at all"
    assert fingerprint("x", found) != fingerprint("y", found)


@pytest.mark.integration
async def test_unchanged_exports_are_not_made_or_sent_again(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    match = donation(need_title="Una volta sola")
    one = await story.signed(match)
    client, reads = story.desk.client(), []
    known = {}
    for path in EVERYTHING:
        answer = await client.get(f"/agreements/api/v1/{path}")
        assert "Una volta sola" in answer.text
        known[path] = answer

    async def nothing(*_: Any) -> list[Any]:
        reads.append(1)
        return []

    with monkeypatch.context() as patch:
        patch.setattr("services.agreements.api_register.lines_of", nothing)
        patch.setattr("services.agreements.api_exports.lines_of", nothing)
        for path, before in known.items():
            again = await client.get(f"/agreements/api/v1/{path}")
            assert (again.content, again.headers["etag"]) == (before.content, before.headers["etag"])
            headers = {"If-None-Match": before.headers["etag"]}
            assert (await client.get(f"/agreements/api/v1/{path}", headers=headers)).status_code == 304
            assert (await client.get(f"/agreements/api/v1/{path}", params={"year": 2999})).status_code == 200
    assert not reads
    # An export names the moment to the second, and of an end says no more than that moment.
    units, clock = story.desk.app.state.units, story.desk.app.state.units.clock
    monkeypatch.setattr(units, "clock", lambda: clock() + timedelta(seconds=2))
    await story.done(one, "terminate", LEGAL, {"reason": "Finito prima"})
    for path, before in known.items():
        headers = {"If-None-Match": before.headers["etag"]}
        assert (await client.get(f"/agreements/api/v1/{path}", headers=headers)).status_code == 200


@pytest.mark.integration
async def test_what_is_hidden_is_gone_with_the_next_answer(story: Story) -> None:
    _, line = await hidden_agreement(story, "Da nascondere subito")
    for act, there in (("hide", False), ("show", True)):
        for path in EVERYTHING:
            await story.desk.client().get(f"/agreements/api/v1/{path}")
        assert (await redact(story, line, act, which=["subject"], reason="Disagio")).status_code == 200
        for path in EVERYTHING:
            text = (await story.desk.client().get(f"/agreements/api/v1/{path}")).text
            assert ("Da nascondere subito" in text) is there, path


@pytest.mark.integration
async def test_amendments_are_part_of_the_contract(story: Story) -> None:
    one, match = await lent(story, "Sala da cambiare")
    await sign(story, one, match)
    assert (await export(story, "ocds.json")).json()["releases"][0]["tag"] == ["award", "contract"]
    last = city_day(datetime.now(UTC)) + timedelta(days=70)
    await story.done(one, "amendments", GUIDE, {"reason": "Mario sta meglio", "valid_to": last.isoformat()})
    await story.done(one, "amendments/1/submit", GUIDE)
    await story.done(one, "amendments/1/approve", LEGAL)
    await story.done(one, "amendments/1/sign", partner(giver_of(match)))
    file = await story.done(one, "amendments/1/sign", SIGNATORY)
    package = (await export(story, "ocds.json")).json()
    assert errors(OCDS, package) == []
    [release] = [release for release in package["releases"] if release["ocid"].endswith(one)]
    assert release["tag"] == ["award", "contract", "contractAmendment"]
    contract, amendment = release["contracts"][0], file["amendments"][0]
    number = f"{amendment['protocol']['year']}/{amendment['protocol']['number']:07d}"
    [told] = contract["amendments"]
    assert (told["id"], told["date"][:10]) == (number, amendment["signed_on"])
    with speaking("it"):
        assert formats.day(last) in told["description"]
    assert "Mario" not in str(package)
    annexe = contract["documents"][1]
    assert (annexe["documentType"], annexe["id"]) == ("contractAnnexe", amendment["signed_sha256"])
    assert contract["period"]["endDate"][:10] == last.isoformat()
    assert (await public(story, "register"))["items"]
