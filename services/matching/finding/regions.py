"""Where in the space of meanings a text lies, coarsely enough for an index.

The space is divided into 512 regions around centres that were made once from the labels of the CPV in both languages
(``python -m services.matching.finding.making``). Texts about the same thing mostly fall into the same region, whatever
their language; each text is listed under its two nearest ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

NEAREST = 2
Directions = Sequence[npt.NDArray[Any] | None]


@cache
def _centres() -> npt.NDArray[np.float32]:
    stored = np.load(BytesIO((files("services.matching.finding") / "data" / "centres.npy").read_bytes()))
    centres = stored.astype(np.float32)
    unit: npt.NDArray[np.float32] = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    return unit


def regions(directions: Directions) -> list[list[str]]:
    """For each text the regions it lies in, the nearest first; none without a direction."""
    found: list[list[str]] = [[] for _ in directions]
    known = [index for index, direction in enumerate(directions) if direction is not None and direction.any()]
    if known:
        matrix = np.stack([np.asarray(directions[index], np.float32) for index in known])
        nearest = np.argsort(-(matrix @ _centres().T), axis=1)[:, :NEAREST]
        for index, row in zip(known, nearest, strict=True):
            found[index] = [f"region:{number}" for number in row]
    return found


def sketch(direction: npt.NDArray[Any] | None) -> str | None:
    """The side of each axis the direction lies on, as Postgres reads a bit string: ``x`` and 128 hexadecimal digits."""
    if direction is None or not direction.any():
        return None
    return "x" + np.packbits(direction > 0).tobytes().hex()
