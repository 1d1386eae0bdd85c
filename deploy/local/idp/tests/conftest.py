"""A provider and a client app talking over real HTTP, each served in this process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis.auth import CurrentActor, install_identity
from chassis.auth.login import login_router
from chassis.http import problem
from chassis.settings import Settings
from chassis.web.install import install_web
from chassis.web.pages import Pages
from chassis.web.site import site_router
from chassis.web.static import static_router
from chassis.web.tests.serving import address, listening, served
from deploy.local.idp.app import create_provider
from deploy.local.idp.configuration import Configuration


@dataclass(frozen=True)
class Site:
    """Where the two are; `settings` are the client's."""

    url: str
    issuer: str
    settings: Settings


def client_app(settings: Settings, templates: Path) -> FastAPI:
    """The smallest service with login: what intake is in the whole system."""
    app = FastAPI()
    problem.install(app)
    install_identity(app, settings)
    pages = Pages(templates, "intake")
    install_web(app, pages, settings)
    app.include_router(login_router())
    app.include_router(static_router())
    app.include_router(site_router(pages))

    @app.get("/who")
    async def who(actor: CurrentActor) -> dict[str, object]:
        return {"subject": actor.subject, "roles": sorted(actor.roles), "city": actor.city, "name": actor.name}

    return app


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One signing key for all tests; making one takes a while."""
    return tmp_path_factory.mktemp("idp") / "keys.json"


@pytest.fixture(scope="session")
async def site(keys: Path) -> AsyncIterator[Site]:
    for_client, for_provider = listening(), listening()
    settings = Settings(
        environment="test",
        public_url=address(for_client),
        oidc_issuer=address(for_provider),
        oidc_client_secret=SecretStr("the client's secret"),
        session_secret=SecretStr("a secret that all services share"),
    )
    provider = create_provider(Configuration.from_settings(settings, keys=keys))
    async with served(provider, for_provider), served(client_app(settings, keys.parent), for_client):
        yield Site(settings.public_url, settings.oidc_issuer, settings)
