"""What anybody may send to impact: requests as documented, odd values, forms filled in oddly."""

from __future__ import annotations

import secrets

import pytest
from pydantic import SecretStr

from services.impact.app import service
from services.impact.settings import ImpactSettings
from services.impact.tests import sample
from services.impact.tests.world import World, actor
from tests.fuzz.api import Api
from tests.fuzz.suite import Asked, AsSent

pytestmark = pytest.mark.integration

ROLES = ("account_manager", "coordinator", "department")


class TestAsSent(AsSent):
    api = Api(service(ImpactSettings(environment="test", session_secret=SecretStr("s" * 32))))

    def test_it_documents_what_there_is(self) -> None:
        paths = {path.removeprefix("/impact/api/v1") for path in self.api.paths}
        assert {"/plans/{plan_id}/deliveries", "/plans/{plan_id}/measurements", "/summary", "/exports/{form}"} <= paths


@pytest.fixture
async def asked(world: World) -> Asked:
    """A plan of a city of its own."""
    agreement, city = sample.food(), f"c_{secrets.token_hex(4)}"
    await world.open(agreement, city=city)
    plan, offer = str(agreement.agreement_id), str(agreement.allocations[0].offer_id)
    everybody = actor("everybody", *ROLES, city=city, department="education")
    return Asked(
        client=lambda: world.client(everybody),
        known=[{"plan_id": plan, "offer_id": offer, "offer_line": 0, "indicator": "families_reached"}],
        pages=["/impact/plans", f"/impact/plans/{plan}", "/impact/indicators", "/impact/results"],
        forms=5,
    )
