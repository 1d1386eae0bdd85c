"""Needs from a spreadsheet."""

import pytest

from contracts.events.intake import NeedRegistered
from services.intake.domain.imports import NotATable, drafts
from services.intake.tests.city import API

TABLE = """external_ref;title;policy_area;kind;quantity;unit;valid_until;requires
A/1;Banchi;underprivileged_schools;goods;30;C62;2099-12-31;delivery storage
A/2;Cibo;food_poverty;goods;2,5;KGM;;
A/1;;;service;3;E48;;
A/3;;food_poverty;goods;x;KGM;;
A/4;Unità strana;food_poverty;goods;1;QQ;;
"""
CSV = {"Content-Type": "text/csv; charset=utf-8"}


@pytest.mark.unit
def test_rows_with_one_reference_make_one_need():
    first, second, *_others = drafts(TABLE)
    assert (first.rows, second.rows) == ((2, 4), (3,))
    assert [line["kind"] for line in first.values["lines"]] == ["goods", "service"]
    assert first.values["requires"] == ["delivery", "storage"]
    assert second.values["lines"] == [{"kind": "goods", "quantity": "2.5", "unit": "KGM"}]


@pytest.mark.unit
@pytest.mark.parametrize("text", ["", "a,b\n1,2", TABLE.replace("title", "titolo"), "external_ref\n"])
def test_what_is_no_table_of_needs_is_said_to_be_none(text):
    with pytest.raises(NotATable):
        drafts(text)


@pytest.mark.integration
async def test_each_need_is_taken_or_refused_by_itself_and_again_changes_nothing(open_city):
    async with open_city.department() as client:
        first = await client.post(f"{API}/imports", content=TABLE.encode(), headers=CSV)
        again = await client.post(f"{API}/imports", content=TABLE.encode(), headers=CSV)
        other = await client.post(f"{API}/imports", content=TABLE.replace("Banchi", "Sedie").encode(), headers=CSV)
        read = await client.get(first.headers["location"])
        xlsx = await client.post(f"{API}/imports", content=b"PK", headers={"Content-Type": "application/zip"})
    assert first.status_code == 201, first.text
    assert first.json()["counts"] == {"created": 2, "refused": 2}
    refused = {need["external_ref"]: need["errors"] for need in first.json()["needs"] if need["errors"]}
    assert [error["pointer"] for error in refused["A/3"]] == ["/title", "/lines/0/quantity"]
    assert [error["pointer"] for error in refused["A/4"]] == ["/lines/0/unit"]
    assert again.json()["counts"] == {"unchanged": 2, "refused": 2}
    assert other.json()["counts"] == {"differs": 1, "unchanged": 1, "refused": 2}
    assert read.json() == first.json()
    assert xlsx.status_code == 415
    assert [event.title for event in await open_city.events(NeedRegistered)] == ["Banchi", "Cibo"]
    async with open_city.department("environment") as stranger:
        assert (await stranger.get(first.headers["location"])).status_code == 404
