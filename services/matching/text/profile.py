"""What is kept of a text so that it can be found and compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from services.matching.text import encoder, reading, terms

TEXT_VERSION = "2026-11c"
KEYS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """``terms``: ``w:`` words, ``c:`` concepts of the bilingual lexicon, both as written, ``k:`` CPV codes.

    ``direction`` is a unit vector of 512 numbers (float16) or None without encoder.
    """

    terms: frozenset[str]
    direction: npt.NDArray[np.float16] | None = None

    @property
    def keys(self) -> list[str]:
        """The most telling terms first, at most 16: what an index finds candidates by."""
        return terms.telling(self.terms)[:KEYS]

    @property
    def packed(self) -> bytes | None:
        """The direction as 1,024 bytes (512 little-endian float16)."""
        return None if self.direction is None else self.direction.astype("<f2").tobytes()

    @classmethod
    def stored(cls, said: Iterable[str], packed: bytes | None) -> Profile:
        """The profile that was taken apart into ``terms`` and ``packed``."""
        return cls(frozenset(said), None if packed is None else np.frombuffer(packed, "<f2"))


def wording(*parts: str | None) -> str:
    """Title, description and the lines' descriptions as the one text that is profiled."""
    kept = dict.fromkeys(part.strip() for part in parts if part and part.strip())
    return ". ".join(kept)


def profiles(texts: Sequence[str], *, encode: bool = True) -> list[Profile]:
    """One profile per text; about 1 ms each. Call :func:`profiles_off_loop` from a loop."""
    said = [terms.of(text) for text in texts]
    found = encoder.directions([terms.spoken(text) for text in texts]) if encode else None
    if found is None:
        return [Profile(each) for each in said]
    return [Profile(each, row.astype(np.float16)) for each, row in zip(said, found, strict=True)]


def hear(said: Iterable[str]) -> None:
    """Listens to the words behind these terms, so that comparing texts that say them need not."""
    encoder.words_directions([reading.unit(term).written for term in said if terms.is_unit(term)])


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "text")


async def profiles_off_loop(texts: Sequence[str], *, encode: bool = True) -> list[Profile]:
    """As :func:`profiles`, in a thread of its own: the loop goes on serving."""
    return await asyncio.get_running_loop().run_in_executor(_thread(), lambda: profiles(texts, encode=encode))
