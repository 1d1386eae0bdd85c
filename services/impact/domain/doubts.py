"""What looks like a slip of the pen. A warning is told and shown; it never refuses a fact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from contracts.units import plain
from contracts.values import PlannedIndicator
from services.impact.domain.plan import Commitment

FAR_BEYOND = 5
"""Times the promise or the target from which a figure is asked about as a slip (5000 typed for 500)."""


@dataclass(frozen=True)
class Doubt:
    """``code`` is stable; the sentences are for people."""

    code: str
    italian: str
    english: str


def of_delivery(before: Commitment, after: Commitment) -> tuple[Doubt, ...]:
    """Whether more came than was promised."""
    if after.excess <= 0 or after.delivered <= before.delivered:
        return ()
    more, promised = plain(after.excess), plain(after.quantity)
    told = [
        Doubt(
            "exceeds-commitment",
            f"Con questa consegna si supera di {more} l'impegno di {promised}; l'eccedenza resta visibile a parte.",
            f"This delivery goes {more} beyond the commitment of {promised}; the excess is shown apart.",
        )
    ]
    if is_far_beyond(after, after.delivered):
        told.append(_slip())
    return tuple(told)


def is_far_beyond(commitment: Commitment, delivered: Decimal) -> bool:
    """Whether so much is more likely a slip than a gift: a page asks once more before it is recorded."""
    return delivered >= FAR_BEYOND * commitment.quantity


def of_measurement(planned: PlannedIndicator, value: Decimal) -> tuple[Doubt, ...]:
    """Whether a reading is far beyond what was aimed at."""
    return (_slip(),) if planned.target and abs(value) >= FAR_BEYOND * abs(planned.target) else ()


def _slip() -> Doubt:
    return Doubt(
        "far-beyond",
        "La cifra è molto più grande del previsto: controllare che non sia un errore di battitura.",
        "The figure is far larger than planned: check that it is not a typing error.",
    )
