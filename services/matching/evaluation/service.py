"""The service's own pipeline on a record: its filters, its signals, its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.events.intake import NeedRegistered, OfferReceived
from contracts.values import Line, ResourceKind
from services.matching.domain import proposals
from services.matching.domain.proposals import Candidate
from services.matching.domain.subjects import LineState, Need, Offer, Stakeholder, Steering
from services.matching.domain.text import Likeness, words
from services.matching.evaluation.records import Record

NOW = datetime(2000, 1, 1, tzinfo=UTC)
"""Sets say nothing of today: nothing is urgent and nothing has passed."""
_UNTITLED = "-"
"""What a text says comes with its likeness; the published language would not take every text as a title."""
_UNITS: dict[ResourceKind, str] = {"money": "EUR"}


class Ranker:
    """Makes needs and offers of records. What one side leaves open takes the other side's word, so that no filter
    stands in its way."""

    def __init__(self, needs: Sequence[Record], offers: Sequence[Record]) -> None:
        self._needs = needs
        self._offers = offers
        categories = dict.fromkeys(one.category for one in (*needs, *offers) if one.category)
        words = [one for one in categories if not _is_cpv(one)]
        taken = {one[:2] for one in categories if _is_cpv(one)}
        # Words get codes that have no two digits in common with one another or with a CPV code (beyond some ninety
        # words, no more than two).
        free = [str(at) for at in range(10, 100) if str(at) not in taken] or ["00"]
        self._codes = {word: f"{free[at % len(free)]}{at // len(free):02}0000" for at, word in enumerate(words)}
        self._made: dict[tuple[int, str, str], Offer] = {}

    def order(self, need: int, offers: Sequence[int], alike: Sequence[float]) -> list[tuple[int, Candidate]]:
        """The offers that may be proposed for the need, best first, each as the service ranks it."""
        one = self._needs[need]
        kind, unit = self._kind_and_unit(one)
        subject = self._need(need, kind, unit)
        made = {at: self._offer(at, one, kind, unit) for at in offers}
        likeness: Mapping[UUID, Likeness] = {
            made[at].offer_id: Likeness(value) for at, value in zip(offers, alike, strict=True)
        }
        at_of = {offer.offer_id: at for at, offer in made.items()}
        found = proposals.candidates(subject, list(made.values()), Steering(), NOW, likeness=likeness)
        return [(at_of[candidate.offers[0].offer_id], candidate) for candidate in found]

    def _kind_and_unit(self, one: Record) -> tuple[ResourceKind, str]:
        kind: ResourceKind = one.kind or "goods"
        return kind, one.unit or _UNITS.get(kind, "C62")

    def _need(self, at: int, kind: ResourceKind, unit: str) -> Need:
        one = self._needs[at]
        state = NeedRegistered(
            need_id=uuid5(NAMESPACE_URL, f"need:{at}"),
            version=1,
            department="evaluation",
            title=_UNTITLED,
            policy_area="unknown",
            lines=(self._line(one, kind, unit),),
            place=one.place,
            window=one.window,
        )
        return Need(state, True, (_whole(state.lines[0]),), words(one.text))

    def _offer(self, at: int, need: Record, kind: ResourceKind, unit: str) -> Offer:
        """The offer as this need meets it: ``kind`` and ``unit`` wherever one of the two does not say."""
        one = self._offers[at]
        said_kind = one.kind if one.kind and need.kind else kind
        said_unit = one.unit if one.unit and need.unit else unit
        if (said_kind == "money") != (said_unit == "EUR"):
            if one.kind and need.kind:
                said_unit = _UNITS.get(said_kind, "C62")
            else:
                said_kind = "money" if said_unit == "EUR" else "goods"
        key = (at, said_kind, said_unit)
        if key not in self._made:
            self._made[key] = self._new_offer(at, one, said_kind, said_unit)
        return self._made[key]

    def _new_offer(self, at: int, one: Record, kind: ResourceKind, unit: str) -> Offer:
        giver = Stakeholder(uuid5(NAMESPACE_URL, f"giver:{at}"), name="-", vetting="approved")
        state = OfferReceived(
            offer_id=uuid5(NAMESPACE_URL, f"offer:{at}"),
            version=1,
            stakeholder_id=giver.stakeholder_id,
            title=_UNTITLED,
            lines=(self._line(one, kind, unit),),
            place=one.place,
            window=one.window,
        )
        return Offer(state, True, (_whole(state.lines[0]),), words(one.text), giver)

    def _line(self, one: Record, kind: ResourceKind, unit: str) -> Line:
        category = one.category
        cpv = category if category is None or _is_cpv(category) else self._codes.get(category)
        return Line(kind=kind, unit=unit, quantity=one.quantity, cpv=cpv)


def _is_cpv(category: str) -> bool:
    return category.isdigit() and len(category) == 8


def _whole(line: Line) -> LineState:
    return LineState(0, line, line.total_quantity or Decimal(0), line.quantity is None)
