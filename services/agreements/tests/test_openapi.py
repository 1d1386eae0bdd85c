"""What anybody may send to agreements: requests as documented, odd values, forms filled in oddly, cursors."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.http.paging import encode
from services.agreements.app import service
from services.agreements.settings import AgreementsSettings
from services.agreements.tests.story import CITY, Story, donation
from tests.fuzz.api import Api
from tests.fuzz.suite import Asked, AsSent

pytestmark = pytest.mark.integration

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


class TestAsSent(AsSent):
    api = Api(service(AgreementsSettings(environment="test", session_secret=SecretStr("s" * 32))))

    def test_it_documents_what_there_is(self) -> None:
        paths = {path.removeprefix("/agreements/api/v1") for path in self.api.paths}
        plans = {"instrument", "communication-plan", "impact-plan", "documents", "document.pdf"}
        decisions = {"submit", "approve", "reject", "sign", "terminate"}
        of_a_file = {f"/agreements/{{agreement_id}}/{act}" for act in plans | decisions}
        assert {"/agreements", "/register", "/instruments"} | of_a_file <= paths


@pytest.fixture
async def asked(story: Story) -> Asked:
    """Files in several states."""
    known = [
        (await story.file_of(donation()))["agreement_id"],
        await story.filled(donation()),
        await story.approved(donation()),
        await story.signed(donation()),
    ]
    files = [f"/agreements/files/{one}" for one in known]
    return Asked(
        client=lambda: story.desk.client(EVERYTHING),
        known=[{"agreement_id": one} for one in known],
        pages=["/agreements/desk", "/agreements/toolkit", "/agreements/clauses", "/agreements/register", *files],
        forms=25,
    )


@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize(
    "path", ["agreements", "register", "register.atom", "register/days", "notices", "notices.atom"]
)
async def test_a_cursor_of_somebody_else_is_refused(story: Story, path: str, cursor: str) -> None:
    answer = await story.as_(EVERYTHING).get(f"/agreements/api/v1/{path}", params={"after": cursor})
    assert answer.status_code in (200, 400), answer.text


async def test_characters_that_no_database_takes_are_refused(story: Story) -> None:
    file = (await story.file_of(donation()))["agreement_id"]
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
        answer = await story.post(file, act, EVERYTHING, body)
        assert answer.status_code == 422, (act, answer.text)
