"""One OPTIONS for every target of make that runs Sportello: none of them refuses what `up` takes."""

from __future__ import annotations

import pytest
import typer
from typer.main import get_command

import deploy.demo.cli
import deploy.local.cli

pytestmark = pytest.mark.unit
APP = typer.Typer()
deploy.local.cli.register(APP)
deploy.demo.cli.register(APP)


def options(command: str) -> set[str]:
    return {name for one in get_command(APP).commands[command].params for name in one.opts if name.startswith("--")}


@pytest.mark.parametrize("command", ["down", "status", "logs", "doctor", "demo"])
def test_what_starts_it_is_taken_by_every_other_command(command: str) -> None:
    assert options("up") - options(command) == set()
