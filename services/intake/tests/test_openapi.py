"""The API as documented: valid OpenAPI, and whatever comes gets a proper answer."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from services.intake.app import service
from services.intake.settings import IntakeSettings
from services.intake.tests.city import API as PREFIX
from services.intake.tests.city import City, an_offer
from tests.fuzz.api import Api, aim, examples, is_documented, is_no_fault, send
from tests.fuzz.pages import FoundForm, filled_in_oddly, forms_of, submit
from tests.fuzz.pages import is_no_fault as is_no_fault_of_a_page

pytestmark = pytest.mark.integration

API = Api(service(IntakeSettings(environment="test", session_secret=SecretStr("s" * 32))))
ROLES = ("department", "partner", "account_manager", "coordinator", "operations")


def test_the_document_is_valid_openapi() -> None:
    validate(API.document)
    assert API.document["openapi"].startswith("3.1")
    paths = {path.removeprefix("/intake/api/v1") for path in API.paths}
    assert {"/needs", "/needs/{need_id}/withdraw", "/offers", "/stakeholders/{stakeholder_id}/vet"} <= paths


@pytest_asyncio.fixture(loop_scope="session")
async def known(open_city: City) -> dict[str, str]:
    """A need, an organisation and its offer."""
    need = await open_city.need()
    giver = (await open_city.stakeholder())["id"]
    async with open_city.partner() as client:
        offer = await client.post(f"{PREFIX}/offers", json=an_offer(giver))
    assert offer.status_code == 201, offer.text
    return {"need_id": need["id"], "stakeholder_id": giver, "offer_id": offer.json()["id"]}


async def asked(city: City, case: Any, known: dict[str, str] | None) -> Any:
    if known:
        aim(case, **known)
    async with city.client("everything", *ROLES, department="education") as client:
        return await send(client, case, **{"If-Match": "*"})


@given(case=API.cases(), on_record=st.booleans())
@examples(60)
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(
    open_city: City, known: dict[str, str], case: Any, on_record: bool
) -> None:
    is_documented(case, await asked(open_city, case, known if on_record else None), "400", "422")


@given(case=API.odd_cases(), on_record=st.booleans())
@examples(60)
async def test_an_odd_value_is_refused_and_no_fault(
    open_city: City, known: dict[str, str], case: Any, on_record: bool
) -> None:
    is_no_fault(case, await asked(open_city, case, known if on_record else None))


@pytest_asyncio.fixture(loop_scope="session")
async def forms(open_city: City, known: dict[str, str]) -> list[FoundForm]:
    things = (f"needs/{known['need_id']}", f"offers/{known['offer_id']}", f"stakeholders/{known['stakeholder_id']}")
    lists = ("", "needs", "needs/new", "offers", "offers/new", "stakeholders")
    async with open_city.client("everything", *ROLES, department="education") as client:
        found = await forms_of(client, "/intake", *(f"/intake/{path}" for path in (*things, *lists)))
    assert len(found) > 8, sorted(form.action for form in found)
    return found


@given(data=st.data())
@examples(120)
async def test_a_form_filled_in_oddly_is_no_fault(open_city: City, forms: list[FoundForm], data: st.DataObject) -> None:
    form = data.draw(filled_in_oddly(forms))
    async with open_city.client("everything", *ROLES, department="education") as client:
        is_no_fault_of_a_page(form, await submit(client, form))
