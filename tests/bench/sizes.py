"""How much is measured: for the record, quickly, or just enough to see that it still runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Seconds and numbers of events. ``rates`` are commands a second; ``most`` is where the ramp gives up."""

    seconds: float
    rates: tuple[int, ...]
    step_seconds: float
    first: int
    most: int
    requests: int
    events: int
    events_one_by_one: int


RECORD = Sizes(4.0, (50, 200), 6.0, 100, 4000, 4000, 20_000, 1500)
QUICK = Sizes(1.5, (50, 200), 3.0, 100, 1600, 1000, 5_000, 500)
TINY = Sizes(0.2, (20,), 0.5, 20, 20, 20, 1200, 20)
