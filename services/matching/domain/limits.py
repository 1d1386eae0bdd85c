"""Limits that both sides set: where, for whom and from whom, and from which quantity on.

A place limit keeps apart only what is known to lie outside: a place that nobody has said closely enough passes, and the
proposal says what has to be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from contracts.places import Place, PlaceLimit
from contracts.units import amount
from contracts.values import StakeholderType
from services.matching.domain.obstacle import Obstacle
from services.matching.domain.subjects import LineState, Need, Offer

ORGANISATIONS: dict[StakeholderType, tuple[str, str]] = {
    "company": ("impresa", "company"),
    "foundation": ("fondazione", "foundation"),
    "association": ("associazione", "association"),
    "university": ("università", "university"),
    "school": ("scuola", "school"),
    "public_body": ("ente pubblico", "public body"),
    "department": ("direzione del Comune", "city department"),
}
_SHOWN_PLACES = 6


def of_pair(need: Need, offer: Offer) -> list[Obstacle]:
    """Whom one side excludes, and a need outside of where the offer may be used. Most say nothing of the kind."""
    asking, giving, found = need.state, offer.state, list[Obstacle]()
    if giving.excluded_departments or giving.excluded_policy_areas or giving.excluded_receivers:
        found += _excluded_by_giver(need, offer)
    if asking.excluded_stakeholders or asking.excluded_stakeholder_types:
        found += _excluded_by_need(need, offer)
    limit = giving.only_in
    if limit is not None and limit.admits(asking.place) is False:
        found.append(_offer_not_there(limit, asking.place))
    return found


def of_place(need: Need, offer: Offer) -> list[Obstacle]:
    """An offer outside of where the need wants what meets its lines; who brings a capability may come from anywhere."""
    limit = need.state.only_in
    if limit is not None and limit.admits(offer.state.place) is False:
        return [_need_not_there(limit, offer.state.place)]
    return []


def of_lots(asked: LineState, offered: LineState) -> list[Obstacle]:
    """Less is left on one side than the smallest lot of the other."""
    found = []
    if not asked.open_ended and asked.free < offered.least:
        found.append(_asks_for_less(asked, offered))
    if not offered.open_ended and offered.free < asked.least:
        found.append(_has_less(asked, offered))
    return found


def keeps_lots(quantity: Decimal | None, offered: LineState, asked: LineState | None = None) -> bool:
    """Whether one match may take this much of an offered line for an asked one; what is to be agreed passes."""
    if quantity is None:
        return True
    return quantity >= offered.least and (asked is None or quantity >= asked.least)


def to_check(need: Need, offers: Iterable[Offer], meeting: Iterable[Offer]) -> Iterator[tuple[str, str]]:
    """What nobody knows closely enough to say whether a place limit is kept; ``meeting`` are those that meet a line."""
    for offer in offers:
        limit = offer.state.only_in
        if limit is not None and limit.admits(need.state.place) is None:
            italian, english = _places(limit)
            yield (
                f"Luogo da verificare: l'offerta vale solo in {italian}",
                f"Place to be checked: the offer is only for {english}",
            )
    limit = need.state.only_in
    if limit is not None and any(limit.admits(offer.state.place) is None for offer in meeting):
        italian, english = _places(limit)
        yield f"Luogo da verificare: serve in {italian}", f"Place to be checked: it has to be in {english}"


def _excluded_by_giver(need: Need, offer: Offer) -> Iterator[Obstacle]:
    state = offer.state
    if not {need.state.department, *need.state.with_departments}.isdisjoint(state.excluded_departments):
        yield _closed("Chi offre ha escluso questa direzione.", "The giver has excluded this department.")
    if need.state.policy_area in state.excluded_policy_areas:
        yield _closed("Chi offre ha escluso quest'area di intervento.", "The giver has excluded this policy area.")
    if not set(need.state.receivers).isdisjoint(state.excluded_receivers):
        yield _closed("Chi offre ha escluso chi riceverebbe.", "The giver has excluded who would receive.")


def _excluded_by_need(need: Need, offer: Offer) -> Iterator[Obstacle]:
    organisations, kinds = need.state.excluded_stakeholders, need.state.excluded_stakeholder_types
    behind = {one.stakeholder_id for one in offer.state.partners}
    if offer.state.stakeholder_id in organisations:
        yield _excluded("Il bisogno esclude chi offre.", "The need excludes who offers.")
    elif not behind.isdisjoint(organisations):
        yield _excluded(
            "Il bisogno esclude un'organizzazione che partecipa all'offerta.",
            "The need excludes an organisation that takes part in the offer.",
        )
    here = [offer.giver.kind, *offer.partner_kinds.values()]
    for kind in kinds:
        if kind in here:
            italian, english = ORGANISATIONS[kind]
            yield _excluded(
                f"Il bisogno esclude questo tipo di organizzazione: {italian}.",
                f"The need excludes this kind of organisation: {english}.",
            )


def _excluded(italian: str, english: str) -> Obstacle:
    return Obstacle("excluded", italian, english)


def _closed(italian: str, english: str) -> Obstacle:
    return Obstacle("excluded", italian, english, confidential=True)


def _offer_not_there(limit: PlaceLimit, place: Place | None) -> Obstacle:
    italian, english = _places(limit)
    where = _where(place)
    return Obstacle(
        "outside_place",
        f"L'offerta vale solo in {italian}; il bisogno è in {where}.",
        f"The offer is only for {english}; the need is in {where}.",
    )


def _need_not_there(limit: PlaceLimit, place: Place | None) -> Obstacle:
    italian, english = _places(limit)
    where = _where(place)
    return Obstacle(
        "outside_place",
        f"Serve in {italian}; quanto offerto è in {where}.",
        f"It has to be in {english}; what is offered is in {where}.",
    )


def _where(place: Place | None) -> str:
    """The place as closely as it is known; only known ones lie outside."""
    if place is None:
        return "?"
    if place.nil is not None:
        return PlaceLimit(nils=(place.nil,)).words
    return f"Municipio {place.municipio}" if place.municipio is not None else place.label


def _places(limit: PlaceLimit) -> tuple[str, str]:
    named = limit.names
    shown, more = named[:_SHOWN_PLACES], len(named) - _SHOWN_PLACES
    words = _listed(shown, " o "), _listed(shown, " or ")
    if more <= 0:
        return words
    return f"{', '.join(shown)} e altri {more}", f"{', '.join(shown)} and {more} more"


def _listed(names: Sequence[str], last: str) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + last + names[-1]


def _asks_for_less(asked: LineState, offered: LineState) -> Obstacle:
    there, least = amount(asked.free, asked.line.unit), amount(offered.least, offered.line.unit)
    return Obstacle(
        "below_lot",
        f"Resta da coprire: {there[0]}; chi offre dà almeno {least[0]} alla volta.",
        f"Still open: {there[1]}; who offers gives at least {least[1]} at a time.",
    )


def _has_less(asked: LineState, offered: LineState) -> Obstacle:
    there, least = amount(offered.free, offered.line.unit), amount(asked.least, asked.line.unit)
    return Obstacle(
        "below_lot",
        f"Resta di libero: {there[0]}; il bisogno chiede almeno {least[0]} da ogni offerta.",
        f"Still free: {there[1]}; the need asks for at least {least[1]} from each offer.",
    )
