"""Full text alone: BM25 over dictionary forms, as a database's full text search would rank (k1 1.2, b 0.75).

It stands in for ts_rank over Postgres' Italian and English dictionaries, so that a set is measured without a database.
Source: Robertson, Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.matching.evaluation.records import Record
from services.matching.text.words import words

_K1, _B = 1.2, 0.75


def forms(one: Record) -> list[str]:
    """The dictionary forms of a record's words, empty words apart."""
    return [word.form for word in words(one.text, one.lang) if not word.empty]


class FullText:
    def __init__(self, offers: Sequence[Record]) -> None:
        said = [Counter(forms(one)) for one in offers]
        lengths = np.array([sum(one.values()) for one in said], np.float32)
        average = max(1.0, float(lengths.mean())) if len(offers) else 1.0
        self._size = len(offers)
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, counts in enumerate(said):
            for form, times in counts.items():
                damped = times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * float(lengths[at]) / average))
                found[form].append((at, damped))
        self._postings = {
            form: (np.array([at for at, _ in each]), np.array([value for _, value in each], np.float32))
            for form, each in found.items()
        }

    def scores(self, need: Record) -> npt.NDArray[np.float32]:
        """One score per offer, 0 where no word is shared."""
        total = np.zeros(self._size, np.float32)
        for form in set(forms(need)):
            if form in self._postings:
                at, damped = self._postings[form]
                total[at] += np.log(1 + (self._size - len(at) + 0.5) / (len(at) + 0.5)) * damped
        return total
