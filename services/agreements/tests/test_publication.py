"""Notices, advantages published before they take effect, hiding and erasing: the register stays whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from chassis.clock import new_id
from contracts.events.matching import MatchAccepted
from contracts.values import Allocation
from services.agreements.handlers.auditing import audit
from services.agreements.handlers.desk import city_day
from services.agreements.tests.story import (
    CITY,
    GUIDE,
    LEGAL,
    SIGNATORY,
    STRANGER,
    Story,
    donation,
    giver_of,
    partner,
)

pytestmark = pytest.mark.integration


def valued(cents: int, kind: Any = "money", **more: Any) -> MatchAccepted:
    """One giver, one line of that value."""
    giver = new_id()
    line = Allocation(
        offer_id=new_id(), offer_line=0, need_line=0, stakeholder_id=giver, kind=kind,
        quantity=cents // 100 if kind == "money" else 1, unit="EUR" if kind == "money" else "C62",
        value_cents=cents, description="Una sala per un anno",
    )  # fmt: skip
    return donation(giver, allocations=(line,), **more)


async def completed(story: Story, one: str, instrument: str) -> str:
    """Answers every check that holds up the review, whatever the record asks for today."""
    last = (datetime.now(UTC).date() + timedelta(days=365)).isoformat()
    await story.done(one, "instrument", GUIDE, {"instrument": instrument, "valid_to": last})
    asked = [check["pointer"] for check in (await story.get(one))["checks"] if check["stage"] == "review"]
    terms = {pointer.removeprefix("/terms/"): "Detto" for pointer in asked if pointer.startswith("/terms/")}
    await story.done(one, "instrument", GUIDE, {"instrument": instrument, "terms": terms})
    return one


async def sponsored(story: Story, title: str = "Murale") -> tuple[str, MatchAccepted]:
    match = valued(5_000_000, expected_return="visibility", need_title=title)
    one = await story.filled(match, "sponsorizzazione", {"public_interest": "Scuole"})
    return await completed(story, one, "sponsorizzazione"), match


async def lent(story: Story, title: str = "Una sala") -> tuple[str, MatchAccepted]:
    match = valued(500_000, "space", need_title=title)
    one = await story.filled(match, "concessione_comodato", {"public_interest": "Scuole"})
    return await completed(story, one, "concessione_comodato"), match


async def sign(story: Story, one: str, match: MatchAccepted) -> dict[str, Any]:
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    await story.done(one, "sign", partner(giver_of(match)))
    return await story.done(one, "sign", SIGNATORY)


async def faults_of(story: Story) -> tuple[str, ...]:
    async with story.desk.app.state.units.reading() as store:
        return (await audit(store, CITY)).faults


def check(file: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for one in file["checks"] if one["code"] == code)


async def public(story: Story, path: str, **params: Any) -> Any:
    answer = await story.desk.client().get(f"/agreements/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_notice_starts_the_waiting_period_without_a_date_typed_by_hand(story: Story) -> None:
    one, match = await sponsored(story)
    assert not check(await story.get(one), "public_notice_period")["closed"]
    drafted = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{one}/notice")
    assert "Murale" in drafted.json()["words"]["title"]["it"]
    assert "thirty" not in drafted.json()["words"]["text"]["en"]
    assert "30 days" in drafted.json()["words"]["text"]["en"]
    file = await story.done(one, "notice", LEGAL)
    [notice] = file["notices"]
    shown = await public(story, f"notices/{notice['notice_id']}")
    today = city_day(datetime.now(UTC))
    assert shown["open"]
    assert shown["published_on"] == today.isoformat()
    assert shown["until"] == (today + timedelta(days=30)).isoformat()
    assert notice["notice_id"] in [item["notice_id"] for item in (await public(story, "notices"))["items"]]

    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    too_early = await story.post(one, "sign", partner(giver_of(match)))
    assert too_early.status_code == 422
    again = await story.post(one, "notice", LEGAL)
    assert again.status_code == 409


async def test_a_corrected_notice_starts_the_waiting_anew_and_both_stay_visible(story: Story) -> None:
    one, _ = await sponsored(story, "Orto")
    long_ago = (city_day(datetime.now(UTC)) - timedelta(days=40)).isoformat()
    elsewhere = {"link": "https://albo.example/1", "published_on": long_ago}
    file = await story.done(one, "notice", LEGAL, elsewhere)
    assert check(file, "public_notice_period")["closed"]
    first = file["notices"][0]["notice_id"]
    corrected = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{first}/correct", json={"reason": "Importo sbagliato"}
    )
    assert corrected.status_code == 201, corrected.text
    second = corrected.json()
    assert second["replaces"] == first
    file = await story.get(one)
    assert [notice["notice_id"] for notice in file["notices"]] == [second["notice_id"]]
    assert not check(file, "public_notice_period")["closed"]
    assert (await public(story, f"notices/{first}"))["state"] == "corrected"

    withdrawn = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{second['notice_id']}/withdraw", json={"reason": "Proposta ritirata"}
    )
    assert withdrawn.status_code == 200
    assert (await story.get(one))["notices"] == []
    shown = await public(story, f"notices/{second['notice_id']}")
    assert (shown["state"], shown["open"], shown["reason"]) == ("withdrawn", False, "Proposta ritirata")
    again = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{second['notice_id']}/withdraw", json={"reason": "Due volte"}
    )
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"published_on": "2020-01-01"}, "/published_on"),
        ({"published_on": "2999-01-01", "link": "https://albo.example/1"}, "/published_on"),
        ({"link": "javascript:alert(1)"}, "/link"),
    ],
)
async def test_a_notice_with_a_wrong_day_is_refused_at_its_field(story: Story, body: Any, pointer: str) -> None:
    one, _ = await sponsored(story)
    answer = await story.post(one, "notice", LEGAL, body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_notice_also_answers_what_asks_for_one_without_days(story: Story) -> None:
    """Art. 12 L. 241/1990: criteria come first; the record has no days, so the office says the last one."""
    match = valued(50_000, "space", need_title="Uno spazio")
    one = await story.filled(match, "concessione_comodato", {"public_interest": "Scuole"})
    assert not check(await story.get(one), "criteria")["closed"]
    without = await story.post(one, "notice", LEGAL)
    assert [error["pointer"] for error in without.json()["errors"]] == ["/until"]
    today = city_day(datetime.now(UTC))
    last = (today + timedelta(days=15)).isoformat()
    later = {"term": "criteria", "published_on": (today + timedelta(days=2)).isoformat(), "until": last}
    file = await story.done(one, "notice", LEGAL, later)
    assert not check(file, "criteria")["closed"]
    notice = file["notices"][0]["notice_id"]
    corrected = await story.as_(LEGAL).post(
        f"/agreements/api/v1/notices/{notice}/correct", json={"reason": "Subito", "until": last}
    )
    assert corrected.status_code == 201, corrected.text
    assert check(await story.get(one), "criteria")["closed"]
    shown = await public(story, f"notices/{corrected.json()['notice_id']}")
    assert (shown["until"], shown["open"]) == (last, True)
    assert "may be signed once" not in shown["text"]["en"]
    assert (await story.post(one, "notice", LEGAL, {"term": "asset", "until": last})).status_code == 409


async def test_who_is_not_of_the_legal_office_makes_no_notice(story: Story) -> None:
    one, _ = await sponsored(story)
    assert (await story.post(one, "notice", GUIDE)).status_code == 403
    assert (await story.post(one, "notice", STRANGER)).status_code == 404
    without = await story.filled(donation())
    assert (await story.post(without, "notice", LEGAL)).status_code == 409


async def test_a_notice_for_a_day_to_come_is_not_shown_before(story: Story) -> None:
    one, _ = await sponsored(story, "Domani")
    later = (city_day(datetime.now(UTC)) + timedelta(days=3)).isoformat()
    file = await story.done(one, "notice", LEGAL, {"published_on": later})
    notice = file["notices"][0]["notice_id"]
    hidden = await story.desk.client().get(f"/agreements/api/v1/notices/{notice}")
    assert hidden.status_code == 404
    assert notice not in [item["notice_id"] for item in (await public(story, "notices", limit=200))["items"]]


async def test_an_advantage_is_published_with_the_last_signature_before_it_takes_effect(story: Story) -> None:
    one, match = await lent(story)
    file = await sign(story, one, match)
    assert file["state"] == "active"
    assert file["publication"]["position"]
    line = (await public(story, "register", q="Una sala"))["items"][0]
    assert line["publication_position"] == file["publication"]["position"]
    entry = await public(story, "register/" + line["protocol"])
    acts = [(act["entry"]["act"], act["entry"]["position"]) for act in entry["acts"]]
    assert [act for act, _ in acts] == ["registered", "signed", "published"]
    assert acts[-1][1] == file["publication"]["position"]
    assert await faults_of(story) == ()


async def test_an_advantage_that_begins_later_is_published_at_once(story: Story) -> None:
    one, match = await lent(story)
    first = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()
    await story.done(one, "instrument", GUIDE, {"instrument": "concessione_comodato", "valid_from": first})
    file = await sign(story, one, match)
    assert file["state"] == "signed"
    assert file["publication"]["position"]


async def test_a_gift_has_nothing_to_publish_first(story: Story) -> None:
    file = await story.get(await story.signed(donation()))
    assert file["publication"] is None
    assert file["state"] == "active"


async def hidden_agreement(story: Story, title: str) -> tuple[str, dict[str, Any]]:
    one = await story.signed(donation(need_title=title))
    line = next(item for item in (await public(story, "register", q=title))["items"] if item["agreement_id"] == one)
    return one, line


async def redact(story: Story, line: dict[str, Any], act: str, **body: Any) -> Any:
    return await story.as_(LEGAL).post(f"/agreements/api/v1/register/{line['position']}/{act}", json=body)


async def test_what_is_hidden_is_shown_nowhere_and_can_be_shown_again(story: Story) -> None:
    title = "Aiuto a una famiglia"
    one, line = await hidden_agreement(story, title)
    answer = await redact(story, line, "hide", which=["parties", "subject"], reason="Disagio economico")
    assert answer.status_code == 200, answer.text
    client = story.desk.client()
    year, number = (int(part) for part in line["protocol"].split("/"))
    for path in (
        "api/v1/register", "api/v1/register.atom", "api/v1/register.csv", f"api/v1/register/{year}/{number}",
        "register", f"register/{year}/{number}", "api/v1/exports/360giving.json", "api/v1/exports/360giving.csv",
    ):  # fmt: skip
        text = (
            await client.get(f"/agreements/{path}", params={"limit": 200} if path == "api/v1/register" else {})
        ).text
        assert title not in text, path
    entry = await public(story, f"register/{year}/{number}")
    assert {(o["name"], o["erased"], o["basis"]) for o in entry["omitted"]} == {
        ("parties", False, "art. 26 c. 4 D.Lgs. 33/2013"),
        ("subject", False, "art. 26 c. 4 D.Lgs. 33/2013"),
    }
    assert entry["parties"] == ["Direzione Educazione"]
    assert all(act["disclosed"] == [] for act in entry["acts"])
    assert entry["total_value_cents"] == 300_000
    assert (await public(story, "register", q=title))["items"] == []
    assert await faults_of(story) == ()
    # What is entered about it later is hidden as well.
    await story.done(one, "terminate", LEGAL, {"reason": "Finito prima"})
    assert all(act["disclosed"] == [] for act in (await public(story, f"register/{year}/{number}"))["acts"])

    shown = await redact(story, line, "show", which=["parties", "subject"], reason="Consenso")
    assert shown.json() == []
    assert (await public(story, "register", q=title))["items"][0]["title"] == title
    assert (await redact(story, line, "show", which=["subject"], reason="Ancora")).status_code == 409
    assert await faults_of(story) == ()


async def test_a_notice_made_before_its_file_was_hidden_loses_its_words(story: Story) -> None:
    title = "Una famiglia in via Sottocorno"
    one, _ = await sponsored(story, title)
    file = await story.done(
        one, "notice", LEGAL, {"link": "https://albo.example/famiglia", "published_on": "2026-01-02"}
    )
    notice = file["notices"][0]["notice_id"]
    withdraw = {"reason": f"{title} rinuncia"}
    answer = await story.as_(LEGAL).post(f"/agreements/api/v1/notices/{notice}/withdraw", json=withdraw)
    assert answer.status_code == 200
    hide = {"which": ["subject"], "reason": "Disagio"}
    assert (await story.post(one, "hide", LEGAL, hide)).status_code == 200
    client = story.desk.client()
    for path in (f"notices/{notice}", "notices", "api/v1/notices", "api/v1/notices.atom", f"api/v1/notices/{notice}"):
        text = (await client.get(f"/agreements/{path}")).text
        assert title not in text, path
        assert "famiglia" not in text, path
    assert (await public(story, f"notices/{notice}"))["omitted"]
    # One that is made now is written knowing it: it is shown, without the subject.
    made = (await story.done(one, "notice", LEGAL))["notices"][0]["notice_id"]
    shown = await public(story, f"notices/{made}")
    assert not shown["omitted"]
    assert title not in str(shown)


async def test_what_is_erased_is_gone_and_the_chain_holds(story: Story, settings: Any) -> None:
    title = "Da cancellare"
    one, line = await hidden_agreement(story, title)
    unmeant = await redact(story, line, "erase", which=["parties", "subject"], reason="Richiesta")
    assert unmeant.status_code == 422
    answer = await redact(story, line, "erase", which=["parties", "subject"], reason="Richiesta", confirm=True)
    assert answer.status_code == 200
    await story.done(one, "terminate", LEGAL, {"reason": "Finito prima"})
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        kept = await connection.fetchval(
            "SELECT count(*) FROM register_disclosure JOIN register_entry USING (city, position)"
            " WHERE agreement_id = $1",
            UUID(one),
        )
        assert kept == 0
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("DELETE FROM redaction WHERE agreement_id = $1", UUID(one))
    finally:
        await connection.close()
    assert (await redact(story, line, "show", which=["subject"], reason="Mai più")).status_code == 409
    assert title not in (await story.desk.client().get("/agreements/register")).text
    assert await faults_of(story) == ()


async def test_a_file_can_be_hidden_before_it_is_registered(story: Story) -> None:
    title = "Riservato dal principio"
    one = await story.filled(donation(need_title=title))
    body = {"which": ["subject"], "reason": "Salute", "basis": "art. 9 Regolamento (UE) 2016/679"}
    assert (await story.post(one, "hide", GUIDE, body)).status_code == 403
    assert (await story.post(one, "hide", LEGAL, body)).status_code == 200
    await story.done(one, "submit", GUIDE)
    await story.done(one, "approve", LEGAL)
    match_giver = next(p for p in (await story.get(one))["parties"] if p["stakeholder_id"])
    await story.done(one, "sign", partner(UUID(match_giver["stakeholder_id"])))
    await story.done(one, "sign", SIGNATORY)
    assert (await public(story, "register", q=title))["items"] == []
    assert title not in (await story.desk.client().get("/agreements/register")).text


async def test_only_the_legal_office_hides(story: Story) -> None:
    _, line = await hidden_agreement(story, "Non per tutti")
    for actor, status in ((GUIDE, 403), (STRANGER, 403)):
        answer = await story.as_(actor).post(
            f"/agreements/api/v1/register/{line['position']}/hide", json={"which": ["subject"], "reason": "xxx"}
        )
        assert answer.status_code == status
    nowhere = await story.as_(LEGAL).post(
        "/agreements/api/v1/register/999999/hide", json={"which": ["subject"], "reason": "xxx"}
    )
    assert nowhere.status_code == 404


async def test_the_domain_lets_nothing_take_effect_unpublished(story: Story) -> None:
    from services.agreements.domain import signing
    from services.agreements.domain.file import AgreementFile, Publication
    from services.agreements.domain.outcome import Outcome
    from services.agreements.domain.refusals import NotPossible

    file = AgreementFile.model_validate(
        {name: value for name, value in (await story.get(await story.signed(donation()))).items()
         if name in AgreementFile.model_fields}
    )  # fmt: skip
    owed = file.model_copy(update={"state": "signed", "publication": Publication(basis="artt. 26-27")})
    with pytest.raises(NotPossible, match="published"):
        signing.activated(Outcome(owed), datetime.now(UTC).date())
