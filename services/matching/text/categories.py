"""CPV labels in both languages (Regulation (EC) No 213/2008): a text that is a label stands for its code."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.matching.text.lexicon import content
from services.matching.text.words import Lang

_FILE = Path(__file__).parent / "data" / "cpv_2008_it_en.csv"


@dataclass(frozen=True, slots=True)
class Category:
    """A CPV code (eight digits, without the check digit) and its labels; an empty label is missing in the source."""

    code: str
    italian: str
    english: str


def categories() -> Iterator[Category]:
    """All 9,454 in the order of their codes."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Category(row["CODE_SHORT"], row["IT"].strip(), row["EN"].strip())


@cache
def labels() -> dict[tuple[Lang, tuple[str, ...]], tuple[str, ...]]:
    """Codes by language and dictionary forms of their label; several when labels read alike."""
    found: dict[tuple[Lang, tuple[str, ...]], list[str]] = {}
    for one in categories():
        for lang, label in (("it", one.italian), ("en", one.english)):
            said = content(label, "it" if lang == "it" else "en")
            if said:
                found.setdefault(("it" if lang == "it" else "en", said), []).append(one.code)
    return {key: tuple(codes) for key, codes in found.items()}
