"""``sportello up | down | status | logs | doctor``: Sportello on one machine."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.table import Table

from chassis.settings import home as chosen_home
from deploy.local import logs as log_files
from deploy.local.condition import as_table, condition
from deploy.local.failures import CannotStart, of_system
from deploy.local.installation import Installation
from deploy.local.layout import Ports
from deploy.local.personas import Personas, welcomed
from deploy.local.preflight import examine, failures
from deploy.local.progress import Progress

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Offset = Annotated[
    int | None,
    typer.Option(
        "--port-offset",
        envvar="SPORTELLO_PORT_OFFSET",
        min=0,
        max=50_000,
        help="Add this to every port, to run beside something else. The first `up` decides; later ones keep it.",
    ),
]
_TAKEN = "Taken so that one OPTIONS serves every target of make; what the first `up` said goes on."
AnyOffset = Annotated[int | None, typer.Option("--port-offset", hidden=True, help=_TAKEN)]
AnyKafka = Annotated[bool, typer.Option("--require-kafka", hidden=True, help=_TAKEN)]
AnyStart = Annotated[bool, typer.Option("--restart", hidden=True, help=_TAKEN)]


def register(app: typer.Typer) -> None:
    """Add the launcher's commands to `sportello`."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(logs)
    app.command()(doctor)


def up(
    as_json: Json = False,
    port_offset: Offset = None,
    require_kafka: Annotated[
        bool,
        typer.Option(
            "--require-kafka", envvar="SPORTELLO_REQUIRE_KAFKA", help="Fail rather than use the in-memory Kafka."
        ),
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Restart the services, to run changed code.")] = False,
) -> None:
    """Start everything on this machine; what already runs is left alone."""
    installation = _installation()
    ports = Ports(port_offset) if port_offset is not None else installation.home.ports()
    began = time.monotonic()
    try:
        installation.up(ports, Progress(), require_kafka=require_kafka, restart=restart)
    except CannotStart as failure:
        _fail(failure, as_json)
    except OSError as error:
        _fail(of_system(error), as_json)
    seconds = round(time.monotonic() - began, 1)
    personas = welcomed()
    if as_json:
        found = condition(installation)
        _print_json({**found, "seconds": seconds, "personas": asdict(personas)})
        return
    _welcome(installation, personas, seconds)


def down(
    as_json: Json = False,
    _port_offset: AnyOffset = None,
    _require_kafka: AnyKafka = False,
    _restart: AnyStart = False,
) -> None:
    """Stop everything. The data stays in .sportello/."""
    installation = _installation()
    try:
        installation.down(Progress())
    except CannotStart as failure:
        _fail(failure, as_json)
    except OSError as error:
        _fail(of_system(error), as_json)
    if as_json:
        _print_json({"running": installation.is_running})
    else:
        typer.echo("Sportello is stopped; its data stays in .sportello/.")


def status(
    as_json: Json = False,
    _port_offset: AnyOffset = None,
    _require_kafka: AnyKafka = False,
    _restart: AnyStart = False,
) -> None:
    """Each part: up, consumer lag, outbox backlog and oldest age, dead letters. Ends with 1 unless all is ready."""
    installation = _installation()
    found = condition(installation)
    if as_json:
        _print_json(found)
    elif not found["parts"]:
        typer.echo("Sportello has not been started here yet. Run `make up`.")
    else:
        _show(found)
    raise typer.Exit(0 if found["ready"] else 1)


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="Whose logs; all when none is named.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many last lines of each.")] = 20,
    as_json: Json = False,
    _port_offset: AnyOffset = None,
    _require_kafka: AnyKafka = False,
    _restart: AnyStart = False,
) -> None:
    """The logs of all processes, each line with the name of who wrote it."""
    installation = _installation()
    servers = {"postgres": installation.postgres.log, "kafka": installation.home.kafka / "server.log"}
    files = log_files.sources(installation.home, names or [], servers=servers)
    width = max((len(name) for name in files), default=0)

    def tell(name: str, line: str) -> None:
        if as_json:
            typer.echo(json.dumps({"log": name, "line": line}))
        else:
            typer.echo(f"{name:<{width}} | {log_files.readable(line)}")

    try:
        for name, line in log_files.last_lines(files, lines):
            tell(name, line)
        if follow:
            for name, line in log_files.follow(files):
                tell(name, line)
    except (KeyboardInterrupt, BrokenPipeError):
        # A pager that was closed must not end in a second broken pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def doctor(
    as_json: Json = False,
    port_offset: Offset = None,
    _require_kafka: AnyKafka = False,
    _restart: AnyStart = False,
) -> None:
    """Look at what this machine lacks and say what to do about it. Ends with 1 when something must be done."""
    installation = _installation()
    ports = Ports(port_offset) if port_offset is not None else installation.home.ports()
    findings = examine(installation.home, ports, running=installation.is_supervised)
    if as_json:
        _print_json({"ok": not failures(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        marks = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "failure": "[red]✗[/red]"}
        for finding in findings:
            table.add_row(marks[finding.verdict], finding.subject, f"{finding.found} {finding.advice}".strip())
        Console().print(table)
    raise typer.Exit(1 if failures(findings) else 0)


def _installation() -> Installation:
    # What libraries log while a command works belongs to neither its output nor its reader.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(30), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    return Installation(chosen_home())


def _welcome(installation: Installation, personas: Personas, seconds: float) -> None:
    console = Console(highlight=False)
    url = installation.home.ports().public_url
    console.print(f"\nSportello is ready after {seconds} s: [bold]{url}[/bold]")
    console.print(f"Log in as one of these (the login page has more); password [bold]{personas.password}[/bold]:\n")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for person in personas.people:
        table.add_row(person.username, person.what)
    console.print(table)
    console.print("\nmake demo plays real partnerships · make status · make logs · make down")


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(as_table(found))
    if not found["supervised"]:
        console.print("The supervisor is not running: nothing is brought back. Run `make up`.", style="red")
    for name, server in found["servers"].items():
        kind = f" ({server['kind']})" if "kind" in server else ""
        console.print(f"{name}{kind}: {'up' if server['up'] else 'down'}", style=None if server["up"] else "red")


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _fail(failure: CannotStart, as_json: bool) -> None:
    if as_json:
        _print_json({"ready": False, "what": failure.what, "advice": failure.advice})
    else:
        typer.secho(failure.what, fg="red", err=True)
        typer.echo(failure.advice, err=True)
    raise typer.Exit(1)
