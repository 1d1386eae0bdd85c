"""Second stage: ranking signals. Each says what it contributes to the score and why, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import cos, hypot, radians

from contracts.values import UNITS, Place, Reason, ResourceKind, plain
from services.matching.domain.rules import EACH_FURTHER_PARTY, WEIGHTS
from services.matching.domain.subjects import LineState, Need, Offer, Steering
from services.matching.domain.text import overlap, words

KINDS: dict[ResourceKind, tuple[str, str]] = {
    "money": ("denaro", "money"),
    "goods": ("beni", "goods"),
    "expertise": ("competenze", "expertise"),
    "volunteering": ("volontariato", "volunteering"),
    "space": ("spazi", "space"),
    "service": ("servizi", "services"),
}
CAPABILITIES: dict[str, tuple[str, str]] = {
    "refurbishing": ("rigenerazione", "refurbishing"),
    "storage": ("deposito", "storage"),
    "delivery": ("consegna", "delivery"),
    "transport": ("trasporto", "transport"),
    "workshop": ("laboratorio", "workshop"),
    "training": ("formazione", "training"),
    "legal_advice": ("consulenza legale", "legal advice"),
}
_URGENT_WITHIN_DAYS = 60
_NEAR_METRES = 5000.0
_CPV_DIGITS = 8
_SHOWN_WORDS = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """One offered line in a set. ``asked`` is None when it brings a capability; ``quantity`` None = to be agreed."""

    offer: Offer
    offered: LineState
    asked: LineState | None
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is ranked: a set of pieces for a need, under the steering of today."""

    need: Need
    pieces: Sequence[Piece]
    steering: Steering
    today: date

    @property
    def main(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.asked is not None]

    @property
    def offers(self) -> list[Offer]:
        return list({piece.offer.offer_id: piece.offer for piece in self.pieces}.values())


Signal = Callable[[Question], Reason | None]


def rank(question: Question) -> tuple[float, tuple[Reason, ...]]:
    """The score (0-1) of a set and its reasons, the strongest first."""
    reasons = [reason for signal in SIGNALS if (reason := signal(question)) is not None]
    reasons.sort(key=lambda reason: -abs(reason.contribution))
    score = sum(reason.contribution for reason in reasons)
    return round(min(max(score, 0.0), 1.0), 4), tuple(reasons)


def deadline(need: Need) -> date | None:
    """The day by which the need has to be met, as far as it says."""
    ends = [need.state.valid_until.date()] if need.state.valid_until else []
    if need.state.window is not None:
        ends += [day for day in (need.state.window.starts_on or need.state.window.ends_on,) if day]
    return min(ends, default=None)


def _reason(code: str, share: float, italian: str, english: str) -> Reason | None:
    contribution = round(WEIGHTS[code] * share, 4)
    if contribution == 0:
        return None
    return Reason(code=code, contribution=contribution, text_it=italian[:300], text_en=english[:300])


def _same_resource(question: Question) -> Reason | None:
    kinds = list(dict.fromkeys(piece.offered.line.kind for piece in question.main))
    italian = ", ".join(KINDS[kind][0] for kind in kinds)
    english = ", ".join(KINDS[kind][1] for kind in kinds)
    return _reason(
        "same_resource",
        1.0,
        f"Si chiede e si offre la stessa cosa: {italian}",
        f"The same is asked and offered: {english}",
    )


def _answers_this_need(question: Question) -> Reason | None:
    answering = [offer for offer in question.offers if offer.answers(question.need)]
    share = len(answering) / len(question.offers)
    titles = "; ".join(offer.state.title for offer in answering)
    return _reason(
        "answers_this_need",
        share,
        f"Risponde proprio a questo bisogno: {titles}",
        f"Answers this very need: {titles}",
    )


def _words_in_common(question: Question) -> Reason | None:
    shares = [overlap(question.need.words, offer.words) for offer in question.offers]
    share = sum(part for part, _ in shares) / len(shares)
    common = sorted({word for _, found in shares for word in found})[:_SHOWN_WORDS]
    shown = ", ".join(_as_written(question, common))
    return _reason("words_in_common", share, f"Parole in comune: {shown}", f"Words in common: {shown}")


def _as_written(question: Question, stems: Iterable[str]) -> list[str]:
    """The need's own words behind these stems."""
    text = f"{question.need.state.title} {question.need.state.description or ''}"
    written: dict[str, str] = {}
    for word in text.replace(",", " ").replace(".", " ").split():
        for stem in words(word):
            written.setdefault(stem, word.strip(":;()\"'«»!?").lower())
    return [written.get(stem, stem) for stem in stems]


def _quantity_fit(question: Question) -> Reason | None:
    shares = []
    for asked in question.need.open_lines():
        met = sum((piece.quantity or 0 for piece in question.main if piece.asked == asked), Decimal(0))
        covered = any(piece.asked == asked for piece in question.main)
        shares.append(float(covered) if asked.open_ended else min(1.0, float(met / asked.free)))
    share = sum(shares) / len(shares) if shares else 0.0
    main = question.main[0]
    italian, english = UNITS.get(main.offered.line.unit, (main.offered.line.unit,) * 2)
    if main.quantity is None:
        return _reason(
            "quantity_fit", share, "La quantità si concorda all'accettazione", "The quantity is agreed on acceptance"
        )
    amount = plain(main.quantity)
    part = f"{round(share * 100)} %"
    return _reason(
        "quantity_fit",
        share,
        f"Copre il {part} di quanto manca ({amount} {italian})",
        f"Covers {part} of what is missing ({amount} {english})",
    )


def _same_category(question: Question) -> Reason | None:
    best = max((_common_digits(piece) for piece in question.main), default=0)
    if best < 2:
        return None
    return _reason(
        "same_category",
        best / _CPV_DIGITS,
        f"Stessa categoria CPV ({best} cifre su {_CPV_DIGITS})",
        f"Same CPV category ({best} digits of {_CPV_DIGITS})",
    )


def _common_digits(piece: Piece) -> int:
    """Leading digits that both CPV codes share; trailing zeros stand for nothing."""
    asked = piece.asked.line.cpv if piece.asked else None
    offered = piece.offered.line.cpv
    if asked is None or offered is None:
        return 0
    if asked[:_CPV_DIGITS] == offered[:_CPV_DIGITS]:
        return _CPV_DIGITS
    same = 0
    for left, right in zip(asked[:_CPV_DIGITS].rstrip("0"), offered[:_CPV_DIGITS].rstrip("0"), strict=False):
        if left != right:
            break
        same += 1
    return same


def _same_policy_area(question: Question) -> Reason | None:
    same = sum(offer.state.policy_area == question.need.state.policy_area for offer in question.offers)
    return _reason(
        "same_policy_area",
        same / len(question.offers),
        "Stessa area di intervento",
        "Same policy area",
    )


def _near(question: Question) -> Reason | None:
    place = question.need.state.place
    shares = [_nearness(place, piece.offer.state.place) for piece in question.main]
    share = max(shares, default=0.0)
    label = place.label if place else ""
    return _reason("near", share, f"Vicino a dove serve: {label}", f"Near to where it is needed: {label}")


def _nearness(asked: Place | None, offered: Place | None) -> float:
    if asked is None or offered is None:
        return 0.0
    if asked.nil is not None and asked.nil == offered.nil:
        return 1.0
    if (
        asked.latitude is not None
        and offered.latitude is not None
        and asked.longitude is not None
        and offered.longitude is not None
    ):
        north = radians(asked.latitude - offered.latitude) * 6_371_000
        east = radians(asked.longitude - offered.longitude) * 6_371_000 * cos(radians(asked.latitude))
        return max(0.0, 1.0 - hypot(north, east) / _NEAR_METRES)
    if asked.municipio is not None and asked.municipio == offered.municipio:
        return 0.6
    return 0.5 * overlap(words(asked.label), words(offered.label))[0]


def _priority(question: Question) -> Reason | None:
    weight = question.steering.weights.get(question.need.state.policy_area, 0.0)
    return _reason(
        "priority",
        weight,
        f"Tra le priorità del gruppo di lavoro (peso {weight:.2f})".replace(".", ","),
        f"Among the focus group's priorities (weight {weight:.2f})",
    )


def _urgent(question: Question) -> Reason | None:
    due = deadline(question.need)
    if due is None or due < question.today:
        return None
    days = (due - question.today).days
    share = max(0.0, 1 - days / _URGENT_WITHIN_DAYS)
    return _reason("urgent", share, f"Mancano {days} giorni", f"{days} days left")


def _hardship(question: Question) -> Reason | None:
    nil = question.need.state.place.nil if question.need.state.place else None
    share = question.steering.hardship.get(nil, 0.0) if nil is not None else 0.0
    return _reason(
        "hardship",
        share,
        f"Quartiere (NIL {nil}) tra i più in difficoltà",
        f"Neighbourhood (NIL {nil}) among the worst off",
    )


def _few_parties(question: Question) -> Reason | None:
    givers = len({piece.offer.state.stakeholder_id for piece in question.pieces})
    if givers < 2:
        return None
    return Reason(
        code="further_parties",
        contribution=round(EACH_FURTHER_PARTY * (givers - 1), 4),
        text_it=f"Devono accordarsi {givers} organizzazioni",
        text_en=f"{givers} organisations have to agree",
    )


def _capabilities_complete(question: Question) -> Reason | None:
    """No preference but what makes the set possible at all; it is shown, it does not count."""
    required = question.need.state.requires
    if not required:
        return None
    italian = ", ".join(CAPABILITIES.get(one, (one, one))[0] for one in required)
    english = ", ".join(CAPABILITIES.get(one, (one, one))[1] for one in required)
    return Reason(
        code="capabilities_complete",
        contribution=0.0,
        text_it=f"Insieme portano tutto quanto serve: {italian}"[:300],
        text_en=f"Together they bring all that is required: {english}"[:300],
    )


SIGNALS: tuple[Signal, ...] = (
    _same_resource,
    _answers_this_need,
    _words_in_common,
    _quantity_fit,
    _same_category,
    _same_policy_area,
    _near,
    _priority,
    _urgent,
    _hardship,
    _few_parties,
    _capabilities_complete,
)


def day_of(now: datetime) -> date:
    """The calendar day of an instant, in UTC: a deadline is counted in days, an hour more or less is none."""
    return now.date()
