"""Whether a match can go on after something it stands on changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.matching.domain import proposals
from services.matching.domain.match import Match
from services.matching.domain.subjects import Need, Offer, Steering

Verdict = Literal["superseded", "need_closed", "offer_closed", "party_withdrew"]


def verdict(match: Match, key: str, need: Need, offers: Mapping[UUID, Offer], now: datetime) -> Verdict | None:
    """Why the open match has to end; None when it goes on.

    A proposal ends when its need or an offer is closed or a giver is not (any more) approved and, as long as nobody
    consented, when it would be made differently today. An accepted match ends when a party withdraws before the
    agreement is signed; after that only the agreement ends it.
    """
    mine = [offers[part.allocation.offer_id] for part in match.parts if part.allocation.offer_id in offers]
    if match.state == "accepted":
        return "party_withdrew" if not match.is_committed and _withdrawn(need, mine) else None
    lost = lost_ground(need, mine, now)
    if lost is not None or match.is_reserved:
        return lost
    return None if _still_the_same(match, key, need, mine, now) else "superseded"


def lost_ground(need: Need, offers: Collection[Offer], now: datetime) -> Literal["need_closed", "offer_closed"] | None:
    """Why nobody can agree to this any more: the need or an offer is closed, or a giver is not approved."""
    if not need.is_open:
        return "need_closed"
    if any(not offer.is_open or not offer.giver.may_give(now) for offer in offers):
        return "offer_closed"
    return None


def _withdrawn(need: Need, offers: list[Offer]) -> bool:
    return need.was_withdrawn or any(offer.was_withdrawn for offer in offers)


def _still_the_same(match: Match, key: str, need: Need, offers: list[Offer], now: datetime) -> bool:
    made = proposals.propose(need, offers, Steering(), now)
    again = next((one for one in made if one.key == key), None)
    if again is None:
        return False
    sizes = [(share.allocation.quantity, share.to_agree) for share in again.shares]
    parties = [one.party.party_id for one in match.parties]
    return sizes == [(part.allocation.quantity, part.to_agree) for part in match.parts] and parties == [
        party.party_id for party in again.parties
    ]
