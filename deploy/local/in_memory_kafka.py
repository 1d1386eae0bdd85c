"""The stand-in where Java is missing: librdkafka's in-memory cluster, in a process of its own.

It speaks the real protocol and keeps nothing: no topic, record or offset survives its process. What follows
from that (the relay holds back, the outboxes are published again) is told in
``docs/architecture/local-launcher.md``.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from confluent_kafka import Producer

from deploy.local.failures import explain
from deploy.local.processes import PidFile, detach, end, kill_family, wait_until

PROJECT = Path(__file__).parents[2]
READY_SECONDS = 20


class InMemoryKafka:
    """Same life as ``KafkaServer``; the port is its own choice and changes with every start."""

    kind = "in-memory"

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.log = self.directory / "server.log"
        self._pid = PidFile(self.directory / "in-memory.pid")
        self._address = self.directory / "in-memory.address"

    def start(self) -> None:
        self.begin()
        self.wait_ready()

    def begin(self) -> None:
        if self.is_running:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self._address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "deploy.local.in_memory_kafka", str(self._address)]
        self._pid.write(detach(command, log=self.log, directory=PROJECT))

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        started = wait_until(lambda: not self.is_running or self._address.exists(), seconds)
        if not started or not self.is_running:
            said = self.log.read_text(encoding="utf-8", errors="replace")[-4000:]
            raise explain("The in-memory Kafka", said, self.log)

    def stop(self) -> None:
        pid = self._pid.pid()
        if pid is not None:
            end(pid, 5)
        self._pid.remove()

    def kill(self) -> None:
        pid = self._pid.pid()
        if pid is not None:
            kill_family(pid)

    @property
    def is_running(self) -> bool:
        return self._pid.pid() is not None

    @property
    def bootstrap(self) -> str:
        return self._address.read_text(encoding="utf-8").strip()


def serve(address: Path) -> None:
    """Keep one mock broker alive until SIGTERM; its address goes to a file."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    # The client that asks for mock brokers owns them: they live as long as this object.
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 3})
    broker = next(iter(owner.list_topics(timeout=READY_SECONDS).brokers.values()))
    scratch = address.with_suffix(".new")
    scratch.write_text(f"{broker.host}:{broker.port}\n", encoding="utf-8")
    scratch.replace(address)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
