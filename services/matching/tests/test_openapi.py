"""What anybody may send to matching: requests as documented, odd values, forms filled in oddly."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.testing import Running
from services.matching.app import service
from services.matching.settings import MatchingSettings
from services.matching.tests.world import World, goods
from tests.fuzz.api import Api
from tests.fuzz.suite import Asked, AsSent

pytestmark = pytest.mark.integration

ROLES = frozenset({"department", "account_manager", "coordinator"})


class TestAsSent(AsSent):
    api = Api(service(MatchingSettings(environment="test", session_secret=SecretStr("s" * 32))))

    def test_it_documents_what_there_is(self) -> None:
        paths = {path.removeprefix("/matching/api/v1") for path in self.api.paths}
        assert {"/matches", "/matches/{match_id}/accept", "/allocations", "/needs/{need_id}/why-not"} <= paths


@pytest.fixture
async def asked(matching: Running, producer: AIOKafkaProducer) -> Asked:
    """A city with two proposals of one need."""
    world = World(matching, producer)
    need = await world.need("Laptop per la scuola", goods("40"))
    for name in ("Fondazione Bracco", "Banca"):
        await world.offer("Laptop", await world.stakeholder(name, "foundation"), goods("60"))
    matches = [one["match_id"] for one in await world.proposals(need, at_least=2)]
    everybody = Actor(subject="all", city=world.city, name="A", roles=ROLES, department="education")
    return Asked(
        client=lambda: matching.client(everybody),
        known=[{"match_id": one, "need_id": str(need), "party_id": "department:education"} for one in matches],
        pages=["/matching/proposals", "/matching/allocations", *(f"/matching/proposals/{one}" for one in matches)],
        forms=7,
    )
