"""What a row has to be: a condition made of fixed parts, whose values are numbered as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Conditions:
    """``parts`` all hold; ``values`` are what they are compared with, ``$1`` the first."""

    values: list[Any]
    parts: list[str]

    def add(self, condition: str, *values: Any) -> None:
        """``{0}`` and so on stand for ``values``."""
        numbers = [f"${len(self.values) + index}" for index, _ in enumerate(values, 1)]
        self.values.extend(values)
        self.parts.append(condition.format(*numbers))

    def __str__(self) -> str:
        return " AND ".join(self.parts)


def begun_by(words: Sequence[str]) -> str | None:
    """Compared with a ``said`` (``@@ …::text::tsquery``): for each of these a word begins like it; None without any.

    They are words as :func:`services.matching.text.words.searched` finds them, of letters and digits alone.
    """
    return " & ".join(f"'{word}':*" for word in words) or None
