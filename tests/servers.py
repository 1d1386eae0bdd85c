"""The servers that the suites run on: started at first need, once per run, shared by all xdist workers.

A test asks for ``postgres_admin_dsn`` or ``kafka_bootstrap`` (or for ``servers``, which gives both and more).
Which server that is, in this order:

- PostgreSQL: ``SPORTELLO_TEST_POSTGRES_ADMIN_DSN``, else the embedded server with fsync off;
- Kafka: ``SPORTELLO_TEST_KAFKA_BOOTSTRAP``, else a container when a Docker engine answers, else the real local
  broker, else the in-memory stand-in, which ``SPORTELLO_REQUIRE_KAFKA=1`` forbids.

The run's last lines say which servers were used and what was therefore not proven.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from deploy.local.bus import Bus, choose
from deploy.local.in_memory_kafka import InMemoryKafka
from deploy.local.installation import Installation
from deploy.local.kafka import KafkaServer
from deploy.local.ports import free_ports
from deploy.local.postgres import PostgresServer
from deploy.local.progress import Progress
from tests.container_kafka import ContainerKafka, engine_answers
from tests.leftovers import drop_databases, drop_topics

POSTGRES_VARIABLE = "SPORTELLO_TEST_POSTGRES_ADMIN_DSN"
KAFKA_VARIABLE = "SPORTELLO_TEST_KAFKA_BOOTSTRAP"
REQUIRE_VARIABLE = "SPORTELLO_REQUIRE_KAFKA"
RUNS = Path(tempfile.gettempdir()) / f"sportello-test-runs-{os.getuid()}"
STAND_IN_PROVES_NOT = (
    "real Kafka was not used: broker restarts, kept offsets, rebalances and retention are NOT proven by this run"
)


class Servers:
    """What one test run uses; every worker process sees the same servers through the run's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.run_id = directory.name.removeprefix("run-").split("-")[-1]

    # -- for fixtures ----------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        """Start of every database and topic name of this run; they are dropped at its end."""
        return f"t{self.run_id}"

    def postgres_admin_dsn(self) -> str:
        """Superuser's address of a running PostgreSQL."""
        return str(self.once("postgres", self._start_postgres)["dsn"])

    def kafka_bootstrap(self) -> str:
        return str(self.once("kafka", self._start_kafka)["bootstrap"])

    def kafka_is_real(self) -> bool:
        return bool(self.once("kafka", self._start_kafka)["kind"] != InMemoryKafka.kind)

    def once(self, name: str, action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run ``action`` once in the whole run, across workers, and give everyone its (JSON) result."""
        result = self.directory / f"{name}.json"
        with self._lock(name):
            if not result.exists():
                scratch = result.with_suffix(".new")
                scratch.write_text(json.dumps(action()), encoding="utf-8")
                scratch.replace(result)
            found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
            return found

    def not_proven(self, what: str) -> None:
        """Put a loud line at the end of the run, for example that no browser was found."""
        with self._lock("not-proven"), (self.directory / "not-proven.txt").open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")

    # -- starting --------------------------------------------------------------------------------------

    def _start_postgres(self) -> dict[str, Any]:
        given = os.environ.get(POSTGRES_VARIABLE)
        if given:
            return {"dsn": given, "said": "PostgreSQL: the running server that the environment names"}
        server = PostgresServer(self.directory / "postgres", fsync=False)
        server.start()
        return {"dsn": server.admin_dsn, "own": True, "said": "PostgreSQL: embedded, real, fsync off"}

    def _start_kafka(self) -> dict[str, Any]:
        given = os.environ.get(KAFKA_VARIABLE)
        if given:
            kind = KafkaServer.kind
            return {"bootstrap": given, "kind": kind, "said": "Kafka: the running broker that the environment names"}
        bus, said = self._choose_kafka()
        try:
            bus.start()
        except BaseException:
            bus.stop()
            raise
        if bus.kind == InMemoryKafka.kind:
            self.not_proven(STAND_IN_PROVES_NOT)
        container = bus.container_id if isinstance(bus, ContainerKafka) else None
        return {"bootstrap": bus.bootstrap, "kind": bus.kind, "own": True, "said": said, "container": container}

    def _choose_kafka(self) -> tuple[Bus, str]:
        port = free_ports(2)
        if engine_answers():
            return ContainerKafka(port), "Kafka: real Apache Kafka in a container"
        required = os.environ.get(REQUIRE_VARIABLE) == "1"
        reasons: list[str] = []
        bus = choose(self.directory / "kafka", port, require_real=required, report=reasons.append)
        if bus.kind == InMemoryKafka.kind:
            return bus, f"Kafka: IN-MEMORY stand-in. {reasons[0]}"
        return bus, "Kafka: real Apache Kafka, a local broker of this run"

    # -- ending ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop what this run started; on servers that were there before, drop what the run left."""
        if (self.directory / "system").is_dir():  # a killed run's; otherwise it is down already
            installation = Installation(self.directory / "system")
            installation.down(Progress(Console(quiet=True)))
            installation.postgres.remove()
        postgres, kafka = self.known("postgres"), self.known("kafka")
        if postgres.get("own"):
            PostgresServer(self.directory / "postgres").remove()
        elif postgres:
            drop_databases(postgres["dsn"], self.prefix)
        if kafka.get("container"):
            ContainerKafka(0, kafka["container"]).stop()
        elif kafka.get("own"):
            KafkaServer(self.directory / "kafka").kill()
            InMemoryKafka(self.directory / "kafka").kill()
        elif kafka:
            drop_topics(kafka["bootstrap"], self.prefix)
        shutil.rmtree(self.directory, ignore_errors=True)

    def known(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.directory / f"{name}.json").read_text(encoding="utf-8"))
        except OSError:
            return {}
        return found

    def closing_lines(self) -> tuple[list[str], list[str]]:
        """What was used, and what was not proven."""
        used = [found["said"] for found in map(self.known, ("postgres", "kafka", "system")) if found]
        try:
            lacking = (self.directory / "not-proven.txt").read_text(encoding="utf-8").splitlines()
        except OSError:
            lacking = []
        return used, sorted(set(lacking))

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self.directory / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


# -- pytest's side -------------------------------------------------------------------------------------

SERVERS = pytest.StashKey[Servers]()
CLOSING = pytest.StashKey[tuple[list[str], list[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("servers_directory")
    config.stash[SERVERS] = Servers(Path(given) if given else new_run_directory())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: tell a worker where the run's directory is."""
    node.workerinput["servers_directory"] = str(node.config.stash[SERVERS].directory)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return  # the controller ends what its workers started
    servers = session.config.stash[SERVERS]
    session.config.stash[CLOSING] = servers.closing_lines()
    servers.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    used, lacking = config.stash.get(CLOSING, ([], []))
    if used:
        terminalreporter.section("servers used")
    for line in used:
        terminalreporter.write_line(line)
    for line in lacking:
        terminalreporter.write_line(f"NOT PROVEN: {line}", red=True, bold=True)


def new_run_directory() -> Path:
    """A directory named after this process; what dead runs left behind is stopped and removed first."""
    RUNS.mkdir(mode=0o711, exist_ok=True)
    if RUNS.stat().st_uid != os.getuid():
        raise PermissionError(f"{RUNS} belongs to somebody else")
    for left in RUNS.glob("run-*"):
        if not psutil.pid_exists(int(left.name.split("-")[1])):
            Servers(left).close()
    directory = RUNS / f"run-{os.getpid()}-{secrets.token_hex(3)}"
    directory.mkdir(mode=0o711)
    return directory


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    return request.config.stash[SERVERS]


@pytest.fixture(scope="session")
def postgres_admin_dsn(servers: Servers) -> str:
    return servers.postgres_admin_dsn()


@pytest.fixture(scope="session")
def kafka_bootstrap(servers: Servers) -> str:
    return servers.kafka_bootstrap()


@pytest.fixture(scope="session")
def real_kafka_bootstrap(servers: Servers) -> str:
    """For tests that the stand-in cannot pass: they are skipped on it, and the closing lines say so."""
    bootstrap = servers.kafka_bootstrap()
    if not servers.kafka_is_real():
        pytest.skip("needs a real Kafka")
    return bootstrap
