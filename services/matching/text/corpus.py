"""Profiles of many texts, prepared to be compared with others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.matching.text import terms
from services.matching.text.affinity import Matrix, Pieces
from services.matching.text.profile import Profile
from services.matching.text.reading import Unit

_NOTHING = Unit("", (), "", "en", "", "", frozenset(), 0.0, 0.0)


class Corpus:
    """Texts as runs of numbered pieces. A text that says nothing has one piece of no weight, which is like nothing.

    ``ids`` are the numbers of the pieces, text after text; text i begins at ``starts[i]`` and has ``sizes[i]`` of them.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        numbers: dict[str, int] = {}
        units: list[Unit] = []
        ids: list[int] = []
        sizes: list[int] = []
        for profile in profiles:
            said = terms.units(profile.terms) or [_NOTHING]
            sizes.append(len(said))
            for one in said:
                if one.term not in numbers:
                    numbers[one.term] = len(units)
                    units.append(one)
                ids.append(numbers[one.term])
        self.profiles = profiles
        self.pieces = Pieces(units)
        self.ids = np.array(ids, np.int64)
        self.sizes = np.array(sizes, np.int64)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.weights = _spread([one.weight for one in units], self.ids)
        self.rarities = _spread([one.rare for one in units], self.ids)
        self.codes = [terms.codes(profile.terms) for profile in profiles]

    def __len__(self) -> int:
        return len(self.profiles)

    def directions(self) -> Matrix | None:
        """The encoder's vectors, a row of zeros where there is none; None when there are none at all."""
        if all(profile.direction is None for profile in self.profiles):
            return None
        size = next(len(one.direction) for one in self.profiles if one.direction is not None)
        found = np.zeros((len(self.profiles), size), np.float32)
        for row, profile in enumerate(self.profiles):
            if profile.direction is not None:
                found[row] = profile.direction
        return found

    def piece_numbers(self, text: int) -> npt.NDArray[np.int64]:
        return self.ids[self.starts[text] : self.starts[text] + self.sizes[text]]


def _spread(each: Sequence[float], ids: npt.NDArray[np.int64]) -> Matrix:
    """What each piece weighs, per occurrence; never nothing, so that a text always has a sum to divide by."""
    spread: Matrix = np.maximum(np.array(each, np.float32), 1e-6)[ids]
    return spread
