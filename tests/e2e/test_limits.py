"""What a giver and a department say of limits at intake decides in matching, and comes back as a reason."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.auth import Actor
from chassis.testing import eventually
from tests.e2e.conftest import Five
from tests.e2e.test_trace import LINE, MANAGER, OFFICER, PARTNER, get, prepared, send

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
DUOMO = {"label": "Duomo", "nil": 1}


async def why_not(five: Five, need: str, offer: str) -> list[dict[str, Any]]:
    await eventually(five.are_quiet, within=60)
    said = await get(five, "matching", MANAGER, f"needs/{need}/why-not?offer={offer}")
    found: list[dict[str, Any]] = said["obstacles"]
    return found


async def change(five: Five, who: Actor, path: str, changes: dict[str, Any]) -> None:
    async with five.services["intake"].client(who) as client:
        answer = await client.patch(f"/intake/api/v1/{path}", json=changes, headers={"If-Match": "*"})
    assert answer.is_success, answer.text


async def test_every_limit_is_told_as_the_reason_until_it_is_lifted(five: Five) -> None:
    _, stakeholder = await prepared(five)
    need = {
        "title": "Banchi",
        "policy_area": "underprivileged_schools",
        "lines": [LINE | {"quantity": "30"}],
        "place": DUOMO,
        "excluded_stakeholder_types": ["company"],
    }
    need_id = (await send(five, "intake", OFFICER, "POST", "needs", need))["id"]
    offer = {
        "stakeholder_id": stakeholder,
        "title": "Banchi",
        "lines": [LINE | {"quantity": "100", "min_lot": "40"}],
        "only_in": {"municipi": [9]},
    }
    offer_id = (await send(five, "intake", PARTNER, "POST", "offers", offer))["id"]
    found = await why_not(five, need_id, offer_id)
    assert {one["code"] for one in found} == {"excluded", "outside_place", "below_lot"}
    texts = " ".join(one["text_it"] + one["text_en"] for one in found)
    for words in ("impresa", "company", "Municipio 9", "NIL Duomo", "almeno 40 pezzi", "at least 40 pieces"):
        assert words in texts

    lifted = {"only_in": None, "lines": [LINE | {"quantity": "100", "min_lot": "10"}]}
    await change(five, PARTNER, f"offers/{offer_id}", lifted)
    assert {one["code"] for one in await why_not(five, need_id, offer_id)} == {"excluded"}
    await change(five, OFFICER, f"needs/{need_id}", {"excluded_stakeholder_types": []})
    assert await why_not(five, need_id, offer_id) == []

    async def proposed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await get(five, "matching", MANAGER, f"matches?need={need_id}"))["items"]
        return found

    [match] = await eventually(proposed)  # what is looked at again is looked at after the event
    assert match["allocations"][0]["quantity"] == "30"
