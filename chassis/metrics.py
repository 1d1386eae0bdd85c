"""Every metric, in one place, with what it is for."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# Grows when Kafka is away or the relay is stuck; alert on the age, not on the count.
outbox_pending = Gauge("sportello_outbox_pending", "Events committed and not yet published")
outbox_oldest_age = Gauge("sportello_outbox_oldest_age_seconds", "Age of the oldest event not yet published")
outbox_published = Counter("sportello_outbox_published_total", "Events published", ["result"])
# An event that the broker refuses for good (too large, no right): its key waits, somebody must look.
outbox_stuck = Gauge("sportello_outbox_stuck_keys", "Keys whose next event cannot be published")
relay_slots = Gauge("sportello_relay_owned_slots", "Slots of the outbox this process relays")

consumed = Counter("sportello_consumed_total", "Events consumed", ["type", "outcome"])
consume_batch = Histogram("sportello_consume_batch_seconds", "Time to apply one batch of events")
consumer_lag = Gauge("sportello_consumer_lag", "Events on the assigned partitions not yet applied")
# 1 = too many bad events in a row; somebody must look before it goes on.
consumer_halted = Gauge("sportello_consumer_halted", "The consumer stopped itself")
dead_letters = Gauge("sportello_dead_letters", "Events kept aside", ["status"])
# 0 = it answers but cannot do its work now; /readyz says which check failed.
ready = Gauge("sportello_ready", "The service can do its work: database, bus, relay and consumer are well")
