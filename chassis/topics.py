"""Makes the topics of the catalogue on a broker."""

from __future__ import annotations

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from chassis.settings import Settings
from contracts.topics import TOPICS


class TopicsError(Exception):
    """The broker did not make a topic; the text names it and the reason."""


async def ensure_topics(settings: Settings) -> list[str]:
    """Makes the missing topics and returns their names. Kept for ever, never compacted; safe to repeat."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, client_id="sportello-topics")
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = [settings.topic_prefix + topic.name for topic in TOPICS]
        missing = [name for name in wanted if name not in there]
        if missing:
            await _create(admin, settings, missing)
        return missing
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, settings: Settings, names: list[str]) -> None:
    config = {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "min.insync.replicas": str(settings.topic_min_isr),
    }
    answer = await admin.create_topics(
        [NewTopic(name, settings.topic_partitions, settings.topic_replication, topic_configs=config) for name in names],
        timeout_ms=30_000,
    )
    for name, code, *message in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise TopicsError(f"{name}: {message[0] if message and message[0] else KafkaError.__name__} (code {code})")
