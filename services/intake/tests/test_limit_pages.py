"""Limits as people type and read them: forms, pages, and the columns of a spreadsheet."""

from __future__ import annotations

import html
import re

import pytest

from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.neighbourhoods import name_of
from contracts.places import Place, PlaceLimit
from services.intake.tests.city import API, City

pytestmark = pytest.mark.integration
PAGE = {"Accept": "text/html"}

# -- from a spreadsheet ----------------------------------------------------------------------------------

COLUMNS = "external_ref title policy_area kind quantity unit min_lot only_in_nils only_in_municipi"
TABLE = f"""{";".join(COLUMNS.split())};excluded_stakeholder_types
L/1;Banchi;underprivileged_schools;goods;30;C62;7,5;14 15;9;company|university
L/2;Sedie;underprivileged_schools;goods;30;C62;31;;;
L/3;Tavoli;underprivileged_schools;goods;30;C62;;nove;;
"""


async def test_a_table_has_limits_in_columns_of_their_own(open_city: City) -> None:
    async with open_city.department() as client:
        headers = {"Content-Type": "text/csv; charset=utf-8"}
        answer = await client.post(f"{API}/imports", content=TABLE.encode(), headers=headers)
    assert answer.status_code == 201, answer.text
    first, lot, place = answer.json()["needs"]
    assert [one["outcome"] for one in (first, lot, place)] == ["created", "refused", "refused"]
    assert [one["pointer"] for one in lot["errors"]] == ["/lines/0/min_lot"]
    assert [one["pointer"] for one in place["errors"]] == ["/only_in/nils/0"]
    [event] = await open_city.events(NeedRegistered)
    assert event.only_in == PlaceLimit(nils=(14, 15), municipi=(9,))
    assert event.excluded_stakeholder_types == ("company", "university")
    assert str(event.lines[0].min_lot) == "7.5"


# -- pages -----------------------------------------------------------------------------------------------


def a_need_form(**more: str) -> dict[str, str]:
    return {
        "title": "Portatili",
        "policy_area": "digital_poverty",
        "lines.0.kind": "goods",
        "lines.0.quantity": "100",
        "lines.0.unit": "C62",
    } | more


def folded(html: str) -> bool:
    [opening] = re.findall(r'<details class="shell-panel" id="field-only_in"( open)?>', html)
    return not opening


async def test_limits_are_folded_on_the_form_until_there_is_something_to_see(open_city: City) -> None:
    await open_city.stakeholder(name="Enel Esclusa")
    async with open_city.department() as client:
        form = await client.get("/intake/needs/new", headers=PAGE)
        assert folded(form.text)
        again = await client.post(
            "/intake/needs/new", data=a_need_form(**{"only_in.municipi[]": "4", "title": ""}), headers=PAGE
        )
        assert again.status_code == 422
        assert not folded(again.text)
        assert 'name="only_in.municipi[]" value="4" checked' in again.text
        typed = a_need_form(area="nil-1", **{"only_in.nils.1": "14", "lines.0.min_lot": "2,5"})
        wrong = await client.post("/intake/needs/new", data=typed, headers=PAGE)
        assert wrong.status_code == 422
        assert 'href="#field-only_in"' in wrong.text
        assert "The place of the need lies outside of this limit" in wrong.text
        lot = await client.post(
            "/intake/needs/new",
            data=a_need_form(**{"lines.0.min_lot": "101"}),
            headers=PAGE | {"Accept-Language": "it"},
        )
        assert lot.status_code == 422
        assert "Il lotto minimo è più grande della quantità della riga" in html.unescape(lot.text)
        strange = await client.post("/intake/needs/new", data=a_need_form(area="nil-89"), headers=PAGE)
        assert 'href="#field-area"' in strange.text


async def test_a_need_with_limits_from_the_form_to_the_page(open_city: City) -> None:
    enel = await open_city.stakeholder(name="Enel Esclusa")
    typed = a_need_form(
        area="nil-14",
        **{
            "only_in.municipi[]": "9",
            "only_in.nils.0": "1",
            "lines.0.min_lot": "2,5",
            "excluded_stakeholders.0": enel["id"],
            "excluded_stakeholder_types[]": "university",
        },
    )
    async with open_city.department() as client:
        done = await client.post("/intake/needs/new", data=typed, headers=PAGE)
        assert done.status_code == 303, done.text
        [event] = await open_city.events(NeedRegistered)
        assert event.only_in == PlaceLimit(nils=(1,), municipi=(9,))
        assert event.place == Place(label=name_of(14), nil=14, municipio=9)
        assert [str(one) for one in event.excluded_stakeholders] == [enel["id"]]
        own = await client.get(f"/intake/needs/{event.need_id}", headers=PAGE)
    for words in ("Municipio 9, NIL Duomo", "Enel Esclusa, University", "at least 2.5 pieces at a time"):
        assert words in own.text
    for reader in (open_city.partner(), open_city.department("environment")):
        async with reader as client:
            page = await client.get(f"/intake/needs/{event.need_id}", headers=PAGE)
            home = await client.get("/", headers=PAGE)
        assert "Municipio 9, NIL Duomo" in page.text
        for shown in (page.text, home.text):
            assert "Enel Esclusa" not in shown
            assert enel["id"] not in shown


async def test_an_offer_with_limits_from_the_form_to_the_page(open_city: City) -> None:
    enel = await open_city.stakeholder()
    typed = {
        "stakeholder_id": enel["id"],
        "title": "Portatili",
        "lines.0.kind": "goods",
        "lines.0.quantity": "100",
        "lines.0.unit": "C62",
        "lines.0.min_lot": "20",
        "area": "municipio-2",
        "only_in.nils.0": "14",
        "excluded_policy_areas[]": "food_poverty",
        "excluded_departments[]": "environment",
    }
    own = open_city.client("partner-1", "partner", stakeholders=frozenset({enel["id"]}))
    async with own as client:
        form = await client.get("/intake/offers/new", headers=PAGE)
        assert folded(form.text)
        assert "excluded_receivers" not in form.text, "whom the city knows is not listed to everybody"
        done = await client.post("/intake/offers/new", data=typed, headers=PAGE)
        assert done.status_code == 303, done.text
        [event] = await open_city.events(OfferReceived)
        page = await client.get(f"/intake/offers/{event.offer_id}", headers=PAGE)
    assert (event.place, event.only_in) == (Place(label="Municipio 2", municipio=2), PlaceLimit(nils=(14,)))
    assert (event.excluded_departments, event.lines[0].min_lot) == (("environment",), 20)
    for words in ("Only for use in", "NIL Niguarda", "Environment, Food poverty", "at least 20 pieces at a time"):
        assert words in page.text
