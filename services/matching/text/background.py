"""How rare words are, in a corpus that ships with the project: the CPV's labels in both languages."""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import log

from services.matching.text.categories import labels

_LEAST, _MOST = 0.35, 0.9


@cache
def _counts() -> tuple[Counter[str], int]:
    found: Counter[str] = Counter()
    texts = 0
    for _, said in labels():
        found.update(set(said))
        texts += 1
    return found, texts


def rarity(form: str) -> float:
    """From .35 (in every other label) to .9 (never seen): what a word outside the lexicon tells."""
    counts, texts = _counts()
    share = log((texts + 1) / (counts[form] + 1)) / log(texts + 1)
    return _LEAST + (_MOST - _LEAST) * share
