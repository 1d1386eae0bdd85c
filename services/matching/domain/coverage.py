"""Triangulation: which offers together bring every capability a need requires, with as few parties as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from services.matching.domain.rules import ALTERNATIVES, CAPABILITY_PROVIDERS
from services.matching.domain.subjects import LineState, Need, Offer
from services.matching.domain.text import overlap

Lines = dict[str, LineState]


@dataclass(frozen=True, slots=True)
class Provider:
    """An offer and, for each required capability it brings, the line that does."""

    offer: Offer
    lines: Lines
    liking: float


def providers(need: Need, offers: Collection[Offer], without: Collection[tuple[UUID, int]] = ()) -> list[Provider]:
    """The offers that bring a capability the need requires, the best first; lines ``without`` bring nothing."""
    found = []
    for offer in offers:
        unfit = [line for offer_id, line in without if offer_id == offer.offer_id] if without else ()
        lines = lines_that_bring(need.state.requires, offer, unfit)
        if lines:
            found.append(Provider(offer, lines, _liking(need, offer)))
    return sorted(found, key=lambda one: (-one.liking, -len(one.lines), str(one.offer.offer_id)))


def lines_that_bring(required: Collection[str], offer: Offer, used: Collection[int] = ()) -> Lines:
    """For each required capability the first line of the offer that brings it and has something left."""
    lines: Lines = {}
    for state in offer.lines:
        capability = state.line.capability
        if capability in required and state.has_something_left and state.index not in used:
            lines.setdefault(str(capability), state)
    return lines


def covers(missing: Collection[str], available: Sequence[Provider], present: Collection[UUID]) -> list[list[Provider]]:
    """Up to ``ALTERNATIVES`` sets of providers that bring everything ``missing``, none of them superfluous.

    Offers that answer the need come first, then sets that add fewer parties to the givers ``present``.
    """
    wanted = frozenset(missing)
    if not wanted:
        return [[]]
    found = list(_minimal(wanted, _useful(wanted, available)))
    return sorted(found, key=lambda chosen: _order(chosen, present))[:ALTERNATIVES]


def _useful(wanted: frozenset[str], available: Sequence[Provider]) -> list[Provider]:
    """The best providers of each capability, so that a popular one does not crowd out the rare one."""
    each = max(1, CAPABILITY_PROVIDERS // len(wanted))
    kept: dict[UUID, Provider] = {}
    for capability in sorted(wanted):
        bringing = [one for one in available if capability in one.lines][:each]
        kept |= {one.offer.offer_id: one for one in bringing}
    return list(kept.values())


def _minimal(wanted: frozenset[str], useful: Sequence[Provider]) -> Iterator[list[Provider]]:
    bringing = [(one, wanted & one.lines.keys()) for one in useful]
    for size in range(1, min(len(wanted), len(useful)) + 1):
        for chosen in combinations(bringing, size):
            if _together(chosen) == wanted and not any(
                _together(one for one in chosen if one is not left_out) == wanted for left_out in chosen
            ):
                yield [one for one, _ in chosen]


def _together(chosen: Iterable[tuple[Provider, frozenset[str]]]) -> frozenset[str]:
    return frozenset().union(*(brought for _, brought in chosen))


def _order(chosen: Sequence[Provider], present: Collection[UUID]) -> tuple[object, ...]:
    answering = sum(one.liking >= 1 for one in chosen)
    parties = {one.offer.state.stakeholder_id for one in chosen} - set(present)
    liking = sum(one.liking for one in chosen) / len(chosen)
    return (-answering, len(parties), -liking, [str(one.offer.offer_id) for one in chosen])


def _liking(need: Need, offer: Offer) -> float:
    """1 or more when the offer answers this need, else how close its words, area and units come."""
    close = 0.5 * overlap(need.words, offer.words)[0]
    close += 0.3 * (offer.state.policy_area == need.state.policy_area)
    units = {line.line.unit for line in need.lines}
    close += 0.1 * any(line.line.unit in units for line in offer.lines)
    return float(offer.answers(need)) + min(close, 0.9)
