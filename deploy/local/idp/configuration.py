"""What the development provider needs to know, from the same environment variables as the services."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from chassis.auth.login import CALLBACK
from chassis.settings import Settings, home

ALLOWED = ("local", "test")


class NotForThisEnvironment(RuntimeError):
    """The development provider lets anyone in as anyone, so it only starts where that is meant."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """`redirect_uri` and `after_logout` are the only addresses that a browser is ever sent back to."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    after_logout: str
    keys: Path
    host: str
    port: int

    @classmethod
    def from_settings(cls, settings: Settings, keys: Path | None = None) -> "Configuration":
        """Raises NotForThisEnvironment anywhere but on one machine and in tests."""
        if settings.environment not in ALLOWED:
            raise NotForThisEnvironment(
                f"SPORTELLO_ENVIRONMENT is {settings.environment!r}: the development identity provider starts only"
                f" in {' or '.join(ALLOWED)}. Use the city's own OpenID provider here."
            )
        public_url = settings.public_url.rstrip("/")
        issuer = settings.oidc_issuer.rstrip("/")
        return cls(
            issuer=issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            redirect_uri=public_url + CALLBACK,
            after_logout=public_url + "/",
            keys=keys or Path(os.environ.get("SPORTELLO_IDP_KEYS") or home() / "idp-keys.json"),
            host=settings.http_host,
            port=int(os.environ.get("SPORTELLO_IDP_PORT") or urlsplit(issuer).port or 8110),
        )
