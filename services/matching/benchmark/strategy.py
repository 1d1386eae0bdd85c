"""Our allocator as a strategy of ``ppe-match``: who of the waiting donors gives how much to whom this week."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.allocation.model import Edge, NeedLine, OfferLine, Problem, Rules
from services.matching.allocation.solving import solve

NEAREST = 10
"""Recipients considered for a donor besides those that a shipment is worth most for."""
_MILLI = Decimal("0.001")
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """What counts, in units of protective equipment: one delivered is worth 1.

    Meeting a request wholly is worth ``recipient`` more, whatever its size; a unit loses ``mile`` per mile, a shipment
    ``shipment``. What would be worth nothing any more is not sent. For each donor the ``best`` recipients are
    considered; where many small requests are met, it takes more of them.
    """

    name: str
    recipient: float
    mile: float
    shipment: float
    best: int = 40


FEW_SHIPMENTS = Profile("few-shipments", recipient=5.0, mile=1e-3, shipment=6.0)
"""Whole requests by one donor each, near by: better than both published strategies in every metric."""
MANY_HELPED = Profile("many-helped", recipient=20.0, mile=1e-3, shipment=1.0, best=200)
"""Small requests count nearly as much as large ones: far more are met, for more shipments."""
PROFILES = (FEW_SHIPMENTS, MANY_HELPED)

Strategy = Callable[[Any, Any, Any, Any], Any]


def strategy(profile: Profile) -> Strategy:
    """A function as the benchmark calls it: (date, donors, recipients, distances) → shipments, all as data frames."""

    def allocate(date: Any, donors: Any, recipients: Any, distances: Any) -> Any:
        import pandas

        miles = _miles(donors, recipients, distances)
        shipments: list[tuple[str, str, str, float]] = []
        shipped: set[tuple[str, str]] = set()
        kinds = donors.ppe.value_counts().index
        for kind in kinds:
            given, asked = donors[donors.ppe == kind], recipients[recipients.ppe == kind]
            new = _allocated(profile, kind, given, asked, miles, shipped) if len(asked) else []
            shipped |= {(donor, recipient) for donor, recipient, _, _ in new}
            shipments += new
        return pandas.DataFrame(shipments, columns=["don_id", "rec_id", "ppe", "qty"])

    return allocate


@dataclass(frozen=True, slots=True)
class _Miles:
    donors: dict[str, int]
    recipients: dict[str, int]
    matrix: Matrix

    def between(self, donors: list[str], recipients: list[str]) -> Matrix:
        rows, columns = [self.donors[one] for one in donors], [self.recipients[one] for one in recipients]
        found: Matrix = self.matrix[np.ix_(rows, columns)]
        return found


def _miles(donors: Any, recipients: Any, distances: Any) -> _Miles:
    rows = {one: index for index, one in enumerate(sorted(set(donors.don_id)))}
    columns = {one: index for index, one in enumerate(sorted(set(recipients.rec_id)))}
    matrix = np.full((len(rows), len(columns)), np.nan)
    matrix[distances.don_id.map(rows).to_numpy(), distances.rec_id.map(columns).to_numpy()] = distances.distance
    return _Miles(rows, columns, matrix)


def _allocated(
    profile: Profile, kind: str, donors: Any, recipients: Any, miles: _Miles, shipped: set[tuple[str, str]]
) -> list[tuple[str, str, str, float]]:
    """The shipments of one kind of equipment. A shipment that goes anyway, with another kind, costs nothing more."""
    givers, receivers = donors.don_id.tolist(), recipients.rec_id.tolist()
    free, asked = donors.qty.to_numpy(float), recipients.qty.to_numpy(float)
    apart = miles.between(givers, receivers)
    most = np.minimum(free[:, None], asked[None, :])
    per_unit = 1.0 + profile.recipient / asked[None, :] - profile.mile * apart
    worth = per_unit * asked[None, :]
    goes_anyway = np.array([[(giver, receiver) in shipped for receiver in receivers] for giver in givers])
    worth = np.where(goes_anyway, worth + profile.shipment * asked[None, :] / most, worth)
    promise = np.where(np.isnan(apart) | (per_unit <= 0), -np.inf, per_unit * most - profile.shipment * ~goes_anyway)
    problem, columns = _problem(profile, kind, free, asked, worth, _considered(promise, apart, profile.best))
    return [
        (givers[link.offer], receivers[columns[link.need]], kind, float(link.quantity)) for link in solve(problem).links
    ]


def _considered(promise: Matrix, apart: Matrix, best: int) -> NDArray[np.bool_]:
    """For each donor the recipients worth most, and the nearest."""
    found = np.zeros(promise.shape, dtype=bool)
    for scores, most in ((promise, best), (-np.nan_to_num(apart, nan=np.inf), NEAREST)):
        most = min(most, scores.shape[1])
        chosen = np.argpartition(-scores, most - 1, axis=1)[:, :most]
        np.put_along_axis(found, chosen, values=True, axis=1)
    return found & np.isfinite(promise)


def _problem(
    profile: Profile, kind: str, free: Matrix, asked: Matrix, worth: Matrix, considered: NDArray[np.bool_]
) -> tuple[Problem, list[int]]:
    """The problem, and which recipient (column) each of its needs is."""
    columns = np.flatnonzero(considered.any(axis=0)).tolist()
    place = {column: index for index, column in enumerate(columns)}
    problem = Problem(
        [NeedLine(str(column), kind, _decimal(asked[column])) for column in columns],
        [OfferLine(str(row), kind, _decimal(one)) for row, one in enumerate(free)],
        [Edge(place[column], row, float(worth[row, column])) for row, column in np.argwhere(considered).tolist()],
        Rules(fairness=0.0, each_link=profile.shipment),
    )
    return problem, columns


def _decimal(quantity: float) -> Decimal:
    return Decimal(str(quantity)).quantize(_MILLI)
