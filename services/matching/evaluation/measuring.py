"""Runs an evaluation set through the service's pipeline and through the simpler systems beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.matching.domain.policy import Policy
from services.matching.domain.rules import WEIGHTS
from services.matching.evaluation.fulltext import FullText
from services.matching.evaluation.metrics import BestThreshold, Outcome, outcome
from services.matching.evaluation.records import EvaluationSet
from services.matching.evaluation.service import Ranker
from services.matching.evaluation.structure import Structure
from services.matching.text import profiles
from services.matching.text.affinity import Sources
from services.matching.text.corpus import Corpus
from services.matching.text.likeness import Parts, compare
from services.matching.text.words import Lang

THRESHOLD = 0.32
"""From this share of what the texts and fields could say on, a pair is decided to match (ADR 0086)."""
LAG = 0.3
"""… unless the need's best offer is better by more than this × (1 − best)²: beside a perfect one nothing counts."""
AT_MOST = Policy().open_per_need
"""No need has more open proposals than this."""

SOURCES = Sources(letters=True)
"""Everything, and the letters for themselves, which the service does not ask beside the encoder."""

OURS = "sportello"
CATEGORY_DISTANCE = "category and distance"
FULL_TEXT = "full text"
SYSTEMS = (
    OURS, CATEGORY_DISTANCE, FULL_TEXT, "text (all parts)", "meaning (encoder)", "concepts (lexicon)",
    "words and translations", "letters (trigrams)", "category", "near", "quantity fit",
)  # fmt: skip

MOST_PAIRS = 90_000_000
"""Larger sets are measured on a sample of their needs, drawn once and for all: minutes instead of half an hour."""
_AT_ONCE = 100
_MOST_RANKED = 250_000
_FEW_JUDGED = 40
Row = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Pair = tuple[Lang, Lang]
Advance = Callable[[int], None]


@dataclass(slots=True)
class Measured:
    """By system: an outcome per judged need, over all offers and by the languages of need and offer."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    by_languages: dict[str, dict[Pair, list[Outcome]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    best: dict[str, BestThreshold] = field(default_factory=lambda: defaultdict(BestThreshold))
    filtered_relevant: int = 0


def measure(
    data: EvaluationSet, *, sources: Sources = SOURCES, least: int = 1, advance: Advance = lambda done: None
) -> Measured:
    """Measures every judged need; ``advance`` hears how many needs more are done."""
    needs = measured_needs(data)
    if not data.offers or not needs:
        return Measured()
    run = _Run(data, sources, least)
    for start in range(0, len(needs), _AT_ONCE):
        rows = needs[start : start + _AT_ONCE]
        parts = compare(run.asked, run.offered, rows, run.sources)
        for at, need in enumerate(rows):
            run.one(need, parts, at)
        advance(len(rows))
    return run.found


def measured_needs(data: EvaluationSet) -> list[int]:
    """The judged needs, or as many of them, by chance but always the same, as a large set allows."""
    judged = data.judged
    most = max(1, MOST_PAIRS // max(1, len(data.offers)))
    if len(judged) <= most:
        return judged
    return sorted(np.random.default_rng(7).choice(judged, most, replace=False).tolist())


class _Run:
    def __init__(self, data: EvaluationSet, sources: Sources, least: int) -> None:
        self.data = data
        self.least = least
        self.found = Measured()
        self.sources = sources
        self.asked = Corpus(profiles([one.text for one in data.needs], encode=sources.encoder))
        self.offered = Corpus(profiles([one.text for one in data.offers], encode=sources.encoder))
        self.structure = Structure(data.needs, data.offers)
        self.full_text = FullText(data.offers)
        self.ranker = Ranker(data.needs, data.offers)
        langs = [one.lang for one in data.offers]
        self.langs = {lang: np.array([one == lang for one in langs]) for lang in sorted(set(langs))}
        self.everything = np.ones(len(langs), bool)
        self.gold: dict[int, dict[int, int]] = defaultdict(dict)
        for (need, offer), grade in data.gold.items():
            self.gold[need][offer] = grade
        # Ties are broken by chance, the same for every system, never by the order of the file.
        self.chance = np.random.default_rng(7).permutation(len(data.offers)).astype(np.float64)
        self.ranked = max(10, min(Policy().candidates, _MOST_RANKED // max(1, len(measured_needs(data)))))

    def one(self, need: int, parts: Parts, at: int) -> None:
        allowed = self.structure.allowed(need)
        grades = self.gold[need]
        self.found.filtered_relevant += sum(
            grade >= self.least and not allowed[offer] for offer, grade in grades.items()
        )
        for system, (order, share) in self._scores(need, parts, at, allowed).items():
            decided = _decided(share, allowed) if system == OURS else _above(share, allowed)
            over_all = self._outcome(order, allowed, self.everything, decided, grades)
            self.found.outcomes[system].append(over_all)
            scored = share[allowed]
            place = np.cumsum(allowed) - 1
            right = [place[offer] for offer, grade in grades.items() if grade >= self.least and allowed[offer]]
            self.found.best[system].add(scored, np.array(right, np.int64))
            for lang, of_lang in self.langs.items():
                some = {offer: grade for offer, grade in grades.items() if of_lang[offer]}
                if some:
                    alone = len(self.langs) == 1
                    made = over_all if alone else self._outcome(order, allowed, of_lang, decided, some)
                    self.found.by_languages[system][self.data.needs[need].lang, lang].append(made)

    def _scores(self, need: int, parts: Parts, at: int, allowed: Mask) -> dict[str, tuple[Row, Row]]:
        """By system: what it ranks by, and a score from 0 to 1 that it decides by."""
        text = parts.value[at]
        category, has_category = self.structure.same_category(need)
        near, has_place = self.structure.near(need)
        fit, has_quantity = self.structure.quantity_fit(need)
        total, most = WEIGHTS["alike"] * text, np.full(len(text), WEIGHTS["alike"], np.float32)
        for code, said, has in (
            ("same_category", category, has_category),
            ("near", near, has_place),
            ("quantity_fit", fit, has_quantity),
        ):
            total = total + WEIGHTS[code] * np.where(has, said, 0)
            most = most + WEIGHTS[code] * has
        share = (total / most).astype(np.float32)
        kind = self.data.needs[need].kind
        coarse = category if kind is None or has_category.any() else self.structure.same_kind(need)
        full_text = self.full_text.scores(self.data.needs[need])
        rows = {
            CATEGORY_DISTANCE: (coarse + near) / 2,
            FULL_TEXT: full_text / max(1e-9, float(full_text.max())),
            "text (all parts)": text,
            "meaning (encoder)": parts.meaning[at],
            "concepts (lexicon)": parts.concepts[at],
            "words and translations": parts.lexical[at],
            "letters (trigrams)": parts.letters[at],
            "category": category,
            "near": near,
            "quantity fit": fit,
        }
        ours = self._as_the_service(need, share, text, allowed)
        return {OURS: (ours, share)} | {name: (row, row) for name, row in rows.items()}

    def _as_the_service(self, need: int, share: Row, text: Row, allowed: Mask) -> Row:
        """The most promising candidates in the service's own order, all others behind them."""
        score = share.copy()
        able = np.flatnonzero(allowed)
        first = able[np.lexsort((self.chance[able], -share[able]))][: self.ranked]
        for offer, candidate in self.ranker.order(need, first.tolist(), text[first].tolist()):
            score[offer] = 1.0 + candidate.score
        return score

    def _outcome(self, order: Row, allowed: Mask, among: Mask, decided: Mask, grades: Mapping[int, int]) -> Outcome:
        mask = allowed & among
        offers = list(grades)
        right = sum(bool(decided[offer]) and grades[offer] >= self.least for offer in offers)
        ranks = self._ranks(order, mask, offers)
        return outcome([grades[offer] for offer in offers], ranks, int((decided & among).sum()), right, self.least)

    def _ranks(self, order: Row, mask: Mask, offers: Sequence[int]) -> list[int | None]:
        if len(offers) > _FEW_JUDGED:
            able = np.flatnonzero(mask)
            rank = np.full(len(mask), 0, np.int64)
            rank[able[np.lexsort((self.chance[able], -order[able]))]] = np.arange(1, len(able) + 1)
            return [int(rank[offer]) or None for offer in offers]
        scores, chance = order[mask], self.chance[mask]
        return [
            1 + int((scores > order[offer]).sum() + ((scores == order[offer]) & (chance < self.chance[offer])).sum())
            if mask[offer]
            else None
            for offer in offers
        ]


def _decided(share: Row, allowed: Mask) -> Mask:
    """The rule: good enough, not far behind the need's best, no more than the need may have open."""
    if not allowed.any():
        return np.zeros_like(allowed)
    best = float(share[allowed].max())
    found: Mask = allowed & (share >= max(THRESHOLD, best - LAG * (1 - best) ** 2))
    if found.sum() > AT_MOST:
        least = np.sort(share[found])[-AT_MOST]
        found &= share >= least
    return found


def _above(share: Row, allowed: Mask) -> Mask:
    """A simple system proposes what it ranks first, ties included, if there is anything to say for it."""
    if not allowed.any():
        return np.zeros_like(allowed)
    best = float(share[allowed].max())
    found: Mask = allowed & (share >= best) & (share > 0)
    return found
