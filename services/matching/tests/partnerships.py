"""Partnerships as there were: needs, whoever they are for, and the offers that met them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.values import Line, OfferPartner, Window
from services.matching.tests.world import World

PARTNERSHIPS = Path(__file__).parent / "data" / "partnerships.json"


def load_partnerships() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PARTNERSHIPS.read_text(encoding="utf-8"))
    return found


async def play(world: World, case: Mapping[str, Any], known: dict[str, UUID]) -> tuple[UUID, dict[str, UUID]]:
    """Says a partnership of the sample: its need, then its offers to whoever needs them."""
    need = case["need"]
    window = Window(starts_on=need.get("from"), ends_on=need.get("to")) if "from" in need else None
    receivers = [known[ref] for ref in case.get("receivers", ())]
    need_id = await world.need(
        need["title"],
        *_lines(need["lines"]),
        department=need["department"],
        with_departments=need.get("with", []),
        policy_area=case["policy_area"],
        requires=need.get("requires", []),
        beneficiaries=need.get("beneficiaries"),
        receivers=receivers,
        window=window,
    )
    offers = {}
    for offer in case["offers"]:
        partners = [OfferPartner(stakeholder_id=known[ref]) for ref in offer.get("partners", ())]
        offers[offer["ref"]] = await world.offer(
            offer["title"], known[offer["stakeholder"]], *_lines(offer["lines"]), partners=partners
        )
    return need_id, offers


def _lines(lines: Sequence[Mapping[str, Any]]) -> list[Line]:
    return [Line(**line) for line in lines]
