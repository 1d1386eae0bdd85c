"""Nobody waits for a number while somebody else's document is printed, and still no number is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest

from chassis.scope import Scope
from services.agreements.documents.data import DocumentData
from services.agreements.documents.render import render_off_loop
from services.agreements.handlers.auditing import audit
from services.agreements.handlers.desk import Desk
from services.agreements.handlers.numbering import Numbering
from services.agreements.handlers.signing import approve
from services.agreements.tests.story import CITY, GUIDE, LEGAL, Story, donation

pytestmark = pytest.mark.integration
AT_ONCE = 4


async def submitted(story: Story, count: int = AT_ONCE) -> list[str]:
    files = [await story.filled(donation(need_title=f"Numero {number}")) for number in range(count)]
    for one in files:
        await story.done(one, "submit", GUIDE)
    return files


async def approving(story: Story, one: str, desk: Desk) -> int:
    async with story.desk.app.state.units.begin(Scope(CITY, LEGAL.subject)) as unit:
        file = await approve(unit, LEGAL, UUID(one), desk)
    assert file.protocol is not None
    return file.protocol.number


async def whole(story: Story) -> None:
    async with story.desk.app.state.units.reading() as store:
        entries = await store.register.entries(Scope(CITY))
        assert (await audit(store, CITY)).faults == ()
    numbers = [entry.protocol.number for entry in entries if entry.act == "registered"]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_documents_are_printed_at_the_same_time_each_with_its_number(story: Story) -> None:
    """Were the number held while a document is printed, the second would never begin and the first wait for ever."""
    files = await submitted(story)
    together, printed = asyncio.Barrier(AT_ONCE), Counter[str]()

    async def render(data: DocumentData) -> bytes:
        async with asyncio.timeout(20):
            await together.wait()
        printed[data.protocol or ""] += 1
        return await render_off_loop(data)

    desk = replace(story.desk.app.state.desk, render=render, numbering=Numbering())
    numbers = await asyncio.gather(*(approving(story, one, desk) for one in files))
    assert len(set(numbers)) == AT_ONCE
    assert set(printed.values()) == {1}, "nobody's document was printed twice"
    await whole(story)


async def test_two_processes_and_one_that_breaks_off_leave_no_gap(story: Story) -> None:
    files = await submitted(story, 6)
    first, second = (replace(story.desk.app.state.desk, numbering=Numbering()) for _ in range(2))

    async def broken(_: DocumentData) -> bytes:
        raise OSError("no space left on device")

    answers = await asyncio.gather(
        *(approving(story, one, (first, second)[place % 2]) for place, one in enumerate(files[:5])),
        approving(story, files[5], replace(first, render=broken)),
        return_exceptions=True,
    )
    assert [type(one) for one in answers] == [int] * 5 + [OSError]
    assert (await story.get(files[5]))["state"] == "in_review"
    await approving(story, files[5], second)
    await whole(story)


async def test_a_number_that_was_drawn_and_given_back_is_drawn_again(story: Story) -> None:
    one, other = await submitted(story, 2)
    desk = replace(story.desk.app.state.desk, numbering=Numbering())

    async def breaks_off() -> None:
        async with story.desk.app.state.units.begin(Scope(CITY, LEGAL.subject)) as unit:
            await approve(unit, LEGAL, UUID(one), desk)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await breaks_off()
    numbers = [await approving(story, each, desk) for each in (other, one)]
    assert numbers[1] == numbers[0] + 1
    await whole(story)
