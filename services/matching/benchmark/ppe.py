"""The public benchmark ``ppe-match`` (GetUsPPE.org, INFORMS Journal on Computing 10.1287/ijoc.2022.1203) in one run.

The package's own framework plays the weeks and computes the metrics; only its reading of dates is replaced, which newer
versions of pandas refuse, and its tables are read once for all strategies.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from services.matching.benchmark.strategy import PROFILES, Strategy, strategy

METRICS = {
    "fill_rate": "fill rate",
    "fill_rate_without_zeros": "fill rate exc zeros",
    "miles_per_unit": "avg unit-miles",
    "shipments_per_donor": "avg number of shipments",
    "holding_days": "avg holding time",
}
"""Our names of the five metrics, and the benchmark's."""
INTERVAL_DAYS = 7
MOST_UNITS = 1000
"""The benchmark's defaults: how often it allocates, and above what a donation counts as a typing error."""
Heard = Callable[[float], None]


class NotInstalled(Exception):
    """The benchmark's package is not there."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Donations, requests and distances, as data frames."""

    donors: Any
    recipients: Any
    distances: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The five metrics of a strategy, the units that were shipped, and how long its run took."""

    strategy: str
    metrics: Mapping[str, float]
    units: float
    seconds: float


def strategies() -> dict[str, Strategy]:
    """The two published ones, then ours. Raises :class:`NotInstalled`."""
    published = _package().strategies
    ours = {profile.name: strategy(profile) for profile in PROFILES}
    return {"fcfm": published.FCFM_strategy, "proximity": published.proximity_match_strategy, **ours}


def load(weeks: int | None = None) -> Tables:
    """The benchmark's data, of its first ``weeks`` only when given. Raises :class:`NotInstalled`."""
    _package()
    import pandas

    data = files("ppe_match") / "data"
    donors = pandas.read_csv(str(data / "anon_donors.csv"), index_col=0)
    recipients = pandas.read_csv(str(data / "anon_recipients.csv"), index_col=0)
    for table in (donors, recipients):
        table["date"] = pandas.to_datetime(table["date"], format="ISO8601")
    distances = pandas.read_csv(str(data / "anon_distance_matrix.csv"))
    if weeks is not None:
        until = min(donors.date.min(), recipients.date.min()) + pandas.Timedelta(days=INTERVAL_DAYS * weeks)
        donors, recipients = donors[donors.date < until], recipients[recipients.date < until]
        distances = distances[distances.don_id.isin(donors.don_id.unique())]
    return Tables(donors, recipients, distances)


def run(name: str, chosen: Strategy, tables: Tables, heard: Heard = lambda share: None) -> Outcome:
    """Plays all weeks with one strategy; ``heard`` is told the share of the time span that is over."""
    framework = _framework(tables, _listened(chosen, tables, heard))
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own, about its use of pandas
        framework.run()
    heard(1.0)
    found = {row.metric_name: float(row.value) for row in framework.get_metrics().itertuples()}
    return Outcome(
        name,
        {ours: found[theirs] for ours, theirs in METRICS.items()},
        float(framework.get_decisions().qty.sum()),
        time.perf_counter() - started,
    )


def _listened(chosen: Strategy, tables: Tables, heard: Heard) -> Strategy:
    start = min(tables.donors.date.min(), tables.recipients.date.min())
    span = (max(tables.donors.date.max(), tables.recipients.date.max()) - start).total_seconds()

    def allocate(date: Any, *others: Any) -> Any:
        heard(min(1.0, (date - start).total_seconds() / span))
        return chosen(date, *others)

    return allocate


def _package() -> Any:
    try:
        import ppe_match
    except ImportError as missing:
        raise NotInstalled from missing
    logging.getLogger("ppe_match.testing_framework").setLevel(logging.ERROR)
    return ppe_match


def _framework(tables: Tables, chosen: Strategy) -> Any:
    """The package's framework on tables that are read already."""
    package = _package()

    parent: Any = package.TestingFramework

    class Framework(parent):  # type: ignore[misc]
        def __init__(self) -> None:
            self.all_donors = tables.donors
            self.all_recipients = tables.recipients
            self.distance_mat = tables.distances
            columns = ["don_id", "rec_id", "ppe", "date", "qty", "distance", "holding_time"]
            self.all_granular_decisions = tables.donors.iloc[:0].reindex(columns=columns)
            self.metrics = None
            self.strategy = chosen
            self.interval, self.max_donation_qty = INTERVAL_DAYS, MOST_UNITS
            self.writeFiles, self.output_directory = False, ""

    return Framework()
