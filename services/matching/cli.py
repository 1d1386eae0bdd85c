"""Commands of matching: how well it ranks, how well it allocates."""

from __future__ import annotations

import typer

from services.matching.benchmark import command
from services.matching.evaluation import command as evaluation

match = typer.Typer(no_args_is_help=True, help="Matching of needs and offers.")
bench = typer.Typer(no_args_is_help=True, help="Matching on public benchmarks.")


@match.callback()
def _match() -> None:
    pass


@bench.callback()
def _bench() -> None:
    pass


def register(app: typer.Typer) -> None:
    """Adds ``sportello match …`` and ``sportello bench …``."""
    match.command("eval")(evaluation.run)
    app.add_typer(match, name="match")
    bench.command("ppe")(command.run)
    bench.command("fairness")(command.fairness)
    app.add_typer(bench, name="bench")
