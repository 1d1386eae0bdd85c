"""``sportello replay``: rebuild a read model from the log while the service goes on."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from chassis import replay as rebuild
from chassis.cli.loading import installed, service_of, settings_for
from chassis.cli.output import Json, as_json, fail, table
from chassis.service import Service


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("replay")(replay)


def replay(
    service: Annotated[str | None, typer.Option("--service", "-s", help="The service whose read model it is.")] = None,
    projection: Annotated[str | None, typer.Argument(help="The read model; the list of all when not given.")] = None,
    json: Json = False,
) -> None:
    """Rebuild a read model from the log. Nothing is published or sent, and readers see old or new, never half."""
    if service is None or projection is None:
        rows = [
            (name, found)
            for name in ([service] if service else installed())
            for found in rebuild.names(service_of(name, settings_for(name)))
        ]
        if json:
            as_json([{"service": name, "projection": found} for name, found in rows])
        else:
            table(("service", "projection"), rows, empty="No service here has a read model to rebuild.")
        return
    made = service_of(service, settings_for(service))
    if projection not in made.projections:
        fail(f"{service} has no read model '{projection}'; it has: {', '.join(rebuild.names(made)) or 'none'}.")
    done = asyncio.run(_with_progress(made, projection, quiet=json or not sys.stderr.isatty()))
    if json:
        as_json(asdict(done))
        return
    rows_made = ", ".join(f"{count} rows in {name}" for name, count in done.rows.items())
    typer.echo(f"Rebuilt {projection} from {done.records} records in {done.seconds:.1f} s: {rows_made}.")
    if done.kept_aside:
        typer.echo(f"{done.kept_aside} events could not be applied, as in the live service: see 'sportello dlq list'.")


async def _with_progress(service: Service[Any], projection: str, *, quiet: bool) -> rebuild.Replayed:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task(f"replaying {projection}", total=None)
        return await rebuild.replay(
            service, projection, lambda done, total: bar.update(task, completed=done, total=total)
        )
