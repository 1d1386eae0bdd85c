"""How alike the texts of needs and of their candidates are."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from uuid import UUID

from services.matching.domain.subjects import Need, Offer
from services.matching.domain.text import Likeness
from services.matching.text import Profile, crossed, likeness

Alike = dict[UUID, Likeness]
"""By offer; one that is missing is compared by its words."""


def likeness_of(need: Need, offers: Collection[Offer]) -> Alike:
    """How alike the texts are, where both have been worked out."""
    if not isinstance(need.profile, Profile):
        return {}
    known = [(offer.offer_id, offer.profile) for offer in offers if isinstance(offer.profile, Profile)]
    found = likeness(need.profile, [profile for _, profile in known])
    return {offer_id: one for (offer_id, _), one in zip(known, found, strict=True)}


async def likenesses(needs: Mapping[UUID, Need], offers_of: Mapping[UUID, Collection[Offer]]) -> dict[UUID, Alike]:
    """:func:`likeness_of` for each of these needs, beside the loop: words never heard before take their time."""
    return await asyncio.get_running_loop().run_in_executor(None, partial(_likenesses, needs, offers_of))


def _likenesses(needs: Mapping[UUID, Need], offers_of: Mapping[UUID, Collection[Offer]]) -> dict[UUID, Alike]:
    alike: dict[UUID, Alike] = {}
    groups: dict[frozenset[UUID], list[UUID]] = {}
    for need_id in needs:
        groups.setdefault(frozenset(offer.offer_id for offer in offers_of[need_id]), []).append(need_id)
    for same in groups.values():
        if len(same) == 1:
            alike[same[0]] = likeness_of(needs[same[0]], offers_of[same[0]])
        else:
            alike |= _together({need_id: needs[need_id] for need_id in same}, offers_of[same[0]])
    return alike


def _together(needs: Mapping[UUID, Need], offers: Collection[Offer]) -> dict[UUID, Alike]:
    """Needs that have the same candidates."""
    asked = {need_id: need.profile for need_id, need in needs.items() if isinstance(need.profile, Profile)}
    offered = {offer.offer_id: offer.profile for offer in offers if isinstance(offer.profile, Profile)}
    found = crossed(list(asked.values()), list(offered.values()))
    known = {need_id: dict(zip(offered, row, strict=True)) for need_id, row in zip(asked, found, strict=True)}
    return {need_id: known.get(need_id, {}) for need_id in needs}
