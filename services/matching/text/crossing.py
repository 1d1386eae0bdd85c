"""Many needs with the same offers at once: what an arriving offer asks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import overload

from services.matching.domain.text import Likeness
from services.matching.text.corpus import Corpus
from services.matching.text.likeness import compare, likeness
from services.matching.text.profile import Profile

Pair = tuple[str, str]


class _WhenAsked(Sequence[Pair]):
    """The pieces that two texts share. Only the few that are proposed have to tell them."""

    def __init__(self, need: Profile, offer: Profile) -> None:
        self._texts = (need, offer)

    @cached_property
    def _pairs(self) -> tuple[Pair, ...]:
        need, offer = self._texts
        return tuple(likeness(need, [offer])[0].shared)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | Sequence[Pair]:
        return self._pairs[index]

    def __len__(self) -> int:
        return len(self._pairs)


def crossed(needs: Sequence[Profile], offers: Sequence[Profile]) -> list[list[Likeness]]:
    """By need the likeness of each offer: what ``likeness`` says, a multiple faster for many needs with few offers."""
    if not needs or not offers:
        return [[] for _ in needs]
    parts = compare(Corpus(needs), Corpus(offers), range(len(needs)))
    return [
        [
            Likeness(
                value=round(float(parts.value[row, at]), 4),
                lexical=float(parts.lexical[row, at]),
                concepts=float(parts.concepts[row, at]),
                letters=float(parts.letters[row, at]),
                meaning=float(parts.meaning[row, at]),
                shared=_WhenAsked(need, offer),
            )
            for at, offer in enumerate(offers)
        ]
        for row, need in enumerate(needs)
    ]
