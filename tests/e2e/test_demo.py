"""The partnerships of Milan, played through the public interfaces of the running system."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis.settings import SERVICES
from deploy.demo.story import load
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
PUBLISHED = json.loads((Path(__file__).parent / "published_results.json").read_text())


def play(system: System, *options: str) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("sportello")), "demo", "--json", *options]
    done = subprocess.run(command, env=system.environment(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


async def events_of(system: System, city: str) -> int:
    """How many events all services have published about a city."""
    connection = await asyncpg.connect(system.installation.postgres.admin_dsn, database="sportello")
    try:
        counts = [
            await connection.fetchval(f"SELECT count(*) FROM {service}.outbox WHERE city = $1", city)
            for service in SERVICES
        ]
    finally:
        await connection.close()
    return sum(counts)


async def test_impact_has_every_published_figure_and_a_second_play_changes_nothing(system: System) -> None:
    city = f"t_{secrets.token_hex(3)}"
    first = play(system, "--city", city)
    assert first["published_results"] == PUBLISHED
    events = await events_of(system, city)
    again = play(system, "--city", city)
    assert again == first
    assert await events_of(system, city) == events


async def test_one_delivery_changed_in_the_data_changes_its_figure(system: System, tmp_path: Path) -> None:
    told = load().model_dump(mode="json", exclude_defaults=True)
    devices = next(one for one in told["partnerships"] if one["ref"] == "devices")
    devices["deliveries"][1]["quantity"] = "200"
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(told), encoding="utf-8")

    result = play(system, "--city", f"t_{secrets.token_hex(3)}", "--data", str(changed))

    wanted = PUBLISHED | {"devices": {"pieces": 240, "total_eur": 48000}}
    assert result["published_results"] == wanted


def test_the_device_case_is_one_triangulation_that_every_party_accepted(system: System) -> None:
    from tests.e2e.asking import ask

    city = f"t_{secrets.token_hex(3)}"
    result = play(system, "--city", city)
    need = result["cases"]["devices"]
    matches = ask(system, "account-manager", city, "/matching/api/v1/matches", need=need, state="accepted")["items"]
    assert len(matches) == 1
    assert matches[0]["triangulation"] is True
    parties = {party["name"]: (party["role"], party["consent"]) for party in matches[0]["parties"]}
    assert set(parties.values()) == {("department", "given"), ("giver", "given"), ("receiver", "given")}
    assert {"Intesa Sanpaolo", "Fondazione Sodalitas", "Associazione Arimo"} <= set(parties)
    agreements = ask(system, "legal", city, "/agreements/api/v1/agreements", need=need)["items"]
    assert [one["match_id"] for one in agreements] == [matches[0]["match_id"]]
    assert agreements[0]["state"] == "completed"


def test_the_sample_holds_none_of_the_results() -> None:
    told = json.dumps(load().model_dump(mode="json", exclude_defaults=True))
    for figure in ("54200", "36000", "published_results"):
        assert figure not in told.replace("3600000", "")
