"""What a plan is made of and what comes out. Lines are referred to by their position in the problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

SHARES = (3, 4, 3)
"""Tenths of what is asked in each step of the fairness term: the first help counts most, the last not at all."""
SLOPES = (2.0, 1.0, 0.0)
"""What each step is worth per share of what is asked; over a whole need they come to about 1 (steps are whole)."""
LEAST_REGARD = 0.25
"""Regard for the best-off neighbourhood; the worst-off one has 1."""


@dataclass(frozen=True, slots=True)
class NeedLine:
    """What one line of a need still asks (``asked`` > 0, at most three decimals).

    ``weight`` is how much it counts, ``hardship`` (0-1) how badly off its neighbourhood is. One offer gives it at least
    ``lot`` or all that either side has; at most ``most_links`` offers meet it.
    """

    key: str
    commodity: str
    asked: Decimal
    weight: float = 1.0
    nil: int | None = None
    hardship: float = 0.5
    lot: Decimal = Decimal(0)
    most_links: int | None = None


@dataclass(frozen=True, slots=True)
class OfferLine:
    """What one line of an offer still has (``free`` > 0); ``lot`` and ``most_links`` as for needs."""

    key: str
    commodity: str
    free: Decimal
    lot: Decimal = Decimal(0)
    most_links: int | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """This offer line may meet this need line; ``score`` (0 or more) is how well, ``cap`` how much at most.

    Less than ``least`` never goes this way, whatever the lines have left and whoever insists.
    """

    need: int
    offer: int
    score: float
    cap: Decimal | None = None
    least: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Forced:
    """Somebody insists that at least ``quantity`` goes this way."""

    edge: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """``fairness`` (0-1) weighs the fairness term against the fit; ``each_link`` is what one more giver costs."""

    fairness: float = 0.3
    each_link: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Raises ValueError when an edge joins two commodities or something is not a positive quantity."""

    needs: Sequence[NeedLine]
    offers: Sequence[OfferLine]
    edges: Sequence[Edge]
    rules: Rules = Rules()
    forced: Sequence[Forced] = ()

    def __post_init__(self) -> None:
        if any(need.asked <= 0 for need in self.needs) or any(offer.free <= 0 for offer in self.offers):
            raise ValueError("a line of a plan asks or has something")
        for edge in self.edges:
            if self.needs[edge.need].commodity != self.offers[edge.offer].commodity:
                raise ValueError("an edge joins lines of the same kind and unit")


@dataclass(frozen=True, slots=True)
class Link:
    """``quantity`` goes along ``edge``; ``value`` is what this adds to the plan as it is."""

    edge: int
    need: int
    offer: int
    quantity: Decimal
    value: float


@dataclass(frozen=True, slots=True)
class Plan:
    """``value`` = ``benefit`` (fit times coverage, less what links cost) + weight of fairness x ``fairness``.

    No plan that keeps the rules is worth more than ``bound``; ``greedy`` is what the best next choice, one after
    another, comes to. ``coverage`` is the share (0-1) of each need line that is met.
    """

    links: tuple[Link, ...]
    value: float
    bound: float
    greedy: float
    benefit: float
    fairness: float
    coverage: tuple[float, ...]

    @property
    def gap(self) -> float:
        """How far (share of the bound) the plan may be from the best one at most."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0


Tell = Callable[[str, float], None]
"""Called with a phase and how much of it is done (0-1); raises :class:`Stopped` when nobody wants the plan any more."""


class Stopped(Exception):
    """The plan was cancelled."""


class NotPossible(Exception):
    """What somebody insists on is more than is asked, offered or allowed."""


def nobody(phase: str, done: float) -> None:
    """Tells nobody."""
