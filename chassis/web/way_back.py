"""The page that somebody came from, or that is nearest: where to go on from an address that only takes forms."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Match

from chassis.auth.csrf import is_own_request
from chassis.auth.identity import Identity, origin_of
from chassis.auth.login import safe_next

MOST_KEPT = 200_000
"""Bytes of a form that are kept on a page to be sent again."""


def here(request: Request) -> str:
    """The address, with its query, where what is shown now can be read again: for a form, the page it was on."""
    if request.method in {"GET", "HEAD"}:
        return _with_query(path_of(request), request.url.query)
    if _is_ours(request):
        came = urlsplit(request.headers["referer"])
        if page := _readable(request, came.path):
            return safe_next(_with_query(page, _without_language(came.query) if page == came.path else ""))
    return page_for(request, path_of(request)) or "/"


def path_of(request: Request) -> str:
    """The path, for a link to it: browsers read two slashes at the beginning as the name of another site."""
    return "/" + request.url.path.lstrip("/")


def page_for(request: Request, path: str) -> str | None:
    """`path` when it is a page of this service, else the nearest above it; None where there is none."""
    steps = path.strip("/").split("/")
    above = ("/" + "/".join(steps[:depth]) for depth in range(len(steps), 1, -1))
    return next((one for one in (path, *above) if "/api/" not in one and _is_read(request, one)), None)


def in_language(address: str, language: str) -> str:
    """The address, asking for a language."""
    path, _mark, query = address.partition("?")
    return _with_query(path, urlencode([*_pairs(query), ("lang", language)]))


async def typed_again(request: Request) -> list[tuple[str, str]] | None:
    """The fields of a form of our own that could not be taken, to be sent again; None where they cannot be kept.

    A form of another site is never kept: its button would send what somebody else wrote.
    """
    identity: Identity = request.app.state.identity
    if request.method != "POST" or not is_own_request(request, identity.origin):
        return None
    kind, size = request.headers.get("content-type", ""), request.headers.get("content-length", "")
    if not kind.startswith("application/x-www-form-urlencoded") or not size.isdecimal() or int(size) > MOST_KEPT:
        return None
    try:
        sent = await request.form()
    except (ClientDisconnect, HTTPException, RuntimeError):
        return None  # too many fields, or somebody has read the body already
    return [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]


def _is_ours(request: Request) -> bool:
    identity: Identity | None = getattr(request.app.state, "identity", None)
    return identity is not None and origin_of(request.headers.get("referer", "")) == identity.origin


def _readable(request: Request, path: str) -> str | None:
    """The page of a referring address. What another service serves is believed to be a page."""
    if path.split("/")[1:2] == request.url.path.split("/")[1:2]:
        return page_for(request, path)
    return path


def _is_read(request: Request, path: str) -> bool:
    scope = dict(request.scope) | {"method": "GET", "path": path, "raw_path": path.encode()}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)


def _pairs(query: str) -> list[tuple[str, str]]:
    return [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "lang"]


def _without_language(query: str) -> str:
    return urlencode(_pairs(query))


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
