"""``sportello setup | migrate | topics``: what must be there before a service starts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import asyncpg
import typer

from chassis.cli.loading import installed, known
from chassis.cli.output import Json, as_json, fail
from chassis.database.migrations import MigrationError, Phase, migrate
from chassis.database.roles import DATABASE, ensure_roles
from chassis.settings import SERVICES, settings_of
from chassis.topics import ensure_topics


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("migrate")(run_migrations)
    app.command("topics")(make_topics)
    app.command("roles")(make_roles)


def run_migrations(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all when none is named.")] = None,
    phase: Annotated[str | None, typer.Option(help="before | after the rollout; both when not given.")] = None,
    json: Json = False,
) -> None:
    """Bring each service's schema up to date."""
    if phase not in (None, "before", "after"):
        fail("--phase is 'before' or 'after'.")
    # "after" includes what comes before it: files run in order.
    until: Phase | None = "before" if phase == "before" else None
    done = {}
    for name in services or installed():
        dsn = settings_of(known(name)).migration_database_url.get_secret_value()
        if not dsn:
            fail(f"No owner database address for '{name}': set SPORTELLO_MIGRATION_DATABASE_URL or run 'make up'.")
        try:
            done[name] = asyncio.run(migrate(name, dsn, phase=until))
        except (MigrationError, asyncpg.PostgresError, OSError) as error:
            fail(f"{name}: {error}")
    if json:
        as_json(done)
        return
    for name, ran in done.items():
        typer.echo(f"{name}: {', '.join(ran) if ran else 'up to date'}")


def make_topics(json: Json = False) -> None:
    """Make the missing topics of the catalogue."""
    settings = settings_of("intake")
    made = asyncio.run(ensure_topics(settings))
    if json:
        as_json({"made": made})
    else:
        typer.echo(f"Topics made: {', '.join(made)}" if made else "All topics are there.")


def make_roles(
    admin_url: Annotated[str, typer.Option(envvar="SPORTELLO_ADMIN_DATABASE_URL", help="A superuser's address.")],
    passwords: Annotated[
        list[str],
        typer.Option(
            "--password",
            envvar="SPORTELLO_ROLE_PASSWORDS",
            help="role=password; every service needs its own and its _owner's.",
        ),
    ],
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services; all that are here when none is named.")
    ] = None,
    database: Annotated[str, typer.Option(help="Name of the database.")] = DATABASE,
) -> None:
    """Make the database, and a schema with two roles for each service."""
    wanted = tuple(services or installed())  # an image holds one service and may still make the roles of all
    if unknown := sorted(set(wanted) - set(SERVICES)):
        fail(f"There is no service {', '.join(unknown)}; there is: {', '.join(SERVICES)}.")
    given = dict(pair.split("=", 1) for pair in passwords if "=" in pair)
    missing = [role for name in wanted for role in (name, f"{name}_owner") if role not in given]
    if missing:
        fail(f"No password for: {', '.join(missing)}.")
    asyncio.run(ensure_roles(admin_url, given, database=database, services=wanted))
    typer.echo("Roles and schemas are there.")
