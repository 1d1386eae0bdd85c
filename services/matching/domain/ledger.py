"""The ledger's arithmetic: every change of a balance is a posting, and the database adds the postings up.

For every line ``total + shortfall = free + reserved + committed + delivered``. ``total`` is what is asked or offered,
``free`` what of it is still open. Only a cut of the total may raise ``shortfall``; whatever is given back pays it off
first. An open-ended line has nothing free: its total is what is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.events.matching import LineBalanceChanged
from contracts.values import MOST_QUANTITY

Entry = Literal[
    "open", "resize", "reserve", "commit", "deliver", "release_reserved", "release_committed", "undeliver", "take_back"
]
Bucket = Literal["free", "reserved", "committed", "delivered"]

MOVES: dict[Entry, tuple[Bucket, Bucket]] = {
    "reserve": ("free", "reserved"),
    "commit": ("reserved", "committed"),
    "deliver": ("committed", "delivered"),
    "release_reserved": ("reserved", "free"),
    "release_committed": ("committed", "free"),
    "undeliver": ("delivered", "committed"),
    "take_back": ("delivered", "free"),
}
"""From which bucket to which each entry moves a quantity."""

ZERO = Decimal(0)


class NotEnough(Exception):
    """The line does not hold what should be moved."""

    def __init__(self, subject_id: UUID, line: int, wanted: Decimal, there: Decimal) -> None:
        super().__init__(f"{subject_id}/{line}: {wanted} wanted, {there} there")
        self.subject_id = subject_id
        self.line = line
        self.wanted = wanted
        self.there = there


class TooMuch(Exception):
    """The line, open-ended, would hold more than the published language can say."""


@dataclass(frozen=True, slots=True)
class Posting:
    """The change of one line, bucket by bucket."""

    subject_id: UUID
    line: int
    entry: Entry
    total: Decimal = ZERO
    free: Decimal = ZERO
    reserved: Decimal = ZERO
    committed: Decimal = ZERO
    delivered: Decimal = ZERO
    shortfall: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Balance:
    """A line as the ledger has it."""

    line_of: Literal["need", "offer"]
    subject_id: UUID
    line: int
    unit: str
    version: int
    open_ended: bool
    total: Decimal = ZERO
    free: Decimal = ZERO
    reserved: Decimal = ZERO
    committed: Decimal = ZERO
    delivered: Decimal = ZERO
    shortfall: Decimal = ZERO

    @property
    def allocated(self) -> Decimal:
        return self.reserved + self.committed + self.delivered

    def after(self, posting: Posting) -> Balance:
        """The balance with ``posting`` added; the version stays."""
        return replace(
            self,
            total=self.total + posting.total,
            free=self.free + posting.free,
            reserved=self.reserved + posting.reserved,
            committed=self.committed + posting.committed,
            delivered=self.delivered + posting.delivered,
            shortfall=self.shortfall + posting.shortfall,
        )

    def event(self, version: int) -> LineBalanceChanged:
        return LineBalanceChanged(
            line_of=self.line_of,
            subject_id=self.subject_id,
            line=self.line,
            version=version,
            unit=self.unit,
            total=self.total,
            free=self.free,
            reserved=self.reserved,
            committed=self.committed,
            delivered=self.delivered,
            shortfall=self.shortfall,
            open_ended=self.open_ended,
        )


def move(balance: Balance, entry: Entry, quantity: Decimal) -> Posting:
    """Moves ``quantity`` between two buckets. Raises :class:`NotEnough` and :class:`TooMuch`."""
    source, target = MOVES[entry]
    there = quantity if source == "free" and balance.open_ended else getattr(balance, source)
    if quantity > there:
        raise NotEnough(balance.subject_id, balance.line, quantity, there)
    if source == "free" and balance.open_ended and balance.total + quantity >= MOST_QUANTITY:
        raise TooMuch(balance.subject_id, balance.line)
    change = {"total": ZERO, "free": ZERO, "reserved": ZERO, "committed": ZERO, "delivered": ZERO, "shortfall": ZERO}
    if source == "free" and balance.open_ended:
        change["total"] += quantity
    else:
        change[source] -= quantity
    if target == "free" and balance.open_ended:
        change["total"] -= quantity
    elif target == "free":
        repaid = min(quantity, balance.shortfall)
        change["shortfall"] -= repaid
        change["free"] += quantity - repaid
    else:
        change[target] += quantity
    return Posting(balance.subject_id, balance.line, entry, **change)


def resize(balance: Balance, total: Decimal | None, entry: Entry = "resize") -> Posting:
    """Makes ``total`` what is asked or offered; None = open-ended. A cut below what is allocated is a shortfall."""
    new_total = balance.allocated if total is None else total
    spare = new_total - balance.allocated
    free, shortfall = max(spare, ZERO), max(-spare, ZERO)
    return Posting(
        balance.subject_id,
        balance.line,
        entry,
        total=new_total - balance.total,
        free=free - balance.free,
        shortfall=shortfall - balance.shortfall,
    )
