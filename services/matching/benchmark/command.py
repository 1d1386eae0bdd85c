"""``sportello bench ppe`` and ``sportello bench fairness``. The solver is loaded when one of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from chassis.cli.output import Json, as_json, fail, table

if TYPE_CHECKING:
    from services.matching.benchmark.ppe import Outcome

_COLUMNS = ("strategy", "fill rate", "fill > 0", "miles", "shipments", "days", "units", "s")
"""The five metrics: fill rate of all, and of those who got something; miles per unit; shipments per donor; days that a
unit waits. Narrow enough for a terminal of 80 columns; ``--json`` has them by name."""
Runs = Annotated[
    list[str] | None,
    typer.Option("--runs", help="fcfm, proximity (published), few-shipments, many-helped (ours); all unless given."),
]
Weeks = Annotated[
    int | None,
    typer.Option("--weeks", min=3, help="Only the first weeks: quicker, and comparable within this run alone."),
]


def run(runs: Runs = None, weeks: Weeks = None, json: Json = False) -> None:
    """Our allocator on the public benchmark ppe-match, beside its two published strategies, all five metrics."""
    from services.matching.benchmark import ppe

    try:
        known = ppe.strategies()
        unknown = sorted(set(runs or ()) - set(known))
        if unknown:
            fail(f"There is no strategy {', '.join(unknown)}: choose from {', '.join(known)}.")
        outcomes = _played(list(runs or known), weeks)
    except ppe.NotInstalled:
        fail("The benchmark is not installed: it is the package ppe-match of the development environment.")
    if json:
        as_json([asdict(one) for one in outcomes])
        return
    table(_COLUMNS, [_row(one) for one in outcomes], empty="No strategy was run.")


def fairness(json: Json = False) -> None:
    """What fairness moves and what it costs, on an example in which all offers are near the well-off."""
    from services.matching.benchmark import skewed

    rows = list(skewed.shown())
    if json:
        as_json([{"weight": row.weight, **row.coverage, "moved": row.moved, "cost": row.cost} for row in rows])
        return
    places = [f"{name} ({hardship})" for _, name, hardship in skewed.NEIGHBOURHOODS]
    cells = [
        [f"{row.weight}", *(f"{share:.0%}" for share in row.coverage.values()), f"{row.moved} of 20", f"{row.cost:.1%}"]
        for row in rows
    ]
    table(["fairness", *places, "moved", "fit given up"], cells, empty="")


def _played(names: Sequence[str], weeks: int | None) -> list[Outcome]:
    from services.matching.benchmark import ppe

    shown = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    known = ppe.strategies()
    with Progress(*shown, console=Console(stderr=True)) as progress:
        reading = progress.add_task("reading the distances", total=None)
        tables = ppe.load(weeks)
        progress.update(reading, total=1, completed=1)
        outcomes = []
        for name in names:
            task = progress.add_task(name, total=1.0)
            outcomes.append(ppe.run(name, known[name], tables, partial(_shown, progress, task)))
    return outcomes


def _shown(progress: Progress, task: TaskID, share: float) -> None:
    progress.update(task, completed=share)


def _row(one: Outcome) -> list[str]:
    found = one.metrics
    return [
        one.strategy,
        f"{found['fill_rate']:.4f}",
        f"{found['fill_rate_without_zeros']:.3f}",
        f"{found['miles_per_unit']:.1f}",
        f"{found['shipments_per_donor']:.2f}",
        f"{found['holding_days']:.1f}",
        f"{one.units:,.0f}",
        f"{one.seconds:.0f}",
    ]
