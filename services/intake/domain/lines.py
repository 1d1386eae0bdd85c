"""Rules on the lines of a need or an offer that go beyond the shape of one line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from contracts.units import UNITS, amount, plain
from contracts.values import FieldError, Line

MUCH_MORE = 5
"""An offer of this many times what is asked is more often a slip of the finger than generosity."""
WHOLE = frozenset({"C62", "IE"})
"""Units of what people count one by one: pieces, people."""


@dataclass(frozen=True)
class LineBalance:
    """What became of one line, as the ledger says: total = free + reserved + committed + delivered."""

    line: int
    unit: str
    total: Decimal
    free: Decimal
    reserved: Decimal
    committed: Decimal
    delivered: Decimal
    shortfall: Decimal
    open_ended: bool

    @property
    def in_use(self) -> bool:
        return self.reserved + self.committed + self.delivered > 0

    @property
    def closed(self) -> bool:
        """Everything asked for has been delivered; an open-ended line asks for what was accepted."""
        if self.open_ended:
            return self.total > 0 and self.delivered == self.total
        return self.free == self.reserved == self.committed == 0 and self.delivered > 0


def unit_errors(lines: Sequence[Line]) -> list[FieldError]:
    """Lines in a unit the city does not count in."""
    known = ", ".join(UNITS)
    return [
        FieldError(
            pointer=f"/lines/{position}/unit",
            code="unknown-unit",
            message_it=f"unità sconosciuta: usa una di {known}",
            message_en=f"unknown unit: use one of {known}",
        )
        for position, line in enumerate(lines)
        if line.unit not in UNITS
    ]


def in_use_errors(before: Sequence[Line], after: Sequence[Line], used: Collection[int]) -> list[FieldError]:
    """Changes that would pull a line away from under what is allocated to it.

    A quantity may be cut below what is allocated (matching shows the shortfall); what the line *is* may not change.
    """
    errors = []
    for position in sorted(used):
        if position >= len(before):
            continue
        old, new = before[position], after[position] if position < len(after) else None
        if new is None or (old.kind, old.unit, old.capability) != (new.kind, new.unit, new.capability):
            errors.append(
                FieldError(
                    pointer=f"/lines/{position}",
                    code="line-in-use",
                    message_it="a questa riga è già assegnato qualcosa: se ne può cambiare la quantità, non il tipo,"
                    " l'unità o la competenza, e non si può togliere",
                    message_en="something is allocated to this line already: its quantity may change, not its kind,"
                    " unit or capability, and it cannot be removed",
                )
            )
    return errors


def quantity_warnings(offered: Sequence[Line], asked: Sequence[Line]) -> list[FieldError]:
    """Offered lines that are suspiciously larger than all that the need asks for in the same kind and unit."""
    totals: dict[tuple[str, str], Decimal | None] = {}
    for line in asked:
        key, total = (line.kind, line.unit), line.total_quantity
        so_far = totals.get(key, Decimal(0))
        totals[key] = None if total is None or so_far is None else so_far + total
    warnings = []
    for position, line in enumerate(offered):
        wanted, given = totals.get((line.kind, line.unit)), line.total_quantity
        if wanted and given and given >= MUCH_MORE * wanted:
            warnings.append(
                FieldError(
                    pointer=f"/lines/{position}/quantity",
                    code="much-more-than-asked",
                    message_it=f"sono offerti {plain(given)} dove ne servono {plain(wanted)}: controlla gli zeri",
                    message_en=f"{plain(given)} are offered where {plain(wanted)} are asked: check the zeros",
                )
            )
    return warnings


def alike_warnings(offered: Sequence[Line], asked: Sequence[Line], requires: Collection[str]) -> list[FieldError]:
    """An offer of nothing that the need asks for, by kind and unit or as a capability."""
    wanted = {(line.kind, line.unit) for line in asked}
    needed = {*requires, *(line.capability for line in asked if line.capability)}
    if any((line.kind, line.unit) in wanted or line.capability in needed for line in offered):
        return []
    return [
        FieldError(
            pointer="/lines",
            code="nothing-alike",
            message_it="nessuna riga è dello stesso tipo e nella stessa unità di ciò che è chiesto: così l'offerta non"
            " può rispondere a questo bisogno",
            message_en="no line is of the kind and in the unit of what is asked: the offer cannot answer this need"
            " like that",
        )
    ]


def whole_warnings(lines: Sequence[Line]) -> list[FieldError]:
    """Fractions of what people count one by one. Half a place may be meant, so it is said, not refused."""
    return [
        FieldError(
            pointer=f"/lines/{position}/{name}",
            code="fraction",
            message_it=f"{amount(value, line.unit)[0]}: di solito si contano interi",
            message_en=f"{amount(value, line.unit)[1]}: these are usually counted in whole numbers",
        )
        for position, line in enumerate(lines)
        for name, value in (("quantity", line.quantity), ("min_lot", line.min_lot))
        if line.unit in WHOLE and value is not None and value != value.to_integral_value()
    ]


def all_closed(lines: int, balances: Sequence[LineBalance]) -> bool:
    """Whether each of the first ``lines`` lines has a balance and is closed."""
    closed = {balance.line for balance in balances if balance.closed}
    return lines > 0 and closed.issuperset(range(lines))


def coverage(balances: Sequence[LineBalance]) -> float | None:
    """Share (0-1) of what is asked that is at least reserved, each line counting the same; None before the ledger."""
    shares = [
        float((balance.reserved + balance.committed + balance.delivered) / balance.total)
        for balance in balances
        if balance.total > 0
    ]
    return round(min(sum(shares) / len(balances), 1.0), 4) if shares else (0.0 if balances else None)
