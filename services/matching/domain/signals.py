"""Second stage: ranking signals. Each says what it contributes to the score and why, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from math import cos, hypot, radians

from contracts.places import Place
from contracts.units import amount
from contracts.values import ResourceKind
from services.matching.domain import limits
from services.matching.domain.question import Contribution as Contribution
from services.matching.domain.question import Piece as Piece
from services.matching.domain.question import Question as Question
from services.matching.domain.question import Sentences
from services.matching.domain.ranking import Ranking
from services.matching.domain.rules import EACH_FURTHER_PARTY, WEIGHTS
from services.matching.domain.subjects import Need
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
_DIVISION_DIGITS = 2
_SHOWN_WORDS = 5
_SHOWN_PAIRS = 3
_DOUBT = 2
_SAME_MUNICIPIO = 0.6
_SAME_WORDS = 0.5
_EARTH_RADIUS = 6_371_000


Signal = Callable[[Question], Contribution | None]


def rank(question: Question) -> tuple[float, list[Contribution]]:
    """The score (0-1) of a set and what makes it up, the strongest first."""
    ranking = question.steering.ranking
    found = [_weighed(one, ranking) for signal in SIGNALS if (one := signal(question)) is not None]
    found.sort(key=lambda one: -abs(one.value))
    return round(min(max(sum(one.value for one in found), 0.0), 1.0), 4), found


def _weighed(one: Contribution, ranking: Ranking) -> Contribution:
    """The contribution under the ranking in use; signals speak in the weights of the rules."""
    if ranking.number is None or one.code not in WEIGHTS:
        return one
    return Contribution(one.code, round(one.value * ranking.weights[one.code] / WEIGHTS[one.code], 4), one.says)


def deadline(need: Need) -> date | None:
    """The day by which the need has to be met, as far as it says."""
    ends = [need.state.valid_until.date()] if need.state.valid_until else []
    if need.state.window is not None:
        ends += [day for day in (need.state.window.starts_on or need.state.window.ends_on,) if day]
    return min(ends, default=None)


def _about_need(signal: Signal) -> Signal:
    """A signal that says the same whatever the set is: it is asked once for a need."""

    def once(question: Question) -> Contribution | None:
        known, name = question.of_need, signal.__name__
        if name not in known:
            known[name] = signal(question)
        return known[name]

    return once


def _contribution(code: str, share: float, says: Sentences) -> Contribution | None:
    if not share:
        return None
    value = round(WEIGHTS[code] * share, 4)
    return Contribution(code, value, says) if value else None


def _same_resource(question: Question) -> Contribution | None:
    def says() -> tuple[str, str]:
        kinds = list(dict.fromkeys(piece.offered.line.kind for piece in question.main))
        italian = ", ".join(KINDS[kind][0] for kind in kinds)
        english = ", ".join(KINDS[kind][1] for kind in kinds)
        return f"Si chiede e si offre la stessa cosa: {italian}", f"The same is asked and offered: {english}"

    return _contribution("same_resource", 1.0, says)


def _answers_this_need(question: Question) -> Contribution | None:
    answering = [offer for offer in question.offers if offer.answers(question.need)]

    def says() -> tuple[str, str]:
        titles = "; ".join(offer.state.title for offer in answering)
        return f"Risponde proprio a questo bisogno: {titles}", f"Answers this very need: {titles}"

    return _contribution("answers_this_need", len(answering) / len(question.offers), says)


def _alike(question: Question) -> Contribution | None:
    """What the texts say; without their likeness, the words they share."""
    found = [question.likeness.get(offer.offer_id) for offer in question.main_offers]
    if any(one is None for one in found):
        return _words_in_common(question)
    known = [one for one in found if one is not None]

    def says() -> tuple[str, str]:
        return _in_other_words([pair for one in known for pair in one.shared])

    return _contribution("alike", sum(one.value for one in known) / len(known), says)


def _in_other_words(shared: Sequence[tuple[str, str]]) -> tuple[str, str]:
    pairs = list(dict.fromkeys(shared))[:_SHOWN_PAIRS]
    if not pairs:
        return "I testi hanno un senso vicino", "The texts are close in meaning"
    same = ", ".join(asked for asked, offered in pairs if asked == offered)
    other = "; ".join(f"«{asked}» – «{offered}»" for asked, offered in pairs if asked != offered)
    if not other:
        return f"Stesse parole: {same}", f"The same words: {same}"
    also = (f"; stesse parole: {same}", f"; the same words: {same}") if same else ("", "")
    return f"Stessa cosa in parole diverse: {other}{also[0]}", f"The same thing in other words: {other}{also[1]}"


def _words_in_common(question: Question) -> Contribution | None:
    shares = [overlap(question.need.words, offer.words) for offer in question.main_offers]

    def says() -> tuple[str, str]:
        common = sorted({word for _, found in shares for word in found})[:_SHOWN_WORDS]
        shown = ", ".join(_as_written(question, common))
        return f"Parole in comune: {shown}", f"Words in common: {shown}"

    return _contribution("alike", sum(part for part, _ in shares) / len(shares), says)


def _as_written(question: Question, stems: Iterable[str]) -> list[str]:
    """The need's own words behind these stems."""
    text = f"{question.need.state.title} {question.need.state.description or ''}"
    written: dict[str, str] = {}
    for word in text.replace(",", " ").replace(".", " ").split():
        for stem in words(word):
            written.setdefault(stem, word.strip(":;()\"'«»!?").lower())
    return [written.get(stem, stem) for stem in stems]


def _quantity_fit(question: Question) -> Contribution | None:
    shares = []
    for asked in question.need.open_lines():
        meeting = [piece for piece in question.main if piece.asked is asked]
        met = sum((piece.quantity or Decimal(0) for piece in meeting), Decimal(0))
        shares.append(float(bool(meeting)) if asked.open_ended else min(1.0, float(met / asked.free)))
    share = sum(shares) / len(shares) if shares else 0.0

    def says() -> tuple[str, str]:
        main = question.main[0]
        if main.quantity is None:
            return "La quantità si concorda all'accettazione", "The quantity is agreed on acceptance"
        italian, english = amount(main.quantity, main.offered.line.unit)
        part = f"{round(share * 100)} %"
        return f"Copre il {part} di quanto manca ({italian})", f"Covers {part} of what is missing ({english})"

    return _contribution("quantity_fit", share, says)


def _same_category(question: Question) -> Contribution | None:
    best = max((_common_digits(piece) for piece in question.main), default=0)
    if best < _DIVISION_DIGITS:
        return None
    return _contribution(
        "same_category",
        best / _CPV_DIGITS,
        lambda: (
            f"Stessa categoria CPV ({best} cifre su {_CPV_DIGITS})",
            f"Same CPV category ({best} digits of {_CPV_DIGITS})",
        ),
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


def _same_policy_area(question: Question) -> Contribution | None:
    same = sum(offer.state.policy_area == question.need.state.policy_area for offer in question.offers)
    return _contribution(
        "same_policy_area", same / len(question.offers), lambda: ("Stessa area di intervento", "Same policy area")
    )


def _near(question: Question) -> Contribution | None:
    place = question.need.state.place
    if place is None:
        return None
    share = max((_nearness(place, piece.offer.state.place) for piece in question.main), default=0.0)
    return _contribution(
        "near",
        share,
        lambda: (f"Vicino a dove serve: {place.label}", f"Near to where it is needed: {place.label}"),
    )


def _nearness(asked: Place, offered: Place | None) -> float:
    if offered is None:
        return 0.0
    if asked.nil is not None and asked.nil == offered.nil:
        return 1.0
    metres = _metres(asked, offered)
    if metres is not None:
        return max(0.0, 1.0 - metres / _NEAR_METRES)
    if asked.municipio is not None and asked.municipio == offered.municipio:
        return _SAME_MUNICIPIO
    return _SAME_WORDS * overlap(_said_of_place(asked.label), _said_of_place(offered.label))[0]


@lru_cache(maxsize=2000)
def _said_of_place(label: str) -> frozenset[str]:
    """The same few places come with every candidate."""
    return words(label)


def _metres(left: Place, right: Place) -> float | None:
    """Distance as on a plane, good enough within a city; None when a point is not known."""
    if left.latitude is None or left.longitude is None or right.latitude is None or right.longitude is None:
        return None
    north = radians(left.latitude - right.latitude) * _EARTH_RADIUS
    east = radians(left.longitude - right.longitude) * _EARTH_RADIUS * cos(radians(left.latitude))
    return hypot(north, east)


@_about_need
def _priority(question: Question) -> Contribution | None:
    weight = question.steering.weights.get(question.need.state.policy_area, 0.0)

    def says() -> tuple[str, str]:
        italian = f"Tra le priorità del gruppo di lavoro (peso {weight:.2f})".replace(".", ",")
        return italian, f"Among the focus group's priorities (weight {weight:.2f})"

    return _contribution("priority", weight, says)


@_about_need
def _urgent(question: Question) -> Contribution | None:
    due = deadline(question.need)
    if due is None or due < question.today:
        return None
    days = (due - question.today).days
    share = max(0.0, 1 - days / _URGENT_WITHIN_DAYS)
    return _contribution("urgent", share, lambda: (f"Mancano {days} giorni", f"{days} days left"))


@_about_need
def _hardship(question: Question) -> Contribution | None:
    nil = question.need.state.place.nil if question.need.state.place else None
    share = question.steering.hardship.get(nil, 0.0) if nil is not None else 0.0
    return _contribution(
        "hardship",
        share,
        lambda: (f"Quartiere (NIL {nil}) tra i più in difficoltà", f"Neighbourhood (NIL {nil}) among the worst off"),
    )


def _past_acceptance(question: Question) -> Contribution | None:
    """How often the givers said yes to this department; few decisions count less."""
    department = question.need.state.department
    givers = {offer.state.stakeholder_id: offer.giver for offer in question.main_offers}.values()
    past = [giver.past.get(department, (0, 0)) for giver in givers]
    accepted, decided = sum(one for one, _ in past), sum(one for _, one in past)
    share = sum(yes / (of + _DOUBT) for yes, of in past) / max(1, len(past))
    return _contribution(
        "past_acceptance",
        share,
        lambda: (
            f"Ha già detto sì a questa direzione ({accepted} volte su {decided})",
            f"Said yes to this department before ({accepted} of {decided} times)",
        ),
    )


def _few_parties(question: Question) -> Contribution | None:
    givers = len({offer.state.stakeholder_id for offer in question.offers})
    if givers == 1:
        return None
    return Contribution(
        "further_parties",
        round(EACH_FURTHER_PARTY * (givers - 1), 4),
        lambda: (f"Devono accordarsi {givers} organizzazioni", f"{givers} organisations have to agree"),
    )


@_about_need
def _capabilities_complete(question: Question) -> Contribution | None:
    """No preference but what makes the set possible at all; it is shown, it does not count."""
    required = question.need.state.requires
    if not required:
        return None

    def says() -> tuple[str, str]:
        italian = ", ".join(CAPABILITIES.get(one, (one, one))[0] for one in required)
        english = ", ".join(CAPABILITIES.get(one, (one, one))[1] for one in required)
        return f"Insieme portano tutto quanto serve: {italian}", f"Together they bring all that is required: {english}"

    return Contribution("capabilities_complete", 0.0, says)


def _place_to_check(question: Question) -> Contribution | None:
    """No preference: a place limit that nobody can hold the other side's place against."""
    unknown = list(limits.to_check(question.need, question.offers, question.main_offers))

    def says() -> tuple[str, str]:
        return "; ".join(italian for italian, _ in unknown), "; ".join(english for _, english in unknown)

    return Contribution("place_to_check", 0.0, says) if unknown else None


SIGNALS: tuple[Signal, ...] = (
    _same_resource,
    _answers_this_need,
    _alike,
    _quantity_fit,
    _same_category,
    _same_policy_area,
    _near,
    _priority,
    _urgent,
    _hardship,
    _past_acceptance,
    _few_parties,
    _capabilities_complete,
    _place_to_check,
)


def day_of(now: datetime) -> date:
    """The calendar day of an instant, in UTC: a deadline is counted in days, an hour more or less is none."""
    return now.date()
