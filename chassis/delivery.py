"""An event as a handler receives it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from opentelemetry.context import Context

from contracts.envelope import Envelope
from contracts.event import Event

EventT = TypeVar("EventT", bound=Event)
_LONGEST_KEY = 500


def key_text(key: bytes | None) -> str:
    """A record's key as PostgreSQL can hold and index it; different keys stay different."""
    if not key:
        return ""
    text = key.decode(errors="replace")
    if "\x00" not in text and "\ufffd" not in text and len(key) <= _LONGEST_KEY:
        return text
    return f"{text[:100].replace(chr(0), chr(0xFFFD))}#{hashlib.sha256(key).hexdigest()}"


@dataclass(frozen=True)
class Record:
    """A Kafka record with the topic's name as in the catalogue. ``key`` is "" when the record has none."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    received_at: datetime


@dataclass(frozen=True)
class Delivery(Generic[EventT]):
    """One event, its envelope, where it came from, and the span it is handled in."""

    event: EventT
    envelope: Envelope
    record: Record
    context: Context = field(default_factory=Context, compare=False, repr=False)

    @property
    def city(self) -> str:
        return self.envelope.city

    @property
    def case(self) -> str | None:
        return self.envelope.correlationid

    @property
    def time(self) -> datetime:
        return self.envelope.time
