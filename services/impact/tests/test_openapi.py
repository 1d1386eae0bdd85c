"""The API as documented: valid OpenAPI, and whatever comes gets a documented answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from services.impact.app import service
from services.impact.settings import ImpactSettings
from services.impact.tests import sample
from services.impact.tests.world import World, actor
from tests.fuzz.api import Api, aim, examples, is_documented, is_no_fault, send
from tests.fuzz.pages import FoundForm, filled_in_oddly, forms_of, submit
from tests.fuzz.pages import is_no_fault as is_no_fault_of_a_page

pytestmark = pytest.mark.integration

API = Api(service(ImpactSettings(environment="test", session_secret=SecretStr("s" * 32))))
CITY = "c_fuzz"
EVERYBODY = actor("everybody", "account_manager", "coordinator", "department", city=CITY, department="education")
AGREEMENT = sample.food()
OWN = {"plan_id": str(AGREEMENT.agreement_id), "offer_id": str(AGREEMENT.allocations[0].offer_id)}


@pytest.fixture(scope="module")
async def a_plan(world: World) -> World:
    await world.open(AGREEMENT, city=CITY)
    return world


def test_the_document_is_valid_openapi() -> None:
    validate(API.document)
    assert API.document["openapi"].startswith("3.1")
    paths = {path.removeprefix("/impact/api/v1") for path in API.paths}
    assert {"/plans/{plan_id}/deliveries", "/plans/{plan_id}/measurements", "/summary", "/exports/{form}"} <= paths


def on_record(case: Any) -> None:
    """Aims the request at the plan there is, so that it comes further than "no such plan"."""
    aim(case, **OWN)
    if isinstance(case.body, dict):
        exact = {"offer_line": 0, "indicator": "families_reached"}
        case.body |= {name: value for name, value in exact.items() if name in case.body}


@given(case=API.cases(), known=st.booleans())
@examples(80)
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(a_plan: World, case: Any, known: bool) -> None:
    if known:
        on_record(case)
    async with a_plan.client(EVERYBODY) as client:
        answer = await send(client, case)
        still = await client.get("/impact/api/v1/summary")
    is_documented(case, answer)
    assert still.status_code == 200


@given(case=API.odd_cases(), known=st.booleans())
@examples(80)
async def test_an_odd_value_is_refused_and_no_fault(a_plan: World, case: Any, known: bool) -> None:
    if known:
        on_record(case)
    async with a_plan.client(EVERYBODY) as client:
        is_no_fault(case, await send(client, case))


@pytest.fixture(scope="module")
async def forms(a_plan: World) -> list[FoundForm]:
    starts = ("/impact/plans", f"/impact/plans/{OWN['plan_id']}", "/impact/indicators", "/impact/results")
    async with a_plan.client(EVERYBODY) as client:
        found = await forms_of(client, "/impact", *starts)
    assert len(found) > 4, sorted(form.action for form in found)
    return found


@given(data=st.data())
@examples(100)
async def test_a_form_filled_in_oddly_is_no_fault(a_plan: World, forms: list[FoundForm], data: st.DataObject) -> None:
    form = data.draw(filled_in_oddly(forms))
    async with a_plan.client(EVERYBODY) as client:
        is_no_fault_of_a_page(form, await submit(client, form))
