"""Offers and stakeholders over HTTP."""

import pytest

from contracts.events.intake import (
    AccountManagerAssigned,
    OfferChanged,
    OfferReceived,
    OfferWithdrawn,
    StakeholderMembershipChanged,
    StakeholderRegistered,
    StakeholderVetted,
)
from services.intake.tests.city import API, LINE, an_offer

pytestmark = pytest.mark.integration
CONTACT = {"name": "Ada Rossi", "email": "ada@example.org", "phone": "+39 02 1234"}


async def test_a_partner_registers_its_organisation_and_offers_in_two_calls(open_city):
    one = await open_city.stakeholder(external_ref="enel", contact=CONTACT)
    assert (one["type"], one["vetting"], one["account_manager_id"]) == ("company", "pending", "manager-1")
    async with open_city.partner() as client:
        answer = await client.post(f"{API}/offers", json=an_offer(one["id"], external_ref="o-1"))
        again = await client.post(f"{API}/offers", json=an_offer(one["id"], external_ref="o-1"))
    assert (answer.status_code, again.status_code) == (201, 200)
    assert answer.json()["account_manager_id"] == "manager-1"
    [registered] = await open_city.events(StakeholderRegistered)
    [assigned] = await open_city.events(AccountManagerAssigned)
    [joined] = await open_city.events(StakeholderMembershipChanged)
    [received] = await open_city.events(OfferReceived)
    assert (registered.version, assigned.version, joined.version) == (1, 2, 3)
    assert joined.subject == "partner-1"
    assert str(received.stakeholder_id) == one["id"]


async def test_a_known_reference_makes_nobody_a_member(open_city):
    one = await open_city.stakeholder(external_ref="enel", contact=CONTACT)
    async with open_city.partner("stranger") as client:
        again = await client.post(
            f"{API}/stakeholders", json={"name": "Enel", "type": "company", "external_ref": "enel"}
        )
        offered = await client.post(f"{API}/offers", json=an_offer(one["id"]))
        read = await client.get(f"{API}/stakeholders/{one['id']}")
    assert (again.status_code, again.json()["id"]) == (200, one["id"])
    assert offered.status_code == 403
    assert read.status_code == 404


async def test_why_an_organisation_was_refused_is_not_for_strangers(open_city):
    one = await open_city.stakeholder(external_ref="enel", contact=CONTACT)
    address = f"{API}/stakeholders/{one['id']}"
    async with open_city.manager() as manager:
        refused = await manager.post(f"{address}/vet", json={"outcome": "refused", "reason": "bilanci mancanti"})
    assert refused.status_code == 200, refused.text
    async with open_city.partner("stranger") as stranger:
        again = await stranger.post(
            f"{API}/stakeholders", json={"name": "E", "type": "company", "external_ref": "enel"}
        )
        assert (again.status_code, again.json().get("vetting_reason")) == (200, None)
        assert (await stranger.get(address)).status_code == 404
    async with open_city.partner() as member, open_city.department() as officer:
        own, seen = (await member.get(address)).json(), (await officer.get(address)).json()
    assert (own["vetting_reason"], own["contact"]) == ("bilanci mancanti", CONTACT)
    assert (seen["vetting_reason"], seen["contact"]) == ("bilanci mancanti", None)


async def test_contacts_stay_inside_and_are_told_to_services_only(open_city):
    one = await open_city.stakeholder(contact=CONTACT)
    address = f"{API}/contacts/{one['id']}"
    token = open_city.running.settings.service_token.get_secret_value()
    async with open_city.running.client() as client:
        params = {"city": open_city.code}
        told = await client.get(address, params=params, headers={"Authorization": f"Service {token}"})
        wrong = await client.get(address, params=params, headers={"Authorization": "Service guess"})
        bearer = await client.get(address, params=params)
    assert told.json() == CONTACT | {"stakeholder_id": one["id"]}
    assert (wrong.status_code, bearer.status_code) == (401, 401)
    rows = await open_city.running.app.state.units.pool.fetch(
        "SELECT payload, headers::text FROM outbox WHERE city = $1", open_city.code
    )
    text = " ".join(row["payload"].decode() + row["headers"] for row in rows)
    assert not [secret for secret in CONTACT.values() if secret in text]


async def test_members_bring_members(open_city):
    one = await open_city.stakeholder()
    async with open_city.partner("colleague") as colleague, open_city.partner() as founder:
        assert (await colleague.post(f"{API}/offers", json=an_offer(one["id"]))).status_code == 403
        refused = await colleague.post(f"{API}/stakeholders/{one['id']}/members", json={"subject": "colleague"})
        added = await founder.post(f"{API}/stakeholders/{one['id']}/members", json={"subject": "colleague"})
        assert (refused.status_code, added.status_code) == (403, 200)
        assert (await colleague.post(f"{API}/offers", json=an_offer(one["id"]))).status_code == 201
        await founder.post(f"{API}/stakeholders/{one['id']}/members", json={"subject": "colleague", "active": False})
        assert (await colleague.post(f"{API}/offers", json=an_offer(one["id"]))).status_code == 403
    events = await open_city.events(StakeholderMembershipChanged)
    assert [(event.subject, event.active) for event in events] == [
        ("partner-1", True),
        ("colleague", True),
        ("colleague", False),
    ]


async def test_an_account_manager_vets_and_offers_on_behalf_with_a_note(open_city):
    one = await open_city.stakeholder()
    async with open_city.manager() as client:
        bare = await client.post(f"{API}/offers", json=an_offer(one["id"]))
        noted = await client.post(f"{API}/offers", json=an_offer(one["id"], note="per telefono, 20 novembre"))
        silent = await client.post(f"{API}/stakeholders/{one['id']}/vet", json={"outcome": "refused"})
        vetted = await client.post(f"{API}/stakeholders/{one['id']}/vet", json={"outcome": "approved"})
        again = await client.post(f"{API}/stakeholders/{one['id']}/vet", json={"outcome": "approved"})
    assert [error["pointer"] for error in bare.json()["errors"]] == ["/note"]
    assert noted.status_code == 201
    assert silent.status_code == 422
    assert vetted.json()["vetting"] == again.json()["vetting"] == "approved"
    assert len(await open_city.events(StakeholderVetted)) == 1
    async with open_city.partner() as client:
        assert (
            await client.post(f"{API}/stakeholders/{one['id']}/vet", json={"outcome": "approved"})
        ).status_code == 403


async def test_a_refused_organisation_offers_no_more(open_city):
    one = await open_city.stakeholder()
    async with open_city.manager() as client:
        await client.post(
            f"{API}/stakeholders/{one['id']}/vet", json={"outcome": "refused", "reason": "settore escluso"}
        )
    async with open_city.partner() as client:
        answer = await client.post(f"{API}/offers", json=an_offer(one["id"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "stakeholder-refused")


async def test_too_many_zeros_are_remarked_on_but_taken(open_city):
    one, need = await open_city.stakeholder(), await open_city.need()
    async with open_city.partner() as client:
        answer = await client.post(
            f"{API}/offers", json=an_offer(one["id"], answers_need_id=need["id"], lines=[LINE | {"quantity": "2710"}])
        )
        unknown = await client.post(f"{API}/offers", json=an_offer(one["id"], answers_need_id=one["id"]))
    assert answer.status_code == 201
    assert [one["code"] for one in answer.json()["warnings"]] == ["much-more-than-asked"]
    assert [error["code"] for error in unknown.json()["errors"]] == ["unknown-need"]


async def test_an_offer_is_changed_and_withdrawn_by_its_members(open_city):
    one = await open_city.stakeholder()
    async with open_city.partner() as client, open_city.partner("stranger") as stranger:
        offer = (await client.post(f"{API}/offers", json=an_offer(one["id"]))).json()
        address = f"{API}/offers/{offer['id']}"
        assert (await stranger.get(address)).status_code == 403
        assert (await stranger.patch(address, json={"title": "x"}, headers={"If-Match": "*"})).status_code == 403
        changed = await client.patch(address, json={"lines": [LINE | {"quantity": "100"}]}, headers={"If-Match": '"1"'})
        assert changed.json()["lines"][0]["quantity"] == "100"
        assert [item["id"] for item in (await client.get(f"{API}/offers")).json()["items"]] == [offer["id"]]
        assert (await stranger.get(f"{API}/offers")).json()["items"] == []
        assert (await client.post(f"{address}/withdraw")).json()["state"] == "withdrawn"
    assert len(await open_city.events(OfferChanged)) == 1
    assert len(await open_city.events(OfferWithdrawn)) == 1


async def test_a_claim_that_is_no_id_of_ours_opens_nothing(open_city):
    await open_city.stakeholder()
    async with open_city.client("odd", "partner", stakeholders=frozenset({"ACME-1"})) as client:
        for path in ("/intake/api/v1/offers", "/intake/api/v1/stakeholders"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["items"]) == (200, [])
        assert (await client.get("/intake/mine", headers={"Accept": "text/html"})).status_code == 200
