"""The provider's endpoints (OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0)."""

import base64
import binascii
import secrets
from typing import Any, Literal
from urllib.parse import unquote, urlencode

from fastapi import FastAPI
from joserfc.errors import JoseError
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from chassis.auth.identity import origin_of
from chassis.web.headers import SecurityHeaders, security_headers
from chassis.web.i18n import SpeakTheirLanguage
from deploy.local.idp.configuration import Configuration
from deploy.local.idp.grants import GrantRefused, Grants
from deploy.local.idp.page import Chooser
from deploy.local.idp.personas import Cast, cast
from deploy.local.idp.signing import ALGORITHM, Signer, load_key

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


_ABOUT_THE_PERSON = frozenset({"sub", "name", "email", "roles", "city", "department", "acr", "preferred_username"})


class Question(BaseModel):
    """An authorization request. Only code with PKCE S256 is spoken."""

    model_config = ConfigDict(extra="ignore")

    response_type: Literal["code"]
    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    code_challenge_method: Literal["S256"]
    scope: str = "openid"
    nonce: str | None = None
    login_hint: str | None = None


class Provider:
    """The endpoints as methods over one configuration; `create_provider` gives them their addresses."""

    def __init__(self, configuration: Configuration, people: Cast) -> None:
        self.configuration = configuration
        self.people = people
        key = load_key(configuration.keys)
        self.signer = Signer(key, configuration.issuer, configuration.client_id)
        self.grants = Grants(people, self.signer)
        self.chooser = Chooser(people)

    async def discovery(self) -> Response:
        issuer = self.configuration.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "end_session_endpoint": f"{issuer}/logout",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "password", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", "profile", "email"],
            }
        )

    async def jwks(self) -> Response:
        return JSONResponse(self.signer.public_keys())

    async def choose(self, request: Request) -> Response:
        """The page that asks who to be."""
        question = self._question(dict(request.query_params))
        if isinstance(question, Response):
            return question
        words = request.query_params.get("q", "")
        return self.chooser.page(question.model_dump(exclude_none=True), words)

    async def chosen(self, request: Request) -> Response:
        """Back to the client with a code for whoever was chosen."""
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        question = self._question(form)
        if isinstance(question, Response):
            return question
        city = form.get("city", "").strip()
        found = self.people.find(form.get("username", "") + (f"@{city}" if city else ""))
        if found is None:
            return self.chooser.page(question.model_dump(exclude_none=True), "", unknown=True, status=422)
        persona, city = found
        code = self.grants.promise(persona.claims(city), question.code_challenge, question.redirect_uri, question.nonce)
        answer = urlencode({"code": code, "state": question.state, "iss": self.configuration.issuer})
        return RedirectResponse(f"{question.redirect_uri}?{answer}", 303, NO_STORE)

    async def token(self, request: Request) -> Response:
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        try:
            answer = self._tokens(form, _basic(request))
        except GrantRefused as refusal:
            body = {"error": refusal.error, "error_description": refusal.description}
            status = 401 if refusal.error == "invalid_client" else 400
            return JSONResponse(body, status, NO_STORE)
        return JSONResponse(answer, 200, NO_STORE)

    async def userinfo(self, request: Request) -> Response:
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise ValueError("no bearer token")
            claims = self.signer.read(token)
        except (JoseError, ValueError):
            return Response(status_code=401, headers={"www-authenticate": 'Bearer error="invalid_token"'})
        return JSONResponse({name: value for name, value in claims.items() if name in _ABOUT_THE_PERSON}, 200, NO_STORE)

    async def logout(self, post_logout_redirect_uri: str = "") -> Response:
        """Nobody is logged in here (every login chooses anew), so there is only the way back."""
        if post_logout_redirect_uri not in {"", self.configuration.after_logout}:
            return PlainTextResponse("invalid_request: post_logout_redirect_uri is not registered", 400)
        return RedirectResponse(self.configuration.after_logout, 303)

    async def healthz(self) -> Response:
        return PlainTextResponse("ok")

    def _tokens(self, form: dict[str, str], basic: tuple[str, str] | None) -> dict[str, Any]:
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        known = client_id == self.configuration.client_id
        proven = known and secrets.compare_digest(secret.encode(), self.configuration.client_secret.encode())
        match form.get("grant_type"):
            # The password grant is for the demo and for tests, which hold no secret: the password is public.
            case "password" if known:
                return self.grants.by_password(form.get("username", ""), form.get("password", ""))
            case "authorization_code" if proven:
                return self.grants.by_code(
                    form.get("code", ""), form.get("code_verifier", ""), form.get("redirect_uri", "")
                )
            case "refresh_token" if known:
                return self.grants.by_refresh(form.get("refresh_token", ""))
            case "password" | "authorization_code" | "refresh_token":
                raise GrantRefused("invalid_client", "client_id or client_secret is not right")
        raise GrantRefused("unsupported_grant_type", "authorization_code, password or refresh_token")

    def _question(self, asked: dict[str, str]) -> Question | Response:
        """The request, or the answer to a wrong one: never a redirect, for its address may be the wrong part."""
        try:
            question = Question.model_validate(asked)
        except ValidationError as wrong:
            names = ", ".join(str(error["loc"][0]) for error in wrong.errors())
            return PlainTextResponse(f"invalid_request: {names}", 400)
        if question.client_id != self.configuration.client_id:
            return PlainTextResponse("invalid_client: this client is not known here", 400)
        if question.redirect_uri != self.configuration.redirect_uri:
            return PlainTextResponse("invalid_request: redirect_uri is not registered", 400)
        return question


def create_provider(configuration: Configuration, people: Cast | None = None) -> FastAPI:
    """The development provider as an ASGI app."""
    provider = Provider(configuration, people or cast())
    app = FastAPI(title="Sportello development identity provider", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/.well-known/openid-configuration", provider.discovery)
    app.add_api_route("/jwks", provider.jwks)
    app.add_api_route("/authorize", provider.choose)
    app.add_api_route("/authorize", provider.chosen, methods=["POST"])
    app.add_api_route("/token", provider.token, methods=["POST"])
    app.add_api_route("/userinfo", provider.userinfo, methods=["GET", "POST"])
    app.add_api_route("/logout", provider.logout)
    app.add_api_route("/healthz", provider.healthz)
    app.add_api_route("/style.css", provider.chooser.style)
    app.add_middleware(SpeakTheirLanguage)
    # Choosing somebody is a form that ends, by redirect, at the client.
    headers = security_headers(form_targets=(origin_of(configuration.redirect_uri),))
    app.add_middleware(SecurityHeaders, headers=headers)
    return app


def _basic(request: Request) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic, form-decoded as RFC 6749 §2.3.1 wants."""
    scheme, _space, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)
