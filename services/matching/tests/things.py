"""Needs and offers for the pure tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.values import Line, StakeholderType
from services.matching.domain import text
from services.matching.domain.subjects import LineState, Need, Offer, Stakeholder

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def a_line(kind: str = "goods", quantity: str | None = "10", unit: str = "C62", **more: Any) -> Line:
    return Line(kind=kind, unit=unit, quantity=quantity, **more)


def a_need(*lines: Line, receivers: dict[UUID, Stakeholder] | None = None, is_open: bool = True, **more: Any) -> Need:
    values = {"department": "education", "title": "Portatili per la scuola", "policy_area": "digital_poverty"} | more
    state = NeedRegistered(
        need_id=uuid4(), version=1, lines=lines or (a_line(),), receivers=tuple(receivers or ()), **values
    )
    return Need(state, is_open, untouched(state.lines), text.words(state.title), receivers or {})


def an_offer(
    *lines: Line,
    giver: Stakeholder | None = None,
    is_open: bool = True,
    promised_to: UUID | None = None,
    left: str | None = None,
    partner_kinds: dict[UUID, StakeholderType] | None = None,
    **more: Any,
) -> Offer:
    """``left`` is what is free of each line; None = nothing is taken yet."""
    giver = giver or a_giver()
    values = {"title": "Portatili usati"} | more
    state = OfferReceived(
        offer_id=uuid4(), version=1, stakeholder_id=giver.stakeholder_id, lines=lines or (a_line(),), **values
    )
    free = untouched(state.lines)
    if left is not None:
        free = tuple(replace(line, free=Decimal(left)) for line in free)
    words = text.words(state.title)
    return Offer(state, is_open, free, words, giver, promised_to, partner_kinds=partner_kinds or {})


def a_giver(name: str = "Intesa Sanpaolo", **more: Any) -> Stakeholder:
    return Stakeholder(uuid4(), **({"name": name, "vetting": "approved"} | more))


def untouched(lines: tuple[Line, ...]) -> tuple[LineState, ...]:
    """Nothing is taken of these lines yet."""
    return tuple(
        LineState(index, line, line.total_quantity or Decimal(0), line.quantity is None)
        for index, line in enumerate(lines)
    )
