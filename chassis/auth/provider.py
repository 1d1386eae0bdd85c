"""What an OpenID provider says of itself: its endpoints and its keys, fetched rarely and kept."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

REFRESH_AFTER = 600.0
"""Seconds after which keys are fetched anew, so that a key withdrawn by the issuer stops counting."""

UNKNOWN_KEY_PAUSE = 15.0
"""Least seconds between two fetches, so that tokens with invented key ids cannot make us hammer the issuer."""


class ProviderUnavailable(Exception):
    """The provider cannot be reached and nothing usable is known of it yet."""


def _http_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=5.0)


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorization: str
    token: str
    jwks: str
    end_session: str | None


class Provider:
    """The provider at `issuer`. `discovery_url` serves where the issuer's public name is not reachable from here."""

    def __init__(
        self,
        issuer: str,
        discovery_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        http: Callable[[], httpx.AsyncClient] = _http_client,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.http = http
        self._discovery_url = discovery_url or f"{self.issuer}/.well-known/openid-configuration"
        self._clock = clock
        self._lock = asyncio.Lock()
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")

    async def endpoints(self) -> Endpoints:
        if self._endpoints is None:
            await self._refresh(self._fetched_at)
        if self._endpoints is None:
            raise ProviderUnavailable(self.issuer)
        return self._endpoints

    async def keys(self, key_id: str | None) -> KeySet:
        """The issuer's keys; asks again (at most every UNKNOWN_KEY_PAUSE) when `key_id` is not among them."""
        age = self._clock() - self._fetched_at
        known = self._keys is not None and (key_id is None or _has(self._keys, key_id))
        if age > REFRESH_AFTER or (not known and age > UNKNOWN_KEY_PAUSE):
            await self._refresh(self._fetched_at)
        if self._keys is None:
            raise ProviderUnavailable(self.issuer)
        return self._keys

    async def _refresh(self, seen: float) -> None:
        async with self._lock:
            if self._fetched_at != seen:
                return  # another request fetched while this one waited
            try:
                endpoints, keys = await self._fetch()
            except (httpx.HTTPError, JoseError, KeyError, ValueError) as failure:
                if self._keys is None:
                    raise ProviderUnavailable(self.issuer) from failure
                # Keys already trusted stay good while the provider is away; try again after a pause.
                self._fetched_at = self._clock() - REFRESH_AFTER + UNKNOWN_KEY_PAUSE
                return
            self._endpoints, self._keys, self._fetched_at = endpoints, keys, self._clock()

    async def _fetch(self) -> tuple[Endpoints, KeySet]:
        async with self.http() as client:
            endpoints = _read_endpoints(await _get_json(client, self._discovery_url), self.issuer)
            keys = KeySet.import_key_set(cast(KeySetSerialization, await _get_json(client, endpoints.jwks)))
        return endpoints, keys


async def _get_json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    response = await client.get(url)
    response.raise_for_status()
    document = response.json()
    if not isinstance(document, dict):
        raise ValueError(f"{url} did not answer with a JSON object")
    return document


def _read_endpoints(document: dict[str, Any], issuer: str) -> Endpoints:
    # OpenID Connect Discovery 1.0 §4.3: a document that speaks for another issuer must not be used.
    if document["issuer"].rstrip("/") != issuer:
        raise ValueError("the discovery document belongs to another issuer")
    return Endpoints(
        authorization=document["authorization_endpoint"],
        token=document["token_endpoint"],
        jwks=document["jwks_uri"],
        end_session=document.get("end_session_endpoint"),
    )


def _has(keys: KeySet, key_id: str) -> bool:
    return any(key.kid == key_id for key in keys.keys)
