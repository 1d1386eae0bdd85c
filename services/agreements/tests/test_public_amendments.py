"""Amendments and renewals in the public register: page, JSON, search, table and feed; nothing hidden comes back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest

from services.agreements.publication.amendments import public_amendments, what_changed
from services.agreements.publication.entries import PublicLine
from services.agreements.tests.atom_rules import ATOM, violations
from services.agreements.tests.story import DONATION_TERMS, GUIDE, LEGAL, Story, donation
from services.agreements.tests.test_amendments import LESS, amended
from services.agreements.tests.test_public_register import API, read

HTML = {"Accept": "text/html", "Accept-Language": "en"}


def entry(protocol: str) -> dict[str, Any]:
    return {"protocol": protocol, "position": 7, "entered_at": "2026-11-20T09:00:00Z", "document_sha256": "a" * 64,
            "register_hash": "b" * 64}  # fmt: skip


def stored(number: int, **changes: Any) -> dict[str, Any]:
    return {"number": number, "kind": "amendment", "protocol": {"year": 2026, "number": number}, "reason": "Segreto",
            "signed_on": "2026-11-20", "changes": changes, "before": None}  # fmt: skip


@pytest.mark.unit
def test_only_what_the_register_has_in_force_is_public() -> None:
    file = {"allocations": [], "amendments": [stored(1, valid_to="2030-01-01"), stored(2) | {"protocol": None}]}
    assert public_amendments(file, []) == ()
    [one] = public_amendments(file, [entry("2026/0000001")])
    assert (one.number, one.valid_to, one.valid_to_before) == (1, date(2030, 1, 1), None)
    assert "Segreto" not in one.model_dump_json()
    assert public_amendments({"allocations": []}, []) == ()


@pytest.mark.unit
def test_words_are_said_to_have_changed_and_are_not_shown() -> None:
    file = {
        "allocations": [{"unit": "EUR"}],
        "amendments": [
            stored(1, quantities=[{"position": 0, "quantity": "2400.000"}], terms={"acceptance": "Parole"},
                   responsibilities=[], communication_plan=None)
        ],
    }  # fmt: skip
    [one] = public_amendments(file, [entry("2026/0000001")])
    assert one.also == ("terms", "responsibilities"), "also when all of them were taken away"
    assert "Parole" not in one.model_dump_json()
    line = PublicLine(
        party_id="omitted:2", kind="money", capability=None, description=None, quantity="2400", unit="EUR",
        value_cents=None,
    )  # fmt: skip
    shown = [str(change) for change in what_changed(one, [line])]
    assert len(shown) == 3
    assert "2,400" in shown[0] or "2400" in shown[0] or "2.400" in shown[0]


async def amended_agreement(story: Story, title: str, **changes: Any) -> str:
    match = donation(need_title=title)
    given = match.allocations[0].model_copy(update={"description": f"Dono: {title}"})
    match = match.model_copy(update={"allocations": (given,)})
    one = await story.signed(match)
    await story.done(one, "amendments", GUIDE, LESS | changes)
    await amended(story, one, match)
    return one


@pytest.mark.integration
async def test_an_amendment_is_on_the_entry_page_in_the_data_and_in_the_feed(story: Story) -> None:
    title = "Orto di via Modificata"
    terms = {**DONATION_TERMS, "acceptance": "Determina segretissima"}
    one = await amended_agreement(story, title, terms=terms)
    file = (await story.get(one))["amendments"][0]
    number = "{year}/{number:07d}".format(**file["protocol"])
    [line] = (await read(story, "register", q=number)).json()["items"]
    assert (line["agreement_id"], line["title"]) == (one, title), "found by the amendment's number"
    [public] = line["amendments"]
    assert (public["number"], public["kind"], public["protocol"]) == (1, "amendment", number)
    assert public["quantities"] == [{"line": 0, "before": "3000", "after": "2400", "unit": "EUR"}]
    assert (public["document_sha256"], public["also"]) == (file["signed_sha256"], ["terms"])
    whole = (await read(story, f"register/{line['protocol']}")).json()
    assert whole["amendments"] == line["amendments"]
    acts = {act["entry"]["position"]: act["entry"] for act in whole["acts"]}
    assert acts[public["position"]]["hash"] == public["register_hash"]
    assert acts[public["position"]]["act"] == "amended"
    assert number in (await read(story, "register.csv", q=title)).text

    year, own = (int(part) for part in line["protocol"].split("/"))
    page = (await story.desk.client().get(f"/agreements/register/{year}/{own}", headers=HTML)).text
    assert 'id="amendment-1"' in page
    for shown in ("Amendment no. 1", number, public["document_sha256"], "New wording, in the signed document"):
        assert shown in page, shown
    listed = (await story.desk.client().get(f"/agreements/register?q={number}", headers=HTML)).text
    assert f"/agreements/register/{year}/{own}#amendment-1" in listed

    feed = (await read(story, "register.atom", q=title)).content
    assert violations(feed) == []
    entries = ElementTree.fromstring(feed).findall(f"{ATOM}entry")
    assert [item.findtext(f"{ATOM}title") for item in entries] == [
        f"{number}: Amendment no. 1: {title}",
        f"{line['protocol']}: {title}",
    ]
    assert entries[1].findtext(f"{ATOM}id") == UUID(one).urn
    links = [link.attrib["href"] for link in entries[0].findall(f"{ATOM}link")]
    assert links[0].endswith(f"/register/{year}/{own}#amendment-1")
    for text in (page, str(whole), feed.decode()):
        assert "Determina segretissima" not in text
        assert LESS["reason"] not in text


@pytest.mark.integration
async def test_what_is_hidden_is_hidden_in_its_amendments_too(story: Story) -> None:
    title = "Aiuto a chi non vuole essere nominato"
    one = await amended_agreement(story, title)
    [line] = (await read(story, "register", q=title)).json()["items"]
    amendment = line["amendments"][0]
    hide = {"which": ["parties", "subject"], "reason": "Disagio"}
    assert (await story.post(one, "hide", LEGAL, hide)).status_code == 200
    year, own = (int(part) for part in line["protocol"].split("/"))
    client = story.desk.client()
    for path in (
        f"api/v1/register/{year}/{own}", "api/v1/register.atom", "api/v1/register.csv", f"register/{year}/{own}",
    ):  # fmt: skip
        text = (await client.get(f"/agreements/{path}")).text
        assert amendment["protocol"] in text, path
        assert title not in text, path
    entry_page = (await client.get(f"/agreements/register/{year}/{own}")).text
    assert "Fondazione Bracco" not in entry_page
    assert amendment["document_sha256"] in entry_page, "everything else stays published"
    assert (await read(story, "register", q=title)).json()["items"] == []
    feed = (await read(story, "register.atom", q=amendment["protocol"])).text
    assert "Fondazione Bracco" not in feed


@pytest.mark.integration
async def test_an_amendment_not_in_force_is_nobodys_business(story: Story) -> None:
    title = "Ancora da firmare in via Futura"
    one = await story.signed(donation(need_title=title))
    await story.done(one, "amendments", GUIDE, LESS)
    await story.done(one, "amendments/1/submit", GUIDE)
    approved = await story.done(one, "amendments/1/approve", LEGAL)
    assert approved["amendments"][0]["state"] == "approved"
    [line] = (await read(story, "register", q=title)).json()["items"]
    assert line["amendments"] == []
    assert (await read(story, f"register/{line['protocol']}")).json()["amendments"] == []
    feed = ElementTree.fromstring((await read(story, "register.atom", q=title)).content)
    assert len(feed.findall(f"{ATOM}entry")) == 1


@pytest.mark.integration
async def test_the_feed_leads_through_agreements_and_amendments(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.agreements.api_register.FEED_SIZE", 1)
    title = "Passo passo in via Lunga"
    one = await amended_agreement(story, title)
    first = ElementTree.fromstring((await read(story, "register.atom", q=title)).content)
    following = {link.attrib["rel"]: link.attrib["href"] for link in first.findall(f"{ATOM}link")}["next"]
    second = ElementTree.fromstring((await story.desk.client().get(following)).content)
    ids = [found.findtext(f"{ATOM}entry/{ATOM}id") for found in (first, second)]
    assert ids[1] == UUID(one).urn
    assert ids[0] != ids[1]
    assert API in following
