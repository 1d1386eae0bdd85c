"""Words heard before: right after a start the encoder has heard none, and every proposal would wait for some."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from chassis import log
from chassis.service import Background
from chassis.unit import Units
from services.matching.text import hear

_TEXTS = 100_000
"""How many needs and how many offers are asked what they say."""
_TERMS = 40_000
"""How many different things are listened to, those said most often first: 40 MB of memory, a quarter of a millisecond
each."""
_AT_ONCE = 16
"""Few, so that an event that comes meanwhile waits for milliseconds only."""
_logger = log.get("matching.warming")


async def warm(units: Units[Any]) -> None:
    """Listens once to the words of what is there, beside the loop; what comes meanwhile the collector leaves alone."""
    async with units.reading() as store:
        usual = await store.candidates.usual_terms(_TEXTS, _TERMS)
    gc.collect()
    for start in range(0, len(usual), _AT_ONCE):
        # What is there by now stays. The collector would walk through it often, a tenth of a second each time.
        gc.freeze()
        await asyncio.to_thread(hear, usual[start : start + _AT_ONCE])
    gc.freeze()
    _logger.info("words.heard", terms=len(usual))


def jobs() -> list[Background]:
    """To be run once; it ends by itself."""
    return [warm]
