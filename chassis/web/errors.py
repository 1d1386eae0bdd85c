"""Errors as pages, for people; programs keep getting problem+json."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.auth.dependencies import session_actor
from chassis.auth.identity import Identity
from chassis.http.problem import OF_DATABASE, Problem, of_database
from chassis.http.trace_id import trace_id_of
from chassis.web.i18n import gettext, language_of, mark, speaking
from chassis.web.in_words import problem_in_words
from chassis.web.pages import Pages
from chassis.web.way_back import page_for, path_of, typed_again

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
Answer = Callable[[Request, Exception], Awaitable[Response]]

HEADINGS: dict[int, str] = {
    400: mark("Something is not right"),
    401: mark("Please log in"),
    403: mark("You may not do this"),
    404: mark("Page not found"),
    405: mark("Not possible here"),
    409: mark("Something has changed"),
    412: mark("Something has changed"),
    422: mark("Something is not right"),
    500: mark("Something went wrong"),
    503: mark("Not available right now"),
}

EXPLANATIONS: dict[int, str] = {
    404: mark("The page does not exist, or it has been moved or removed."),
    405: mark("This address does not accept this kind of request."),
    422: mark("Some of what was sent is not valid."),
    500: mark("The error has been recorded. Nothing has been changed."),
}
"""For errors that no handler put into words: those of the framework and the unexpected ones."""


def install_error_pages(app: FastAPI, pages: Pages, headers: dict[str, str]) -> None:
    """Answer browsers with a page where `app` would answer with a problem document. Call after `create_app`.

    `headers` go on every error page: an unexpected error is answered outside the middleware that sets them.
    """
    for kind in (Problem, HTTPException, RequestValidationError, *OF_DATABASE, Exception):
        before: Handler | None = app.exception_handlers.get(kind)
        if before is None:
            raise LookupError(f"install_web comes after chassis.http.problem.install: no handler for {kind}")
        app.add_exception_handler(kind, _page_instead(before, pages, headers))


def wants_page(request: Request) -> bool:
    """True for a browser asking for a page; the JSON API under `/<service>/api/` never answers with one."""
    return "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path


def _page_instead(before: Handler, pages: Pages, headers: dict[str, str]) -> Answer:
    async def answer(request: Request, failure: Exception) -> Response:
        # Asked in any case: it also writes the log line of an unexpected error.
        document = before(request, failure)
        document = document if isinstance(document, Response) else await document
        if not wants_page(request):
            return document
        _recognise(request)
        if document.status_code == 405 and request.method == "GET" and (nearest := page_for(request, path_of(request))):
            return RedirectResponse(nearest, status_code=303, headers=headers)
        # An address with an id that is none names nothing.
        status = 404 if _names_nothing(failure) else document.status_code
        typed = await typed_again(request) if status == 401 else None
        page = _page(request, failure, status, pages, typed)
        for name, value in headers.items():
            page.headers.setdefault(name, value)
        for name in ("www-authenticate", "retry-after", "allow"):
            if name in document.headers:
                page.headers[name] = document.headers[name]
        return page

    return answer


def _names_nothing(failure: Exception) -> bool:
    return isinstance(failure, RequestValidationError) and any(one["loc"][:1] == ("path",) for one in failure.errors())


def _page(
    request: Request, failure: Exception, status: int, pages: Pages, typed: list[tuple[str, str]] | None
) -> Response:
    with speaking(language_of(request)):
        heading = gettext(HEADINGS.get(status, HEADINGS[500 if status >= 500 else 400]))
        text = _explanation(failure, status)
    return pages.render(
        request,
        "error.html",
        status=status,
        heading=heading,
        text=text,
        code=status,
        typed=typed,
        action=path_of(request),
        trace_id=trace_id_of(request) if status >= 500 else None,
    )


def _explanation(failure: Exception, status: int) -> str:
    problem = failure if isinstance(failure, Problem) else of_database(failure)
    if problem is not None:
        return problem_in_words(problem)
    return gettext(EXPLANATIONS.get(status, EXPLANATIONS[500 if status >= 500 else 422]))


def _recognise(request: Request) -> None:
    """The header should greet who is logged in even where routing failed before anyone was asked."""
    identity: Identity | None = getattr(request.app.state, "identity", None)
    if identity is None or getattr(request.state, "actor", None) is not None:
        return
    try:
        request.state.actor = session_actor(request, identity)
    except Problem:
        return  # the error being shown matters more than who sees it
