"""The servers that every suite stands on really are what their names say."""

from __future__ import annotations

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.servers import Servers

pytestmark = pytest.mark.integration


async def test_postgres_refuses_a_wrong_password(postgres_admin_dsn: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_admin_dsn, password="wrong")


async def test_kafka_takes_a_record(servers: Servers, kafka_bootstrap: str) -> None:
    topic = f"{servers.prefix}-takes-a-record"
    if servers.kafka_is_real():
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    try:
        sent = await producer.send_and_wait(topic, b"hello")
    finally:
        await producer.stop()
    assert sent.offset == 0
