"""Capabilities dealt out before the plan: how much of a need that requires some can be met at all.

A unit of goods needs a unit of each capability (one to one) where both are counted in the same unit; a capability in
another unit serves one need as a whole. What is dealt to one need is nobody else's, whether or not the plan uses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Want:
    """A need line that requires capabilities; ``providers`` are the keys of offer lines that may bring each of them."""

    key: str
    unit: str
    asked: Decimal
    importance: float
    providers: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Provider:
    """An offer line that brings a capability; ``free`` None = as much as anybody wants, ``lot`` at a time at least."""

    key: str
    unit: str
    free: Decimal | None
    lot: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Dealt:
    """``quantity`` of the need can be met, by these offer lines (by capability); ``missing`` = what nobody brings."""

    quantity: Decimal
    providers: Mapping[str, str]
    missing: tuple[str, ...] = ()


def deal(wants: Sequence[Want], providers: Mapping[str, Provider]) -> tuple[dict[str, Dealt], dict[str, Decimal]]:
    """What each want gets, the most important first, and how much of each provider is taken by it."""
    left = {key: one.free for key, one in providers.items()}
    taken: dict[str, Decimal] = {}
    dealt: dict[str, Dealt] = {}
    for want in sorted(wants, key=lambda one: (-one.importance, one.key)):
        chosen = {
            capability: best
            for capability, keys in want.providers.items()
            if (best := _best(want, keys, providers, left)) is not None
        }
        missing = tuple(sorted(set(want.providers) - set(chosen)))
        if missing:
            dealt[want.key] = Dealt(Decimal(0), {}, missing)
            continue
        limits = [_serves(want, providers[key], left[key]) for key in chosen.values()]
        quantity = min(limits, default=want.asked)
        small = tuple(sorted(one for one, key in chosen.items() if _lends(want, providers[key], quantity) is None))
        if small:
            dealt[want.key] = Dealt(Decimal(0), {}, small)
            continue
        for key in dict.fromkeys(chosen.values()):
            amount = _used_up(want, providers[key], left[key], quantity)
            free = left[key]
            if amount is not None and free is not None:
                left[key] = free - amount
                taken[key] = taken.get(key, Decimal(0)) + amount
        dealt[want.key] = Dealt(quantity, chosen)
    return dealt, taken


def _best(
    want: Want, keys: Sequence[str], providers: Mapping[str, Provider], left: Mapping[str, Decimal | None]
) -> str | None:
    """The provider that serves most of the want; the first of equals."""
    able = [key for key in keys if _serves(want, providers[key], left[key]) > 0]
    return max(able, key=lambda key: _serves(want, providers[key], left[key]), default=None)


def _serves(want: Want, provider: Provider, left: Decimal | None) -> Decimal:
    most = want.asked if left is None or provider.unit != want.unit else min(want.asked, left)
    lent = _lends(want, provider, most) if left is None or left > 0 else None
    return Decimal(0) if lent is None else lent


def _lends(want: Want, provider: Provider, quantity: Decimal) -> Decimal | None:
    """``quantity``; None where that is less than the provider lends at a time."""
    return None if provider.unit == want.unit and quantity < provider.lot else quantity


def _used_up(want: Want, provider: Provider, left: Decimal | None, quantity: Decimal) -> Decimal | None:
    return quantity if provider.unit == want.unit else left
