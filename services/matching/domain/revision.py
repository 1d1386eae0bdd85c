"""Whether a match can go on after something it stands on changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from services.matching.domain import deals, filters, limits, proposals
from services.matching.domain.instruments import InForce
from services.matching.domain.ledger import ZERO
from services.matching.domain.match import Match
from services.matching.domain.parts import Part
from services.matching.domain.signals import Piece
from services.matching.domain.subjects import LineState, Need, Offer, Steering

Verdict = Literal["superseded", "need_closed", "offer_closed", "party_withdrew"]


def verdict(
    match: Match,
    key: str,
    need: Need,
    offers: Mapping[UUID, Offer],
    now: datetime,
    instruments: InForce | None = None,
) -> Verdict | None:
    """Why the open match has to end; None when it goes on.

    A proposal ends when its need or an offer is closed, a giver is not (any more) approved, one side now excludes the
    other or where it is and, as long as nobody consented, when it would be made differently today or not at all, for
    want of a legal instrument. An accepted match ends when a party withdraws before the agreement is signed; after that
    only the agreement ends it.
    """
    mine = [offers[part.allocation.offer_id] for part in match.parts if part.allocation.offer_id in offers]
    if match.state == "accepted":
        return "party_withdrew" if not match.is_committed and _withdrawn(need, mine) else None
    lost = lost_ground(need, mine, now) or ("superseded" if beyond_limits(match, need, offers) else None)
    if lost is not None or match.is_reserved:
        return lost
    if instruments is not None and deals.refused(need, _pieces(match, need, offers), instruments):
        return "superseded"
    if match.planned:
        return None if _still_there(match, need, mine, now) else "superseded"
    return None if _still_the_same(match, key, need, mine, now) else "superseded"


def lost_ground(need: Need, offers: Collection[Offer], now: datetime) -> Literal["need_closed", "offer_closed"] | None:
    """Why nobody can agree to this any more: the need or an offer is closed, or a giver is not approved. What one side
    excludes by now :func:`beyond_limits` says."""
    if not need.is_open:
        return "need_closed"
    if any(not offer.is_open or not offer.giver.may_give(now) for offer in offers):
        return "offer_closed"
    return None


def beyond_limits(match: Match, need: Need, offers: Mapping[UUID, Offer]) -> set[UUID]:
    """The offers of the match that a place limit or an exclusion (by now) keeps from the need."""
    found = set()
    for part in match.parts:
        offer = offers.get(part.allocation.offer_id)
        if offer is None:
            continue
        meets = part.allocation.need_line is not None
        if limits.of_pair(need, offer) or (meets and limits.of_place(need, offer)):
            found.add(offer.offer_id)
    return found


def lost_offers(match: Match, offers: Mapping[UUID, Offer], now: datetime, need: Need | None = None) -> set[UUID]:
    """The offers of the match that are closed, gone, whose giver may not give (any more), or that are beyond a limit of
    the ``need`` or theirs."""
    found = {part.allocation.offer_id for part in match.parts}
    lost = {one for one in found if one not in offers or not offers[one].is_open or not offers[one].giver.may_give(now)}
    return lost if need is None else lost | beyond_limits(match, need, offers)


def fallen_short(
    matches: Iterable[Match], shortfalls: Mapping[tuple[UUID, int], Decimal]
) -> list[tuple[Match, set[UUID]]]:
    """The matches of several givers, not yet accepted, that an offer cut below what it promised can serve no more.

    Each with the offers that fell short; the newest ones give way, until what is left of the offers suffices. With one
    giver alone there is nobody to replace it: the shortfall is there to be seen and countered.
    """
    left = dict(shortfalls)
    found = []
    for match in sorted(matches, key=lambda one: one.match_id, reverse=True):
        if match.state != "proposed" or not match.triangulation:
            continue
        short = [part for part in match.parts if part.reserved and left.get(_line(part), ZERO) > 0]
        if short:
            found.append((match, {part.allocation.offer_id for part in short}))
            for part in short:
                left[_line(part)] -= part.reserved
    return found


def _line(part: Part) -> tuple[UUID, int]:
    return part.allocation.offer_id, part.allocation.offer_line


def _withdrawn(need: Need, offers: list[Offer]) -> bool:
    return need.was_withdrawn or any(offer.was_withdrawn for offer in offers)


def _still_there(match: Match, need: Need, offers: list[Offer], now: datetime) -> bool:
    """What a plan made smaller than it could be goes on as long as both sides have that much."""
    by_id = {offer.offer_id: offer for offer in offers if not filters.obstacles(need, offer, now)}
    asked_lines = {line.index: line for line in need.lines}
    for part in match.parts:
        found = part.allocation
        offer = by_id.get(found.offer_id)
        offered = next((line for line in offer.lines if line.index == found.offer_line), None) if offer else None
        if offer is None or offered is None or not _has(offered, found.quantity):
            return False
        if found.need_line is None:
            if offered.line.capability != found.capability or not limits.keeps_lots(found.quantity, offered):
                return False
            continue
        asked = asked_lines.get(found.need_line)
        if asked is None or not _has(asked, found.quantity):
            return False
        if filters.meeting_obstacles(need, offer, asked, offered):
            return False
        if not limits.keeps_lots(found.quantity, offered, asked):
            return False
    return True


def _pieces(match: Match, need: Need, offers: Mapping[UUID, Offer]) -> list[Piece]:
    """What is left of the match, as a set that might be proposed."""
    asked = {line.index: line for line in need.lines}
    found = []
    for one in (part.allocation for part in match.parts):
        offer = offers.get(one.offer_id)
        offered = next((line for line in offer.lines if line.index == one.offer_line), None) if offer else None
        if offer is not None and offered is not None:
            line = None if one.need_line is None else asked.get(one.need_line)
            found.append(Piece(offer, offered, line, one.quantity))
    return found


def _has(line: LineState, quantity: Decimal | None) -> bool:
    return line.has_something_left and (quantity is None or line.open_ended or line.free >= quantity)


def _still_the_same(match: Match, key: str, need: Need, offers: list[Offer], now: datetime) -> bool:
    made = proposals.propose(need, offers, Steering(), now)
    again = next((one for one in made if one.key == key), None)
    if again is None:
        return False
    sizes = [share.allocation.quantity for share in again.shares]
    parties = [one.party.party_id for one in match.parties]
    return sizes == [part.allocation.quantity for part in match.parts] and parties == [
        party.party_id for party in again.parties
    ]
