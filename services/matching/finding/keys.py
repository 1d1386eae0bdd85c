"""The keys of a need and of an offer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from contracts.events.intake import NeedChanged, NeedRegistered, OfferChanged, OfferReceived
from contracts.neighbourhoods import nils_of
from contracts.values import Line

Need = NeedRegistered | NeedChanged
Offer = OfferReceived | OfferChanged

_TERMS = 16
"""How many of a text's terms become keys, the most telling first."""
_CATEGORY_DIGITS = (8, 5, 4)
"""Category, class and group of the CPV."""
_PLACES = 30
"""How many neighbourhoods of a place limit are looked up by themselves; about three municipi."""
_CONCEPTS = 2
"""How many concepts of a text are also looked up together with its place and its policy area."""


def keys_of_need(need: Need, telling: Sequence[str], regions: Sequence[str]) -> list[str]:
    """What offers are looked up by: for each thing that is asked, and for each capability that is required."""
    scopes = {_scope(line, line.capability) for line in need.lines} | set(need.requires)
    return _keys(scopes, _about(need, telling, regions))


def keys_of_offer(offer: Offer, telling: Sequence[str], regions: Sequence[str]) -> list[str]:
    """What needs are looked up by. A line that brings a capability meets who asks for it and who does not mind."""
    scopes = {_scope(line) for line in offer.lines}
    for line in offer.lines:
        if line.capability is not None:
            scopes |= {_scope(line, line.capability), line.capability}
    return _keys(scopes, _about(offer, telling, regions))


def _scope(line: Line, capability: str | None = None) -> str:
    return f"{line.kind} {line.unit} {capability}" if capability else f"{line.kind} {line.unit}"


def _keys(scopes: Collection[str], about: Sequence[str]) -> list[str]:
    return [f"{scope} {one}".rstrip() for scope in sorted(scopes) for one in about]


def _about(subject: Need | Offer, telling: Sequence[str], regions: Sequence[str]) -> list[str]:
    """Each thing that may be had in common; the empty one stands for kind and unit alone."""
    categories = [line.cpv[:8] for line in subject.lines if line.cpv]
    nil = subject.place.nil if subject.place else None
    elsewhere = [one for one in _where(subject) if one != f"nil:{nil}"]
    circumstances = [f"nil:{nil}"] if nil else []
    if subject.policy_area:
        circumstances.append(f"area:{subject.policy_area}")
    concepts = [term for term in telling if term.startswith("c:")][:_CONCEPTS]
    topics = [f"cpv:{code[:5]}" for code in categories] + concepts + list(regions)
    found = ["", *telling[:_TERMS], *regions, *_prefixes(categories)]
    found += [f"{topic} {circumstance}" for topic in topics for circumstance in circumstances]
    found += circumstances[:1] if nil else []
    found += elsewhere
    if len(circumstances) > 1:
        found.append(" ".join(circumstances))
    return list(dict.fromkeys(found))


def _where(subject: Need | Offer) -> Iterator[str]:
    """Where it is when only the municipio is known, and where its limit lets the other side be."""
    place, limit = subject.place, subject.only_in
    if place is not None and place.nil is None and place.municipio is not None:
        yield f"municipio:{place.municipio}"
    if limit is not None:
        yield from (f"municipio:{number}" for number in limit.municipi)
        nils = dict.fromkeys((*limit.nils, *nils_of(limit.municipi)))
        yield from (f"nil:{number}" for number in list(nils)[:_PLACES])


def _prefixes(categories: Sequence[str]) -> Iterator[str]:
    """Trailing zeros stand for nothing: 30200000 is the group 302, not a category of its own."""
    for code in categories:
        for digits in _CATEGORY_DIGITS:
            told = code[:digits].rstrip("0")
            if len(told) > 2:
                yield f"cpv:{told}"
