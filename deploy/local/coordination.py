"""Whether a Kafka broker coordinates consumer groups: it may list itself and still refuse every group.

After a crash a broker first takes up the leadership it had before, then loses it and gets it again within moments. When
that interrupts the loading of a partition of ``__consumer_offsets``, Kafka (4.3) may take the new loading for the one
that failed: from then on it answers all groups of the partition with NOT_COORDINATOR, until it is started again.
"""

from __future__ import annotations

from confluent_kafka import Consumer, KafkaException, TopicPartition

OFFSETS_PARTITIONS = 4
"""Partitions of ``__consumer_offsets``; the leader of each coordinates the groups whose names fall on it."""


def partition_of(group: str) -> int:
    """The partition on which the group's name falls: Java's hash of a text, without its sign."""
    number = 0
    for letter in group:
        number = (31 * number + ord(letter)) & 0xFFFFFFFF
    return abs(number - (1 << 32) if number >= 1 << 31 else number) % OFFSETS_PARTITIONS


GROUPS = {partition_of(name): name for name in (f"readiness-{number}" for number in range(32))}
"""A group for each partition. Nobody ever joins them."""


def coordinates_groups(bootstrap: str, seconds: float = 5.0) -> bool:
    """Does the broker tell the offsets of a group of each partition, each within so many seconds?"""
    return all(_tells_offsets(bootstrap, group, seconds) for group in GROUPS.values())


def _tells_offsets(bootstrap: str, group: str, seconds: float) -> bool:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})
    try:
        [told] = consumer.committed([TopicPartition("readiness", 0)], timeout=seconds)
        return told.error is None
    except KafkaException:
        return False
    finally:
        consumer.close()
