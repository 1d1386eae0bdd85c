"""The local Kafka: real, kept over a crash, and clear about what stands in its way."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import coordination, jars
from deploy.local.bus import choose
from deploy.local.coordination import GROUPS, OFFSETS_PARTITIONS, coordinates_groups, partition_of
from deploy.local.failures import CannotStart
from deploy.local.in_memory_kafka import InMemoryKafka
from deploy.local.kafka import KafkaServer, answers, real_kafka_obstacle
from deploy.local.ports import free_ports

pytestmark = pytest.mark.integration
TOPIC = "kept.v1"


async def produce(bootstrap: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, value, partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(TOPIC, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.unit
def test_a_group_is_asked_about_for_each_part_of_the_coordinator() -> None:
    assert set(GROUPS) == set(range(OFFSETS_PARTITIONS))
    # As Java computes them: "intake".hashCode() is -1183766740, "matching".hashCode() 296922109.
    assert [partition_of(name) for name in ("intake", "matching")] == [0, 1]


@pytest.mark.skipif(real_kafka_obstacle() is not None, reason="Java or Maven is missing")
def test_a_broker_that_refuses_groups_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    server = KafkaServer(tmp_path, free_ports(2), report=said.append)
    processes: list[int | None] = []

    def not_the_first(bootstrap: str) -> bool:
        monkeypatch.setattr("deploy.local.kafka.GROUPS_SECONDS", 60)  # for the next start; this one is refused
        if (pid := server._pid.pid()) not in processes:
            processes.append(pid)
        return len(processes) > 1 and coordinates_groups(bootstrap)

    monkeypatch.setattr(coordination, "coordinates_groups", not_the_first)
    monkeypatch.setattr("deploy.local.kafka.GROUPS_SECONDS", 0.5)
    try:
        server.start()
        assert [server._pid.pid()] == processes[1:]
        assert said == ["Kafka came up without coordinating consumer groups; stopping it."]
    finally:
        server.kill()
    assert not coordinates_groups(server.bootstrap, 0.2)


@pytest.mark.skipif(real_kafka_obstacle() is not None, reason="Java or Maven is missing")
async def test_records_survive_a_crash_of_the_broker(tmp_path: Path) -> None:
    server = KafkaServer(tmp_path, free_ports(2))
    server.start()
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        await admin.close()
        await produce(server.bootstrap, b"before")
        server.kill()
        assert not server.is_running
        server.start()
        await produce(server.bootstrap, b"after")
        assert await read(server.bootstrap, 2) == [b"before", b"after"]
        assert KafkaServer(tmp_path, server.port).is_running
    finally:
        server.kill()


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[InMemoryKafka]:
    server = InMemoryKafka(tmp_path)
    server.start()
    yield server
    server.stop()


async def test_the_stand_in_speaks_the_protocol(stand_in: InMemoryKafka) -> None:
    await produce(stand_in.bootstrap, b"hello")
    assert await read(stand_in.bootstrap, 1) == [b"hello"]


def test_the_stand_in_comes_back_after_a_crash(stand_in: InMemoryKafka) -> None:
    stand_in.kill()
    assert not stand_in.is_running
    stand_in.start()
    assert answers(stand_in.bootstrap)


def test_a_port_in_use_is_named_with_its_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "java", lambda: "java")
    monkeypatch.setattr(jars.Jars, "fetched", lambda self, report: tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port}, which Kafka needs, is in use by python.*process"):
            KafkaServer(tmp_path, port).begin()


def test_without_java_the_stand_in_is_taken_and_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    said: list[str] = []
    assert choose(tmp_path, 1, require_real=False, report=said.append).kind == "in-memory"
    assert "Java is missing" in said[0]
    assert "nothing on the bus survives" in said[1]


def test_what_cannot_be_fetched_is_replaced_and_the_reason_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, script in {
        "java": "echo 'openjdk version \"17.0.1\"' >&2",
        "mvn": "echo '[INFO] Scanning'; echo '[ERROR] Unknown host'; exit 1",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said: list[str] = []
    assert choose(tmp_path, 1, require_real=False, report=said.append).kind == "in-memory"
    assert "could not be fetched: Unknown host" in said[0]
    assert list((tmp_path / "cache" / "sportello").iterdir()) == []


def test_required_kafka_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(CannotStart, match="Java is missing"):
        choose(tmp_path, 1, require_real=True)


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(CannotStart, match="Java 11 is too old"):
        jars.java()


def test_jars_other_than_the_recorded_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "surprise.jar").write_bytes(b"")
    with pytest.raises(CannotStart, match="not the expected ones"):
        jars.KAFKA.check(tmp_path)


@pytest.mark.skipif(real_kafka_obstacle() is not None, reason="Java or Maven is missing")
def test_a_cluster_id_that_starts_with_a_dash_is_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dashing = uuid.UUID(bytes=b"\xf8" + bytes(15))  # in base64 for URLs: "-AAAAAAAAAAAAAAAAAAAAA"
    monkeypatch.setattr("deploy.local.kafka.uuid.uuid4", lambda: dashing)
    server = KafkaServer(tmp_path, free_ports(2))
    try:
        server.start()
        assert "cluster.id=-A" in next(tmp_path.rglob("meta.properties")).read_text()
    finally:
        server.kill()
