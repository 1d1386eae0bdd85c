"""The public register: found by whoever looks, as page, JSON, Atom and CSV; nothing is sent twice."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from services.agreements.publication.feed import Feed, Item, atom, feed_id
from services.agreements.tests.atom_rules import ATOM, violations
from services.agreements.tests.story import LEGAL, Story, donation

API = "/agreements/api/v1"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def feed_of(*items: Item, **more: Any) -> bytes:
    values: dict[str, Any] = {
        "name": "c_f205:register", "title": "Register", "author": "Comune di Milano", "language": "it",
        "page": "https://x.example/register", "itself": "https://x.example/register.atom",
        "first": "https://x.example/register.atom", "previous": None, "next": None, "items": items,
    }  # fmt: skip
    return atom(Feed(**(values | more)))


def item(number: int, title: str = "Titolo") -> Item:
    return Item(f"urn:uuid:0000000{number}-0000-0000-0000-000000000000", title, "https://x.example/1", NOW, NOW, "S")


@pytest.mark.unit
def test_a_feed_keeps_the_rules_of_its_standard() -> None:
    assert violations(feed_of()) == []
    assert violations(feed_of(item(1), item(2, "<b>&\0\x1f"), next="https://x.example/register.atom?after=1")) == []


@pytest.mark.unit
@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace(b"<updated>2026", b"<updated>26", 1),
        lambda text: text.replace(b"urn:uuid:00000002", b"urn:uuid:00000001"),
        lambda text: text.replace(b'rel="self"', b'rel="via"'),
        lambda text: text.replace(b"<title>Titolo</title>", b"", 1),
        lambda text: text.replace(b"https://x.example/1", b"/1", 1),
        lambda text: text.replace(b"<name>Comune di Milano</name>", b""),
    ],
)
def test_a_feed_that_breaks_a_rule_would_be_found(broken: Any) -> None:
    assert violations(broken(feed_of(item(1), item(2))))


@pytest.mark.unit
def test_a_feed_keeps_its_name_wherever_it_is_served() -> None:
    assert feed_id("c_f205:register") == feed_id("c_f205:register") != feed_id("c_h501:register")


async def read(story: Story, path: str, **params: Any) -> Any:
    answer = await story.desk.client().get(f"{API}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def links(document: bytes) -> dict[str, str]:
    root = ElementTree.fromstring(document)
    return {link.attrib["rel"]: link.attrib["href"] for link in root.findall(f"{ATOM}link")}


def titles(document: bytes) -> list[str]:
    return [entry.findtext(f"{ATOM}title") or "" for entry in ElementTree.fromstring(document).findall(f"{ATOM}entry")]


@pytest.fixture(scope="module")
async def filled(story: Story) -> list[str]:
    """Three agreements, each with its own subject."""
    found = []
    for number in range(3):
        match = donation(need_title=f"Impegno {number} «scuola»", policy_area=("food_poverty", "x", "x")[number])
        found.append(await story.signed(match))
    return found


@pytest.mark.integration
async def test_an_agreement_is_found_by_number_subject_party_year_and_area(story: Story, filled: list[str]) -> None:
    lines = (await read(story, "register", q="Impegno 1")).json()["items"]
    assert [line["agreement_id"] for line in lines] == [filled[1]]
    protocol = lines[0]["protocol"]
    assert [one["protocol"] for one in (await read(story, "register", q=protocol)).json()["items"]] == [protocol]
    number = str(int(protocol.split("/")[1]))
    assert protocol in [one["protocol"] for one in (await read(story, "register", q=number)).json()["items"]]
    by_party = (await read(story, "register", q="fondazione bracco", year=int(protocol[:4]))).json()["items"]
    assert {one["agreement_id"] for one in by_party} >= set(filled)
    assert (await read(story, "register", year=1999)).json()["items"] == []
    area = (await read(story, "register", area="food_poverty", instrument="donazione")).json()["items"]
    assert [line["agreement_id"] for line in area] == [filled[0]]
    assert (await read(story, "register", instrument="sponsorizzazione")).json()["items"] == []
    assert (await read(story, "register", q="parties")).json()["items"] == []


@pytest.mark.integration
async def test_the_pages_of_the_feed_lead_forth_and_back(
    story: Story, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.agreements.api_register.FEED_SIZE", 1)
    client = story.desk.client()
    first = (await read(story, "register.atom", q="Impegno")).content
    assert violations(first) == []
    assert "previous" not in links(first)
    second = (await client.get(links(first)["next"])).content
    third = (await client.get(links(second)["next"])).content
    assert [titles(one)[0][-18:] for one in (first, second, third)] == [
        f"Impegno {number} «scuola»" for number in (2, 1, 0)
    ]
    assert "next" not in links(third)
    back = (await client.get(links(third)["previous"])).content
    assert titles(back) == titles(second)
    assert titles((await client.get(links(back)["previous"])).content) == titles(first)
    assert "previous" not in links((await client.get(links(back)["previous"])).content)
    assert links(third)["first"] == links(first)["first"]


@pytest.mark.integration
async def test_what_the_client_has_is_not_sent_again(story: Story, filled: list[str]) -> None:
    client = story.desk.client()
    for path in ("register", "register.atom", "notices", "notices.atom"):
        answer = await client.get(f"{API}/{path}")
        tag = answer.headers["etag"]
        same = await client.get(f"{API}/{path}", headers={"If-None-Match": f'"x", W/{tag}'})
        assert (same.status_code, same.content) == (304, b""), path
        other = await client.get(f"{API}/{path}", headers={"If-None-Match": '"other"'})
        assert other.status_code == 200
    answer = await client.get(f"{API}/register")
    known = {"If-Modified-Since": answer.headers["last-modified"]}
    assert (await client.get(f"{API}/register", headers=known)).status_code == 304
    assert (await client.get(f"{API}/register", headers={"If-Modified-Since": "soon"})).status_code == 200
    old = {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    assert (await client.get(f"{API}/register", headers=old)).status_code == 200


@pytest.mark.integration
async def test_the_table_holds_every_line_and_no_formula(
    story: Story, filled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.agreements.made_once.AT_ONCE", 2)
    await story.signed(donation(need_title="=HYPERLINK(x)"))
    rows = list(csv.DictReader(io.StringIO((await read(story, "register.csv")).text)))
    assert {row["agreement_id"] for row in rows} >= set(filled)
    assert len(rows) == len({row["agreement_id"] for row in rows})
    assert "'=HYPERLINK(x)" in {row["title"] for row in rows}
    assert {row["value_eur"] for row in rows if row["agreement_id"] in filled} == {"3000.00"}


@pytest.mark.integration
async def test_an_entry_can_be_recomputed_from_its_open_data(story: Story, filled: list[str]) -> None:
    from services.agreements.domain.register import Disclosure, Entry, digest

    line = (await read(story, "register", q="Impegno 1")).json()["items"][0]
    entry = (await read(story, f"register/{line['protocol']}")).json()
    for act in entry["acts"]:
        made = Entry.model_validate(act["entry"])
        assert digest(made) == made.hash
        for words in act["disclosed"]:
            one = Disclosure.model_validate(words)
            assert made.commitments[one.name] == one.commitment()
    assert entry["acts"][-1]["entry"]["document_sha256"] == line["document_sha256"]
    missing = await story.desk.client().get(f"{API}/register/2026/999999")
    assert missing.status_code == 404


@pytest.mark.integration
async def test_the_pages_show_what_there_is_and_what_to_do_without(story: Story, filled: list[str]) -> None:
    client = story.desk.client()
    html = {"Accept": "text/html"}
    shown = (await client.get("/agreements/register?q=Impegno+1", headers=html)).text
    assert "Impegno 1" in shown
    assert "Impegno 2" not in shown
    nothing = (await client.get("/agreements/register?q=zzz", headers=html)).text
    assert "No agreement fits this search." in nothing
    line = (await read(story, "register", q="Impegno 1")).json()["items"][0]
    year, number = (int(part) for part in line["protocol"].split("/"))
    entry = (await client.get(f"/agreements/register/{year}/{number}", headers=html)).text
    assert line["document_sha256"] in entry
    assert "How to verify" in entry
    assert "Hide or erase" not in entry
    legal = (await story.as_(LEGAL).get(f"/agreements/register/{year}/{number}", headers=html)).text
    assert "Hide or erase" in legal
    for address in ("register?year=0", "register?q=%00"):
        assert (await client.get(f"/agreements/{address}", headers=html)).status_code in (400, 422), address
    for address in ("register/2026/0", "register/1/1", "register/2026/999999"):
        assert (await client.get(f"/agreements/{address}", headers=html)).status_code == 404, address
