"""Up, up again, crashes, down: the whole launcher, with small stand-ins for the services."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local import programs, secrets
from deploy.local.condition import condition
from deploy.local.environment import Surroundings
from deploy.local.failures import CannotStart
from deploy.local.installation import Installation
from deploy.local.layout import Ports
from deploy.local.processes import wait_until
from deploy.local.programs import Program
from deploy.local.progress import Progress
from deploy.local.readiness import supervisor_state
from tests.system import free_offset

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SERVING = """
import http.server, json, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"checks": {}, "consumer_lag": 7, "dead_letters": {"parked": 2}}).encode())
    def log_message(self, *_): pass
print("bus", os.environ["SPORTELLO_KAFKA_BOOTSTRAP"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["SPORTELLO_HTTP_PORT"])), Ready).serve_forever()
"""


def small_programs(around: Surroundings) -> list[Program]:
    names = ("intake", "matching")
    return [
        Program(
            name,
            (sys.executable, "-c", SERVING),
            around.of_service(name),
            f"http://127.0.0.1:{around.ports.service(name)}/",
            stops=1,
        )
        for name in names
    ]


PUBLISHED = """
INSERT INTO outbox (city, event_id, event_type, topic, aggregate_id, aggregate_version, payload, headers, published_at)
VALUES ('c_f205', gen_random_uuid(), 'type', 'topic', 'aggregate', 1, '', '{}', now())
"""


async def in_intake(installation: Installation, statement: str) -> object:
    """Run a statement as intake's runtime role."""
    password = secrets.load(installation.home.secrets).roles["intake"]
    connection = await asyncpg.connect(installation.postgres.dsn("intake", password))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setattr(programs, "programs_of", small_programs)
    with tempfile.TemporaryDirectory(prefix="sportello-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        installation = Installation(Path(name) / "home")
        yield installation
        installation.down(Progress())


def pids(installation: Installation) -> dict[str, int]:
    state = supervisor_state(installation.home)
    return {name: program["pid"] for name, program in state["programs"].items()}


def test_up_is_idempotent_heals_and_goes_down_without_a_trace(installation: Installation) -> None:
    ports = Ports(free_offset())
    installation.up(ports, Progress())
    first = pids(installation)
    found = condition(installation)
    assert found["ready"]
    assert [(part["consumer_lag"], part["dead_letters"]) for part in found["parts"]] == [(7, {"parked": 2})] * 2

    installation.up(ports, Progress())
    assert pids(installation) == first

    with pytest.raises(CannotStart, match="already runs here on other ports"):
        installation.up(Ports(ports.offset + 1), Progress())

    supervisor = supervisor_state(installation.home)["pid"]
    os.kill(supervisor, signal.SIGKILL)
    assert wait_until(lambda: not installation.is_supervised, 10)
    installation.up(ports, Progress())
    assert condition(installation)["ready"]
    assert set(first.values()).isdisjoint(pids(installation).values())

    installation.postgres.kill()
    installation.bus.kill()
    assert wait_until(lambda: installation.is_running, 60)

    last = [*pids(installation).values(), supervisor_state(installation.home)["pid"]]
    installation.down(Progress())
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in last)
    assert not installation.postgres.is_running
    assert not installation.bus.is_running


def test_on_the_stand_in_services_follow_it_to_its_new_address(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    installation.up(Ports(free_offset()), Progress())
    assert condition(installation)["servers"]["kafka"]["kind"] == "in-memory"
    asyncio.run(in_intake(installation, PUBLISHED))
    installation.bus.kill()
    log = installation.home.log("intake")

    assert wait_until(lambda: len(log.read_text().splitlines()) == 2, 60)
    assert log.read_text().splitlines()[-1] == f"bus {installation.bus.bootstrap}"
    env = (installation.home.environment / "intake.env").read_text()
    assert f'SPORTELLO_KAFKA_BOOTSTRAP="{installation.bus.bootstrap}"' in env

    assert asyncio.run(in_intake(installation, "SELECT count(*) FROM outbox WHERE published_at IS NULL")) == 1


def test_a_part_that_cannot_start_is_named_with_its_last_words(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(around: Surroundings) -> list[Program]:
        program = small_programs(around)[0]
        command = (sys.executable, "-S", "-c", "raise SystemExit('the key is missing')")
        return [Program(program.name, command, program.settings, program.ready_url, 1)]

    monkeypatch.setattr(programs, "programs_of", broken)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(CannotStart, match="intake did not become ready: the key is missing"):
        installation.up(Ports(free_offset()), Progress())
