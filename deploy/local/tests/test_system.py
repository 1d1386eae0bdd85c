"""The real five services as `make up` brings them up, seen through the edge and through the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from chassis.settings import SERVICES
from deploy.local.processes import wait_until
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
COMMAND = Path(sys.executable).with_name("sportello")


def sportello(system: System, *arguments: str) -> tuple[int, dict[str, object]]:
    result = subprocess.run(
        [COMMAND, *arguments, "--json"], env=system.environment(), capture_output=True, text=True, check=False
    )
    return result.returncode, json.loads(result.stdout)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_ready_behind_the_edge(system: System, service: str) -> None:
    answer = httpx.get(f"{system.url}/{service}/readyz", timeout=20)
    assert answer.status_code == 200
    assert answer.json()["service"] == service


def test_the_site_is_at_the_root_and_login_leads_to_the_provider(system: System) -> None:
    assert httpx.get(f"{system.url}/", timeout=20).status_code == 200
    login = httpx.get(f"{system.url}/auth/login", timeout=20)
    assert login.headers["Location"].startswith(system.issuer)


def test_status_tells_what_operations_look_at(system: System) -> None:
    code, found = sportello(system, "status")
    assert code == 0, found
    parts = {part["name"]: part for part in found["parts"]}  # type: ignore[attr-defined]
    assert set(parts) == {*SERVICES, "edge", "identity"}
    for service in SERVICES:
        assert parts[service]["outbox_pending"] is not None
        assert parts[service]["consumer_lag"] is not None
        assert parts[service]["dead_letters"] is not None


def test_a_second_up_leaves_everything_as_it_is(system: System) -> None:
    before = {part: system.pid(part) for part in (*SERVICES, "edge", "identity")}
    code, found = sportello(system, "up")
    assert code == 0, found
    assert found["ready"]
    assert {part: system.pid(part) for part in before} == before


@pytest.mark.parametrize("part", ["matching", "identity", "edge"])
def test_a_killed_part_comes_back(system: System, part: str) -> None:
    before = system.pid(part)
    system.kill(part)
    assert wait_until(lambda: back(system, part, before), 120)


def back(system: System, part: str, before: int) -> bool:
    try:
        if system.pid(part) == before:
            return False
        path = f"/{part}/readyz" if part in SERVICES else "/healthz"
        url = system.issuer + "/.well-known/openid-configuration" if part == "identity" else system.url + path
        return httpx.get(url, timeout=20).status_code == 200
    except (LookupError, httpx.TransportError):
        return False
