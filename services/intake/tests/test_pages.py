"""Pages, as people use them without scripts."""

import re

import pytest

from contracts.events.intake import NeedRegistered, OfferReceived, StakeholderRegistered, StakeholderVetted
from services.intake.tests.city import API, a_submission, an_offer

pytestmark = pytest.mark.integration
PAGE = {"Accept": "text/html"}


def key_in(html: str) -> str:
    return re.search(r'name="idempotency_key" value="([^"]+)"', html)[1]


def an_offer_form(**more):
    return {
        "title": "Portatili",
        "lines.0.kind": "goods",
        "lines.0.quantity": "2,5",
        "lines.0.unit": "C62",
        "lines.0.unit_value_cents": "200,50",
    } | more


async def test_open_needs_are_on_the_front_page_and_can_be_searched(open_city):
    need = await open_city.need(title="Laptop per studenti")
    await open_city.need(title="Pane e latte", policy_area="food_poverty")
    async with open_city.partner() as client:
        home = await client.get("/", headers=PAGE)
        found = await client.get("/", params={"q": "laptop"}, headers=PAGE)
        none = await client.get("/", params={"q": "astronavi", "kind": "space"}, headers=PAGE)
        italian = await client.get("/?lang=it", headers=PAGE)
    assert "Laptop per studenti" in home.text
    assert "Pane e latte" in home.text
    assert f"/intake/offers/new?need={need['id']}" in found.text
    assert "Pane e latte" not in found.text
    assert "No open need matches" in none.text
    assert "Di che cosa ha bisogno la città" in italian.text
    async with open_city.partner() as client:
        page = await client.get(f"/intake/needs/{need['id']}", headers=PAGE)
    assert "271 pieces" in page.text


async def test_a_partner_offers_and_registers_its_organisation_on_the_way(open_city):
    need = await open_city.need()
    async with open_city.partner() as client:
        form = await client.get(f"/intake/offers/new?need={need['id']}", headers=PAGE)
        key = key_in(form.text)
        typed = an_offer_form(answers_need_id=need["id"], idempotency_key=key)
        more = await client.post("/intake/offers/new", data=typed | {"add_line": "1"}, headers=PAGE)
        assert 'name="lines.1.kind"' in more.text
        assert 'value="Portatili"' in more.text
        wrong = await client.post("/intake/offers/new", data=typed | {"title": "", "lines.0.unit": ""}, headers=PAGE)
        assert wrong.status_code == 422
        assert 'href="#field-title"' in wrong.text
        assert 'href="#field-lines-0-unit"' in wrong.text
        who = await client.post("/intake/offers/new", data=typed, headers=PAGE)
        assert who.status_code == 422
        assert 'href="#field-new_name"' in who.text
        whole = typed | {"new_name": "Enel", "new_type": "company"}
        done = await client.post("/intake/offers/new", data=whole, headers=PAGE)
        again = await client.post("/intake/offers/new", data=whole, headers=PAGE)
        assert (done.status_code, again.status_code) == (303, 303)
        mine = await client.get("/intake/mine", headers=PAGE)
    assert "Enel" in mine.text
    assert "Portatili" in mine.text
    assert "Persona di Prova" in mine.text  # the account manager's name
    [offer] = await open_city.events(OfferReceived)
    assert (str(offer.lines[0].quantity), offer.lines[0].unit_value_cents) == ("2.5", 20050)
    assert str(offer.answers_need_id) == need["id"]
    assert len(await open_city.events(StakeholderRegistered)) == 1
    async with open_city.partner() as client:
        left = await client.post(f"/intake/offers/{offer.offer_id}/withdraw", data={}, headers=PAGE)
        assert left.status_code == 303


async def test_an_account_without_any_role_becomes_a_partner_with_its_first_offer(open_city):
    typed = an_offer_form(new_name="Tabacchi", new_type="company")
    async with open_city.client("newcomer") as client:
        assert 'href="/intake/offers/new"' in (await client.get("/", headers=PAGE)).text
        done = await client.post("/intake/offers/new", data=typed, headers=PAGE)
        mine = await client.get("/intake/mine", headers=PAGE)
        [organisation] = (await client.get(f"{API}/stakeholders")).json()["items"]
        [offer] = (await client.get(f"{API}/offers")).json()["items"]
        page = await client.get(f"/intake/offers/{offer['id']}", headers=PAGE)
    assert done.status_code == 303
    assert "Tabacchi" in mine.text
    assert 'href="/matching/proposals"' in mine.text
    assert page.status_code == 200
    async with open_city.manager() as manager:
        left = {"subject": "newcomer", "active": False}
        assert (await manager.post(f"{API}/stakeholders/{organisation['id']}/members", json=left)).status_code == 200
    async with open_city.client("newcomer") as client:
        assert (await client.get(f"{API}/offers")).json()["items"] == []
        assert (await client.get(f"/intake/offers/{offer['id']}", headers=PAGE)).status_code == 403


async def test_a_member_of_the_staff_does_not_act_for_an_organisation(open_city):
    one = await open_city.stakeholder()
    async with open_city.partner() as client:
        lawyer = {"subject": "lawyer"}
        assert (await client.post(f"{API}/stakeholders/{one['id']}/members", json=lawyer)).status_code == 200
    async with open_city.client("lawyer", "legal") as client:
        assert (await client.post(f"{API}/offers", json=an_offer(one["id"]))).status_code == 403


async def test_a_department_registers_a_need_and_finds_it_among_its_own(open_city):
    async with open_city.department() as client:
        form = await client.get("/intake/needs/new", headers=PAGE)
        typed = {
            "idempotency_key": key_in(form.text),
            "title": "Banchi",
            "policy_area": "underprivileged_schools",
            "lines.0.kind": "goods",
            "lines.0.quantity": "30",
            "lines.0.unit": "C62",
            "requires[]": ["delivery"],
        }
        done = await client.post("/intake/needs/new", data=typed, headers=PAGE)
        past = await client.post(
            "/intake/needs/new", data=typed | {"last_day": "2001-01-01", "idempotency_key": ""}, headers=PAGE
        )
        mine = await client.get("/intake/mine", headers=PAGE)
    assert done.status_code == 303
    assert past.status_code == 422
    assert "Banchi" in mine.text
    [event] = await open_city.events(NeedRegistered)
    assert (event.department, event.requires) == ("education", ("delivery",))


async def test_an_account_manager_admits_and_refuses_with_a_reason(open_city):
    one, other = await open_city.stakeholder(name="Enel"), await open_city.stakeholder(name="Tabacchi")
    async with open_city.manager() as client:
        queue = await client.get("/intake/stakeholders", headers=PAGE)
        assert "Enel" in queue.text
        await client.post(f"/intake/stakeholders/{one['id']}/vet", data={"outcome": "approved"}, headers=PAGE)
        bare = await client.post(f"/intake/stakeholders/{other['id']}/vet", data={"outcome": "refused"}, headers=PAGE)
        assert bare.status_code == 303
        assert len(await open_city.events(StakeholderVetted)) == 1
        reasoned = {"outcome": "refused", "reason": "settore escluso"}
        await client.post(f"/intake/stakeholders/{other['id']}/vet", data=reasoned, headers=PAGE)
        refused = await client.get("/intake/stakeholders?vetting=refused", headers=PAGE)
    assert "settore escluso" in refused.text
    assert [event.outcome for event in await open_city.events(StakeholderVetted)] == ["approved", "refused"]
    async with open_city.partner() as client:
        assert (await client.get("/intake/stakeholders", headers=PAGE)).status_code == 403


async def test_an_account_manager_says_who_covers(open_city):
    async with open_city.manager("manager-2") as client:
        done = await client.post("/intake/availability", data={"presence": "here"}, headers=PAGE)
        assert done.status_code == 303
    async with open_city.manager() as client:
        page = await client.get("/intake/availability", headers=PAGE)
        assert 'value="manager-2"' in page.text
        when = await client.post("/intake/availability", data={"presence": "away"}, headers=PAGE)
        assert 'href="#field-away_until"' in when.text
        typed = {"presence": "away", "away_until": "2099-01-01", "covered_by": "nobody"}
        who = await client.post("/intake/availability", data=typed, headers=PAGE)
        assert 'href="#field-covered_by"' in who.text
        done = await client.post("/intake/availability", data=typed | {"covered_by": "manager-2"}, headers=PAGE)
        assert done.status_code == 303
        [first, _second] = (await client.get(f"{API}/account-managers")).json()["items"]
    assert first["absence"]["covered_by"] == "manager-2"


async def test_refused_submissions_and_the_state_of_the_services_have_a_page(open_city):
    await open_city.send(a_submission("B/7", receivers=["ghost"]))
    await open_city.rejections()
    async with open_city.client("ops", "operations") as client:
        rejected = await client.get("/intake/rejected?lang=it", headers=PAGE)
        operations = await client.get("/intake/operations?lang=en", headers=PAGE)
    assert "B/7" in rejected.text
    assert "nessuna organizzazione" in rejected.text
    assert operations.status_code == 200
    assert "does not answer" in operations.text  # the other services do not run here


@pytest.mark.parametrize("path", ["/accessibility", "/source", "/licence", "/intake/asyncapi.json"])
async def test_the_site_has_its_own_pages(open_city, path):
    async with open_city.running.client() as client:
        answer = await client.get(path, headers=PAGE)
    assert answer.status_code == 200


async def test_guests_are_asked_to_log_in_before_they_offer(open_city):
    async with open_city.running.client() as client:
        answer = await client.get("/intake/offers/new", headers=PAGE)
        assert answer.status_code == 401
        need = await open_city.need(title="Banchi per due aule")
        page = await client.get(f"/intake/offers/new?need={need['id']}&lang=it", headers=PAGE)
        assert f'/auth/login?next=/intake/offers/new%3Fneed%3D{need["id"]}"' in page.text
        assert "Perché serve" in page.text
        assert (await client.get(f"{API}/offers")).status_code == 401


async def test_the_pages_that_work_items_lead_to(open_city):
    contact = {"name": "Ada Rossi", "email": "ada@example.org"}
    one, need = await open_city.stakeholder(contact=contact), await open_city.need()
    async with open_city.partner() as client:
        offer = (await client.post(f"{API}/offers", json=an_offer(one["id"]))).json()
    for path, page in (("offers", offer), ("needs", need)):
        who = open_city.partner() if path == "offers" else open_city.department()
        async with who as client:
            address = f"/intake/{path}/{page['id']}"
            past = await client.post(f"{address}/renew", data={"last_day": "2001-01-01"}, headers=PAGE)
            assert (past.status_code, 'href="#field-last_day"' in past.text) == (422, True)
            done = await client.post(f"{address}/renew", data={"last_day": "2099-01-01"}, headers=PAGE)
            assert done.status_code == 303
            assert "2099" in (await client.get(f"{address}?lang=en", headers=PAGE)).text
    async with open_city.manager() as manager, open_city.partner("stranger") as stranger:
        page = await manager.get(f"/intake/stakeholders/{one['id']}", headers=PAGE)
        assert "ada@example.org" in page.text
        assert f"/intake/stakeholders/{one['id']}/vet" in page.text
        assert offer["title"] in page.text
        assert (await stranger.get(f"/intake/stakeholders/{one['id']}", headers=PAGE)).status_code == 403
        assert (await stranger.get(f"/intake/offers/{offer['id']}", headers=PAGE)).status_code == 403
