"""What a match is made of: its parties with their answers, and the parts with what of them is where in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.values import Allocation, Line, Party, ProposedAllocation
from services.matching.domain.history import Answer, Channel, ConsentState, Figure
from services.matching.domain.ledger import ZERO, Entry


class QuantityMissing(Exception):
    """Quantities that are open on both sides have to be fixed by the first who consents."""

    def __init__(self, positions: Sequence[int]) -> None:
        super().__init__(f"quantities of {list(positions)} are still open")
        self.positions = tuple(positions)


@dataclass(frozen=True, slots=True)
class MatchParty:
    """A party and whether it has agreed. ``note`` says how somebody else knows; it never leaves the service.

    ``carried``: the yes was said to the match that this one replaces, and its part is the same.
    """

    party: Party
    consent: ConsentState = "pending"
    channel: Channel | None = None
    note: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    carried: bool = False

    @property
    def answer(self) -> Answer:
        return Answer(
            party_id=self.party.party_id,
            consent=self.consent,
            channel=self.channel,
            note=self.note,
            decided_by=self.decided_by,
            decided_at=self.decided_at,
            carried=self.carried,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One allocation and how much of it is where in the ledger. ``recorded`` is all that was reported delivered."""

    position: int
    allocation: ProposedAllocation
    offer_version: int
    reserved: Decimal = ZERO
    committed: Decimal = ZERO
    delivered: Decimal = ZERO
    recorded: Decimal = ZERO

    @property
    def to_agree(self) -> bool:
        """Nobody has said yet how much."""
        return self.allocation.quantity is None

    @property
    def quantity(self) -> Decimal:
        """How much it is. Raises :class:`QuantityMissing` while that is to be agreed."""
        if self.allocation.quantity is None:
            raise QuantityMissing([self.position])
        return self.allocation.quantity

    @property
    def given_up(self) -> bool:
        """Of an accepted match: its own agreement ended while another of the match goes on."""
        return self.reserved + self.committed + self.delivered < self.quantity

    @property
    def agreed(self) -> Allocation:
        """The allocation, its quantity fixed. Raises :class:`QuantityMissing`."""
        return Allocation(**dict(self.allocation) | {"quantity": self.quantity})

    @property
    def figure(self) -> Figure:
        return Figure(quantity=self.allocation.quantity, value_cents=self.allocation.value_cents)

    def with_figure(self, figure: Figure) -> Part:
        return replace(self, allocation=self.allocation.model_copy(update=dict(figure)))

    def with_quantity(self, quantity: Decimal, lines: Mapping[tuple[UUID, int], Line]) -> Part:
        """The part with another quantity, and the value that has on its offered line."""
        line = lines[self.allocation.offer_id, self.allocation.offer_line]
        return self.with_figure(Figure(quantity=quantity, value_cents=line.value_cents(quantity)))


@dataclass(frozen=True, slots=True)
class Move:
    """A quantity of one part that changes bucket, on its offer line and on its need line."""

    part: Part
    entry: Entry
    quantity: Decimal
