"""What anybody may send to notifications: requests as documented, odd values, forms filled in oddly."""

from __future__ import annotations

import secrets

import pytest
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.testing import Running
from services.notifications.app import service
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.tale import Tale
from services.notifications.tests.test_inbox import told
from tests.fuzz.api import Api
from tests.fuzz.suite import Asked, AsSent

pytestmark = pytest.mark.integration

ROLES = frozenset({"account_manager", "department", "coordinator", "legal"})


class TestAsSent(AsSent):
    # A stream has no end, so no test waits for it here.
    api = Api(
        service(NotificationsSettings(environment="test", session_secret=SecretStr("s" * 32))), leaving_out=("/stream",)
    )

    def test_it_documents_what_there_is(self) -> None:
        paths = {path.removeprefix("/notifications/api/v1") for path in self.api.paths}
        assert {"/inbox", "/inbox/{item_id}/snooze", "/cases/{correlation_id}"} <= paths


@pytest.fixture
async def asked(desk: Running) -> Asked:
    """An inbox with items of a partnership that is under way."""
    tale, city = Tale(), f"c_{secrets.token_hex(4)}"
    everybody = Actor(subject="giulia", city=city, name="G", roles=ROLES, department="education")
    await told(desk, city, *tale.until_accepted())
    async with desk.client(everybody) as client:
        items = (await client.get("/notifications/api/v1/inbox")).json()["items"]
    return Asked(
        client=lambda: desk.client(everybody),
        known=[{"item_id": one["id"], "correlation_id": str(tale.need)} for one in items],
        pages=["/notifications/inbox", "/notifications/cases"],
        forms=3,
    )
