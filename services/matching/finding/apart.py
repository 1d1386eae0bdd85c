"""What keeps a need and an offer apart whatever they are about, as short texts that an index row carries.

Each side is ``known_as`` something (its department, its giver, its place …) and ``refuses`` something; the search
passes over a pair where the two meet. :mod:`services.matching.domain.limits` judges every pair again, and smallest lots
and what partners are it judges alone.
"""

from __future__ import annotations

from functools import lru_cache

from contracts.events.intake import NeedChanged, NeedRegistered, OfferChanged, OfferReceived
from contracts.neighbourhoods import MUNICIPI, NEIGHBOURHOODS, municipi_of
from contracts.places import Place, PlaceLimit

Need = NeedRegistered | NeedChanged
Offer = OfferReceived | OfferChanged


def need_is_known_as(need: Need) -> list[str]:
    departments = [f"department:{code}" for code in (need.department, *need.with_departments)]
    receivers = [f"receiver:{one}" for one in need.receivers]
    return [*departments, f"area:{need.policy_area}", *receivers, *_place(need.place)]


def offer_is_known_as(offer: Offer) -> list[str]:
    givers = (offer.stakeholder_id, *(one.stakeholder_id for one in offer.partners))
    return [*(f"giver:{one}" for one in givers), *_place(offer.place)]


def refused_by_need(need: Need) -> list[str] | None:
    """None when it refuses nobody."""
    return [f"giver:{one}" for one in need.excluded_stakeholders] or None


def places_refused_by_need(need: Need) -> list[str] | None:
    """Where what meets its lines must not be; None when it may be anywhere."""
    return list(_outside(need.only_in)) if need.only_in else None


def refused_by_offer(offer: Offer) -> list[str] | None:
    found = [f"department:{code}" for code in offer.excluded_departments]
    found += [f"area:{code}" for code in offer.excluded_policy_areas]
    found += [f"receiver:{one}" for one in offer.excluded_receivers]
    return found + (list(_outside(offer.only_in)) if offer.only_in else []) or None


def _place(place: Place | None) -> list[str]:
    """The place as closely as it is known and the neighbourhoods allow; none when they contradict it."""
    if place is None:
        return []
    if place.nil is None:
        return [f"municipio:{place.municipio}"] if place.municipio else []
    around = municipi_of(place.nil)
    if place.municipio is None or around == (place.municipio,):
        return [f"nil:{place.nil}"]
    return [f"nil:{place.nil}/{place.municipio}"] if place.municipio in around else []


@lru_cache(maxsize=500)
def _outside(limit: PlaceLimit) -> tuple[str, ...]:
    """Every place that is known to lie outside of the limit, as :func:`_place` writes it."""
    every = [Place(label="-", municipio=number) for number in MUNICIPI]
    for one in NEIGHBOURHOODS.values():
        every.append(Place(label="-", nil=one.number))
        if len(one.municipi) > 1:
            every += [Place(label="-", nil=one.number, municipio=number) for number in one.municipi]
    return tuple(key for place in every if limit.admits(place) is False for key in _place(place))
