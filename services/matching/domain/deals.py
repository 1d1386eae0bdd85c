"""Needs and offers as the rules of legal instruments see them; and in words why no instrument could be used."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contracts.values import StakeholderType
from services.matching.domain.filters import Obstacle
from services.matching.domain.instruments import CITY_ITSELF, Among, Deal, Facts, InForce, Verdict
from services.matching.domain.signals import Piece
from services.matching.domain.subjects import Need, Offer


def deal_of(need: Need, pieces: Sequence[Piece]) -> Deal:
    """What the set would be agreed as."""
    offers = {piece.offer.offer_id: piece.offer for piece in pieces}.values()
    kinds: dict[UUID, StakeholderType | None] = dict.fromkeys(need.state.receivers)
    kinds |= {one.stakeholder_id: one.kind for one in need.receivers.values()}
    partners: dict[UUID, frozenset[UUID]] = {}
    for offer in offers:
        giver, behind = offer.state.stakeholder_id, frozenset(one.stakeholder_id for one in offer.state.partners)
        kinds |= {one: offer.partner_kinds.get(one) for one in behind}
        partners[giver] = partners.get(giver, frozenset()) | behind
    kinds |= {offer.state.stakeholder_id: offer.giver.kind for offer in offers}
    visible = any(offer.state.expected_return == "visibility" for offer in offers)
    return Deal(
        tuple((piece.offer.state.stakeholder_id, piece.offered.line.kind, _worth(piece)) for piece in pieces),
        kinds,
        partners,
        frozenset(need.state.receivers),
        "visibility" if visible else "none",
    )


def refused(need: Need, pieces: Sequence[Piece], instruments: InForce) -> Obstacle | None:
    """Why no instrument in force could be used for the set; None when one could."""
    if not instruments.instruments:
        return None
    found = instruments.refusal(deal_of(need, pieces))
    return None if found is None else _said(found)


def never(offer: Offer, instruments: InForce) -> Obstacle | None:
    """Why no instrument in force could be used for the offer whatever it is joined with; None when one could."""
    if not instruments.instruments or offer.giver.kind == CITY_ITSELF:
        return None
    return _said(instruments.judge(_in_any_company(offer)))


def _in_any_company(offer: Offer) -> Facts:
    given = frozenset(line.line.kind for line in offer.lines)
    known = frozenset({offer.giver.kind} if offer.giver.kind else ())
    behind = frozenset(kind for kind in offer.partner_kinds.values() if kind != CITY_ITSELF)
    return Facts(
        kinds=Among(given if len(given) == 1 and known else frozenset(), given, True),
        organisations=Among(known | behind, known | behind, True),
        parties=Among(known, known, True),
        givers=Among(known, known, True),
        at_least=0,
        at_most=None,
        expected="visibility" if offer.state.expected_return == "visibility" else None,
    )


def _worth(piece: Piece) -> int | None:
    return None if piece.quantity is None else piece.offered.line.value_cents(piece.quantity)


def _said(verdict: Verdict) -> Obstacle | None:
    if verdict.nearest is None:
        return None
    instrument, criterion = verdict.nearest
    words = criterion.text if criterion.effect == "excludes" else criterion.otherwise or criterion.text
    record = instrument.record
    return Obstacle(
        "no_instrument",
        f"Nessuno strumento in vigore lo permette. Il più vicino è «{record.title.it}» (versione {record.number}):"
        f" {_plain(words.it)} (criterio «{criterion.code}»: {criterion.source}; certezza {criterion.certainty}).",
        f"No instrument in force allows it. The nearest is “{record.title.en}” (version {record.number}):"
        f" {_plain(words.en)} (criterion “{criterion.code}”: {criterion.source}; certainty {criterion.certainty}).",
    )


def _plain(words: str) -> str:
    words = words.strip().rstrip(".")
    return words[:1].lower() + words[1:]
