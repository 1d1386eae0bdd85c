"""How a handler says that an event cannot be applied."""

from __future__ import annotations


class PermanentFailure(Exception):
    """The event can never be applied as it is: it is parked as a dead letter, later events of its key behind it."""


class Waiting(Exception):
    """The event needs another aggregate that has not arrived; it is kept and applied when that one arrives.

    ``topic`` and ``key`` name the aggregate awaited.
    """

    def __init__(self, topic: str, key: object) -> None:
        super().__init__(f"waits for {key} on {topic}")
        self.topic = topic
        self.key = str(key)


class ConsumerHalted(Exception):
    """Too many bad events in a row: the consumer stops rather than drain a whole topic into the dead letters."""
