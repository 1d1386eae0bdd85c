"""Puts the shell round an app: languages, security headers, error pages."""

from fastapi import FastAPI

from chassis.auth.identity import origin_of
from chassis.http.trace_id import RememberTrace
from chassis.settings import Settings
from chassis.web.errors import install_error_pages
from chassis.web.headers import SecurityHeaders, security_headers
from chassis.web.i18n import SpeakTheirLanguage
from chassis.web.pages import Pages


def install_web(app: FastAPI, pages: Pages, settings: Settings) -> None:
    """Call once while the app is put together, after `create_app` and `install_identity`."""
    # Logging out is a form that ends at the provider, and browsers apply form-action to redirects too.
    headers = security_headers(
        form_targets=(origin_of(settings.oidc_issuer),), encrypted=settings.public_url.startswith("https://")
    )
    app.add_middleware(RememberTrace)
    app.add_middleware(SpeakTheirLanguage)
    app.add_middleware(SecurityHeaders, headers=headers)
    install_error_pages(app, pages, headers)
