"""Place limits, exclusions and smallest lots: what is taken, what is refused and where, and who sees them."""

from __future__ import annotations

import hashlib
from uuid import uuid4

import pytest

from chassis.testing import eventually
from contracts.events.departments import NeedUpdateSubmitted
from contracts.events.intake import NeedChanged, NeedRegistered, OfferChanged, OfferReceived
from contracts.places import Place, PlaceLimit
from contracts.values import Line
from services.intake.domain import needs, offers
from services.intake.domain.needs import NeedContent
from services.intake.domain.offers import OfferContent
from services.intake.tests.city import API, LINE, City, a_need, a_submission, an_offer
from services.intake.tests.test_domain import NOW

IN_FOUR = {"nils": [], "municipi": [4]}
NOBODY = "00000000-0000-7000-8000-000000000000"


def a_content(**more) -> NeedContent:
    return NeedContent(department="education", title="T", policy_area="a", lines=(Line(**LINE),), **more)


# -- the rules -------------------------------------------------------------------------------------------


@pytest.mark.unit
def test_a_content_without_limits_has_the_digest_it_always_had() -> None:
    line = (
        '{"kind":"goods","unit":"C62","quantity":"271","recurrence":null,"capability":null,"cpv":null,'
        '"description":null,"unit_value_cents":null,"total_value_cents":null}'
    )
    before = (
        '{"department":"education","with_departments":[],"title":"T","description":null,"beneficiaries":null,'
        f'"policy_area":"a","lines":[{line}],"requires":[],"receivers":[],"place":null,"window":null,'
        '"valid_until":null,"external_ref":null}'
    )
    assert a_content().digest() == hashlib.sha256(before.encode()).hexdigest()
    giver = uuid4()
    offer = OfferContent(stakeholder_id=giver, title="T", lines=(Line(**LINE),))
    before = (
        f'{{"stakeholder_id":"{giver}","partners":[],"title":"T","description":null,"policy_area":null,'
        f'"lines":[{line}],"expected_return":"none","answers_need_id":null,"place":null,"window":null,'
        '"valid_until":null,"external_ref":null}'
    )
    assert offer.digest() == hashlib.sha256(before.encode()).hexdigest()


@pytest.mark.unit
def test_every_limit_counts_in_the_digest() -> None:
    one = uuid4()
    limited = [
        a_content(only_in=PlaceLimit(municipi=(4,))),
        a_content(excluded_stakeholders=(one,)),
        a_content(excluded_stakeholder_types=("company",)),
        a_content().changed({"lines": (Line(**LINE, min_lot="1"),)}),
        a_content(),
    ]
    assert len({content.digest() for content in limited}) == len(limited)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("limits", "pointer", "code"),
    [
        ({"only_in": PlaceLimit(municipi=(9,)), "place": Place(label="-", nil=1)}, "/only_in", "excludes-own-place"),
        ({"excluded_stakeholder_types": ("school", "school")}, "/excluded_stakeholder_types/1", "named-twice"),
        (
            {
                "excluded_stakeholder_types": (
                    "company",
                    "foundation",
                    "association",
                    "university",
                    "school",
                    "public_body",
                    "department",
                )
            },
            "/excluded_stakeholder_types",
            "excludes-everybody",
        ),
    ],
)
def test_limits_of_a_need_that_contradict_themselves(limits, pointer: str, code: str) -> None:
    [error] = needs.content_errors(a_content(**limits), NOW)
    assert (error.pointer, error.code) == (pointer, code)
    assert error.message_it != error.message_en


@pytest.mark.unit
def test_a_receiver_cannot_be_excluded_as_well() -> None:
    one = uuid4()
    [error] = needs.content_errors(a_content(receivers=(one,), excluded_stakeholders=(one,)), NOW)
    assert (error.pointer, error.code) == ("/excluded_stakeholders/0", "excludes-receiver")


@pytest.mark.unit
def test_an_offer_does_not_exclude_its_own_area() -> None:
    offer = OfferContent(
        stakeholder_id=uuid4(), title="T", lines=(Line(**LINE),), policy_area="a", excluded_policy_areas=("b", "a")
    )
    [error] = offers.content_errors(offer, NOW)
    assert (error.pointer, error.code) == ("/excluded_policy_areas/1", "excludes-own-area")


# -- over HTTP -------------------------------------------------------------------------------------------


@pytest.mark.integration
async def test_a_need_within_limits(open_city: City) -> None:
    enel = (await open_city.stakeholder())["id"]
    limits = {
        "only_in": {"nils": [14], "municipi": [4]},
        "excluded_stakeholders": [enel],
        "excluded_stakeholder_types": ["company"],
    }
    need = await open_city.need(lines=[LINE | {"min_lot": "50"}], **limits)
    assert {name: need[name] for name in limits} == limits
    assert need["lines"][0]["min_lot"] == "50"
    [event] = await open_city.events(NeedRegistered)
    assert (event.only_in, event.excluded_stakeholder_types) == (PlaceLimit(nils=(14,), municipi=(4,)), ("company",))
    assert [str(one) for one in event.excluded_stakeholders] == [enel]
    assert event.lines[0].min_lot == 50

    async with open_city.department() as client:
        headers = {"If-Match": '"1"'}
        changes = {"only_in": None, "excluded_stakeholders": [], "excluded_stakeholder_types": []}
        changed = await client.patch(f"{API}/needs/{need['id']}", json=changes, headers=headers)
    assert changed.status_code == 200, changed.text
    [event] = await open_city.events(NeedChanged)
    assert (event.only_in, event.excluded_stakeholders, event.excluded_stakeholder_types) == (None, (), ())


@pytest.mark.integration
async def test_wrong_limits_are_refused_at_their_field(open_city: City) -> None:
    async def wrong(**more) -> set[tuple[str, str]]:
        async with open_city.department() as client:
            answer = await client.post(f"{API}/needs", json=a_need(**more))
        assert answer.status_code == 422, answer.text
        assert all(one["message_it"] and one["message_en"] for one in answer.json()["errors"])
        return {(one["pointer"], one["code"]) for one in answer.json()["errors"]}

    assert await wrong(only_in={}) == {("/only_in", "value-error")}
    assert await wrong(only_in={"municipi": [10]}) == {("/only_in/municipi/0", "less-than-equal")}
    assert await wrong(only_in={"nils": [1, 1]}) == {("/only_in/nils", "value-error")}
    assert await wrong(lines=[LINE | {"min_lot": "272"}]) == {("/lines/0/min_lot", "value-error")}
    assert await wrong(lines=[LINE | {"min_lot": "0"}]) == {("/lines/0/min_lot", "value-error")}
    assert await wrong(excluded_stakeholders=[NOBODY]) == {("/excluded_stakeholders/0", "unknown-stakeholder")}
    assert await wrong(excluded_stakeholder_types=["ngo"]) == {("/excluded_stakeholder_types/0", "literal-error")}
    assert await wrong(only_in={"municipi": [9]}, place={"label": "-", "nil": 1}) == {
        ("/only_in", "excludes-own-place")
    }


@pytest.mark.integration
async def test_an_offer_within_limits(open_city: City) -> None:
    enel, arimo = await open_city.stakeholder(), await open_city.stakeholder("partner-2", name="Arimo")
    limits = {
        "only_in": {"nils": [], "municipi": [9]},
        "excluded_departments": ["environment"],
        "excluded_policy_areas": ["food_poverty"],
        "excluded_receivers": [arimo["id"]],
    }
    async with open_city.partner() as client:
        body = an_offer(enel["id"], lines=[LINE | {"min_lot": "50"}], **limits)
        taken = await client.post(f"{API}/offers", json=body)
        assert taken.status_code == 201, taken.text
        offer = taken.json()
        assert {name: offer[name] for name in limits} == limits
        address, headers = f"{API}/offers/{offer['id']}", {"If-Match": '"1"'}
        changed = await client.patch(address, json={"excluded_departments": []}, headers=headers)
        assert changed.status_code == 200, changed.text
        wrong = await client.post(
            f"{API}/offers", json=body | {"excluded_departments": ["nobody"], "excluded_receivers": [NOBODY]}
        )
    [event] = await open_city.events(OfferReceived)
    assert (event.excluded_departments, event.excluded_policy_areas) == (("environment",), ("food_poverty",))
    assert (event.only_in, event.lines[0].min_lot) == (PlaceLimit(municipi=(9,)), 50)
    [event] = await open_city.events(OfferChanged)
    assert event.excluded_departments == ()
    assert {(one["pointer"], one["code"]) for one in wrong.json()["errors"]} == {
        ("/excluded_departments/0", "unknown-department"),
        ("/excluded_receivers/0", "unknown-stakeholder"),
    }


@pytest.mark.integration
async def test_an_offer_does_not_exclude_the_need_it_answers(open_city: City) -> None:
    enel, arimo = await open_city.stakeholder(), await open_city.stakeholder("partner-2", name="Arimo")
    need = await open_city.need(place={"label": "Duomo", "nil": 1}, receivers=[arimo["id"]])
    async with open_city.partner() as client:
        answer = await client.post(
            f"{API}/offers",
            json=an_offer(
                enel["id"],
                answers_need_id=need["id"],
                only_in={"municipi": [9]},
                excluded_departments=["environment", "education"],
                excluded_policy_areas=["digital_poverty"],
                excluded_receivers=[arimo["id"]],
            ),
        )
        large = await client.post(
            f"{API}/offers",
            json=an_offer(enel["id"], answers_need_id=need["id"], lines=[LINE | {"quantity": "900", "min_lot": "300"}]),
        )
    assert {one["pointer"] for one in answer.json()["errors"]} == {
        "/only_in",
        "/excluded_departments/1",
        "/excluded_policy_areas/0",
        "/excluded_receivers/0",
    }
    assert {one["code"] for one in answer.json()["errors"]} == {"excludes-answered-need"}
    assert [(one["pointer"], one["code"]) for one in large.json()["warnings"]] == [
        ("/lines/0/min_lot", "lot-above-need")
    ]


@pytest.mark.integration
async def test_whom_a_need_excludes_only_its_own_people_see(open_city: City) -> None:
    enel = (await open_city.stakeholder(name="Enel Esclusa"))["id"]
    need = await open_city.need(
        only_in=IN_FOUR, excluded_stakeholders=[enel], excluded_stakeholder_types=["university"]
    )
    hidden, seen = ([], []), ([enel], ["university"])
    readers = [
        (open_city.client("nobody"), hidden),
        (open_city.partner(), hidden),
        (open_city.department("environment"), hidden),
        (open_city.department(), seen),
        (open_city.manager(), seen),
        (open_city.client("coordinator", "coordinator"), seen),
    ]
    for made, expected in readers:
        async with made as client:
            one = (await client.get(f"{API}/needs/{need['id']}")).json()
            [listed] = (await client.get(f"{API}/needs")).json()["items"]
            for view in (one, listed):
                assert (view["excluded_stakeholders"], view["excluded_stakeholder_types"]) == expected
                assert view["only_in"] == IN_FOUR


@pytest.mark.integration
async def test_for_whom_an_offer_is_not_its_partners_and_departments_do_not_see(open_city: City) -> None:
    enel, arimo = await open_city.stakeholder(), await open_city.stakeholder("partner-2", name="Arimo")
    need = await open_city.need()
    async with open_city.partner() as client:
        taken = await client.post(
            f"{API}/offers",
            json=an_offer(
                enel["id"],
                answers_need_id=need["id"],
                partners=[{"stakeholder_id": arimo["id"]}],
                excluded_departments=["environment"],
            ),
        )
    address = f"{API}/offers/{taken.json()['id']}"
    own = open_city.client("partner-1", "partner", stakeholders=frozenset({enel["id"]}))
    behind = open_city.client("partner-2", "partner", stakeholders=frozenset({arimo["id"]}))
    for made, expected in (
        (own, ["environment"]),
        (open_city.manager(), ["environment"]),
        (behind, []),
        (open_city.department(), []),
    ):
        async with made as client:
            read = await client.get(address)
            assert read.status_code == 200, read.text
            assert read.json()["excluded_departments"] == expected


# -- from the departments' own systems -------------------------------------------------------------------


@pytest.mark.integration
async def test_a_department_system_sends_limits_by_reference(open_city: City) -> None:
    enel = await open_city.stakeholder(external_ref="enel")
    limits = {"only_in": IN_FOUR, "excluded_stakeholders": ["enel"], "excluded_stakeholder_types": ["company"]}
    await open_city.send(a_submission("R/1", **limits), key="R/1")
    update = {"external_ref": "R/1", "department": "education", "excluded_stakeholders": []}
    await open_city.send(update, type_=NeedUpdateSubmitted.type, key="R/1")
    unknown = {**update, "excluded_stakeholders": ["enel", "nobody"]}
    await open_city.send(unknown, type_=NeedUpdateSubmitted.type, key="R/1")
    [rejection] = await open_city.rejections()
    assert [(one["pointer"], one["code"]) for one in rejection["errors"]] == [
        ("/excluded_stakeholders/1", "unknown-stakeholder")
    ]
    [event] = await open_city.events(NeedRegistered)
    assert [str(one) for one in event.excluded_stakeholders] == [enel["id"]]
    assert event.only_in == PlaceLimit(municipi=(4,))
    [event] = await open_city.events(NeedChanged)
    assert (event.excluded_stakeholders, event.excluded_stakeholder_types) == ((), ("company",))


@pytest.mark.integration
async def test_a_department_lifts_a_place_limit_with_null(open_city: City) -> None:
    await open_city.send(a_submission("L/1", only_in={"municipi": [4]}), key="L/1")
    update = {"external_ref": "L/1", "department": "education"}
    for more in ({"title": "Altro"}, {"only_in": None, "place": None}):
        await open_city.send(update | more, type_=NeedUpdateSubmitted.type, key="L/1")

    async def changed() -> list[NeedChanged] | None:
        found = await open_city.events(NeedChanged)
        return found if len(found) == 2 else None

    renamed, lifted = await eventually(changed)
    assert (renamed.only_in, lifted.only_in) == (PlaceLimit(municipi=(4,)), None)


@pytest.mark.integration
async def test_a_need_that_moves_beyond_a_limit_does_not_stop_other_changes_of_its_answers(open_city: City) -> None:
    enel, need = await open_city.stakeholder(), await open_city.need()
    async with open_city.partner() as partner, open_city.department() as officer:
        answering = an_offer(enel["id"], answers_need_id=need["id"], excluded_departments=["environment"])
        address = f"{API}/offers/{(await partner.post(f'{API}/offers', json=answering)).json()['id']}"
        moved = {"with_departments": ["environment"]}
        answer = await officer.patch(f"{API}/needs/{need['id']}", json=moved, headers={"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
        changes = ({"valid_until": "2099-03-01T00:00:00Z"}, {"excluded_policy_areas": ["food_poverty"]})
        later, limited = [
            await partner.patch(address, json=one, headers={"If-Match": f'"{version}"'})
            for version, one in enumerate(changes, 1)
        ]
    assert later.status_code == 200, later.text
    assert [one["code"] for one in limited.json()["errors"]] == ["excludes-answered-need"]
