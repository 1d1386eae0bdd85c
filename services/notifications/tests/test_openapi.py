"""The API as documented and the pages' forms: whatever comes gets a proper answer, and nothing is a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.testing import Running
from services.notifications.app import service
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.tale import Tale
from services.notifications.tests.test_inbox import told
from tests.fuzz.api import Api, aim, examples, is_documented, is_no_fault, send
from tests.fuzz.pages import FoundForm, filled_in_oddly, forms_of, submit
from tests.fuzz.pages import is_no_fault as is_no_fault_of_a_page

pytestmark = pytest.mark.integration

CITY = "c_odd"
EVERYBODY = Actor(
    subject="giulia", city=CITY, name="G", roles=frozenset({"account_manager", "department", "coordinator", "legal"}),
    department="education",
)  # fmt: skip
# A stream has no end, so no test waits for it here.
API = Api(
    service(NotificationsSettings(environment="test", session_secret=SecretStr("s" * 32))), leaving_out=("/stream",)
)


def test_the_document_is_valid_openapi() -> None:
    validate(API.document)
    paths = {path.removeprefix("/notifications/api/v1") for path in API.paths}
    assert {"/inbox", "/inbox/{item_id}/snooze", "/cases/{correlation_id}"} <= paths


@pytest.fixture(scope="module")
async def known(desk: Running) -> dict[str, str]:
    """An inbox with items of a partnership that is under way."""
    tale = Tale()
    await told(desk, CITY, *tale.until_accepted())
    async with desk.client(EVERYBODY) as client:
        items = (await client.get("/notifications/api/v1/inbox")).json()["items"]
    return {"item_id": items[0]["id"], "correlation_id": str(tale.need)}


@given(case=API.cases(), on_record=st.booleans())
@examples(80)
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(
    desk: Running, known: dict[str, str], case: Any, on_record: bool
) -> None:
    if on_record:
        aim(case, **known)
    async with desk.client(EVERYBODY) as client:
        is_documented(case, await send(client, case))


@given(case=API.odd_cases(), on_record=st.booleans())
@examples(80)
async def test_an_odd_value_is_refused_and_no_fault(
    desk: Running, known: dict[str, str], case: Any, on_record: bool
) -> None:
    if on_record:
        aim(case, **known)
    async with desk.client(EVERYBODY) as client:
        is_no_fault(case, await send(client, case))


@pytest.fixture(scope="module")
async def forms(desk: Running, known: dict[str, str]) -> list[FoundForm]:
    async with desk.client(EVERYBODY) as client:
        found = await forms_of(client, "/notifications", "/notifications/inbox", "/notifications/cases")
    assert len(found) > 2, sorted(form.action for form in found)
    return found


@given(data=st.data())
@examples(80)
async def test_a_form_filled_in_oddly_is_no_fault(desk: Running, forms: list[FoundForm], data: st.DataObject) -> None:
    form = data.draw(filled_in_oddly(forms))
    async with desk.client(EVERYBODY) as client:
        is_no_fault_of_a_page(form, await submit(client, form))
