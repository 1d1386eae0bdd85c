"""What an installation may set: how many proposals, and how long they wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """``open_per_need`` proposals stay open at most; one event brings at most ``per_event`` to a need and, for an
    arriving offer, to ``needs_per_offer`` needs. Offers that answer the need come on top. ``candidates`` are compared
    at most per line, out of lists of which ``longest_list`` entries are read. A decision can be taken back within
    ``undo_window``; a proposal sleeps no longer than ``longest_postponement`` at a time, and not beyond
    ``postponed_in_all`` after it was made, however often it is put off."""

    open_per_need: int = 20
    per_event: int = 5
    needs_per_offer: int = 10
    candidates: int = 60
    longest_list: int = 300
    proposal_lasts: timedelta = timedelta(days=30)
    reservation_lasts: timedelta = timedelta(days=14)
    undo_window: timedelta = timedelta(minutes=15)
    longest_postponement: timedelta = timedelta(days=90)
    postponed_in_all: timedelta = timedelta(days=180)
    postponing_extends_reservations: bool = False
