"""Pages: a service's templates inside the shell, with the reader's language, identity and messages."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Depends
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from chassis.auth.actor import Actor
from chassis.auth.dependencies import current_actor
from chassis.auth.identity import Identity
from chassis.auth.tokens import SESSION_COOKIE
from chassis.web import formats, vocabulary, way_back
from chassis.web.flash import forget_message, waiting_message
from chassis.web.i18n import (
    LANGUAGE_COOKIE,
    LANGUAGES,
    add_catalog,
    current_language,
    gettext,
    language_of,
    ngettext,
    speaking,
)
from chassis.web.naming import name_fields
from chassis.web.navigation import navigation
from chassis.web.static import static_url

SHELL = Path(__file__).parent / "templates"
CITY_NAMES = {"c_f205": "Comune di Milano"}
LANGUAGE_SECONDS = 365 * 24 * 3600


class Pages:
    """The pages of one service.

    `templates` is the service's folder of templates (`services/<name>/pages/templates`); its Italian catalog is
    beside it in `locale/`. A template starts with `{% extends "base.html" %}` and may use
    `{% import "ui.html" as ui %}`.
    """

    def __init__(self, templates: Path, service: str) -> None:
        self.service = service
        add_catalog(templates.parent / "locale")
        self._environment = _environment(templates)

    def router(self, prefix: str = "") -> APIRouter:
        """A router whose pages know who is reading, whether or not they ask for the actor themselves."""
        return APIRouter(
            prefix=prefix,
            include_in_schema=False,
            default_response_class=HTMLResponse,
            dependencies=[Depends(current_actor)],
        )

    def render(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """The page (or, for an htmx swap, the partial template) as an answer.

        Whatever the template names must be in `context`: nothing is undefined silently.
        """
        with speaking(language_of(request)):
            message = waiting_message(request)
            html = self._environment.get_template(template).render(
                **self._shell_context(request), flash=message, **context
            )
        response = HTMLResponse(name_fields(html), status_code=status)
        # What a page shows depends on who reads it, so no cache may hand it to somebody else.
        response.headers["cache-control"] = "private, no-store"
        response.headers["vary"] = "Cookie, Accept-Language"
        if message is not None:
            forget_message(response)
        _keep_language(request, response)
        if getattr(request.state, "stale_session", False):
            response.delete_cookie(SESSION_COOKIE, path="/")
        return response

    def _shell_context(self, request: Request) -> dict[str, Any]:
        actor = actor_of(request)
        here = way_back.here(request)
        return {
            "request": request,
            "actor": actor,
            "service": self.service,
            "language": current_language(),
            "languages": [(code, way_back.in_language(here, code)) for code in LANGUAGES],
            "links": navigation(actor, request.url.path),
            "here": here,
            "city_name": CITY_NAMES.get(actor.city, actor.city),
        }


def actor_of(request: Request) -> Actor:
    """The actor that `current_actor` found for this request, or an anonymous one when it was not asked."""
    known = getattr(request.state, "actor", None)
    if isinstance(known, Actor):
        return known
    identity: Identity | None = getattr(request.app.state, "identity", None)
    return Actor.anonymous(identity.city if identity else "")


def _environment(templates: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([templates, SHELL]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "label": lambda code, group: vocabulary.label(group, code),
        "tone": vocabulary.tone,
        "money": formats.money,
        "number": formats.number,
        "percent": formats.percent,
        "day": formats.day,
        "moment": formats.moment,
        "since": formats.since,
        "unit_name": vocabulary.unit_name,
    }
    environment.globals |= {
        "static_url": static_url,
        "quantity": formats.quantity,
        "choices": vocabulary.choices,
        "unit_choices": vocabulary.unit_choices,
        "new_key": lambda: str(uuid4()),
        "icon_sprite": lambda name: f"{static_url('bootstrap-italia/svg/sprites.svg')}#it-{name}",
    }
    return environment


def _keep_language(request: Request, response: HTMLResponse) -> None:
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            asked,
            max_age=LANGUAGE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
