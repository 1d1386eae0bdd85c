"""The command ``sportello``. Each service and the launcher add theirs by the entry point ``sportello.commands``."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from chassis import log
from chassis.cli import deadletters, replay, schema, traces

GROUP = "sportello.commands"


def build() -> typer.Typer:
    """The command with everything that is installed."""
    app = typer.Typer(
        help="Sportello: where a city's needs meet what others offer.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    for register in (schema.register, deadletters.register, replay.register, traces.register):
        register(app)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        entry.load()(app)
    return app


def main() -> None:
    """Entry point of ``sportello``."""
    log.configure_command()
    build()()
