"""Pages in the shell: who sees what, errors people can read, messages shown once, nothing cached, nothing inline."""

import re
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from jinja2 import UndefinedError
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from structlog.testing import capture_logs

from chassis.auth import Actor, install_identity, require
from chassis.auth.tokens import SESSION_COOKIE, Sessions
from chassis.http import problem
from chassis.settings import Settings
from chassis.web.flash import FLASH_COOKIE, redirect
from chassis.web.install import install_web
from chassis.web.navigation import PLACES
from chassis.web.pages import Pages
from chassis.web.site import site_router
from chassis.web.static import static_router, static_url

pytestmark = pytest.mark.unit

SECRET = "a secret that all services share"
ORIGIN = "https://sportello.example"
ISSUER = "https://id.example"
SETTINGS = Settings(environment="test", public_url=ORIGIN, session_secret=SecretStr(SECRET), oidc_issuer=ISSUER)
HELLO = """{% extends "base.html" %}{% block title %}{{ _("Open needs") }}{% endblock %}
{% block content %}<h1>{{ heading }}</h1>{% endblock %}"""


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, kept instead of drawn: unconfigured, structlog paints every frame of a crash."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("pages") / "templates"
    folder.mkdir()
    (folder / "hello.html").write_text(HELLO)
    return folder


@pytest.fixture(scope="module")
def app(templates: Path) -> FastAPI:
    return small_service(templates)


def small_service(templates: Path) -> FastAPI:
    app = FastAPI()
    problem.install(app)
    install_identity(app, SETTINGS)
    pages = Pages(templates, "intake")
    install_web(app, pages, SETTINGS)
    router = pages.router()

    @router.get("/")
    async def hello(request: Request, heading: str = "Ciao") -> Response:
        return pages.render(request, "hello.html", heading=heading)

    @router.get("/forgotten")
    async def forgotten(request: Request) -> Response:
        return pages.render(request, "hello.html")

    @router.post("/change")
    async def change(request: Request) -> Response:
        return redirect(request, "/", "Fatto <b>bene</b>")

    @router.get("/files/{file_id}")
    async def file(request: Request, file_id: int) -> Response:
        return pages.render(request, "hello.html", heading="Pratica")

    @router.post("/files/{file_id}/terms")
    async def terms(request: Request, file_id: int) -> Response:
        return pages.render(request, "hello.html", status=422, heading="Sbagliato")

    @router.post("/files/{file_id}/send")
    async def send(request: Request, actor: Annotated[Actor, Depends(require("legal"))]) -> Response:
        return redirect(request, "/", "Fatto")

    @router.get("/document")
    async def document() -> Response:
        return Response(b"%PDF-", media_type="application/pdf")

    @router.get("/drawing")
    async def drawing() -> Response:
        return Response("<svg/>", media_type="image/svg+xml")

    @router.get("/legal")
    async def legal(actor: Annotated[Actor, Depends(require("legal"))]) -> Response:
        return Response()

    @router.get("/intake/api/v1/legal")
    async def api(actor: Annotated[Actor, Depends(require("legal"))]) -> Response:
        return Response()

    @router.get("/taken")
    async def taken() -> Response:
        raise problem.conflict("taken", "Già preso da altri.", "Taken by others already.")

    @router.get("/number/{value}")
    async def number(value: int, most: int = 9) -> Response:
        return Response()

    app.include_router(router)
    app.include_router(site_router(pages))
    app.include_router(static_router())
    return app


@pytest.fixture
async def guest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as client:
        yield client


def visitor(app: FastAPI, *roles: str) -> httpx.AsyncClient:
    actor = Actor(subject="s", city="c_f205", name="Giulia <Ferri>", roles=frozenset(roles))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url=ORIGIN,
        cookies={SESSION_COOKIE: Sessions(SECRET).issue(actor)} if roles else {},
        headers={"accept": "text/html,*/*;q=0.8"},
    )


def links(html: str) -> set[str]:
    nav = html.split('class="shell-links"')[1].split("</ul>")[0]
    return set(re.findall(r'href="([^"]+)"', nav))


async def test_a_page_speaks_italian_until_asked_otherwise(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/")
    assert '<html lang="it">' in page.text
    assert "<title>Bisogni aperti" in page.text
    english = await guest.get("/?lang=en")
    assert '<html lang="en">' in english.text
    assert '<html lang="en">' in (await guest.get("/")).text


async def test_the_language_switch_keeps_the_place(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/?heading=x&lang=en")
    assert 'href="/?heading=x&amp;lang=it"' in page.text


async def test_what_is_shown_is_escaped(app: FastAPI, guest: httpx.AsyncClient) -> None:
    page = await guest.get("/", params={"heading": "<script>alert(1)</script>"})
    assert "<script>alert" not in page.text
    async with visitor(app, "legal") as client:
        assert "Giulia &lt;Ferri&gt;" in (await client.get("/")).text


async def test_nothing_is_undefined_silently(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        with pytest.raises(UndefinedError, match="heading"):
            await client.get("/forgotten")


async def test_guests_see_what_is_public_and_the_way_in(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/?heading=x")
    public = {"/agreements/vademecum", "/agreements/register", "/impact/summary"}
    assert links(page.text) == {"/", "/intake/offers/new"} | public
    assert 'href="/auth/login?next=/%3Fheading%3Dx"' in page.text


@pytest.mark.parametrize(
    ("role", "sees", "does_not_see"),
    [
        ("partner", "/agreements/desk", "/intake/operations"),
        ("department", "/matching/proposals", "/intake/offers/new"),
        ("account_manager", "/notifications/inbox", "/intake/operations"),
        ("legal", "/agreements/desk", "/matching/proposals"),
        ("signatory", "/agreements/desk", "/intake/mine"),
        ("operations", "/intake/operations", "/notifications/inbox"),
    ],
)
async def test_everyone_is_led_to_their_own_work(app: FastAPI, role: str, sees: str, does_not_see: str) -> None:
    async with visitor(app, role) as client:
        found = links((await client.get("/")).text)
    assert sees in found
    assert does_not_see not in found


async def test_the_current_page_is_marked(guest: httpx.AsyncClient) -> None:
    marked = re.findall(r'<a href="([^"]+)" aria-current="page"', (await guest.get("/")).text)
    assert set(marked) == {"/"}


def test_every_place_is_a_page_of_this_site() -> None:
    assert all(place.path.startswith("/") for place in PLACES)
    assert len({place.path for place in PLACES}) == len(PLACES)


async def test_pages_are_never_shared_between_people(guest: httpx.AsyncClient) -> None:
    assert (await guest.get("/")).headers["cache-control"] == "private, no-store"


async def test_only_our_own_scripts_and_styles_run(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert f"form-action 'self' {ISSUER}" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["strict-transport-security"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|<style", page.text)


async def test_the_policy_spares_the_browsers_pdf_viewer_alone(guest: httpx.AsyncClient) -> None:
    document, drawing = await guest.get("/document"), await guest.get("/drawing")
    assert "content-security-policy" not in document.headers
    assert document.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in drawing.headers


async def test_a_message_is_shown_once_and_escaped(guest: httpx.AsyncClient) -> None:
    answer = await guest.post("/change")
    assert answer.status_code == 303
    first = await guest.get("/")
    assert "Fatto &lt;b&gt;bene" in first.text
    assert "Fatto" not in (await guest.get("/")).text


async def test_a_message_cannot_be_put_in_our_mouth(guest: httpx.AsyncClient) -> None:
    guest.cookies.set(FLASH_COOKIE, Sessions(SECRET).issue(Actor(subject="s", city="c")))
    assert 'role="status"' not in (await guest.get("/")).text


# -- errors -----------------------------------------------------------------------------------------------------


async def test_a_guest_is_shown_the_way_to_log_in(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/legal?a=1")
    assert page.status_code == 401
    assert 'href="/auth/login?next=/legal%3Fa%3D1"' in page.text


async def test_the_wrong_role_is_told_whose_page_it_is(app: FastAPI) -> None:
    async with visitor(app, "partner") as client:
        page = await client.get("/legal")
    assert page.status_code == 403
    assert "riservato a: Ufficio legale" in page.text
    assert "Giulia" in page.text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere", 404, "Pagina non trovata"),
        ("/nowhere?lang=en", 404, "Page not found"),
        ("/taken", 409, "Già preso da altri."),
        ("/taken?lang=en", 409, "Taken by others already."),
        ("/change", 405, "Qui non è possibile"),
        ("/files/none?lang=en", 404, "Page not found"),
        ("/number/1?most=x", 422, "non è valida"),
        ("/number/x", 404, "Pagina non trovata"),
        ("/forgotten", 500, "Qualcosa è andato storto"),
        ("/forgotten?lang=en", 500, "Something went wrong"),
    ],
)
async def test_errors_are_pages_in_the_shell(guest: httpx.AsyncClient, path: str, status: int, said: str) -> None:
    page = await guest.get(path)
    assert page.status_code == status
    assert said in page.text
    assert "shell-header" in page.text
    assert "content-security-policy" in page.headers
    assert "Traceback" not in page.text
    assert "heading" not in re.sub(r'class="[^"]*"', "", page.text)


async def test_an_unexpected_error_can_be_looked_up_by_its_trace(
    templates: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    """As in chassis.service: the span is made outside all else of ours, and has ended when the error is answered."""
    traced = small_service(templates)
    traced.add_middleware(OpenTelemetryMiddleware, tracer_provider=TracerProvider())
    transport = httpx.ASGITransport(traced, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        page = await client.get("/forgotten", headers={"accept": "text/html"})
        document = await client.get("/forgotten", headers={"accept": "application/json"})
    assert re.search(r"<code>[0-9a-f]{32}</code>", page.text)
    assert re.fullmatch(r"[0-9a-f]{32}", document.json()["trace_id"])
    assert logged[-1]["trace_id"] == document.json()["trace_id"]


async def test_programs_get_a_problem_document(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/nowhere", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_api_answers_browsers_with_a_problem_document_too(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/intake/api/v1/legal")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_stale_session_is_dropped(guest: httpx.AsyncClient) -> None:
    guest.cookies.set(SESSION_COOKIE, "left over from another installation", domain="sportello.example")
    page = await guest.get("/")
    assert page.status_code == 200
    assert SESSION_COOKIE not in guest.cookies


# -- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/accessibility", "/source", "/licence"])
async def test_pages_about_the_site(guest: httpx.AsyncClient, path: str) -> None:
    assert (await guest.get(path)).status_code == 200


async def test_every_file_a_page_names_is_there(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/")
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
    assert len(files) >= 5
    for file in files:
        answer = await guest.get(file)
        assert answer.status_code == 200, file
        assert "immutable" in answer.headers["cache-control"]
    icons = re.findall(r"sprites\.svg\?v=\w+#([\w-]+)", page.text)
    sprites = (await guest.get("/static/bootstrap-italia/svg/sprites.svg")).text
    assert icons
    assert all(f'id="{icon}"' in sprites for icon in icons)


async def test_every_font_the_style_sheet_names_is_there(guest: httpx.AsyncClient) -> None:
    sheet = (await guest.get("/static/sportello/shell.css")).text
    fonts = re.findall(r'url\("\.\./([^"]+)"\)', sheet)
    assert fonts
    for font in fonts:
        assert (await guest.get(f"/static/{font}")).status_code == 200, font


@pytest.mark.parametrize(
    "path", ["/static/sportello/../pages.py", "/static/bootstrap-italia/__init__.py", "/static/htmx/../../__init__.py"]
)
async def test_only_the_needed_folders_are_served(guest: httpx.AsyncClient, path: str) -> None:
    assert (await guest.get(path)).status_code == 404


def test_a_wrong_file_name_is_noticed() -> None:
    with pytest.raises(FileNotFoundError):
        static_url("sportello/no-such-file.css")
