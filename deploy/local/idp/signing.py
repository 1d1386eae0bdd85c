"""The provider's signing key, kept in a file so that tokens outlive a restart, and the tokens it signs."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8 * 3600


class Signer:
    """Signs tokens of one issuer for one client."""

    def __init__(self, key: RSAKey, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def access_token(self, claims: dict[str, Any]) -> str:
        return self._sign({**claims, "scope": "openid profile email"}, "at+jwt", ACCESS_SECONDS)

    def id_token(self, claims: dict[str, Any], **extra: str) -> str:
        return self._sign({**claims, **extra, "typ": "ID"}, "JWT", ACCESS_SECONDS)

    def public_keys(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False, use="sig", alg=ALGORITHM)]}

    def read(self, token: str) -> dict[str, Any]:
        """Claims of one of our own tokens. Raises joserfc.errors.JoseError for any other."""
        claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        jwt.JWTClaimsRegistry(now=lambda: int(self._clock()), exp={"essential": True}).validate(claims)
        return claims

    def _sign(self, claims: dict[str, Any], kind: str, seconds: int) -> str:
        now = int(self._clock())
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": kind}
        body = {
            **claims,
            "iss": self._issuer,
            "aud": self._audience,
            "azp": self._audience,
            "iat": now,
            "exp": now + seconds,
        }
        return jwt.encode(header, body, self._key)


def load_key(file: Path) -> RSAKey:
    """The key in `file`; made there, readable by its owner alone, the first time."""
    if not file.exists():
        _make_key(file)
    return RSAKey.import_key(json.loads(file.read_bytes()))


def _make_key(file: Path) -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(key.as_dict(private=True), out)
    # Two providers starting at once end up with one key: whoever comes second does not replace it.
    try:
        os.link(scratch, file)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
