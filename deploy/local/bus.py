"""Which Kafka this machine gets: the real broker wherever it can run, else the announced stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from deploy.local import jars
from deploy.local.failures import CannotStart
from deploy.local.in_memory_kafka import InMemoryKafka
from deploy.local.jars import Report
from deploy.local.kafka import KafkaServer, real_kafka_obstacle, silent

IN_MEMORY_NOTICE = (
    "Kafka is the in-memory stand-in: nothing on the bus survives a stop, the relay holds back so that no "
    "partition outgrows 5 MB, and the outboxes are published again on every start."
)


class Bus(Protocol):
    """A Kafka that can be started, stopped and killed; ``kind`` says which one it is."""

    @property
    def kind(self) -> str: ...

    @property
    def bootstrap(self) -> str: ...

    @property
    def is_running(self) -> bool: ...

    def begin(self) -> None: ...

    def wait_ready(self) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


def choose(
    directory: Path, port: int, *, require_real: bool, report: Report = silent, fetching: Report = silent
) -> Bus:
    """The real broker, or the stand-in when it cannot run here; ``require_real`` refuses the stand-in.

    ``report`` hears what a person must know, ``fetching`` each jar as it arrives.

    Raises:
        CannotStart: the real broker is required and something it needs is missing.
    """
    obstacle = real_kafka_obstacle() or _fetch_obstacle(fetching)
    if obstacle is None:
        return KafkaServer(directory, port, report=fetching)
    if require_real:
        raise obstacle
    report(str(obstacle))
    report(IN_MEMORY_NOTICE)
    return InMemoryKafka(directory)


def _fetch_obstacle(fetching: Report) -> CannotStart | None:
    try:
        jars.KAFKA.fetched(fetching)
    except CannotStart as obstacle:
        return obstacle
    return None
