"""The daily register: one document per day, made once, chained; one flipped bit anywhere is found."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from chassis.scope import Scope
from chassis.unit import Units
from services.agreements.daily_register import seconds_until_next
from services.agreements.documents.daily import compose_day, render_day
from services.agreements.domain.days import DayWalk, RegisterDay, days_due, next_day
from services.agreements.domain.register import BEGINNING
from services.agreements.handlers.auditing import audit
from services.agreements.handlers.daily import make_due
from services.agreements.handlers.desk import Desk, city_day
from services.agreements.tests.story import CITY, GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_register import register
from tests.pdfa import PdfA

DESK = Desk(city_names={CITY: "Comune di Milano"})
MONDAY = date(2026, 11, 16)


def days(counts: list[int]) -> list[RegisterDay]:
    made: list[RegisterDay] = []
    for number, count in enumerate(counts):
        before = made[-1] if made else None
        last = (before.last if before else 0) + count
        made.append(
            next_day(
                before,
                city=CITY,
                day=MONDAY + timedelta(days=number),
                entries=count,
                head=head(last),
                document_sha256=f"{number:064x}",
                made_at=datetime(2026, 11, 17, tzinfo=UTC) + timedelta(days=number),
            )
        )
    return made


def head(position: int) -> str:
    return f"{position:064x}" if position else BEGINNING


def wrong(made: list[RegisterDay]) -> set[str]:
    walk = DayWalk()
    return {fault.code for day in made for fault in walk.step(day, day.document_sha256, head(day.last))}


counts = st.lists(st.integers(0, 3), min_size=1, max_size=8)


@pytest.mark.unit
@given(counts)
def test_days_as_they_were_made_hold(found: list[int]) -> None:
    assert wrong(days(found)) == set()


CHANGES: dict[str, Any] = {
    "day": date(2020, 1, 1), "last": 77, "entries": 9, "head": "a" * 64, "document_sha256": "b" * 64,
    "made_at": datetime(2020, 1, 1, tzinfo=UTC), "previous": "c" * 64, "hash": "d" * 64, "city": "c_h501",
}  # fmt: skip


@pytest.mark.unit
@given(counts, st.data())
@settings(max_examples=100)
def test_any_change_of_a_day_is_found(found: list[int], data: st.DataObject) -> None:
    made = days(found)
    index = data.draw(st.integers(0, len(made) - 1))
    name = data.draw(st.sampled_from(sorted(CHANGES)))
    made[index] = made[index].model_copy(update={name: CHANGES[name]})
    assert wrong(made)


@pytest.mark.unit
@given(st.lists(st.integers(0, 3), min_size=3, max_size=8), st.data())
def test_a_day_taken_out_is_found_unless_it_was_the_last(found: list[int], data: st.DataObject) -> None:
    made = days(found)
    del made[data.draw(st.integers(0, len(made) - 2))]
    assert wrong(made)


@pytest.mark.unit
def test_every_day_that_has_ended_is_due() -> None:
    friday = MONDAY + timedelta(days=4)
    assert list(days_due(None, MONDAY, MONDAY)) == []
    assert list(days_due(None, MONDAY, friday)) == [MONDAY + timedelta(days=n) for n in range(4)]
    assert next(days_due(MONDAY, MONDAY, friday)) == MONDAY + timedelta(days=1)
    assert list(days_due(None, None, friday)) == []


@pytest.mark.unit
def test_the_next_one_is_made_a_minute_after_the_citys_midnight() -> None:
    # 22:30 UTC is 23:30 in Milan in November: half an hour and a minute.
    assert seconds_until_next(datetime(2026, 11, 20, 22, 30, tzinfo=UTC)) == 31 * 60
    assert seconds_until_next(datetime(2026, 11, 20, 9, tzinfo=UTC)) == 3600
    # In summer the city's midnight is at 22:00 UTC.
    assert seconds_until_next(datetime(2026, 7, 20, 21, 50, tzinfo=UTC)) == 11 * 60


@pytest.mark.unit
async def test_a_day_without_entries_says_so_and_the_same_day_has_the_same_bytes() -> None:
    data = compose_day(CITY, "Comune di Milano", MONDAY, [], None)
    document = await render_day(data)
    assert "non c'è stata alcuna registrazione" in text_of(document)
    assert await render_day(data) == document


@pytest.mark.unit
async def test_vera_pdf_finds_that_daily_registers_are_pdf_a_2b(pdfa: PdfA) -> None:
    entries, _ = register(["registered", "signed", "published", "completed"] * 8)
    documents = {
        "empty": await render_day(compose_day(CITY, "Comune di Milano", MONDAY, [], None)),
        "full": await render_day(compose_day(CITY, "Comune di Milano", MONDAY, entries, days([1])[0])),
    }
    for name, verdict in pdfa.verdicts(documents).items():
        assert verdict.compliant, (name, verdict.broken)
    assert entries[-1].hash in text_of(documents["full"])


def text_of(document: bytes) -> str:
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)
    return text.replace("’", "'").replace("\u200b", "").replace("\n", "")


def at(story: Story, moment: datetime) -> Units[Any]:
    """The service's units of work with another clock."""
    units = story.desk.app.state.units
    return Units("agreements", units.pool, units._make_store, clock=lambda: moment)


async def listed(story: Story) -> list[dict[str, Any]]:
    answer = await story.as_(LEGAL).get("/agreements/api/v1/register/days")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def audited(story: Story) -> Any:
    async with story.desk.app.state.units.reading() as store:
        return await audit(store, CITY)


@pytest.mark.integration
async def test_missed_days_are_caught_up_once_by_whoever_comes_first(story: Story) -> None:
    now = datetime.now(UTC)
    one = await story.signed(donation())
    assert await make_due(at(story, now), DESK, render_day) == 0
    later = at(story, now + timedelta(days=3))
    made = await asyncio.gather(*(make_due(later, DESK, render_day) for _ in range(3)))
    assert sum(made) == 3
    rows = await listed(story)
    assert [row["entries"] for row in rows] == [0, 0, 2]
    assert rows[-1]["day"] == city_day(now).isoformat()
    answer = await story.as_(LEGAL).get(f"/agreements/api/v1/register/days/{rows[-1]['day']}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    entry = (await story.as_(LEGAL).get("/agreements/api/v1/register")).json()["items"][0]
    assert entry["agreement_id"] == one
    assert entry["register_hash"] in text_of(answer.content)
    assert "Fondazione Bracco" not in text_of(answer.content)
    assert (await story.as_(GUIDE).get("/agreements/api/v1/register/days")).status_code == 403
    assert (await story.as_(LEGAL).get("/agreements/api/v1/register/days/2020-01-01.pdf")).status_code == 404
    page = await story.as_(LEGAL).get("/agreements/register/days", headers={"Accept": "text/html"})
    assert rows[0]["document_sha256"] in page.text
    found = await audited(story)
    assert (found.days, found.faults) == (3, ())


@pytest.mark.integration
async def test_an_entry_that_comes_after_its_days_document_is_in_the_next(story: Story) -> None:
    """Its transaction began before midnight and ended after the document was made."""
    now = datetime.now(UTC)
    await story.signed(donation())
    async with story.desk.app.state.units.reading() as store:
        last = await store.days.latest(Scope(CITY))
        position, _ = await store.register.peek(Scope(CITY))
    assert last.day > city_day(now)
    assert await make_due(at(story, now + timedelta(days=4)), DESK, render_day) == 1
    newest = (await listed(story))[0]
    assert (newest["entries"], newest["last"]) == (2, position)
    assert (await audited(story)).faults == ()


FLIPS = {
    "entry": ("register_entry", "instrument = 'x'", "position = 1", "entry 1: entry-changed"),
    "tail": ("register_head", "hash = repeat('0', 64)", "true", "head-differs"),
    "words": ("register_disclosure", "words = words || ' '", "position = 1", "entry 1: words-changed"),
    "signed document": (
        "document_revision", "content = set_byte(content, 900, get_byte(content, 900) # 1)", "revision = 2",
        "content-changed",
    ),
    "approved document": (
        "document_revision", "content = set_byte(content, 900, get_byte(content, 900) # 1)", "revision = 0",
        "revision 0: content-changed",
    ),
    "daily document": (
        "register_day", "document = set_byte(document, 500, get_byte(document, 500) # 1)", "entries = 2",
        "document-changed",
    ),
    "daily row": ("register_day", "made_at = made_at + interval '1 second'", "entries = 0", "day-changed"),
    "daily head": ("register_day", "head = repeat('1', 64)", "entries = 2", "register-changed"),
}  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize("which", FLIPS)
async def test_one_flipped_bit_is_found(story: Story, settings: Any, which: str) -> None:
    """Behind the triggers' back, as the owner of the tables could; undone afterwards."""
    table, change, where, said = FLIPS[which]
    connection = await asyncpg.connect(settings.migration_database_url.get_secret_value())
    key = {"register_day": "day", "document_revision": "(agreement_id, revision)"}.get(table, "ctid")
    try:
        await connection.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        changed = await connection.execute(
            f"UPDATE {table} SET {change} WHERE ctid = (SELECT ctid FROM {table} WHERE {where} ORDER BY {key} LIMIT 1)"
        )
        assert changed == "UPDATE 1"
        found = await audited(story)
        assert any(said in fault for fault in found.faults), found.faults
    finally:
        columns = {"register_day": "document = k.document, made_at = k.made_at, head = k.head",
                   "document_revision": "content = k.content", "register_entry": "instrument = k.instrument",
                   "register_head": "hash = k.hash", "register_disclosure": "words = k.words"}[table]  # fmt: skip
        match = {"register_day": "t.day = k.day", "register_entry": "t.position = k.position",
                 "document_revision": "(t.agreement_id, t.revision) = (k.agreement_id, k.revision)",
                 "register_head": "true",
                 "register_disclosure": "(t.position, t.name) = (k.position, k.name)"}[table]  # fmt: skip
        await connection.execute(f"UPDATE {table} t SET {columns} FROM kept k WHERE {match}")
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await connection.execute("DROP TABLE kept")
        await connection.close()
    assert (await audited(story)).faults == ()
