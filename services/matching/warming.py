"""Words heard before: right after a start the encoder has heard none, and every proposal would wait for some."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from chassis import log
from chassis.service import Background
from chassis.unit import Units
from services.matching.text import Profile
from services.matching.text.corpus import Corpus

_SAMPLE = 3000
"""How many needs and how many offers are listened to; their words are nearly all that come later."""
_AT_ONCE = 100
_logger = log.get("matching.warming")


async def warm(units: Units[Any]) -> None:
    """Listens once to the words of what is there, beside the loop."""
    async with units.reading() as store:
        known = await store.candidates.some_profiles(_SAMPLE)
    for start in range(0, len(known), _AT_ONCE):
        await asyncio.to_thread(_hear, known[start : start + _AT_ONCE])
    _logger.info("words.heard", texts=len(known))


def _hear(profiles: Sequence[Profile]) -> None:
    Corpus(profiles).pieces.heard  # noqa: B018  (working it out is what is wanted)


def jobs() -> list[Background]:
    """To be run once; it ends by itself."""
    return [warm]
