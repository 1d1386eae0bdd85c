"""What endpoints see of whoever asks, and whom they refuse."""

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import SecretStr

from chassis.auth import ROLES, Actor, CurrentActor, install_identity, require
from chassis.auth.tokens import SESSION_COOKIE, Sessions
from chassis.http import problem
from chassis.settings import Settings

pytestmark = pytest.mark.unit

SECRET = "a secret that all services share"
ORIGIN = "https://sportello.example"
SETTINGS = Settings(
    environment="test",
    public_url=ORIGIN,
    session_secret=SecretStr(SECRET),
    oidc_issuer="http://127.0.0.1:1",
)
LEGAL = Actor(subject="l", city="c_f205", name="Elena", roles=frozenset({"legal"}))
NEWCOMER = Actor(subject="n", city="c_f205", name="Teresa", stakeholders=frozenset({"claimed"}))
PARTNER = Actor(subject="p", city="c_f205", name="Marta", roles=frozenset({"partner"}))


STRANGERS = {"stranger"}


async def memberships(city: str, subject: str) -> frozenset[str]:
    return frozenset() if subject in STRANGERS else frozenset({f"{city}/{subject}"})


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problem.install(app)
    install_identity(app, SETTINGS, memberships)

    @app.get("/who")
    async def who(actor: CurrentActor) -> dict[str, object]:
        return {
            "subject": actor.subject,
            "stakeholders": sorted(actor.stakeholders),
            "city": actor.city,
            "roles": sorted(actor.roles),
        }

    @app.api_route("/legal", methods=["GET", "POST"])
    async def legal(actor: Annotated[Actor, Depends(require("legal", "signatory"))]) -> str:
        return actor.subject

    @app.get("/anyone")
    async def anyone(actor: Annotated[Actor, Depends(require())]) -> str:
        return actor.subject

    return app


def browser(app: FastAPI, actor: Actor | None = None, **headers: str) -> httpx.AsyncClient:
    cookies = {SESSION_COOKIE: Sessions(SECRET).issue(actor)} if actor else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, cookies=cookies, headers=headers)


async def test_who_presents_nothing_is_nobody_of_the_default_city(app: FastAPI) -> None:
    async with browser(app) as client:
        assert (await client.get("/who")).json() == {"subject": "", "stakeholders": [], "city": "c_f205", "roles": []}


async def test_memberships_are_added_for_partners_only(app: FastAPI) -> None:
    async with browser(app, PARTNER) as client:
        assert (await client.get("/who")).json()["stakeholders"] == ["c_f205/p"]
    async with browser(app, LEGAL) as client:
        assert (await client.get("/who")).json()["stakeholders"] == []


async def test_who_belongs_to_an_organisation_is_a_partner_as_long_as_that_holds(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a token claims of organisations counts for partners of the provider's alone."""
    async with browser(app, NEWCOMER) as client:
        known = (await client.get("/who")).json()
        monkeypatch.setattr(f"{__name__}.STRANGERS", {NEWCOMER.subject})
        removed = (await client.get("/who")).json()
    assert (known["roles"], known["stakeholders"]) == (["partner"], ["c_f205/n"])
    assert removed["roles"] == []


@pytest.mark.parametrize("role", sorted(ROLES - {"partner"}))
async def test_staff_become_no_partners_by_a_membership(app: FastAPI, role: str) -> None:
    async with browser(app, Actor(subject="s", city="c_f205", roles=frozenset({role}))) as client:
        assert (await client.get("/who")).json()["roles"] == [role]


async def test_a_page_for_a_role_asks_to_log_in_then_refuses_others(app: FastAPI) -> None:
    async with browser(app) as client:
        assert (await client.get("/legal")).status_code == 401
    async with browser(app, PARTNER, **{"accept-language": "it"}) as client:
        answer = await client.get("/legal")
    assert answer.status_code == 403
    assert "riservato" in answer.json()["detail"]
    async with browser(app, LEGAL) as client:
        assert (await client.get("/legal")).status_code == 200


async def test_without_named_roles_anyone_logged_in_may(app: FastAPI) -> None:
    async with browser(app) as client:
        assert (await client.get("/anyone")).status_code == 401
    async with browser(app, PARTNER) as client:
        assert (await client.get("/anyone")).status_code == 200


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer x.y.z", "Bearer a"])
async def test_a_bad_token_is_refused_even_for_reading(app: FastAPI, header: str) -> None:
    async with browser(app, Authorization=header) as client:
        answer = await client.get("/who")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_bad_token_is_not_rescued_by_a_good_cookie(app: FastAPI) -> None:
    async with browser(app, LEGAL, Authorization="Bearer x.y.z") as client:
        assert (await client.get("/legal")).status_code == 401


async def test_a_stale_session_reads_as_nobody_and_changes_nothing(app: FastAPI) -> None:
    async with browser(app, Origin=ORIGIN) as client:
        client.cookies.set(SESSION_COOKIE, Sessions("another secret altogether").issue(LEGAL))
        assert (await client.get("/who")).json()["subject"] == ""
        assert (await client.post("/legal")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site", "origin": ORIGIN}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": ORIGIN}, 200),
        ({"origin": "https://sportello.example.evil.example"}, 403),
        ({"origin": "http://sportello.example"}, 403),
        ({"origin": "null"}, 403),
        ({"referer": f"{ORIGIN}/agreements/desk"}, 200),
        ({"referer": "https://evil.example/?https://sportello.example"}, 403),
        ({"referer": "http://["}, 403),
        ({"referer": "nonsense"}, 403),
        ({}, 403),
    ],
)
async def test_only_our_own_pages_change_things_with_the_cookie(
    app: FastAPI, headers: dict[str, str], status: int
) -> None:
    async with browser(app, LEGAL, **headers) as client:
        assert (await client.post("/legal")).status_code == status


async def test_while_the_issuer_is_away_tokens_cannot_be_judged(app: FastAPI) -> None:
    """A token with a readable header needs the issuer's key; nobody listens on the issuer's port here."""
    async with browser(app, Authorization="Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.c2ln") as client:
        answer = await client.get("/who")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_a_service_does_not_start_without_a_real_secret() -> None:
    with pytest.raises(ValueError, match="SPORTELLO_SESSION_SECRET"):
        install_identity(FastAPI(), Settings(session_secret=SecretStr("short")))
