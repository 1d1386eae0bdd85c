"""``sportello demo``: plays the sample partnerships and prints what impact then says."""

from __future__ import annotations

import asyncio
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import httpx
import orjson
import typer
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from chassis.cli.output import Json, as_json, fail, table
from chassis.settings import Settings, settings_of
from deploy.demo.people import People, Refused, Stalled
from deploy.demo.player import Player
from deploy.demo.story import Story, load
from deploy.local.cli import AnyKafka, AnyOffset, AnyStart


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    data: Annotated[
        Path | None, typer.Option(help="Another story in the same form; the sample when not given.")
    ] = None,
    city: Annotated[str | None, typer.Option(help="IPA code of the city to play it in; the story's own else.")] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="SPORTELLO_DEMO_PASSWORD", help="Password of the personas; the one in their file else."),
    ] = None,
    json: Json = False,
    _port_offset: AnyOffset = None,
    _require_kafka: AnyKafka = False,
    _restart: AnyStart = False,
) -> None:
    """Play partnerships that really happened, as each person, through the public interfaces. Safe to repeat."""
    try:
        story = load(data)
    except (OSError, ValueError, ValidationError) as error:
        fail(f"The story cannot be read: {error}")
    settings = settings_of("intake")
    try:
        result = asyncio.run(_play(story, settings, city or story.city, password or _password(), quiet=json))
    except httpx.ConnectError:
        fail(f"Nobody answers at {settings.public_url} or at {settings.oidc_issuer}. Start the system with 'make up'.")
    except KafkaError as error:
        fail(f"Kafka at {settings.kafka_bootstrap} does not answer ({type(error).__name__}); see 'sportello status'.")
    except (Refused, Stalled) as error:
        fail(str(error))
    if json:
        as_json(result)
    else:
        _print(result)


def _password() -> str:
    return str(orjson.loads((files("deploy") / "personas.json").read_bytes())["password"])


async def _play(story: Story, settings: Settings, city: str, password: str, *, quiet: bool) -> dict[str, Any]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    limits = httpx.Limits(max_connections=16)
    try:
        async with httpx.AsyncClient(base_url=settings.public_url, timeout=60, limits=limits) as client:
            people = People(
                client,
                settings.oidc_issuer,
                settings.oidc_client_id,
                settings.oidc_client_secret.get_secret_value(),
                password,
                city,
            )
            with _progress(story, quiet=quiet) as note:
                return await Player(story, people, city, note).play(producer, settings.topic_prefix)
    finally:
        await producer.stop()


class _progress:  # noqa: N801 - used as a function that makes a context
    """Shows each step: a bar on a terminal, a line each elsewhere, nothing with ``--json``."""

    def __init__(self, story: Story, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            disable=quiet or not sys.stderr.isatty(),
        )
        self._lines = not quiet and not sys.stderr.isatty()
        # vetting, needs, consents and signatures: about so many steps; the bar may end a little early
        steps = len(story.stakeholders) + sum(4 + 3 * len(one.offers) for one in story.partnerships)
        self._task = self._bar.add_task("…", total=steps)

    def __enter__(self) -> Any:
        self._bar.start()
        return self.note

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def note(self, step: str) -> None:
        self._bar.update(self._task, advance=1, description=step)
        if self._lines:
            typer.echo(step, err=True)


def _print(result: dict[str, Any]) -> None:
    rows = [
        (partnership, name, value)
        for partnership, figures in result["published_results"].items()
        for name, value in figures.items()
    ]
    typer.echo(f"Impact of '{result['story']}' in {result['city']}, as the impact service has it:")
    table(("partnership", "figure", "value"), rows, empty="No results yet.")
    totals = result["totals"]
    typer.echo(f"All cases of the city: {totals['cases']}, worth {totals['value_cents'] / 100:,.2f} EUR.")
