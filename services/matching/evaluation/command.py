"""``sportello match eval``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.cli.output import Json, as_json, fail, table
from services.matching.evaluation.learning import without_labels_of
from services.matching.evaluation.lenient import Notes
from services.matching.evaluation.measuring import SOURCES, Measured, measure, measured_needs
from services.matching.evaluation.records import DataError, EvaluationSet, load
from services.matching.evaluation.report import report, tables
from services.matching.text.affinity import Sources

Data = Annotated[Path, typer.Option("--data", help="Folder with needs.jsonl, offers.jsonl and gold.jsonl.")]
Encoder = Annotated[bool, typer.Option("--encoder/--no-encoder", help="With or without the sentence encoder.")]
Least = Annotated[int, typer.Option("--relevant-from", min=1, max=3, help="The least grade that counts as relevant.")]
Unseen = Annotated[
    bool,
    typer.Option("--unseen", help="As if no CPV label of this set had been read: translations are learnt anew."),
]

_MOST_NOTES = 40


def run(
    data: Data, json: Json = False, encoder: Encoder = True, relevant_from: Least = 1, unseen: Unseen = False
) -> None:
    """How well the service's filters and signals rank this set, beside simpler systems, with 95 % intervals."""
    try:
        read = load(data)
    except DataError as error:
        fail(str(error))
    except FileNotFoundError as error:
        fail(f"{error.filename} is not there: a set has needs.jsonl, offers.jsonl and gold.jsonl.")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    sources = without_labels_of(read) if unseen else SOURCES
    measured = _measured(read, replace(sources, encoder=encoder), relevant_from)
    made = report(read, measured, least=relevant_from, encoder=encoder, unseen=unseen)
    if json:
        as_json(made)
        return
    _tell(read.notes)
    about = made["set"]
    typer.echo(
        f"{about['name']}: {about['needs_measured']} of {about['needs_judged']} judged needs, {about['offers']} offers,"
        f" {about['relevant_pairs']} relevant pairs, {about['relevant_pairs_removed_by_filters']} removed by filters"
    )
    heads, rows, silent = tables(made)
    table(["system", *heads], rows, empty="Nothing was judged.")
    if silent:
        typer.echo(f"Nothing to say on this set: {', '.join(silent)}.")


def _tell(notes: Notes) -> None:
    """What was read in a kind way, on the error stream: the figures stay alone."""
    for note in list(notes)[:_MOST_NOTES]:
        typer.secho(f"Note: {note}", fg="yellow", err=True)
    if (more := len(list(notes)) - _MOST_NOTES) > 0:
        typer.secho(f"Note: {more} more kinds of notes, all with --json.", fg="yellow", err=True)
    if notes.left_out:
        counted = ", ".join(f"{count} of {file}" for file, count in notes.left_out.items())
        typer.secho(f"Lines left out: {counted}.", fg="yellow", err=True)


def _measured(data: EvaluationSet, sources: Sources, least: int) -> Measured:
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("needs", total=len(measured_needs(data)))
        return measure(data, sources=sources, least=least, advance=lambda done: progress.advance(task, done))
