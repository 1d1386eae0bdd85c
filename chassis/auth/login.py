"""Login with OpenID Connect: authorization code with PKCE, state and nonce. Mounted by intake, which serves `/`."""

import base64
import hashlib
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis import log
from chassis.auth import refusals
from chassis.auth.actor import IncompleteClaims, actor_from_claims
from chassis.auth.dependencies import CurrentActor
from chassis.auth.identity import Identity
from chassis.auth.provider import ProviderUnavailable
from chassis.auth.tokens import SESSION_COOKIE, SESSION_SECONDS, TokenExpired, TokenInvalid
from chassis.web.i18n import current_language
from chassis.web.navigation import landing

LOGIN_COOKIE = "sportello_login"
LOGIN_SECONDS = 600
LOGOUT_COOKIE = "sportello_logout"
COOKIE_LIMIT = 3800
"""Bytes of a value that every browser keeps (RFC 6265 §6.1 asks for 4096 with name and attributes)."""

CALLBACK = "/auth/callback"

_logger = log.get("auth")


def login_router() -> APIRouter:
    """`/auth/login`, `/auth/callback`, `/auth/logout`. The app needs `install_identity` first."""
    router = APIRouter(prefix="/auth", include_in_schema=False)
    router.add_api_route("/login", login, methods=["GET"])
    router.add_api_route("/callback", callback, methods=["GET"])
    router.add_api_route("/logout", logout, methods=["POST"])
    return router


def safe_next(target: str | None) -> str:
    """`target` when it is a path of this site, else `/`: nobody is sent elsewhere after login."""
    if not target or not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return "/"
    # Browsers drop control characters and read a backslash as a slash, so neither may be in it.
    if "\\" in target or any(ord(character) < 0x21 for character in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc or parts.path.startswith("/auth/") else target


async def login(request: Request, target: Annotated[str | None, Query(alias="next")] = None) -> Response:
    """Send the browser to the provider, remembering in a sealed cookie what must come back."""
    identity: Identity = request.app.state.identity
    try:
        endpoints = await identity.provider.endpoints()
    except ProviderUnavailable as failure:
        raise refusals.provider_unavailable() from failure
    state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
    question = {
        "response_type": "code",
        "client_id": identity.client_id,
        "redirect_uri": identity.public_url + CALLBACK,
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
        "code_challenge": _s256(verifier),
        "code_challenge_method": "S256",
        "ui_locales": current_language(),
    }
    response = RedirectResponse(f"{endpoints.authorization}?{urlencode(question)}", status_code=303)
    remembered = {"state": state, "nonce": nonce, "verifier": verifier, "next": safe_next(target)}
    _set_cookie(
        response,
        identity,
        _login_cookie(state),
        identity.login_seal.close(remembered, LOGIN_SECONDS),
        seconds=LOGIN_SECONDS,
        path="/auth",
    )
    return response


async def callback(
    request: Request, code: str | None = None, state: str | None = None, error: str | None = None
) -> Response:
    """Exchange the code, check the ID token and start the session."""
    identity: Identity = request.app.state.identity
    state = state or ""
    remembered = _remembered(request, identity, state)
    if error or not code or not secrets.compare_digest(state.encode(), str(remembered["state"]).encode()):
        raise refusals.login_failed()
    try:
        id_token = await _exchange(identity, code, str(remembered["verifier"]))
        claims = await identity.verifier.claims(id_token, nonce=str(remembered["nonce"]))
        actor = actor_from_claims(claims)
    except (ProviderUnavailable, httpx.HTTPError) as failure:
        raise refusals.provider_unavailable() from failure
    except (TokenExpired, TokenInvalid, IncompleteClaims) as failure:
        _logger.info("auth.login_failed", reason=str(failure))
        raise refusals.login_failed() from failure
    wanted = safe_next(str(remembered["next"]))
    response = RedirectResponse(landing(actor) if wanted == "/" else wanted, status_code=303)
    _set_cookie(response, identity, SESSION_COOKIE, identity.sessions.issue(actor), seconds=SESSION_SECONDS)
    hint = identity.logout_seal.close({"id_token": id_token}, SESSION_SECONDS)
    if len(hint) < COOKIE_LIMIT:
        _set_cookie(response, identity, LOGOUT_COOKIE, hint, seconds=SESSION_SECONDS, path="/auth")
    response.delete_cookie(_login_cookie(state), path="/auth")
    return response


async def logout(request: Request, actor: CurrentActor) -> Response:
    """End the session here, then at the provider when it has an end-session endpoint."""
    identity: Identity = request.app.state.identity
    response = RedirectResponse(await _after_logout(request, identity), status_code=303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    response.delete_cookie(LOGOUT_COOKIE, path="/auth")
    return response


async def _exchange(identity: Identity, code: str, verifier: str) -> str:
    endpoints = await identity.provider.endpoints()
    async with identity.provider.http() as client:
        answer = await client.post(
            endpoints.token,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": identity.public_url + CALLBACK,
                "code_verifier": verifier,
            },
            auth=(identity.client_id, identity.client_secret),
        )
    if answer.status_code >= 500:
        answer.raise_for_status()
    token = answer.json().get("id_token") if answer.status_code == 200 else None
    if not isinstance(token, str):
        raise TokenInvalid("the provider refused the code")
    return token


async def _after_logout(request: Request, identity: Identity) -> str:
    home = identity.public_url + "/"
    try:
        end_session = (await identity.provider.endpoints()).end_session
    except ProviderUnavailable:
        end_session = None
    if end_session is None:
        return home
    question = {"post_logout_redirect_uri": home, "client_id": identity.client_id}
    try:
        sealed = request.cookies.get(LOGOUT_COOKIE, "")
        question["id_token_hint"] = identity.logout_seal.open(sealed)["id_token"]
    except (TokenExpired, TokenInvalid):
        pass  # without the hint the provider only asks whether to log out
    return f"{end_session}?{urlencode(question)}"


def _login_cookie(state: str) -> str:
    """One per login under way, so that two tabs do not end each other's."""
    return f"{LOGIN_COOKIE}_{state[:8]}"


def _remembered(request: Request, identity: Identity, state: str) -> dict[str, Any]:
    try:
        return identity.login_seal.open(request.cookies.get(_login_cookie(state), ""))
    except (TokenExpired, TokenInvalid) as failure:
        raise refusals.login_failed() from failure


def _set_cookie(
    response: Response, identity: Identity, name: str, value: str, *, seconds: int, path: str = "/"
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite="lax",
        secure=identity.secure_cookies,
    )


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
