"""The API as documented and the pages' forms: whatever comes gets a proper answer, and nothing is a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import SecretStr

from chassis.auth import Actor
from chassis.testing import Running
from services.matching.app import service
from services.matching.settings import MatchingSettings
from services.matching.tests.world import World, goods
from tests.fuzz.api import Api, aim, examples, is_documented, is_no_fault, send
from tests.fuzz.pages import FoundForm, filled_in_oddly, forms_of, submit
from tests.fuzz.pages import is_no_fault as is_no_fault_of_a_page

pytestmark = pytest.mark.integration

API = Api(service(MatchingSettings(environment="test", session_secret=SecretStr("s" * 32))))
ROLES = frozenset({"department", "account_manager", "coordinator"})


def test_the_document_is_valid_openapi() -> None:
    validate(API.document)
    paths = {path.removeprefix("/matching/api/v1") for path in API.paths}
    assert {"/matches", "/matches/{match_id}/accept", "/allocations", "/needs/{need_id}/why-not", "/ledger"} <= paths


@pytest.fixture(scope="module")
async def there(matching: Running, producer: AIOKafkaProducer) -> tuple[World, list[dict[str, Any]]]:
    """A city with two proposals of one need."""
    world = World(matching, producer)
    need = await world.need("Laptop per la scuola", goods("40"))
    for name in ("Fondazione Bracco", "Banca"):
        await world.offer("Laptop", await world.stakeholder(name, "foundation"), goods("60"))
    return world, await world.proposals(need, at_least=2)


def everybody(world: World) -> Actor:
    return Actor(subject="all", city=world.city, name="A", roles=ROLES, department="education")


def known(match: dict[str, Any]) -> dict[str, str]:
    return {"match_id": match["match_id"], "need_id": match["need_id"], "party_id": "department:education"}


@given(case=API.cases(), which=st.integers(0, 3))
@examples(100)
async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(
    there: tuple[World, list[dict[str, Any]]], case: Any, which: int
) -> None:
    world, matches = there
    if which < len(matches):
        aim(case, **known(matches[which]))
    async with world.running.client(everybody(world)) as client:
        is_documented(case, await send(client, case))


@given(case=API.odd_cases(), which=st.integers(0, 3))
@examples(100)
async def test_an_odd_value_is_refused_and_no_fault(
    there: tuple[World, list[dict[str, Any]]], case: Any, which: int
) -> None:
    world, matches = there
    if which < len(matches):
        aim(case, **known(matches[which]))
    async with world.running.client(everybody(world)) as client:
        is_no_fault(case, await send(client, case))


@pytest.fixture(scope="module")
async def forms(there: tuple[World, list[dict[str, Any]]]) -> list[FoundForm]:
    world, matches = there
    starts = [f"/matching/proposals/{match['match_id']}" for match in matches]
    async with world.running.client(everybody(world)) as client:
        found = await forms_of(client, "/matching", "/matching/proposals", "/matching/allocations", *starts)
    assert len(found) > 6, sorted(form.action for form in found)
    return found


@given(data=st.data())
@examples(120)
async def test_a_form_filled_in_oddly_is_no_fault(
    there: tuple[World, list[dict[str, Any]]], forms: list[FoundForm], data: st.DataObject
) -> None:
    form = data.draw(filled_in_oddly(forms))
    async with there[0].running.client(everybody(there[0])) as client:
        is_no_fault_of_a_page(form, await submit(client, form))
