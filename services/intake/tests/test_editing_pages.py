"""Needs and offers changed on their pages, and forms with more or fewer lines."""

from __future__ import annotations

import html
import re

import pytest

from contracts.events.intake import NeedChanged, OfferChanged
from services.intake.endpoints.views import BalanceView, OfferView
from services.intake.tests.city import API, City, a_need, an_offer

pytestmark = pytest.mark.integration
PAGE = {"Accept": "text/html"}


def fields_of(page: str) -> dict[str, str | list[str]]:
    """What a browser would send of the form on the page, left as it is."""
    form = re.search(r'<form class="shell-form".*?</form>', page, re.S)[0]
    found: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if not name:
            continue
        if 'type="checkbox"' in tag or 'type="radio"' in tag:
            if " checked" in tag:
                found.setdefault(name[1], []).append(html.unescape(value[1]))
        else:
            found[name[1]] = html.unescape(value[1])
    for name, inner in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen else ""
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = html.unescape(inner)
    return found


RICH = {
    "description": "Sei aule",
    "beneficiaries": "famiglie",
    "requires": ["delivery"],
    "place": {"label": "Scuola di via Esempio", "nil": 14, "municipio": 9, "latitude": 45.5, "longitude": 9.2},
    "valid_until": "2099-03-01T10:00:00+00:00",
    "only_in": {"nils": [14, 15, 16, 1], "municipi": [9]},
    "lines": [
        {
            "kind": "goods",
            "unit": "C62",
            "quantity": "1.125",
            "recurrence": {"every": "month", "times": 12},
            "unit_value_cents": 1234567,
            "cpv": "30213100",
        },
        {"kind": "service", "unit": "DAY", "quantity": "3.5", "capability": "delivery", "min_lot": "0.5"},
    ],
}


@pytest.mark.parametrize("language", ["it", "en"])
async def test_a_need_sent_back_as_it_was_shown_is_not_changed(open_city: City, language: str) -> None:
    enel = await open_city.stakeholder()
    need = await open_city.need(**RICH, receivers=[enel["id"]], excluded_stakeholder_types=["university"])
    async with open_city.department() as client:
        page = await client.get(f"/intake/needs/{need['id']}", headers=PAGE)
        assert f"/intake/needs/{need['id']}/edit" in page.text
        edit = await client.get(f"/intake/needs/{need['id']}/edit?lang={language}", headers=PAGE)
        same = await client.post(f"/intake/needs/{need['id']}/edit", data=fields_of(edit.text), headers=PAGE)
        assert same.status_code == 303, same.text
        assert (await client.get(f"{API}/needs/{need['id']}")).json()["version"] == need["version"]
        typed = fields_of(edit.text) | {"title": "Un altro titolo", "idempotency_key": ""}
        done = await client.post(f"/intake/needs/{need['id']}/edit", data=typed, headers=PAGE)
        assert done.status_code == 303
    [event] = await open_city.events(NeedChanged)
    assert event.title == "Un altro titolo"
    assert event.place.latitude == 45.5
    assert event.valid_until.hour == 10


async def test_what_has_no_label_of_ours_stays_when_something_else_is_changed(open_city: City) -> None:
    """Departments' own systems may name capabilities and areas that no page knows."""
    line = {"kind": "service", "unit": "DAY", "quantity": "3", "capability": "crane"}
    need = await open_city.need(policy_area="urban_gardens", requires=["delivery", "scaffold"], lines=[line])
    enel = (await open_city.stakeholder())["id"]
    async with open_city.department() as client:
        address = f"/intake/needs/{need['id']}/edit"
        typed = fields_of((await client.get(address, headers=PAGE)).text) | {"title": "Altro"}
        assert (await client.post(address, data=typed, headers=PAGE)).status_code == 303
    async with open_city.partner() as client:
        body = an_offer(enel, lines=[line], excluded_policy_areas=["urban_gardens"])
        offer = (await client.post(f"{API}/offers", json=body)).json()
        address = f"/intake/offers/{offer['id']}/edit"
        typed = fields_of((await client.get(address, headers=PAGE)).text) | {"title": "Altro"}
        assert (await client.post(address, data=typed, headers=PAGE)).status_code == 303
    [asked], [offered] = await open_city.events(NeedChanged), await open_city.events(OfferChanged)
    assert (asked.policy_area, asked.requires, asked.lines[0].capability) == (
        "urban_gardens",
        ("delivery", "scaffold"),
        "crane",
    )
    assert (offered.excluded_policy_areas, offered.lines[0].capability) == (("urban_gardens",), "crane")


async def test_who_was_slower_is_told_and_loses_no_word(open_city: City) -> None:
    need = await open_city.need()
    address = f"/intake/needs/{need['id']}/edit"
    async with open_city.department() as client:
        typed = fields_of((await client.get(address, headers=PAGE)).text)
        await client.post(address, data=typed | {"title": "Prima"}, headers=PAGE)
        slower = await client.post(address, data=typed | {"title": "Dopo", "idempotency_key": "2"}, headers=PAGE)
        assert slower.status_code == 412
        assert "Somebody else changed this in the meantime" in slower.text
        again = fields_of(slower.text)
        assert again["title"] == "Dopo"
        assert (await client.post(address, data=again, headers=PAGE)).status_code == 303
    assert [event.title for event in await open_city.events(NeedChanged)] == ["Prima", "Dopo"]


async def test_an_offer_is_changed_by_those_who_act_for_its_giver(open_city: City) -> None:
    enel = await open_city.stakeholder()
    async with open_city.partner() as client:
        body = an_offer(
            enel["id"], excluded_policy_areas=["food_poverty"], place={"label": "Municipio 3", "municipio": 3}
        )
        offer = (await client.post(f"{API}/offers", json=body)).json()
        address = f"/intake/offers/{offer['id']}/edit"
        edit = await client.get(address, headers=PAGE)
        typed = fields_of(edit.text) | {"lines.0.quantity": "200"}
        wrong = await client.post(address, data=typed | {"title": ""}, headers=PAGE)
        assert (wrong.status_code, 'href="#field-title"' in wrong.text) == (422, True)
        done = await client.post(address, data=typed, headers=PAGE)
        assert (done.status_code, done.headers["location"]) == (303, f"/intake/offers/{offer['id']}")
    [event] = await open_city.events(OfferChanged)
    assert (event.lines[0].quantity, event.excluded_policy_areas, event.place.municipio) == (200, ("food_poverty",), 3)
    async with open_city.partner("stranger") as client:
        assert (await client.get(address, headers=PAGE)).status_code == 403
        assert (await client.post(address, data=typed, headers=PAGE)).status_code == 403


async def test_what_is_closed_is_not_changed_any_more(open_city: City) -> None:
    need = await open_city.need()
    async with open_city.department() as client:
        await client.post(f"/intake/needs/{need['id']}/withdraw", data={}, headers=PAGE)
        edit = await client.get(f"/intake/needs/{need['id']}/edit", headers=PAGE)
    assert (edit.status_code, edit.headers["location"]) == (303, f"/intake/needs/{need['id']}")


async def test_who_is_slower_than_the_end_is_not_asked_to_save_again(open_city: City) -> None:
    need, enel = await open_city.need(), await open_city.stakeholder()
    async with open_city.department() as client:
        address = f"/intake/needs/{need['id']}/edit"
        typed = fields_of((await client.get(address, headers=PAGE)).text)
        await client.post(f"/intake/needs/{need['id']}/withdraw", data={}, headers=PAGE)
        late = await client.post(address, data=typed | {"title": "Tardi"}, headers=PAGE)
        assert (late.status_code, late.headers["location"]) == (303, f"/intake/needs/{need['id']}")
        assert "no longer open" in (await client.get(late.headers["location"], headers=PAGE)).text
    async with open_city.partner() as client:
        offer = (await client.post(f"{API}/offers", json=an_offer(enel["id"]))).json()
        address = f"/intake/offers/{offer['id']}/edit"
        typed = fields_of((await client.get(address, headers=PAGE)).text)
        await client.post(f"/intake/offers/{offer['id']}/withdraw", data={}, headers=PAGE)
        late = await client.post(address, data=typed | {"title": "Tardi"}, headers=PAGE)
        assert (late.status_code, late.headers["location"]) == (303, f"/intake/offers/{offer['id']}")


async def test_a_line_is_taken_away_and_the_others_move_up(open_city: City) -> None:
    typed = {"title": "Banchi"} | {f"lines.{row}.description": f"riga {row}" for row in range(3)}
    async with open_city.department() as client:
        less = await client.post("/intake/needs/new", data=typed | {"remove_line": "1"}, headers=PAGE)
        more = await client.post("/intake/needs/new", data=typed | {"add_line": "1"}, headers=PAGE)
    assert less.status_code == 200
    shown = fields_of(less.text)
    assert [shown[f"lines.{row}.description"] for row in range(2)] == ["riga 0", "riga 2"]
    assert "lines.2.description" not in shown
    assert 'formaction="/intake/needs/new#field-lines-4"' in more.text
    assert re.search(r'id="field-lines-3"[^>]*tabindex="-1"', more.text)
    first = re.search(r"<form class=\"shell-form\".*?<button([^>]*)>", more.text, re.S)[1]
    assert "name=" not in first, "Enter sends the form"


async def test_errors_of_the_rules_are_shown_at_the_row_they_were_typed_in(open_city: City) -> None:
    typed = {
        "title": "Banchi",
        "policy_area": "underprivileged_schools",
        "lines.0.description": "",
        "lines.1.kind": "goods",
        "lines.1.unit": "XXX",
        "lines.1.quantity": "3",
    }
    async with open_city.department() as client:
        answer = await client.post("/intake/needs/new", data=typed, headers=PAGE)
    assert 'href="#field-lines-1-unit"' in answer.text


async def test_what_keeps_an_offer_from_its_need_is_said_after_sending(open_city: City) -> None:
    need = (await open_city.need(lines=[{"kind": "goods", "unit": "C62", "quantity": "100", "min_lot": "50"}]))["id"]
    enel = await open_city.stakeholder()
    line = {"lines.0.kind": "goods", "lines.0.unit": "C62"}
    typed = {"title": "Portatili", "stakeholder_id": enel["id"], "answers_need_id": need, **line}
    said = {
        "10": "less than the smallest lot the need takes (50)",
        "600": "600 are offered where 100 are asked",
        "70,5": "70.5 pieces: these are usually counted in whole numbers",
    }
    async with open_city.partner() as client:
        for quantity, words in said.items():
            done = await client.post("/intake/offers/new", data=typed | {"lines.0.quantity": quantity}, headers=PAGE)
            page = await client.get(done.headers["location"], headers=PAGE)
            assert words in page.text
            assert "/edit" in page.text
        other = {"lines.0.kind": "service", "lines.0.unit": "HUR", "lines.0.quantity": "8"}
        done = await client.post("/intake/offers/new", data=typed | other, headers=PAGE)
        assert "no line is of the kind" in (await client.get(done.headers["location"], headers=PAGE)).text.lower()
        fine = await client.post("/intake/offers/new", data=typed | {"lines.0.quantity": "60"}, headers=PAGE)
        assert fine.headers["location"] == "/intake/mine"
    async with open_city.client("reader", "legal") as client:
        assert "less than the smallest" not in (await client.get(page.url.path, headers=PAGE)).text


async def test_an_excluded_giver_is_not_told(open_city: City) -> None:
    enel = await open_city.stakeholder()
    need = await open_city.need(**a_need(excluded_stakeholders=[enel["id"]]))
    typed = {"title": "Portatili", "stakeholder_id": enel["id"], "answers_need_id": need["id"]}
    line = {"lines.0.kind": "goods", "lines.0.unit": "C62", "lines.0.quantity": "20"}
    async with open_city.partner() as client:
        done = await client.post("/intake/offers/new", data=typed | line, headers=PAGE)
    assert done.headers["location"] == "/intake/mine"


@pytest.mark.parametrize(
    ("free", "reserved", "open_ended", "given"),
    [(0, 0, False, True), (1, 0, False, False), (0, 1, False, False), (0, 0, True, False)],
)
def test_an_offer_is_given_when_nothing_is_left_to_give_or_take_back(
    free: int, reserved: int, open_ended: bool, given: bool
) -> None:
    amounts = {"total": 10, "free": free, "reserved": reserved, "committed": 5, "delivered": 0, "shortfall": 0}
    balance = BalanceView.model_construct(line=0, unit="C62", open_ended=open_ended, **amounts)
    assert OfferView.model_construct(state="open", lines=(1,), balances=[balance]).given == given
    assert not OfferView.model_construct(state="withdrawn", lines=(1,), balances=[balance]).given
    assert not OfferView.model_construct(state="open", lines=(1,), balances=[]).given
