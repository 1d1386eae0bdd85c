"""Words of Italian and English texts: language, dictionary form, no accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import simplemma

Lang = Literal["it", "en"]

_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|@\w+|&\w+;")
_HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*|[.;:!?,()\n–—]")
_VOWELS = "aeiou"
_SEARCHED = re.compile(r"[^\W_]{1,100}")
"""A run of letters longer than any word falls into pieces: the database holds no lexeme of any length."""

_FILE = Path(__file__).parent / "data" / "empty_words.txt"


def _listed() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    section = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            found.setdefault(section, set()).update(line.split())
    return {name: frozenset(listed) for name, listed in found.items()}


_LISTED = _listed()
EMPTY: dict[Lang, frozenset[str]] = {"it": _LISTED["it"], "en": _LISTED["en"]}
"""Words that say nothing by themselves."""
LINKING = _LISTED["linking"]
"""Words that a form of the lexicon may have or not have between its others."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, its dictionary form, and whether it looks like a name. Punctuation has no form."""

    written: str
    form: str
    empty: bool
    name: bool

    @property
    def is_pause(self) -> bool:
        return not self.form


def fold(text: str) -> str:
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in plain if not unicodedata.combining(char))


def searched(*texts: str) -> list[str]:
    """The words that texts are searched by, on either side of a search: folded, of letters and digits alone."""
    return _SEARCHED.findall(fold(" ".join(texts)))


def clean(text: str) -> str:
    """Without addresses and mentions; ``#NeedWater`` falls apart into its words."""
    spaced = _HUMP.sub(" ", _NOISE.sub(" ", text)) if "#" in text or "@" in text or "/" in text else text
    return spaced.replace("’", "'").replace("#", " ")


def language(text: str) -> Lang:
    """Italian or English, by the empty words and the endings."""
    written = [fold(word) for word in re.findall(r"[^\W\d_]+", text.replace("’", "'"))]
    italian = sum(word in EMPTY["it"] for word in written) - sum(word in EMPTY["en"] for word in written)
    if italian:
        return "it" if italian > 0 else "en"
    known = sum(_known(word, "it") - _known(word, "en") for word in written)
    if known:
        return "it" if known > 0 else "en"
    vowels = sum(word[-1] in _VOWELS for word in written)
    return "it" if vowels * 2 > len(written) else "en"


@lru_cache(maxsize=50_000)
def _known(word: str, lang: Lang) -> bool:
    return simplemma.is_known(word, lang=lang)


@lru_cache(maxsize=200_000)
def form(word: str, lang: Lang) -> str:
    """The dictionary form, lower case and without accents."""
    lower = unicodedata.normalize("NFC", word).lower()
    if any(char.isdigit() for char in lower):
        return fold(lower)
    return fold(simplemma.lemmatize(lower, lang=lang))


def words(text: str, lang: Lang) -> list[Word]:
    """The words and pauses of a text in their order; plain numbers are left out."""
    cleaned = unicodedata.normalize("NFC", clean(text))
    found = _TOKEN.findall(cleaned)
    letters = [token for token in found if token[0].isalpha()]
    titled = sum(token[0].isupper() for token in letters) > 0.6 * len(letters)
    return list(_words(found, lang, titled))


def _words(found: Iterable[str], lang: Lang, titled: bool) -> Iterable[Word]:
    start = True
    for token in found:
        if not token[0].isalnum():
            start = token not in {",", "(", ")"}
            yield Word(token, "", True, False)
            continue
        for part in token.split("-") if "-" in token and not any(char.isdigit() for char in token) else [token]:
            plain = fold(part)
            if plain.isdigit() or len(plain) < 2:
                continue
            looks_like_name = part[0].isupper() and not start and not titled and not part.isupper()
            yield Word(part.lower(), form(part, lang), plain in EMPTY[lang], looks_like_name)
        start = False
