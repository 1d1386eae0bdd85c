"""What a service needs to recognise people, built once from the settings and kept in `app.state.identity`."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from chassis.auth.provider import Provider
from chassis.auth.tokens import Seal, Sessions, TokenVerifier
from chassis.settings import Settings

LEAST_SECRET = 16
"""Characters below which a session secret is surely not a random one."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Verifier, sessions and the facts of this installation that checks compare with."""

    provider: Provider
    verifier: TokenVerifier
    sessions: Sessions
    login_seal: Seal
    logout_seal: Seal
    flash_seal: Seal
    client_id: str
    client_secret: str
    public_url: str
    city: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "Identity":
        """Raises ValueError when SPORTELLO_SESSION_SECRET is missing or too short to protect anything."""
        secret = settings.session_secret.get_secret_value()
        if len(secret) < LEAST_SECRET:
            raise ValueError(f"SPORTELLO_SESSION_SECRET needs at least {LEAST_SECRET} characters")
        provider = Provider(settings.oidc_issuer, settings.oidc_discovery_url)
        return cls(
            provider=provider,
            verifier=TokenVerifier(provider, audience=settings.oidc_client_id),
            sessions=Sessions(secret),
            login_seal=Seal(secret, "login"),
            logout_seal=Seal(secret, "logout"),
            flash_seal=Seal(secret, "flash"),
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            public_url=settings.public_url.rstrip("/"),
            city=settings.default_city,
        )

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        return origin_of(self.public_url)


def origin_of(url: str) -> str:
    """Scheme, host and port of an URL, as browsers write it in `Origin`; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
