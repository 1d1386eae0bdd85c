"""Needs and offers as the read models keep them: what they say, and what they are found by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from contracts.events import intake
from services.matching.domain import text
from services.matching.finding import apart, keys_of_need, keys_of_offer, regions, sketch
from services.matching.text import TEXT_VERSION, Profile, profiles_off_loop, wording
from services.matching.text.words import searched

Need = intake.NeedRegistered | intake.NeedChanged
Offer = intake.OfferReceived | intake.OfferChanged


Profiler = Callable[[Sequence[str]], Awaitable[list[Profile]]]


async def needs(events: Sequence[Need], profiler: Profiler = profiles_off_loop) -> list[dict[str, Any]]:
    """One record per need; their texts are worked out together, beside the loop."""
    found = []
    for event, (profile, near) in zip(events, await _texts(events, profiler), strict=True):
        record = _record(event, profile)
        record["need_id"] = event.need_id
        record["department"] = event.department
        record["requires"] = event.requires
        record["receivers"] = event.receivers
        record["found_by"] = keys_of_need(event, profile.keys, near)
        record["known_as"] = apart.need_is_known_as(event)
        record["refuses"] = apart.refused_by_need(event)
        record["refuses_places"] = apart.places_refused_by_need(event)
        record["refuses_kinds"] = event.excluded_stakeholder_types or None
        found.append(record)
    return found


async def offers(events: Sequence[Offer], profiler: Profiler = profiles_off_loop) -> list[dict[str, Any]]:
    """One record per offer."""
    found = []
    for event, (profile, near) in zip(events, await _texts(events, profiler), strict=True):
        record = _record(event, profile)
        record["offer_id"] = event.offer_id
        record["stakeholder_id"] = event.stakeholder_id
        record["answers_need_id"] = event.answers_need_id
        record["found_by"] = keys_of_offer(event, profile.keys, near)
        record["known_as"] = apart.offer_is_known_as(event)
        record["refuses"] = apart.refused_by_offer(event)
        found.append(record)
    return found


async def _texts(events: Sequence[Need | Offer], profiler: Profiler) -> list[tuple[Profile, list[str]]]:
    found = await profiler([_wording(event) for event in events])
    near = regions([profile.direction for profile in found])
    return list(zip(found, near, strict=True))


def _wording(event: Need | Offer) -> str:
    return wording(event.title, event.description, *(line.description for line in event.lines))


def _record(event: Need | Offer, profile: Profile) -> dict[str, Any]:
    place, window = event.place, event.window
    packed = profile.packed
    return {
        "version": event.version,
        "snapshot": event.model_dump(mode="json", exclude_none=True),
        "said": " ".join(searched(event.title)),
        "words": sorted(text.words(event.title, event.description, *(line.description for line in event.lines))),
        "terms": sorted(profile.terms),
        "direction": None if packed is None else "\\x" + packed.hex(),
        "text_version": TEXT_VERSION,
        "policy_area": event.policy_area,
        "nil": place.nil if place else None,
        "municipio": place.municipio if place else None,
        "cpv": [line.cpv[:8] for line in event.lines if line.cpv],
        "starts_on": window.starts_on if window else None,
        "ends_on": window.ends_on if window else None,
        "valid_until": event.valid_until,
        "sketch": sketch(profile.direction),
    }
