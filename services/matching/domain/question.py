"""What is ranked, and what a signal says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from contracts.values import Reason
from services.matching.domain.subjects import LineState, Need, Offer, Steering
from services.matching.domain.text import Likeness


@dataclass(frozen=True, slots=True)
class Piece:
    """One offered line in a set. ``asked`` is None when it brings a capability; ``quantity`` None = to be agreed."""

    offer: Offer
    offered: LineState
    asked: LineState | None
    quantity: Decimal | None


Sentences = Callable[[], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one signal adds to the score. ``says`` makes its sentences (Italian, English) when they are wanted."""

    code: str
    value: float
    says: Sentences

    def reason(self) -> Reason:
        italian, english = self.says()
        return Reason(code=self.code, contribution=self.value, text_it=italian[:300], text_en=english[:300])


class Question:
    """What is ranked: a set of pieces for a need, under the steering of today.

    ``of_need`` is what signals about the need alone have said already; whoever ranks many sets for one need passes the
    same one every time.
    """

    __slots__ = ("likeness", "main", "main_offers", "need", "of_need", "offers", "pieces", "steering", "today")

    def __init__(
        self,
        need: Need,
        pieces: Sequence[Piece],
        steering: Steering,
        today: date,
        likeness: Mapping[UUID, Likeness] | None = None,
        of_need: dict[str, Contribution | None] | None = None,
    ) -> None:
        self.need = need
        self.pieces = pieces
        self.steering = steering
        self.today = today
        self.likeness = likeness or {}
        self.of_need = {} if of_need is None else of_need
        self.main = [piece for piece in pieces if piece.asked is not None]
        self.offers = _each_once(pieces)
        # The offers that meet a line; the others bring a capability and speak of something else.
        self.main_offers = self.offers if len(self.main) == len(pieces) else _each_once(self.main) or self.offers


def _each_once(pieces: Sequence[Piece]) -> list[Offer]:
    if len(pieces) == 1:
        return [pieces[0].offer]
    return list({piece.offer.offer_id: piece.offer for piece in pieces}.values())
