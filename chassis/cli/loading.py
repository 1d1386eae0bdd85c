"""Finds the services that are installed, and opens one's data for a command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chassis.cli.output import fail
from chassis.database.pool import create_pool
from chassis.inbox import Consumer
from chassis.service import Service
from chassis.settings import SERVICES, Settings, settings_of


def installed() -> list[str]:
    """Names of the services present here; a container image holds one, a checkout all."""
    return [name for name in SERVICES if find_spec(f"services.{name}") is not None]


def known(name: str) -> str:
    """``name`` when such a service is installed; ends the command otherwise."""
    if name not in installed():
        fail(f"There is no service '{name}' here; there is: {', '.join(installed()) or 'none'}.")
    return name


def settings_for(name: str) -> Settings:
    """Settings of an installed service; ends the command with what to do when it has no database."""
    settings = settings_of(known(name))
    if not settings.database_url.get_secret_value():
        fail(
            f"No database is set for '{name}'. Start the system with 'make up', or set SPORTELLO_DATABASE_URL "
            "(see docs/architecture/settings.md)."
        )
    return settings.model_copy(update={"service": name})


def service_of(name: str, settings: Settings) -> Service[Any]:
    """The service as its composition root wires it."""
    module = import_module(f"services.{name}.app")
    made: Service[Any] = module.service(settings_class(name)(**_values(settings)))
    return made


def settings_class(name: str) -> type[Settings]:
    """The service's own kind of settings."""
    room = import_module(f"services.{name}.settings")
    return next(
        value
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, Settings) and value.__module__ == room.__name__
    )


def _values(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.model_fields_set | {"service"}}


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[tuple[Service[Any], Consumer[Any]]]:
    """The service and its consumer on its database, without HTTP, relay or bus."""
    settings = settings_for(name)
    service = service_of(name, settings)
    pool = await create_pool(settings)
    try:
        yield service, service.consumer(service.units(pool))
    finally:
        await pool.close()
