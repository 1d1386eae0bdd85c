"""News comes first: whatever has time gives way while a new need or offer is being taken in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 0.1
"""Seconds that a piece of work waits at most, so that it gets its turn however much news there is."""


class Pace:
    """How many are at work on news."""

    def __init__(self) -> None:
        self._at_work = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While in the block, others give way."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work:
                for one in self._waiting:
                    if not one.done():
                        one.set_result(None)

    async def give_way(self, patience: float = _PATIENCE) -> None:
        """Returns when nobody is at work on news, at once when nobody is, and after ``patience`` seconds anyway."""
        if not self._at_work:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.add(done)
        try:
            await asyncio.wait([done], timeout=patience)
        finally:
            self._waiting.discard(done)


PACE = Pace()
"""That of this process."""
