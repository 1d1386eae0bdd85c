"""What anybody may send to intake: requests as documented, odd values, forms filled in oddly."""

from __future__ import annotations

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.intake.app import service
from services.intake.settings import IntakeSettings
from services.intake.tests.city import API as PREFIX
from services.intake.tests.city import City, an_offer
from tests.fuzz.api import Api
from tests.fuzz.suite import Asked, AsSent

pytestmark = pytest.mark.integration

ROLES = ("department", "partner", "account_manager", "coordinator", "operations")


class TestAsSent(AsSent):
    api = Api(service(IntakeSettings(environment="test", session_secret=SecretStr("s" * 32))))

    def test_it_documents_what_there_is(self) -> None:
        paths = {path.removeprefix("/intake/api/v1") for path in self.api.paths}
        assert {"/needs", "/needs/{need_id}/withdraw", "/offers", "/stakeholders/{stakeholder_id}/vet"} <= paths


@pytest_asyncio.fixture(loop_scope="session")
async def asked(open_city: City) -> Asked:
    """A city with a need, an organisation and its offer."""
    need, giver = (await open_city.need())["id"], (await open_city.stakeholder())["id"]
    async with open_city.partner() as client:
        offer = (await client.post(f"{PREFIX}/offers", json=an_offer(giver))).json()["id"]
    things = (f"needs/{need}", f"offers/{offer}", f"stakeholders/{giver}")
    lists = ("", "needs", "needs/new", "offers", "offers/new", "stakeholders")
    return Asked(
        client=lambda: open_city.client("everything", *ROLES, department="education"),
        known=[{"need_id": need, "stakeholder_id": giver, "offer_id": offer}],
        pages=[f"/intake/{path}" for path in (*lists, *things)],
        forms=9,
        headers={"If-Match": "*"},
        also=("400", "422"),
    )
