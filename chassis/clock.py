"""The one clock and the one maker of identifiers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils import compat

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, with its UTC offset."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A version 7 UUID (RFC 9562): sorted by the time it was made."""
    return compat.uuid7()
