"""The container `roles` of compose makes every service's roles, with the passwords that the services then use."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.cli import build
from chassis.settings import SERVICES
from deploy.tests.composition import services

pytestmark = pytest.mark.unit

REFERENCE = re.compile(r"\$\{([A-Z_]+)[^}]*\}")


def interpolated(environment: dict[str, str]) -> dict[str, str]:
    """The environment as compose would give it, each secret being its own name."""
    return {name: REFERENCE.sub(r"<\1>", value) for name, value in environment.items()}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str], tuple[str, ...]]]:
    calls: list[tuple[str, dict[str, str], tuple[str, ...]]] = []

    async def ensure_roles(admin: str, passwords: dict[str, str], *, services: tuple[str, ...], **_: Any) -> None:
        calls.append((admin, passwords, services))

    monkeypatch.setattr("chassis.cli.schema.ensure_roles", ensure_roles)
    return calls


def test_roles_of_all_services_are_made_with_the_passwords_that_the_others_use(asked: list[Any]) -> None:
    container = services()["roles"]
    _, *arguments = container["command"]

    result = CliRunner().invoke(build(), arguments, env=interpolated(container["environment"]))

    assert result.exit_code == 0, result.output
    [(admin, passwords, made)] = asked
    assert admin.startswith("postgresql://postgres:<POSTGRES_PASSWORD>@postgres:")
    assert set(made) == set(SERVICES)
    for name in SERVICES:
        runtime = interpolated(services()[name]["environment"])["SPORTELLO_DATABASE_URL"]
        owner = interpolated(services()[f"migrate-{name}"]["environment"])["SPORTELLO_MIGRATION_DATABASE_URL"]
        assert f"//{name}:{passwords[name]}@" in runtime
        assert f"//{name}_owner:{passwords[f'{name}_owner']}@" in owner


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["nowhere"], "no service nowhere"), (["intake"], "No password for: intake_owner")],
)
def test_what_is_missing_is_said(asked: list[Any], arguments: list[str], sentence: str) -> None:
    environment = {"SPORTELLO_ADMIN_DATABASE_URL": "postgresql://x", "SPORTELLO_ROLE_PASSWORDS": "intake=a"}

    result = CliRunner().invoke(build(), ["roles", *arguments], env=environment)

    assert result.exit_code == 1
    assert sentence in result.output
    assert asked == []
