"""What the figures are made of: percentiles, an open-loop schedule, ratios."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of all values do not exceed (nearest rank).

    Raises ValueError for no values: nothing measured is not zero.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = max(1, -int(-share * len(ordered) // 1))
    return ordered[min(rank, len(ordered)) - 1]


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def ratio(value: float, limit: float) -> float:
    """``value`` as a share of ``limit``."""
    return value / limit if limit else 0.0


@dataclass(frozen=True)
class Spread:
    """Latencies in milliseconds. ``missing`` were not there when the measurement ended."""

    count: int
    p50: float
    p99: float
    missing: int = 0

    @classmethod
    def of(cls, seconds: Sequence[float], missing: int = 0) -> Spread:
        if not seconds:
            return cls(0, float("inf"), float("inf"), missing)
        return cls(len(seconds), 1000 * percentile(seconds, 0.5), 1000 * percentile(seconds, 0.99), missing)


@dataclass(frozen=True)
class Schedule:
    """When each of ``count`` commands is due, ``rate`` a second, whatever becomes of those before it."""

    rate: float
    count: int

    def due(self, number: int) -> float:
        """Seconds after the start."""
        return number / self.rate

    @property
    def seconds(self) -> float:
        return self.count / self.rate


Clock = Callable[[], float]
Pause = Callable[[float], Awaitable[None]]


async def open_loop(
    schedule: Schedule,
    send: Callable[[int, float], Awaitable[None]],
    clock: Clock,
    pause: Pause = asyncio.sleep,
) -> None:
    """Sends each command when it is due; a slow answer never holds up the next one.

    ``send(number, due)`` counts its latency from ``due``, so that time lost before sending is counted as well.
    """
    start = clock()
    running: set[asyncio.Future[None]] = set()
    for number in range(schedule.count):
        due = start + schedule.due(number)
        wait = due - clock()
        if wait > 0:
            await pause(wait)
        running.add(asyncio.ensure_future(send(number, due)))
    await asyncio.gather(*running)
