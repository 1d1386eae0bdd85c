"""Apache Kafka's official image, for test runs on a machine where a Docker engine answers."""

from __future__ import annotations

import shutil
import subprocess

from deploy.local.failures import CannotStart
from deploy.local.jars import KAFKA
from deploy.local.kafka import answers
from deploy.local.processes import wait_until

READY_SECONDS = 120
PULL_SECONDS = 600


class ContainerKafka:
    """Same life as ``KafkaServer``; the container is found again by its id, from any process."""

    kind = "apache-kafka-container"

    def __init__(self, port: int, container_id: str | None = None) -> None:
        self.port = port
        self.container_id = container_id

    def start(self) -> None:
        self.begin()
        self.wait_ready()

    def begin(self) -> None:
        settings = [word for item in self._environment().items() for word in ("--env", "=".join(item))]
        published = f"127.0.0.1:{self.port}:{self.port}"
        image = f"apache/kafka:{KAFKA.version()}"
        command = ["docker", "run", "--detach", "--rm", "--publish", published, *settings, image]
        result = subprocess.run(command, capture_output=True, text=True, timeout=PULL_SECONDS, check=False)
        if result.returncode != 0:
            raise CannotStart(
                f"The Kafka container did not start: {result.stderr.strip().splitlines()[-1]}",
                "Stop the Docker engine to use the local broker instead.",
            )
        self.container_id = result.stdout.strip()

    def wait_ready(self) -> None:
        if not wait_until(lambda: answers(self.bootstrap), READY_SECONDS):
            raise CannotStart(
                f"The Kafka container did not answer within {READY_SECONDS} seconds.",
                f"Look at `docker logs {self.container_id}`.",
            )

    def stop(self) -> None:
        if self.container_id:
            subprocess.run(
                ["docker", "rm", "--force", "--volumes", self.container_id], capture_output=True, check=False
            )
            self.container_id = None

    kill = stop

    @property
    def is_running(self) -> bool:
        return self.container_id is not None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _environment(self) -> dict[str, str]:
        return {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": f"PLAINTEXT://:{self.port},CONTROLLER://:29093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.bootstrap}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        }


def engine_answers() -> bool:
    """Is there a Docker engine, not only its command?"""
    if shutil.which("docker") is None:
        return False
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
