"""What an OpenID provider says of itself: its endpoints and its keys, fetched rarely and kept."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from chassis import log

REFRESH_AFTER = 600.0
"""Seconds after which keys are fetched anew, so that a key withdrawn by the issuer stops counting."""

UNKNOWN_KEY_PAUSE = 15.0
"""Least seconds between two fetches, so that tokens with invented key ids cannot make us hammer the issuer."""

RETRY_PAUSE = 1.0
"""Seconds for which nobody tries again while nothing is known yet: requests then fail at once, not one by one."""

_logger = log.get("auth")


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
        self._stale_at = float("-inf")
        self._tried_at = float("-inf")
        self._next_try = float("-inf")

    async def endpoints(self) -> Endpoints:
        if self._endpoints is None:
            await self._refresh_if_due()
        if self._endpoints is None:
            raise ProviderUnavailable(self.issuer)
        return self._endpoints

    async def keys(self, key_id: str | None) -> KeySet:
        """The issuer's keys; asks again (at most every UNKNOWN_KEY_PAUSE) when `key_id` is not among them."""
        known = self._keys is not None and (key_id is None or _has(self._keys, key_id))
        if not known or self._clock() >= self._stale_at:
            await self._refresh_if_due()
        if self._keys is None:
            raise ProviderUnavailable(self.issuer)
        return self._keys

    async def _refresh_if_due(self) -> None:
        """Fetch, unless it was just tried. Whoever waits for a fetch under way shares its result, good or bad."""
        asked_at = self._clock()
        if asked_at < self._next_try:
            return
        async with self._lock:
            if self._tried_at >= asked_at:
                return
            try:
                self._endpoints, self._keys = await self._fetch()
                self._stale_at = self._clock() + REFRESH_AFTER
            except (httpx.HTTPError, JoseError, KeyError, ValueError) as failure:
                # Keys already trusted stay good while the provider is away.
                _logger.warning("auth.provider_failed", issuer=self.issuer, error=type(failure).__name__)
            finally:
                self._tried_at = self._clock()
                self._next_try = self._tried_at + (UNKNOWN_KEY_PAUSE if self._keys else RETRY_PAUSE)

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
