"""The API as documented: valid OpenAPI, and whatever comes gets a proper answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.http.paging import encode
from services.agreements.app import service
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.story import CITY, Story, donation
from tests.fuzz.api import Api, aim, examples, is_documented, is_no_fault, send

pytestmark = pytest.mark.integration

API = Api(service(AgreementsSettings(environment="test", session_secret=SecretStr("s" * 32))))
EVERYTHING = Actor(
    subject="all", city=CITY, name="A", roles=frozenset({"legal", "signatory", "account_manager", "coordinator"})
)

CURSORS = [
    encode(1, 2),
    encode("x", "y"),
    encode(None, None),
    encode(2**40, 1),
    encode("2026-01-01", str(UUID(int=1))),
    "%%",
]


def test_the_document_is_valid_openapi() -> None:
    validate(API.document)
    paths = {path.removeprefix("/agreements/api/v1") for path in API.paths}
    plans = {"instrument", "communication-plan", "impact-plan", "documents", "document.pdf"}
    decisions = {"submit", "approve", "reject", "sign", "terminate"}
    of_a_file = {f"/agreements/{{agreement_id}}/{act}" for act in plans | decisions}
    assert {"/agreements", "/register", "/instruments"} | of_a_file <= paths


@pytest.fixture(scope="module")
async def known(story: Story) -> list[str]:
    """Files in several states."""
    return [
        (await story.file_of(donation()))["agreement_id"],
        await story.filled(donation()),
        await story.approved(donation()),
        await story.signed(donation()),
    ]


@given(case=API.cases(), which=st.integers(0, 7))
@examples(120)
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(
    story: Story, known: list[str], case: Any, which: int
) -> None:
    if which < len(known):
        aim(case, agreement_id=known[which])
    is_documented(case, await send(story.as_(EVERYTHING), case))


@given(case=API.odd_cases(), which=st.integers(0, 7))
@examples(120)
async def test_an_odd_value_is_refused_and_no_fault(story: Story, known: list[str], case: Any, which: int) -> None:
    if which < len(known):
        aim(case, agreement_id=known[which])
    is_no_fault(case, await send(story.as_(EVERYTHING), case))


@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize(
    "path", ["agreements", "register", "register.atom", "register/days", "notices", "notices.atom"]
)
async def test_a_cursor_of_somebody_else_is_refused(story: Story, path: str, cursor: str) -> None:
    answer = await story.as_(EVERYTHING).get(f"/agreements/api/v1/{path}", params={"after": cursor})
    assert answer.status_code in (200, 400), answer.text


async def test_characters_that_no_database_takes_are_refused(story: Story, known: list[str]) -> None:
    address = "/agreements/api/v1/agreements"
    assert (await story.as_(EVERYTHING).get(address, params={"q": "a\0b"})).status_code in (200, 422)
    for address in (
        "desk?q=%00",
        "desk?state=%00",
        "desk?instrument=%00",
        "register?after=%00",
        "desk?skip=-1",
        f"desk?skip={10**30}",
    ):
        page = await story.as_(EVERYTHING).get(f"/agreements/{address}", headers={"Accept": "text/html"})
        # The desk leaves out what makes no sense and says so.
        assert page.status_code in ((200, 400, 422) if address.startswith("desk") else (400, 422)), address
    for act, body in {
        "instrument": {"instrument": "donazione", "terms": {"acceptance": "a\0b"}},
        "communication-plan": {"summary": "a\0b"},
        "impact-plan": {"note": "\0"},
        "documents": {"kind": "other", "title": "a\0b", "text": "x"},
        "reject": {"reason": "a\0b c"},
        "sign": {"party_id": "\0"},
    }.items():
        answer = await story.post(known[0], act, EVERYTHING, body)
        assert answer.status_code == 422, (act, answer.text)
