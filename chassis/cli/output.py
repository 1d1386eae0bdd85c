"""How commands speak: a table for people, one JSON value with ``--json``, a sentence and exit code 1 on failure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import orjson
import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
ServiceName = Annotated[
    str, typer.Option("--service", "-s", envvar="SPORTELLO_SERVICE", help="The service whose data it is about.")
]


def as_json(value: Any) -> None:
    """Prints ``value`` as indented JSON."""
    sys.stdout.write(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode() + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """Prints a table, or the sentence ``empty``."""
    if not rows:
        typer.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table

    grid = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        grid.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(grid)


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends the command with a sentence that says what to do."""
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(code)
