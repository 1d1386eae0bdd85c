"""FastAPI dependencies that tell an endpoint who asks, and refuse whoever may not."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

from fastapi import Depends, FastAPI
from starlette.requests import Request

from chassis import log
from chassis.auth import refusals
from chassis.auth.actor import Actor
from chassis.auth.csrf import SAFE_METHODS, is_own_request
from chassis.auth.identity import Identity
from chassis.auth.provider import ProviderUnavailable
from chassis.auth.tokens import SESSION_COOKIE, TokenExpired, TokenInvalid
from chassis.http.problem import Problem
from chassis.settings import Settings
from chassis.web.i18n import Language, speaking
from chassis.web.vocabulary import label

_logger = log.get("auth")


class Memberships(Protocol):
    """Which stakeholders a person belongs to, asked of the service's own projection."""

    async def __call__(self, city: str, subject: str) -> frozenset[str]: ...


def install_identity(app: FastAPI, settings: Settings, memberships: Memberships | None = None) -> None:
    """Give `app` the means to recognise people. `memberships` says whom a partner acts for."""
    app.state.identity = Identity.from_settings(settings)
    if memberships is not None:
        app.state.memberships = memberships


async def current_actor(request: Request) -> Actor:
    """Whoever presented a bearer token or the session cookie; anonymous when nothing was presented.

    Raises Problem 401 for a token that is invalid or expired, 403 for a change that another site asked for,
    503 while the issuer's keys cannot be fetched.
    """
    known = getattr(request.state, "actor", None)
    if isinstance(known, Actor):
        return known
    identity: Identity = request.app.state.identity
    actor = await _presented(request, identity)
    if actor.may_be_member:
        memberships = getattr(request.app.state, "memberships", None)
        if memberships is not None:
            actor = actor.member_of(await memberships(actor.city, actor.subject))
    request.state.actor = actor
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


def require(*roles: str) -> Callable[[Actor], Awaitable[Actor]]:
    """A dependency that lets pass whoever holds one of `roles`; without roles, whoever is logged in.

    Use: `actor: Annotated[Actor, Depends(require("legal", "signatory"))]`.
    """

    async def required(actor: CurrentActor) -> Actor:
        refuse_unless(actor, *roles)
        return actor

    return required


def refuse_unless(actor: Actor, *roles: str) -> None:
    """Raises Problem 401 for an anonymous actor, 403 for one who holds none of `roles`."""
    if actor.is_anonymous:
        raise Problem(
            401, "login-required", "Per questo bisogna accedere.", "This is only for people who have logged in."
        )
    if roles and not actor.has(*roles):
        raise Problem(
            403,
            "role-required",
            f"Questo è riservato a: {_names(roles, 'it')}.",
            f"This is reserved to: {_names(roles, 'en')}.",
        )


def _names(roles: tuple[str, ...], language: Language) -> str:
    with speaking(language):
        return ", ".join(label("role", role) for role in roles)


async def _presented(request: Request, identity: Identity) -> Actor:
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return await _bearer(authorization, identity)
    return session_actor(request, identity)


async def _bearer(authorization: str, identity: Identity) -> Actor:
    scheme, _space, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise refusals.not_a_bearer()
    try:
        return await identity.verifier.access(token.strip())
    except TokenExpired as failure:
        raise refusals.expired() from failure
    except TokenInvalid as failure:
        # The failed check is named, never the token or what it says of a person.
        _logger.info("auth.token_refused", reason=str(failure))
        raise refusals.invalid_token() from failure
    except ProviderUnavailable as failure:
        raise refusals.provider_unavailable() from failure


def session_actor(request: Request, identity: Identity) -> Actor:
    """Whoever the session cookie names. Raises Problem 401 or 403 for changes only; reading is never barred."""
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        return Actor.anonymous(identity.city)
    try:
        actor = identity.sessions.read(cookie)
    except (TokenExpired, TokenInvalid) as failure:
        # A stale cookie must not bar anyone from reading public pages: it is dropped with the answer.
        request.state.stale_session = True
        if request.method in SAFE_METHODS:
            return Actor.anonymous(identity.city)
        raise refusals.expired() from failure
    if not is_own_request(request, identity.origin):
        _logger.warning("auth.foreign_request", path=request.url.path, public_url=identity.public_url)
        raise refusals.foreign_request()
    return actor
