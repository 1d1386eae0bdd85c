"""The Legal Office edits an instrument at its desk, and matching proposes something else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chassis.testing import eventually
from services.agreements.handlers.desk import CITY_TIME
from tests.e2e.conftest import Five
from tests.e2e.test_trace import LINE, MANAGER, OFFICER, PARTNER, get, person, prepared, send

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
LEGAL = person("l", "legal")
NO_COMPANY = {
    "effect": "excludes",
    "when": [{"giver_types": ["company"], "kinds": ["goods"]}],
    "text": {"it": "Un'impresa dà beni.", "en": "A company gives goods."},
    "source": "Delibera di prova",
    "certainty": "C",
}


async def published(five: Five, edit: dict[str, Any]) -> None:
    """A new version of the donation, from today on; until everybody has heard of it."""
    why = {"reason": "Prova della regola"}
    await send(five, "agreements", LEGAL, "POST", "instruments/donazione/versions", why)
    await send(five, "agreements", LEGAL, "POST", "instruments/donazione/draft", edit)
    today = datetime.now(CITY_TIME).date().isoformat()
    await send(five, "agreements", LEGAL, "POST", "instruments/donazione/draft/publish", why | {"valid_from": today})
    await eventually(five.are_quiet, within=60)


async def another_need(five: Five) -> str:
    need = {"title": "Laptop", "policy_area": "digital_poverty", "lines": [LINE]}
    return str((await send(five, "intake", OFFICER, "POST", "needs", need))["id"])


async def is_proposed(five: Five, need: str) -> None:
    """Once, maybe a moment after the news: what was known too late is looked at again."""

    async def once() -> bool:
        return len(await proposed_for(five, need)) == 1

    await eventually(once, within=60)


async def proposed_for(five: Five, need: str) -> list[dict[str, Any]]:
    await eventually(five.are_quiet, within=60)
    found: list[dict[str, Any]] = (await get(five, "matching", MANAGER, f"matches?need={need}"))["items"]
    return found


async def test_a_rule_that_the_legal_office_publishes_keeps_a_pair_from_being_proposed_until_it_is_gone(
    five: Five,
) -> None:
    first, stakeholder = await prepared(five)
    offer = {"stakeholder_id": stakeholder, "title": "Laptop", "lines": [LINE | {"quantity": "100"}]}
    offer_id = (await send(five, "intake", PARTNER, "POST", "offers", offer))["id"]
    await is_proposed(five, first)
    async with five.services["matching"].app.state.units.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM instrument") == 7

    await published(five, {"new_criteria": {"no_company": NO_COMPANY}})
    second = await another_need(five)
    assert await proposed_for(five, second) == []
    said = await get(five, "matching", MANAGER, f"needs/{second}/why-not?offer={offer_id}")
    assert [one["code"] for one in said["obstacles"]] == ["no_instrument"]
    assert "Un'impresa dà beni (criterio" not in said["obstacles"][0]["text_it"], "in the middle of a sentence"
    assert "«Donazione» (versione 3): un'impresa dà beni" in said["obstacles"][0]["text_it"]
    assert "“Donation” (version 3): a company gives goods" in said["obstacles"][0]["text_en"]
    assert "Delibera di prova; certezza C" in said["obstacles"][0]["text_it"]
    assert len(await proposed_for(five, first)) == 1, "what was proposed before stays"

    await published(five, {"without_criteria": ["no_company"]})
    third = await another_need(five)
    await is_proposed(five, third)
