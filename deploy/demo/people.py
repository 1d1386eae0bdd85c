"""Playing a persona: a token from the identity provider, requests with it, and waiting for what comes by event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx

T = TypeVar("T")


class Stalled(Exception):
    """What should have come by event did not come in time; the text says what."""


class Refused(Exception):
    """A service refused a request; the text has its reasons."""


class Person:
    """One persona at the public interfaces."""

    def __init__(self, client: httpx.AsyncClient, username: str, token: str) -> None:
        self.username = username
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON at ``path``; None for 404."""
        wanted = {name: value for name, value in params.items() if value is not None}
        answer = await self._client.get(path, params=wanted, headers=self._headers)
        return None if answer.status_code == 404 else _json(answer)

    async def post(self, path: str, body: Any = None, *, key: str) -> Any:
        """Posts a command once per ``key``."""
        answer = await self._client.post(path, json=body or {}, headers={**self._headers, "Idempotency-Key": key})
        return _json(answer)

    async def put(self, path: str, body: Any) -> Any:
        return _json(await self._client.put(path, json=body, headers=self._headers))


def _json(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    try:
        problem = answer.json()
    except ValueError:
        problem = {"detail": answer.text[:300]}
    wrong = "; ".join(f"{one['pointer']} {one['detail']}" for one in problem.get("errors", []))
    where = f"{answer.request.method} {answer.request.url.path}"
    raise Refused(f"{where} answered {answer.status_code}: {problem.get('detail')} {wrong}".strip())


class People:
    """Logs personas in, each once, into one city."""

    def __init__(
        self, client: httpx.AsyncClient, issuer: str, client_id: str, client_secret: str, password: str, city: str
    ) -> None:
        self._client = client
        self._issuer = issuer
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._password = password
        self._city = city
        self._known: dict[str, Person] = {}
        self._token_endpoint: str | None = None

    async def person(self, username: str) -> Person:
        if username not in self._known:
            self._known[username] = Person(self._client, username, await self._token(username))
        return self._known[username]

    async def _token(self, username: str) -> str:
        if self._token_endpoint is None:
            known = await self._client.get(f"{self._issuer}/.well-known/openid-configuration")
            self._token_endpoint = str(_json(known)["token_endpoint"])
        answer = await self._client.post(
            self._token_endpoint,
            data={
                "grant_type": "password",
                "username": f"{username}@{self._city}",
                "password": self._password,
                "scope": "openid profile email",
                **{name: value for name, value in self._credentials.items() if value},
            },
        )
        return str(_json(answer)["access_token"])


async def until(what: str, probe: Callable[[], Awaitable[T | None]], within: float = 60.0) -> T:
    """The first result of ``probe`` that is not None. Raises :class:`Stalled` after ``within`` seconds."""
    deadline, pause = time.monotonic() + within, 0.05
    while True:
        found = await probe()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise Stalled(f"{what} did not come within {within:.0f} s; 'sportello status' shows where it is stuck")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)
