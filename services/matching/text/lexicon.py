"""The bilingual lexicon of the field: what words stand for, and how near two such things are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.matching.text.words import LINKING, Lang, fold, words

_FILE = Path(__file__).parent / "data" / "lexicon.txt"
_SECTION = re.compile(r"\[(?P<name>.+) (?P<weight>[\d.]+)\]")
_PARENT, _RELATED, _SIBLING = 0.65, 0.5, 0.35
LONGEST = 4

Form = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``forms``: which concepts (by number) a run of dictionary forms stands for. ``near``: their affinity, 0-1.

    ``padded`` is ``near`` with one more row and column of zeros: what stands for no concept is near to none.
    """

    codes: tuple[str, ...]
    numbers: Mapping[str, int]
    weights: npt.NDArray[np.float32]
    forms: Mapping[Lang, Mapping[Form, tuple[int, ...]]]
    padded: npt.NDArray[np.float32]

    @property
    def near(self) -> npt.NDArray[np.float32]:
        return self.padded[:-1, :-1]


def content(text: str, lang: Lang) -> Form:
    """The dictionary forms of the words that carry meaning, in their order."""
    return tuple(word.form for word in words(text, lang) if not word.empty)


def phrase(text: str, lang: Lang) -> Form:
    """The dictionary forms that make up an entry, empty words within it too («senza dimora»), linking ones apart."""
    return tuple(word.form for word in words(text, lang) if not word.is_pause and fold(word.written) not in LINKING)


def parse(lines: Iterable[str]) -> Lexicon:
    """A lexicon from its file's lines; the file's head says how they are written. Raises ValueError."""
    codes: list[str] = []
    weights: list[float] = []
    links: list[tuple[str, str, float]] = []
    forms: dict[Lang, dict[Form, list[int]]] = {"it": defaultdict(list), "en": defaultdict(list)}
    weight = 1.0
    for line in (line.strip() for line in lines):
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.fullmatch(line):
            weight = float(section["weight"])
            continue
        head, italian, english = (part.strip() for part in line.split("|"))
        code, *others = head.split()
        links += [(code, other[1:], _PARENT if other[0] == "^" else _RELATED) for other in others]
        for one in _spellings(italian, "it"):
            forms["it"][one].append(len(codes))
        for one in _spellings(english, "en"):
            forms["en"][one].append(len(codes))
        codes.append(code)
        weights.append(weight)
    numbers = {code: number for number, code in enumerate(codes)}
    unknown = sorted({other for _, other, _ in links if other not in numbers})
    if unknown:
        raise ValueError(f"concepts that are not in the lexicon: {', '.join(unknown)}")
    near = _near(len(codes), [(numbers[one], numbers[other], value) for one, other, value in links])
    fixed = {lang: {key: tuple(dict.fromkeys(found)) for key, found in each.items()} for lang, each in forms.items()}
    return Lexicon(tuple(codes), numbers, np.array(weights, np.float32), fixed, np.pad(near, (0, 1)))


def _spellings(listed: str, language: Lang) -> Iterable[Form]:
    """Each form as the dictionary has it and as it is written, so that a word the dictionary bends still meets."""
    for one in listed.split(","):
        said = phrase(one, language)
        if said:
            yield said
        written = tuple(
            plain for word in re.findall(r"[^\W_]+", one) if len(plain := fold(word)) > 1 and plain not in LINKING
        )
        if written and written != said:
            yield written


def _near(size: int, links: Sequence[tuple[int, int, float]]) -> npt.NDArray[np.float32]:
    near = np.eye(size, dtype=np.float32)
    children: dict[int, list[int]] = defaultdict(list)
    for one, other, value in links:
        near[one, other] = near[other, one] = max(near[one, other], value)
        if value == _PARENT:
            children[other].append(one)
    for siblings in children.values():
        for one in siblings:
            for other in siblings:
                near[one, other] = max(near[one, other], _SIBLING)
    return near


@cache
def lexicon() -> Lexicon:
    """The lexicon that ships with the project."""
    return parse(_FILE.read_text(encoding="utf-8").splitlines())
