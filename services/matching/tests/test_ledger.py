"""The ledger's arithmetic under any sequence of operations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.ledger import MOVES, ZERO, Balance, NotEnough, move, resize

pytestmark = pytest.mark.unit
AMOUNTS = st.decimals(min_value=Decimal("0.001"), max_value=1000, places=3)
STEPS = st.lists(st.tuples(st.sampled_from([*MOVES, "resize"]), AMOUNTS), max_size=40)


def opened(total: Decimal | None) -> Balance:
    empty = Balance("offer", uuid4(), 0, "C62", 0, total is None)
    return empty.after(resize(empty, total, "open"))


def hold(balance: Balance) -> None:
    """What must be true of every line at any time."""
    assert balance.total + balance.shortfall == balance.free + balance.allocated
    amounts = (balance.total, balance.free, balance.reserved, balance.committed, balance.delivered, balance.shortfall)
    assert min(amounts) >= 0
    assert balance.shortfall == 0 or balance.free == 0
    assert not balance.open_ended or balance.free == balance.shortfall == 0


@given(total=st.none() | AMOUNTS, steps=STEPS)
def test_quantities_are_conserved_whatever_happens(total: Decimal | None, steps: list[tuple[Any, Decimal]]) -> None:
    balance = opened(total)
    for entry, amount in steps:
        before = balance
        if entry == "resize":
            posting = resize(balance, None if balance.open_ended else amount)
        else:
            try:
                posting = move(balance, entry, amount)
            except NotEnough:
                continue
        balance = balance.after(posting)
        hold(balance)
        if entry == "reserve":
            assert balance.open_ended or balance.allocated <= balance.total
        if entry not in ("reserve", "resize"):
            assert balance.shortfall <= before.shortfall


@given(total=AMOUNTS, wanted=AMOUNTS)
def test_nothing_beyond_what_is_free_is_reserved(total: Decimal, wanted: Decimal) -> None:
    balance = opened(total)
    if wanted > total:
        with pytest.raises(NotEnough):
            move(balance, "reserve", wanted)
    else:
        assert balance.after(move(balance, "reserve", wanted)).free == total - wanted


def test_a_line_in_shortfall_gives_nothing_and_is_paid_off_first() -> None:
    balance = opened(Decimal(22))
    balance = balance.after(move(balance, "reserve", Decimal(22)))
    balance = balance.after(resize(balance, Decimal(10)))
    assert (balance.free, balance.shortfall) == (ZERO, Decimal(12))
    with pytest.raises(NotEnough):
        move(balance, "reserve", Decimal(1))
    balance = balance.after(move(balance, "release_reserved", Decimal(15)))
    assert (balance.free, balance.shortfall, balance.reserved) == (Decimal(3), ZERO, Decimal(7))


def test_the_event_says_what_the_balance_says() -> None:
    balance = replace(opened(Decimal(5)), version=3)
    event = balance.event(4)
    assert (event.total, event.free, event.version) == (5, 5, 4)
