"""``sportello match eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.cli.output import Json, as_json, fail, table
from services.matching.evaluation.measuring import Measured, measure
from services.matching.evaluation.records import DataError, EvaluationSet, load
from services.matching.evaluation.report import report, tables

Data = Annotated[Path, typer.Option("--data", help="Folder with needs.jsonl, offers.jsonl and gold.jsonl.")]
Encoder = Annotated[bool, typer.Option("--encoder/--no-encoder", help="With or without the sentence encoder.")]
Least = Annotated[int, typer.Option("--relevant-from", min=1, max=3, help="The least grade that counts as relevant.")]


def run(data: Data, json: Json = False, encoder: Encoder = True, relevant_from: Least = 1) -> None:
    """How well the service's filters and signals rank this set, beside simpler systems, with 95 % intervals."""
    try:
        read = load(data)
    except DataError as error:
        fail(str(error))
    except FileNotFoundError as error:
        fail(f"{error.filename} is not there: a set has needs.jsonl, offers.jsonl and gold.jsonl.")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except UnicodeDecodeError as error:
        fail(f"A file of the set is not UTF-8: {error.reason}.")
    made = report(read, _measured(read, encoder, relevant_from), least=relevant_from, encoder=encoder)
    if json:
        as_json(made)
        return
    about = made["set"]
    typer.echo(
        f"{about['name']}: {about['needs_judged']} judged needs, {about['offers']} offers, "
        f"{about['relevant_pairs']} relevant pairs, {about['relevant_pairs_removed_by_filters']} removed by filters"
    )
    heads, rows, silent = tables(made)
    table(["system", *heads], rows, empty="Nothing was judged.")
    if silent:
        typer.echo(f"Nothing to say on this set: {', '.join(silent)}.")


def _measured(data: EvaluationSet, encoder: bool, least: int) -> Measured:
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("needs", total=len(data.judged))
        return measure(data, encoder=encoder, least=least, advance=lambda done: progress.advance(task, done))
