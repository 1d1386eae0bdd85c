"""Why something is not proposed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why an offer is not proposed for a need; ``code`` is stable."""

    code: str
    text_it: str
    text_en: str
