"""docker-compose.yml and what the services understand, as the tests of this folder read them."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from chassis.settings import SERVICES, Settings

ROOT = Path(__file__).parents[2]
PREFIX = "SPORTELLO_"


@cache
def composition() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = composition()["services"]
    return found


def schema() -> dict[str, Any]:
    """See compose-spec.LICENSE."""
    document: dict[str, Any] = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
    return document


def settings_of(service: str) -> type[Settings]:
    """The settings class of one service."""
    module = import_module(f"services.{service}.settings")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings) and value.__module__ == module.__name__
    )


def names(settings: type[Settings]) -> set[str]:
    """The environment variables that a settings class reads."""
    return {PREFIX + name.upper() for name in settings.model_fields}


def all_names() -> set[str]:
    return names(Settings).union(*(names(settings_of(service)) for service in SERVICES))
