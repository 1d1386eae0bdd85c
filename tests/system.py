"""The whole system as `make up` brings it up, once per run, for the tests that need all of it.

``SPORTELLO_TEST_HOME`` names the ``.sportello`` directory of an installation that runs already (quicker while
writing a test; `sportello up` made it). Otherwise one is brought up on ports of its own and taken down at the end.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis.settings import SERVICES
from deploy.local.condition import condition
from deploy.local.installation import Installation
from deploy.local.layout import Ports
from deploy.local.ports import is_free
from deploy.local.processes import kill_family
from deploy.local.progress import Progress
from deploy.local.readiness import supervisor_state
from tests.servers import REQUIRE_VARIABLE, STAND_IN_PROVES_NOT, Servers

HOME_VARIABLE = "SPORTELLO_TEST_HOME"


@dataclass(frozen=True)
class System:
    """A running installation, and the ways to hurt it."""

    installation: Installation

    @property
    def ports(self) -> Ports:
        return self.installation.home.ports()

    @property
    def url(self) -> str:
        """Where a browser goes: the edge."""
        return self.ports.public_url

    @property
    def issuer(self) -> str:
        """The development identity provider."""
        return self.ports.issuer

    def pid(self, part: str) -> int:
        """The process of a service, of ``edge`` or of ``identity``."""
        found = supervisor_state(self.installation.home)["programs"][part]["pid"]
        if not found:
            raise LookupError(f"{part} is not running")
        return int(found)

    def kill(self, part: str) -> None:
        """SIGKILL a part, as a crash would; ``postgres`` and ``kafka`` too. The supervisor brings it back."""
        if part == "postgres":
            self.installation.postgres.kill()
        elif part == "kafka":
            self.installation.bus.kill()
        else:
            kill_family(self.pid(part))

    def account(self) -> str:
        """How every part is and what each wrote last: for whoever reads of a test that failed."""
        found = condition(self.installation)
        said = [f"{name}: {found[name]}" for name in found if name != "parts"]
        said += [json.dumps(part, default=str) for part in found["parts"]]
        for part in ("supervisor", *SERVICES):
            lines = self.installation.home.log(part).read_text(encoding="utf-8", errors="replace").splitlines()
            said += [f"-- {part}", *(line[:300] for line in lines[-8:])]
        return "\n".join(said)

    def environment(self) -> dict[str, str]:
        """For running the `sportello` command against this installation."""
        return {**os.environ, "SPORTELLO_HOME": str(self.installation.home.root)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    system = getattr(item, "funcargs", {}).get("system")
    if report.failed and report.when == "call" and isinstance(system, System):
        try:
            said = system.account()
        except Exception as failure:  # of a system that is half gone; the test's own failure is what counts
            said = f"it cannot be asked: {failure!r}"
        report.sections.append(("the whole system at this moment", said))
    return report


def free_offset() -> int:
    """An offset at which every port is free, and below those that the system gives to clients (32,768 on)."""
    while True:
        ports = Ports(random.randrange(10_000, 22_000, 50))
        if all(is_free(port) for port in (*ports.listening(), ports.kafka, ports.kafka + 1)):
            return ports.offset


@pytest.fixture(scope="session")
def system(servers: Servers) -> Iterator[System]:
    given = os.environ.get(HOME_VARIABLE)
    if given:
        yield System(Installation(Path(given)))
        return
    installation = Installation(servers.directory / "system")
    required = os.environ.get(REQUIRE_VARIABLE) == "1"
    installation.up(Ports(free_offset()), Progress(), require_kafka=required)
    kind = installation.bus.kind
    servers.once("system", lambda: {"said": f"Whole system: PostgreSQL with fsync on, Kafka {kind}, five services"})
    if kind == "in-memory":
        servers.not_proven(STAND_IN_PROVES_NOT)
    yield System(installation)
    installation.down(Progress())
