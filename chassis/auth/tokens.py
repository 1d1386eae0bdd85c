"""Verification of the issuer's tokens and the sealed cookies of our own.

Nothing here trusts a header of a token beyond choosing the key: the algorithm must be one of ALGORITHMS,
the key must come from the issuer, and `iss`, `aud` and `exp` must be there and hold.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe, jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from chassis.auth.actor import Actor, actor_from_claims, claims_of
from chassis.auth.provider import Provider

ALGORITHMS = ("RS256", "ES256")
LEEWAY = 30
"""Seconds by which the clocks of issuer and service may differ."""

SESSION_COOKIE = "sportello_session"
SESSION_SECONDS = 8 * 3600

_MOST_REMEMBERED = 1000


class TokenExpired(ValueError):
    """The token was good and is no longer."""


class TokenInvalid(ValueError):
    """The token is not one of this issuer for this audience. The text names the failed check, never the token."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature held under ``keys``; the token itself is not kept."""

    keys: KeySet
    key_id: str | None
    claims: dict[str, Any]


class TokenVerifier:
    """Checks tokens of one issuer for one audience."""

    def __init__(self, provider: Provider, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._provider = provider
        self._audience = audience
        self._clock = clock
        self._verified: dict[bytes, _Verified] = {}

    async def access(self, token: str) -> Actor:
        """The actor of a bearer token. Raises TokenExpired, TokenInvalid or ProviderUnavailable."""
        claims = await self.claims(token)
        # An ID token tells a client who logged in; it is no permission to call an API (RFC 9068 §5).
        if claims.get("typ") == "ID" or "at_hash" in claims:
            raise TokenInvalid("an ID token was presented as an access token")
        return _actor(claims)

    async def claims(self, token: str, **expected: str) -> dict[str, Any]:
        """The claims of a good token; `expected` names claims that must have exactly this value."""
        try:
            claims = await self._signed(token)
            self._registry(expected).validate(claims)
        except ExpiredTokenError as failure:
            raise TokenExpired("the token has expired") from failure
        except TokenInvalid:
            raise
        except (JoseError, ValueError) as failure:
            raise TokenInvalid(f"the token was refused: {type(failure).__name__}") from failure
        return dict(claims)

    async def _signed(self, token: str) -> dict[str, Any]:
        """What the issuer signed. A signature is checked once for as long as the issuer's keys stay what they are;
        who presented it, to whom and until when is for the caller to check each time.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        key_id = known.key_id if known else _key_id(token)
        keys = await self._provider.keys(key_id)
        if known is not None and known.keys is keys:
            return known.claims
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        if len(self._verified) >= _MOST_REMEMBERED:
            self._verified.clear()
        self._verified[digest] = _Verified(keys, key_id, claims)
        return claims

    def _registry(self, expected: dict[str, str]) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self._provider.issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            sub={"essential": True},
            **{name: ClaimsOption(essential=True, value=value) for name, value in expected.items()},
        )


class Seal:
    """Encrypts and authenticates small JSON documents kept in the browser (JWE, `dir`, A256GCM).

    Every service derives the same key from the shared secret. `purpose` is part of the derivation,
    so that a cookie made for one purpose can never be read as another.
    """

    def __init__(self, secret: str, purpose: str, clock: Callable[[], float] = time.time) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=f"sportello/{purpose}".encode())
        self._key = OctKey.import_key(derived.derive(secret.encode()))
        self._clock = clock

    def close(self, document: dict[str, Any], seconds: int) -> str:
        """Seal `document` for `seconds` seconds."""
        body = json.dumps({"exp": int(self._clock()) + seconds, "doc": document}).encode()
        return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, body, self._key)

    def open(self, sealed: str) -> dict[str, Any]:
        """The document. Raises TokenExpired or TokenInvalid."""
        try:
            opened = jwe.decrypt_compact(sealed, self._key, algorithms=["dir", "A256GCM"])
            body = json.loads(opened.plaintext or b"")
            expires, document = body["exp"], body["doc"]
        except (JoseError, ValueError, KeyError, TypeError) as failure:
            raise TokenInvalid("the cookie was not made by this installation") from failure
        if expires <= self._clock():
            raise TokenExpired("the cookie has expired")
        return dict(document)


class Sessions:
    """The session cookie: the claims of whoever logged in, readable by every service."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._seal = Seal(secret, "session", clock)

    def issue(self, actor: Actor) -> str:
        return self._seal.close(claims_of(actor), SESSION_SECONDS)

    def read(self, cookie: str) -> Actor:
        """The actor. Raises TokenExpired or TokenInvalid."""
        return _actor(self._seal.open(cookie))


def _actor(claims: dict[str, Any]) -> Actor:
    try:
        return actor_from_claims(claims)
    except ValueError as failure:
        raise TokenInvalid(str(failure)) from failure


def _key_id(token: str) -> str | None:
    """The `kid` of the token's header, read before anything is verified and used only to find the key."""
    try:
        key_id = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError) as failure:
        raise TokenInvalid("the token is not a JWT") from failure
    return key_id if isinstance(key_id, str) else None
