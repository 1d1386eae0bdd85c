"""The API as documented: valid OpenAPI, and whatever comes gets a proper answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.http.paging import encode
from services.agreements.app import service
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.story import CITY, Story, donation

pytestmark = pytest.mark.integration

DOCUMENT = service(AgreementsSettings(environment="test", session_secret=SecretStr("s" * 32))).app().openapi()
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
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
    validate(DOCUMENT)
    paths = {path.removeprefix("/agreements/api/v1") for path in DOCUMENT["paths"]}
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


def _pairs(files: Any) -> list[tuple[str, Any]]:
    return list(files.items()) if isinstance(files, dict) else list(files)


@given(case=st.one_of([operation.as_strategy() for operation in OPERATIONS]), which=st.integers(0, 7))
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(
    story: Story, known: list[str], case: Any, which: int
) -> None:
    if which < len(known) and "agreement_id" in (case.path_parameters or {}):
        case.path_parameters["agreement_id"] = known[which]
    request = case.as_transport_kwargs(base_url="http://sportello.test")
    headers = {name: str(value) for name, value in (request.pop("headers", None) or {}).items()}
    headers = {name: value for name, value in headers.items() if value.isascii() and name.lower() != "cookie"}
    headers.pop("Authorization", None)
    request.pop("cookies", None)
    if isinstance(request.get("data"), bytes):
        request["content"] = request.pop("data")
    if request.get("files"):
        # Schemathesis may make any JSON value of a file; a client sends bytes.
        request["files"] = [(name, str(content).encode()) for name, content in _pairs(request["files"])]
    answer = await story.as_(EVERYTHING).request(**request, headers=headers)
    documented = set(case.operation.definition.raw["responses"])
    assert str(answer.status_code) in documented, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


@pytest.mark.parametrize(
    "cursor",
    [
        encode(1, 2),
        encode("x", "y"),
        encode(None, None),
        encode(2**40, 1),
        encode("2026-01-01", str(UUID(int=1))),
        "%%",
    ],
)
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
