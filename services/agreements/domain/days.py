"""The daily register document: what it covers, and how one day's is chained to the day's before.

A day's document covers the entries after those of the day before, up to the first that was made on a later day.
So every entry is in exactly one document, also one whose transaction ended after midnight.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pydantic import Field

from contracts.values import Value
from services.agreements.domain.file import Sha256
from services.agreements.domain.register import BEGINNING


class RegisterDay(Value):
    """One city's register on one day. `head` is the hash of the entry at `last`, the last one so far."""

    city: str
    day: date
    last: int = Field(ge=0)
    entries: int = Field(ge=0)
    head: Sha256
    document_sha256: Sha256
    made_at: datetime
    previous: Sha256
    hash: Sha256

    @property
    def first(self) -> int | None:
        """Position of the day's first entry; None on a day without any."""
        return self.last - self.entries + 1 if self.entries else None


class DayFault(Value):
    """Something in the daily documents that does not hold: which day and what."""

    day: date
    code: str


def next_day(
    before: RegisterDay | None,
    *,
    city: str,
    day: date,
    entries: int,
    head: str,
    document_sha256: str,
    made_at: datetime,
) -> RegisterDay:
    """The document of `day`, after the one of the day before."""
    made = RegisterDay(
        city=city,
        day=day,
        last=(before.last if before else 0) + entries,
        entries=entries,
        head=head,
        document_sha256=document_sha256,
        made_at=made_at,
        previous=before.hash if before else BEGINNING,
        hash=BEGINNING,
    )
    return made.model_copy(update={"hash": digest(made)})


def digest(day: RegisterDay) -> str:
    """SHA-256 of the canonical JSON (sorted keys, no spaces, `hash` left out)."""
    content = day.model_dump(mode="json", exclude={"hash"})
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def days_due(last: date | None, first_entry: date | None, today: date) -> Iterator[date]:
    """Days whose document is missing, oldest first: every day that has ended, from the first entry on."""
    day = last + timedelta(days=1) if last else first_entry
    while day is not None and day < today:
        yield day
        day += timedelta(days=1)


class DayWalk:
    """Checks one city's daily documents in order."""

    def __init__(self) -> None:
        self.last: RegisterDay | None = None

    def step(self, day: RegisterDay, document_sha256: str, head: str | None) -> list[DayFault]:
        """`document_sha256` is that of the bytes kept, `head` the hash of the register's entry at `day.last`."""
        before = self.last
        found = []
        if before and day.day != before.day + timedelta(days=1):
            found.append("day-missing")
        if day.previous != (before.hash if before else BEGINNING):
            found.append("chain-broken")
        if digest(day) != day.hash:
            found.append("day-changed")
        if day.last != (before.last if before else 0) + day.entries:
            found.append("entries-missing")
        if day.document_sha256 != document_sha256:
            found.append("document-changed")
        if day.head != head:
            found.append("register-changed")
        self.last = day
        return [DayFault(day=day.day, code=code) for code in found]
