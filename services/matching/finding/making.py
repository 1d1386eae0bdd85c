"""Makes the centres of the regions anew: ``python -m services.matching.finding.making`` (about a minute).

Spherical k-means over the labels of the CPV in Italian and English, from a fixed seed. Other centres mean other keys:
after a change both read models have to be rebuilt.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.matching.text.categories import categories
from services.matching.text.encoder import Vectors, directions

REGIONS = 512
_ROUNDS = 15
_SEED = 1
_FILE = Path(__file__).parent / "data" / "centres.npy"


def centres(points: Vectors, count: int = REGIONS) -> Vectors:
    """``count`` unit vectors, each the mean of the points that are nearest to it."""
    chance = np.random.default_rng(_SEED)
    found = points[chance.choice(len(points), count, replace=False)].copy()
    for _ in range(_ROUNDS):
        nearest = (points @ found.T).argmax(axis=1)
        for number in range(count):
            mine = points[nearest == number]
            if len(mine):
                found[number] = mine.mean(axis=0)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def main() -> None:
    known = list(categories())
    points = directions([one.italian for one in known if one.italian] + [one.english for one in known])
    if points is None:
        raise SystemExit("There is no encoder: install the extra of the matching service.")
    made = centres(points)
    np.save(_FILE, np.round(made / np.abs(made).max(axis=1, keepdims=True) * 127).astype(np.int8))
    print(f"{len(made)} centres from {len(points):,} labels")


if __name__ == "__main__":
    main()
