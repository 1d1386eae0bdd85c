"""Codes given out and the ways to turn something into tokens (RFC 6749, RFC 7636)."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy.local.idp.personas import Cast
from deploy.local.idp.signing import ACCESS_SECONDS, REFRESH_SECONDS, Signer

CODE_SECONDS = 60
MOST_CODES = 1000


class GrantRefused(Exception):
    """`error` is one of the codes of RFC 6749 §5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Promise:
    """What a code stands for until it is exchanged once."""

    claims: dict[str, Any]
    challenge: str
    redirect_uri: str
    nonce: str | None
    until: float


@dataclass(frozen=True, slots=True)
class Renewal:
    claims: dict[str, Any]
    until: float


class Grants:
    """Everything is kept in memory: a restart only means to log in again."""

    def __init__(self, cast: Cast, signer: Signer, clock: Callable[[], float] = time.monotonic) -> None:
        self._cast = cast
        self._signer = signer
        self._clock = clock
        self._codes: dict[str, Promise] = {}
        self._renewals: dict[str, Renewal] = {}

    def promise(self, claims: dict[str, Any], challenge: str, redirect_uri: str, nonce: str | None) -> str:
        """A code for these claims, good once and for CODE_SECONDS."""
        self._forget_old()
        code = secrets.token_urlsafe(32)
        until = self._clock() + CODE_SECONDS
        self._codes[code] = Promise(claims, challenge, redirect_uri, nonce, until)
        return code

    def by_code(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        promise = self._codes.pop(code, None)
        if promise is None or promise.until < self._clock():
            raise GrantRefused("invalid_grant", "the code is unknown, used or too old")
        if promise.redirect_uri != redirect_uri:
            raise GrantRefused("invalid_grant", "redirect_uri is not the one the code was asked with")
        if not secrets.compare_digest(_s256(verifier).encode(), promise.challenge.encode()):
            raise GrantRefused("invalid_grant", "code_verifier does not fit the challenge")
        return self._tokens(promise.claims, promise.nonce)

    def by_password(self, login: str, password: str) -> dict[str, Any]:
        found = self._cast.find(login)
        if found is None or not secrets.compare_digest(password.encode(), self._cast.password.encode()):
            raise GrantRefused("invalid_grant", "no such persona, or a wrong password")
        persona, city = found
        return self._tokens(persona.claims(city), None)

    def by_refresh(self, token: str) -> dict[str, Any]:
        renewal = self._renewals.pop(token, None)
        if renewal is None or renewal.until < self._clock():
            raise GrantRefused("invalid_grant", "the refresh token is unknown, used or too old")
        return self._tokens(renewal.claims, None)

    def _tokens(self, claims: dict[str, Any], nonce: str | None) -> dict[str, Any]:
        access = self._signer.access_token(claims)
        extra = {"at_hash": _half_hash(access)} | ({"nonce": nonce} if nonce else {})
        refresh = secrets.token_urlsafe(32)
        self._renewals[refresh] = Renewal(claims, self._clock() + REFRESH_SECONDS)
        return {
            "access_token": access,
            "id_token": self._signer.id_token(claims, **extra),
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "scope": "openid profile email",
        }

    def _forget_old(self) -> None:
        now = self._clock()
        self._codes = {code: it for code, it in self._codes.items() if it.until >= now}
        self._renewals = {token: it for token, it in self._renewals.items() if it.until >= now}
        while len(self._codes) >= MOST_CODES:
            self._codes.pop(next(iter(self._codes)))


def _s256(verifier: str) -> str:
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _half_hash(token: str) -> str:
    """`at_hash` of OpenID Connect Core §3.1.3.6."""
    return _base64(hashlib.sha256(token.encode()).digest()[:16])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
