"""docs/architecture/settings.md is the one table of all settings: complete, with the real defaults and uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chassis.settings import SERVICES, Settings
from deploy.tests.composition import PREFIX, ROOT, all_names, services, settings_of

pytestmark = pytest.mark.unit

PAGE = ROOT / "docs" / "architecture" / "settings.md"
ROW = re.compile(r"^\| `(SPORTELLO_[A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
ROWS = {found[1]: found.groups()[1:] for found in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
IN_WORDS = {"SPORTELLO_SERVICE", "SPORTELLO_HTTP_PORT", "SPORTELLO_SERVICE_URLS"}
"""Settings whose default differs by service, or is too long for a table."""


def shown(default: Any) -> str:
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    return {None: "none", "": "empty"}.get(default) or f"`{default}`"


def defaults() -> dict[str, Any]:
    own = {k: v for service in SERVICES for k, v in settings_of(service).model_fields.items()}
    return {PREFIX + name.upper(): field.default for name, field in {**own, **Settings.model_fields}.items()}


def given_in_compose() -> set[str]:
    image = re.findall(r"(SPORTELLO_[A-Z_]+)=", (ROOT / "deploy/image/Dockerfile").read_text(encoding="utf-8"))
    ours = [service for service in services().values() if service["image"].startswith("sportello-")]
    return {key for service in ours for key in service["environment"]} | set(image)


def test_the_table_has_every_setting_once_and_no_other() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert set(ROWS) == all_names()
    assert len(ROWS) == sum(1 for line in lines if ROW.match(line))


def test_the_defaults_are_those_of_the_code() -> None:
    code = {name: shown(value) for name, value in defaults().items() if name not in IN_WORDS}
    page = {name: row[0] for name, row in ROWS.items() if name not in IN_WORDS}

    assert page == code


def test_the_table_says_what_compose_sets() -> None:
    assert {name for name, row in ROWS.items() if row[3] != "–"} == given_in_compose() & all_names()


def test_what_is_secret_is_said_to_be() -> None:
    secret = {name for name, value in defaults().items() if isinstance(value, SecretStr)}
    assert {name for name, row in ROWS.items() if "**secret**" in row[1]} == secret


def test_no_variable_is_named_that_nothing_reads() -> None:
    named = (
        set(re.findall(r"SPORTELLO_[A-Z_]*[A-Z]", PAGE.read_text(encoding="utf-8")))
        - set(ROWS)
        - {"SPORTELLO_UPSTREAM"}
    )
    read = "".join(path.read_text(encoding="utf-8") for path in sources())
    assert {name for name in named if name not in read} == set()


def sources() -> list[Path]:
    files = [ROOT / "deploy/Caddyfile", ROOT / "deploy/keycloak/realm.py"]
    return files + [path for room in ("chassis", "deploy", "tests") for path in (ROOT / room).rglob("*.py")]
