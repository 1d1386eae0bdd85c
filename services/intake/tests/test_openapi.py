"""The API as documented: valid OpenAPI, and whatever comes gets a proper answer."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from services.intake.app import service
from services.intake.settings import IntakeSettings

pytestmark = pytest.mark.integration

DOCUMENT = service(IntakeSettings(environment="test", session_secret=SecretStr("s" * 32))).app().openapi()
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
ROLES = ("department", "partner", "account_manager", "coordinator", "operations")


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")
    paths = {path.removeprefix("/intake/api/v1") for path in DOCUMENT["paths"]}
    assert {"/needs", "/needs/{need_id}/withdraw", "/offers", "/stakeholders/{stakeholder_id}/vet"} <= paths


@given(case=st.one_of([operation.as_strategy() for operation in OPERATIONS]))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(open_city, case):
    request = case.as_transport_kwargs(base_url="http://sportello.test")
    headers = {name: str(value) for name, value in (request.pop("headers", None) or {}).items()}
    headers = {name: value for name, value in headers.items() if value.isascii() and name.lower() != "cookie"}
    headers.pop("Authorization", None)
    request.pop("cookies", None)
    if isinstance(request.get("data"), bytes):
        request["content"] = request.pop("data")
    async with open_city.client("everything", *ROLES, department="education") as client:
        answer = await client.request(**request, headers=headers | {"If-Match": "*"})
    documented = set(case.operation.definition.raw["responses"]) | {"400", "422"}
    assert str(answer.status_code) in documented, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
