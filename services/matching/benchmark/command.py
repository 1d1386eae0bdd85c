"""``sportello bench ppe``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from chassis.cli.output import Json, as_json, fail, table
from services.matching.benchmark import ppe

_COLUMNS = (
    "strategy", "fill rate", "without zeros", "miles/unit", "shipments/donor", "holding days", "units", "seconds",
)  # fmt: skip
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


def _played(names: Sequence[str], weeks: int | None) -> list[ppe.Outcome]:
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


def _row(one: ppe.Outcome) -> list[str]:
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
