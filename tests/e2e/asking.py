"""Asking the running system as a persona."""

from __future__ import annotations

from typing import Any

import httpx

from chassis.settings import Settings
from tests.system import System


def settings_of_system(system: System) -> Settings:
    """Settings as the launcher wrote them for intake."""
    return Settings(_env_file=system.installation.home.root / "env" / "intake.env")


def token(system: System, username: str, city: str) -> str:
    """An access token of a persona in a city, by the password grant."""
    settings = settings_of_system(system)
    answer = httpx.post(
        f"{system.issuer}/token",
        data={
            "grant_type": "password",
            "username": f"{username}@{city}",
            "password": "sportello",
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret.get_secret_value(),
            "scope": "openid profile email",
        },
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def ask(system: System, username: str, city: str, path: str, **params: Any) -> Any:
    """The JSON at ``path`` as the persona sees it."""
    headers = {"Authorization": f"Bearer {token(system, username, city)}"}
    answer = httpx.get(system.url + path, params=params, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json()
