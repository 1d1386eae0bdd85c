"""The bench of matching still runs, with the smallest sizes. No figure is judged here."""

from __future__ import annotations

import asyncio
import math
import random
from pathlib import Path

import pytest

from chassis.clock import new_id
from contracts.events.intake import NeedRegistered, OfferReceived
from services.matching.text.categories import categories
from tests.bench.matching_kept import noted
from tests.bench.matching_scale import Sizes, measure, measure_again
from tests.bench.matching_world import InventedCity
from tests.bench.table import Table
from tests.leftovers import drop_databases

LABELS = {one.code: (one.italian, one.english) for one in categories()}
TINY = Sizes(needs=60, offers=60, few=40, givers=10, events=10, rate=20, faster=20, burst=10, calls=10, sample=2)


@pytest.mark.integration
@pytest.mark.timeout(600)
async def test_every_part_comes_to_figures(postgres_admin_dsn: str, kafka_bootstrap: str, tmp_path: Path) -> None:
    table = Table()
    try:
        await measure(postgres_admin_dsn, kafka_bootstrap, tmp_path, TINY, table, keep=True)
        rows = table.as_json()
        assert {row["group"] for row in rows} == {"With 40 needs and 40 offers", "With 60 needs and 60 offers"}
        measured = {row["name"] for row in rows}
        assert {
            "event to MatchProposed, 20/s, p99",
            "rebuilding needs by `sportello replay`",
            "offer_key on disk",
        } <= measured
        for _ in range(2):
            await measure_again(postgres_admin_dsn, kafka_bootstrap, tmp_path, TINY, table)
        again = [row["group"] for row in table.as_json()[len(rows) :]]
        assert len(set(again)) == 1, "every run begins with what was kept"
        assert len(again) % 2 == 0
    finally:
        await asyncio.to_thread(drop_databases, postgres_admin_dsn, noted(tmp_path)["prefix"].removesuffix("_"))
    assert all(math.isfinite(row["value"]) and row["value"] > 0 for row in table.as_json()), table.as_text()


@pytest.mark.unit
def test_an_invented_city_is_the_same_for_the_same_seed_and_skewed() -> None:
    givers = [new_id() for _ in range(5)]
    one, other = (InventedCity(LABELS, givers, seed=4) for _ in range(2))
    drawn = list(one.offers(500))
    assert [offer.title for offer in drawn] == [offer.title for offer in other.offers(500)]
    codes = [line.cpv for offer in drawn for line in offer.lines if line.cpv]
    most = max(codes.count(code) for code in set(codes))
    assert most > 3 * len(codes) / len(set(codes))
    assert {line.kind for offer in drawn for line in offer.lines} == {
        "goods", "service", "expertise", "volunteering", "money", "space",
    }  # fmt: skip
    assert any(line.capability for offer in drawn for line in offer.lines)


@pytest.mark.unit
def test_what_an_invented_city_says_is_what_intake_could_publish() -> None:
    city = InventedCity(LABELS, [new_id()], seed=random.Random(1).randrange(100))
    for need in city.needs(100):
        assert NeedRegistered.read(need.to_bytes()) == need
    for offer in city.offers(100):
        assert OfferReceived.read(offer.to_bytes()) == offer
