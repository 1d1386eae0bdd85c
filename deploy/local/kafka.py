"""A real, single Apache Kafka broker (KRaft) that outlives the command which started it."""

from __future__ import annotations

import base64
import subprocess
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import coordination, jars
from deploy.local.failures import CannotStart, explain
from deploy.local.ports import require_free
from deploy.local.processes import PidFile, detach, end, kill_family, wait_until

READY_SECONDS = 120
STOP_SECONDS = 30
PROBE_SECONDS = 2
GROUPS_SECONDS = 60
STARTS = 3
LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")
# Measured on two cores: the serial collector starts fastest and holds the least memory; the heap is
# small because Kafka leaves caching to the operating system.
JAVA_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.awt.headless=true")


def silent(_: str) -> None:
    """Progress that nobody wants to hear."""


class KafkaServer:
    """One broker that is its own controller, on 127.0.0.1:``port`` (controller on the next port)."""

    kind = "apache-kafka"

    def __init__(self, directory: Path, port: int = 9192, *, report: jars.Report = silent) -> None:
        self.directory = directory.absolute()
        self.port = port
        self.log = self.directory / "server.log"
        self._report = report
        self._pid = PidFile(self.directory / "server.pid")

    # -- life ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Format the storage at first use, start, and return when clients get metadata."""
        self.begin()
        self.wait_ready()

    def begin(self) -> None:
        """Start without waiting, so that other things can start meanwhile."""
        if self.is_running:
            return
        java, classpath = self._java_command()
        for port in (self.port, self.port + 1):
            require_free(port, "Kafka")
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = self._write_settings()
        if not (self.directory / "data" / "meta.properties").exists():
            self._format(java, classpath, settings)
        command = [java, *self._options(), "-cp", classpath, "kafka.Kafka", str(settings)]
        self._pid.write(detach(command, log=self.log, directory=self.directory))

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Returns when clients get metadata and groups are coordinated.

        A broker that refuses groups is started again: it would refuse them for ever (see ``coordination``).
        """
        for start in range(STARTS):
            if start:
                self.begin()
            started = wait_until(lambda: not self.is_running or answers(self.bootstrap), seconds)
            if not started or not self.is_running:
                raise explain("Kafka", self.log.read_text(encoding="utf-8", errors="replace")[-8000:], self.log)
            if wait_until(lambda: coordination.coordinates_groups(self.bootstrap), GROUPS_SECONDS):
                return
            self._report("Kafka came up without coordinating consumer groups; stopping it.")
            self.stop()
        raise explain("Kafka", "It does not coordinate consumer groups.", self.log)

    def stop(self) -> None:
        """Controlled shutdown: the log is flushed and closed."""
        pid = self._pid.pid()
        if pid is not None:
            end(pid, STOP_SECONDS)
        self._pid.remove()

    def kill(self) -> None:
        """SIGKILL, as a crash would; the next start recovers the log."""
        pid = self._pid.pid()
        if pid is not None:
            kill_family(pid)

    @property
    def is_running(self) -> bool:
        return self._pid.pid() is not None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    # -- inside ----------------------------------------------------------------------------------------

    def _java_command(self) -> tuple[str, str]:
        return jars.java(), f"{jars.KAFKA.fetched(self._report)}/*"

    def _options(self) -> list[str]:
        return [*JAVA_OPTIONS, f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}"]

    def _write_settings(self) -> Path:
        lines = "".join(f"{name}={value}\n" for name, value in self._settings().items())
        path = self.directory / "server.properties"
        path.write_text(lines, encoding="utf-8")
        return path

    def _settings(self) -> dict[str, object]:
        controller = f"127.0.0.1:{self.port + 1}"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "log.dirs": self.directory / "data",
            "auto.create.topics.enable": "false",
            "num.partitions": 12,
            "default.replication.factor": 1,
            "min.insync.replicas": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": coordination.OFFSETS_PARTITIONS,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            # Seconds of waiting for further members make sense in a fleet, not on one machine.
            "group.initial.rebalance.delay.ms": 0,
            # A killed broker may register again only after its former session has expired (9 s by default).
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "log.retention.ms": -1,
            # A week by default: an installation that was shut for longer would read every topic from its beginning.
            "offsets.retention.minutes": 525600,
            # Preallocated index files of 10 MB times hundreds of partitions would fill a laptop.
            "log.index.size.max.bytes": 1048576,
        }

    def _format(self, java: str, classpath: str, settings: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [java, *self._options(), "-cp", classpath, "kafka.tools.StorageTool"]
        # One id in 64 starts with a dash, which as an argument of its own would be taken for an option.
        command += ["format", f"--cluster-id={cluster}", "--config", str(settings)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise explain("Kafka", result.stdout + result.stderr, self.log)


def answers(bootstrap: str) -> bool:
    """Does a broker there list itself, that is: registered, unfenced and serving clients?"""
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 1000})
    try:
        return bool(client.list_topics(timeout=PROBE_SECONDS).brokers)
    except KafkaException:
        return False


def real_kafka_obstacle() -> CannotStart | None:
    """Why the real broker cannot run here, or None when it can."""
    try:
        jars.java()
        if not jars.KAFKA.directory().is_dir():
            jars.maven()
    except CannotStart as obstacle:
        return obstacle
    return None
