"""The API as documented: valid OpenAPI, and whatever comes gets a documented answer."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from chassis.http.problem import MEDIA_TYPE
from services.impact.app import service
from services.impact.settings import ImpactSettings
from services.impact.tests import sample
from services.impact.tests.world import World, actor

pytestmark = pytest.mark.integration

DOCUMENT = service(ImpactSettings(environment="test", session_secret=SecretStr("s" * 32))).app().openapi()
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
CITY = "c_fuzz"
EVERYBODY = actor("everybody", "account_manager", "coordinator", "department", city=CITY, department="education")
AGREEMENT = sample.food()
OWN = {"plan_id": str(AGREEMENT.agreement_id), "offer_id": str(AGREEMENT.allocations[0].offer_id)}


@pytest.fixture(scope="module")
async def a_plan(world: World) -> World:
    await world.open(AGREEMENT, city=CITY)
    return world


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")
    paths = {path.removeprefix("/impact/api/v1") for path in DOCUMENT["paths"]}
    assert {"/plans/{plan_id}/deliveries", "/plans/{plan_id}/measurements", "/summary", "/exports/{form}"} <= paths


def on_record(case: Any) -> None:
    """Aims the request at the plan there is, so that it comes further than "no such plan"."""
    if isinstance(case.path_parameters, dict) and "plan_id" in case.path_parameters:
        case.path_parameters["plan_id"] = OWN["plan_id"]
    if isinstance(case.body, dict):
        case.body |= {name: value for name, value in OWN.items() if name in case.body}
        if "offer_line" in case.body:
            case.body |= {"offer_line": 0}
        if "indicator" in case.body:
            case.body |= {"indicator": "families_reached"}


@given(case=st.one_of([operation.as_strategy() for operation in OPERATIONS]), known=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(a_plan: World, case: Any, known: bool) -> None:
    if known:
        on_record(case)
    request = case.as_transport_kwargs(base_url="http://sportello.test")
    headers = {name: str(value) for name, value in (request.pop("headers", None) or {}).items()}
    headers = {name: value for name, value in headers.items() if value.isascii() and name.lower() != "cookie"}
    headers.pop("Authorization", None)
    request.pop("cookies", None)
    if isinstance(request.get("data"), bytes):
        request["content"] = request.pop("data")
    async with a_plan.client(EVERYBODY) as client:
        answer = await client.request(**request, headers=headers)
        still = await client.get("/impact/api/v1/summary")
    assert str(answer.status_code) in case.operation.definition.raw["responses"], answer.text
    assert still.status_code == 200
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json()["detail"]
