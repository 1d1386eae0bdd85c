"""Words that translate each other, with a probability; learnt from the parallel labels of the CPV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "translations.tsv"
_ROUNDS = 8
_SEEN_ENOUGH = 1.5
_LEAST = 0.1
_NEGLIGIBLE = 1e-4
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Translations:
    """How likely (0-1) an Italian and an English dictionary form mean the same."""

    pairs: Mapping[Pair, float] = field(default_factory=dict)
    by_italian: Mapping[str, Mapping[str, float]] = field(init=False)
    by_english: Mapping[str, Mapping[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        there: dict[str, dict[str, float]] = defaultdict(dict)
        back: dict[str, dict[str, float]] = defaultdict(dict)
        for (italian, english), value in self.pairs.items():
            there[italian][english] = value
            back[english][italian] = value
        object.__setattr__(self, "by_italian", dict(there))
        object.__setattr__(self, "by_english", dict(back))


def learn(texts: Sequence[tuple[Sequence[str], Sequence[str]]]) -> dict[Pair, float]:
    """IBM model 1 in both directions; the geometric mean of both, less where a pair was seen but once.

    Source: Brown et al., The Mathematics of Statistical Machine Translation (1993).
    """
    there, expected = _one_way(texts)
    back, _ = _one_way([(english, italian) for italian, english in texts])
    found = {}
    for (italian, english), probability in there.items():
        other = back.get((english, italian), 0.0)
        if italian and english and other:
            seen = min(1.0, expected[italian, english] / _SEEN_ENOUGH)
            value = (probability * other) ** 0.5 * seen
            if value > _LEAST:
                found[italian, english] = round(value, 3)
    return found


def _one_way(texts: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[dict[Pair, float], dict[Pair, float]]:
    probability: dict[Pair, float] = {}
    counts: dict[Pair, float] = {}
    for round_ in range(_ROUNDS):
        counts = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for source, target in texts:
            # The empty word stands for what has no counterpart.
            sources = [*source, ""]
            for word in target:
                weights = [probability.get((one, word), 0.0) if round_ else 1.0 for one in sources]
                total = sum(weights)
                for one, weight in zip(sources, weights, strict=True):
                    if weight > _NEGLIGIBLE * total:
                        counts[one, word] += weight / total
                        totals[one] += weight / total
        probability = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    return probability, counts


def read(lines: Iterable[str]) -> Translations:
    """From lines of Italian form, English form and probability, parted by tabs."""
    pairs = {}
    for line in lines:
        if line and not line.startswith("#"):
            italian, english, value = line.rstrip("\n").split("\t")
            pairs[italian, english] = float(value)
    return Translations(pairs)


@cache
def translations() -> Translations:
    """The table that ships with the project."""
    if not _FILE.exists():
        return Translations()
    return read(_FILE.read_text(encoding="utf-8").splitlines())
