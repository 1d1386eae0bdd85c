"""`sportello agreements …`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from chassis.database.pool import connect
from chassis.settings import settings_of
from services.agreements.cli_trust import app as trust

# What verifies signatures takes a second to load: only who asks for it waits.
if TYPE_CHECKING:
    from services.agreements.handlers.auditing import Audit

app = typer.Typer(no_args_is_help=True, help="The Legal Office's desk.")
app.add_typer(trust, name="trust")


def register(root: typer.Typer) -> None:
    """Adds this service's commands."""
    root.add_typer(app, name="agreements")


@app.callback()
def agreements() -> None:
    """Keeps `verify` a sub-command although it is the only one so far."""


@app.command()
def verify(
    city: Annotated[str | None, typer.Option(help="IPA code of one city; all cities without it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object")] = False,
) -> None:
    """Recompute the chains, verify documents and daily documents; exits with 1 when anything does not hold."""
    audits = asyncio.run(_audits(city))
    if as_json:
        typer.echo(json.dumps({"ok": not any(one.faults for one in audits), "cities": [_plain(one) for one in audits]}))
    else:
        for one in audits:
            typer.echo(
                f"{one.city}: {one.entries} entries, {one.documents} signed documents,"
                f" {one.lines} public lines, {one.days} daily documents, {len(one.faults)} faults"
            )
            if one.uncovered:
                typer.echo(f"  {one.uncovered} lines are not covered yet: the service does so within the hour")
            for fault in one.faults:
                typer.echo(f"  {fault}")
        if not audits:
            typer.echo("the register is empty")
    if any(one.faults for one in audits):
        raise typer.Exit(1)


def _plain(one: Audit) -> dict[str, object]:
    return asdict(one) | {"faults": list(one.faults)}


async def _audits(city: str | None) -> list[Audit]:
    from services.agreements.handlers.auditing import audit
    from services.agreements.store import Store

    settings = settings_of("agreements")
    connection = await connect(settings.database_url.get_secret_value(), "agreements-verify")
    try:
        store = Store(connection)
        cities = [city] if city else await store.register.cities()
        return [await audit(store, one) for one in cities]
    finally:
        await connection.close()
