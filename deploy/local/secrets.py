"""Passwords and keys of this installation, made once and kept where only its owner can read them."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chassis.settings import SERVICES


def _made() -> str:
    return secrets.token_urlsafe(32)


def _role_passwords() -> dict[str, str]:
    return {role: _made() for service in SERVICES for role in (f"{service}_owner", service)}


@dataclass(frozen=True)
class Secrets:
    """``roles`` maps a database role to its password."""

    roles: dict[str, str] = field(default_factory=_role_passwords)
    session: str = field(default_factory=_made)
    oidc_client: str = field(default_factory=_made)
    service_token: str = field(default_factory=_made)


def load(path: Path) -> Secrets:
    """Read the secrets; what is not there yet (all of them at first, a new service's later) is made and kept."""
    saved = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = Secrets(**{**saved, "roles": {**_role_passwords(), **saved.get("roles", {})}})
    if asdict(found) != saved:
        _keep(path, found)
    return found


def _keep(path: Path, found: Secrets) -> None:
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(found), file, indent=2)
    scratch.replace(path)
