"""The whole way: from a page, to the provider, back with a session, and out again; over real HTTP."""

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from chassis.auth.login import LOGIN_COOKIE
from chassis.auth.tokens import SESSION_COOKIE
from deploy.local.idp.personas import cast
from deploy.local.idp.tests.conftest import Site

pytestmark = pytest.mark.integration


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"accept": "text/html", "accept-language": "it"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        yield client


def hidden_fields(html: str) -> dict[str, str]:
    """Those of the form that is sent, as a browser would read them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html)
    return {name: unescape(value) for name, value in found}


async def to_the_provider(browser: httpx.AsyncClient, then: str = "/who") -> httpx.Response:
    leaving = await browser.get("/auth/login", params={"next": then})
    assert leaving.status_code == 303
    return await browser.get(leaving.headers["location"])


async def log_in(
    browser: httpx.AsyncClient, site: Site, username: str, then: str = "/who", **more: str
) -> httpx.Response:
    page = await to_the_provider(browser, then)
    chosen = await browser.post(
        f"{site.issuer}/authorize", data={**hidden_fields(page.text), "username": username, **more}
    )
    assert chosen.status_code == 303, chosen.text
    return await browser.get(chosen.headers["location"])


async def test_someone_logs_in_and_out(browser: httpx.AsyncClient, site: Site) -> None:
    arrived = await log_in(browser, site, "account-manager", "/who?x=1")
    assert arrived.headers["location"] == "/who?x=1"
    assert "HttpOnly" in arrived.headers["set-cookie"]
    assert "SameSite=lax" in arrived.headers["set-cookie"]
    assert (await browser.get("/who")).json() == {
        "subject": "persona-account-manager",
        "roles": ["account_manager"],
        "city": "c_f205",
        "name": "Giulia Ferri",
    }
    leaving = await browser.post("/auth/logout", headers={"origin": site.url})
    assert leaving.status_code == 303
    assert leaving.headers["location"].startswith(f"{site.issuer}/logout?")
    assert "id_token_hint" in parse_qs(urlsplit(leaving.headers["location"]).query)
    back = await browser.get(leaving.headers["location"])
    assert back.headers["location"] == f"{site.url}/"
    assert (await browser.get("/who")).json()["subject"] == ""


async def test_another_city_is_chosen_by_its_code(browser: httpx.AsyncClient, site: Site) -> None:
    await log_in(browser, site, "legal", city="c_h501")
    assert (await browser.get("/who")).json()["city"] == "c_h501"


async def test_another_site_cannot_log_anybody_out(browser: httpx.AsyncClient, site: Site) -> None:
    await log_in(browser, site, "legal")
    answer = await browser.post("/auth/logout", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await browser.get("/who")).json()["subject"] == "persona-legal"


async def test_nobody_is_sent_elsewhere_after_login(browser: httpx.AsyncClient, site: Site) -> None:
    arrived = await log_in(browser, site, "legal", "//evil.example/")
    assert arrived.headers["location"] == "/notifications/inbox", "where the city's staff begin"


async def test_a_code_works_once(browser: httpx.AsyncClient, site: Site) -> None:
    page = await to_the_provider(browser)
    name, login_cookie = next((name, value) for name, value in browser.cookies.items() if name.startswith(LOGIN_COOKIE))
    chosen = await browser.post(f"{site.issuer}/authorize", data={**hidden_fields(page.text), "username": "legal"})
    assert (await browser.get(chosen.headers["location"])).status_code == 303
    browser.cookies.clear()
    browser.cookies.set(name, login_cookie, domain="127.0.0.1", path="/auth")
    again = await browser.get(chosen.headers["location"])
    assert again.status_code == 401
    assert SESSION_COOKIE not in browser.cookies


async def test_an_answer_to_somebody_elses_login_is_refused(browser: httpx.AsyncClient, site: Site) -> None:
    """Login forgery: a code for one browser, brought to another by a link."""
    page = await to_the_provider(browser)
    chosen = await browser.post(f"{site.issuer}/authorize", data={**hidden_fields(page.text), "username": "legal"})
    browser.cookies.clear()
    await to_the_provider(browser)
    answer = await browser.get(chosen.headers["location"])
    assert answer.status_code == 401
    assert "/auth/login" in answer.text


@pytest.mark.parametrize("state", ["y", "", "perché no, è così", "a; b=c\r\n"])
async def test_an_answer_nobody_asked_for_is_refused(browser: httpx.AsyncClient, state: str) -> None:
    assert (await browser.get("/auth/callback", params={"code": "x", "state": state})).status_code == 401


async def test_two_tabs_may_log_in_at_once(browser: httpx.AsyncClient, site: Site) -> None:
    first, second = await to_the_provider(browser, "/first"), await to_the_provider(browser, "/second")
    for page, then in ((first, "/first"), (second, "/second")):
        chosen = await browser.post(f"{site.issuer}/authorize", data={**hidden_fields(page.text), "username": "legal"})
        arrived = await browser.get(chosen.headers["location"])
        assert arrived.headers["location"] == then


async def test_a_code_is_worthless_without_its_verifier(browser: httpx.AsyncClient, site: Site) -> None:
    page = await to_the_provider(browser)
    chosen = await browser.post(f"{site.issuer}/authorize", data={**hidden_fields(page.text), "username": "legal"})
    code = parse_qs(urlsplit(chosen.headers["location"]).query)["code"][0]
    answer = await browser.post(
        f"{site.issuer}/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": "guessed" * 8,
            "redirect_uri": f"{site.url}/auth/callback",
        },
        auth=("sportello", "the client's secret"),
    )
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"redirect_uri": "https://evil.example/auth/callback"}, "redirect_uri"),
        ({"client_id": "other"}, "client"),
        ({"code_challenge_method": "plain"}, "code_challenge_method"),
        ({"response_type": "token"}, "response_type"),
    ],
)
async def test_a_wrong_question_is_answered_here_and_sent_nowhere(
    browser: httpx.AsyncClient, site: Site, changed: dict[str, str], named: str
) -> None:
    page = await to_the_provider(browser)
    question = {**hidden_fields(page.text), **changed}
    for answer in (
        await browser.get(f"{site.issuer}/authorize", params=question),
        await browser.post(f"{site.issuer}/authorize", data={**question, "username": "legal"}),
    ):
        assert answer.status_code == 400
        assert named in answer.text


async def test_the_page_says_what_it_is_and_finds_people(browser: httpx.AsyncClient, site: Site) -> None:
    page = await to_the_provider(browser)
    assert "Accesso di sviluppo" in page.text
    found = await browser.get(f"{site.issuer}/authorize", params={**hidden_fields(page.text), "q": "bracco"})
    assert 'value="fondazione-bracco"' in found.text
    assert 'value="legal"' not in found.text


async def test_an_unknown_persona_is_told_so(browser: httpx.AsyncClient, site: Site) -> None:
    page = await to_the_provider(browser)
    answer = await browser.post(f"{site.issuer}/authorize", data={**hidden_fields(page.text), "username": "nobody"})
    assert answer.status_code == 422
    assert "Nessuna persona" in answer.text


# -- programs -----------------------------------------------------------------------------------------------------


async def token(site: Site, **form: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{site.issuer}/token", data={"client_id": "sportello", **form})


async def test_a_program_gets_a_token_by_password(browser: httpx.AsyncClient, site: Site) -> None:
    answer = await token(site, grant_type="password", username="department-education@t_1", password="sportello")
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await browser.get("/who", headers=headers)).json() == {
        "subject": "persona-department-education",
        "roles": ["department"],
        "city": "t_1",
        "name": "Marco Villa",
    }
    about = await browser.get(f"{site.issuer}/userinfo", headers=headers)
    assert about.json()["department"] == "education"


async def test_an_id_token_opens_no_api(browser: httpx.AsyncClient, site: Site) -> None:
    answer = await token(site, grant_type="password", username="legal", password="sportello")
    refused = await browser.get(
        "/who", headers={"authorization": f"Bearer {answer.json()['id_token']}", "accept": "application/json"}
    )
    assert refused.status_code == 401


async def test_a_token_is_renewed_once(site: Site) -> None:
    first = (await token(site, grant_type="password", username="legal", password="sportello")).json()
    renewed = await token(site, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert renewed.status_code == 200
    again = await token(site, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 400


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "legal", "password": "wrong"}, "invalid_grant"),
        ({"grant_type": "password", "username": "legal", "password": "perché"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x", "client_secret": "perché"}, "invalid_client"),
        ({"grant_type": "password", "username": "nobody", "password": "sportello"}, "invalid_grant"),
        ({"grant_type": "password", "username": "legal@", "password": "sportello"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x", "client_secret": "wrong"}, "invalid_client"),
        (
            {"grant_type": "password", "client_id": "other", "username": "legal", "password": "sportello"},
            "invalid_client",
        ),
    ],
)
async def test_programs_are_refused_by_name_of_the_fault(site: Site, form: dict[str, str], error: str) -> None:
    answer = await token(site, **form)
    assert answer.json()["error"] == error
    assert answer.headers["cache-control"] == "no-store"


async def test_every_persona_can_log_in(site: Site) -> None:
    for persona in cast().personas:
        answer = await token(site, grant_type="password", username=persona.username, password="sportello")
        assert answer.status_code == 200, persona.username
