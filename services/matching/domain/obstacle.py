"""Why something is not proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why an offer is not proposed for a need; ``code`` is stable.

    ``confidential``: who gives has said so, and whoever asks is not told (:data:`NOT_AVAILABLE`).
    """

    code: str
    text_it: str
    text_en: str
    confidential: bool = False


NOT_AVAILABLE = Obstacle(
    "not_available", "L'offerta non è disponibile per questo bisogno.", "The offer is not available for this need."
)


def as_told(obstacles: Iterable[Obstacle]) -> list[Obstacle]:
    """The obstacles for who may not know whom the giver excludes: all of that is one sentence."""
    return list(dict.fromkeys(NOT_AVAILABLE if one.confidential else one for one in obstacles))
