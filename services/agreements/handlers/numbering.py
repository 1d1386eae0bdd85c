"""Numbers without gaps that nobody waits for while a document is printed.

The number is in the document, so the document cannot be made before the number is known; and a number that is drawn is
held under a lock until its transaction ends. So the document is made with the number that will probably be next, and
the number is drawn afterwards: if it is that one, the lock was held for a moment only; if not, the document is made
again. Nothing is reserved, so nothing is lost when a process dies at any point.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from chassis.scope import Scope
from chassis.unit import Unit
from services.agreements.domain.file import Protocol
from services.agreements.store import Store

T = TypeVar("T")
GUESSES = 3
"""So often a document is made on the guess; after that the number is held while it is made."""


class _Other(Exception):
    """Somebody else had the number."""


class _Line:
    """Who is about to draw a number of one city and year in this process, in their order."""

    def __init__(self) -> None:
        self.waiting: deque[asyncio.Event] = deque()
        self.drawn = 0
        """The last number drawn here; its transaction may not have ended yet."""

    def guess(self, last: int) -> int:
        """The number for who joins now: everybody before has one less. `last` is the last one that counts."""
        return max(last, self.drawn) + len(self.waiting)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """A place at the end of the line; what it gives waits for the turn."""
        before, mine = self.waiting[-1] if self.waiting else None, asyncio.Event()
        self.waiting.append(mine)

        async def turn() -> None:
            if before is not None:
                await before.wait()

        try:
            yield turn
        finally:
            # Whoever leaves before their turn leaves a number to those behind: they find out when they draw.
            self.waiting.remove(mine)
            mine.set()


class Numbering:
    """The lines of this process. Other processes are seen only by what they have drawn."""

    def __init__(self) -> None:
        self._lines: defaultdict[tuple[str, int], _Line] = defaultdict(_Line)

    def line(self, scope: Scope, year: int) -> _Line:
        return self._lines[scope.city, year]


async def with_number(
    unit: Unit[Store], numbering: Numbering, year: int, make: Callable[[Protocol], Awaitable[T]]
) -> tuple[Protocol, T]:
    """The year's next number, drawn in this transaction, and what `make` makes with it."""
    line = numbering.line(unit.scope, year)
    for _ in range(GUESSES):
        last = await unit.store.register.last_number(unit.scope, year)
        async with line.place() as turn:
            guess = Protocol(year=year, number=line.guess(last))
            made = await make(guess)
            await turn()
            with suppress(_Other):
                async with unit.savepoint():
                    await _drawn(unit, line, guess)
                return guess, made
    protocol = await unit.store.register.next_protocol(unit.scope, year)
    line.drawn = protocol.number
    return protocol, await make(protocol)


async def _drawn(unit: Unit[Store], line: _Line, guess: Protocol) -> None:
    """Draws the number if it is `guess`; undone with the savepoint, the lock is let go of."""
    protocol = await unit.store.register.next_protocol(unit.scope, guess.year)
    line.drawn = protocol.number if protocol == guess else protocol.number - 1
    if protocol != guess:
        raise _Other
