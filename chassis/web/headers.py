"""Security headers on every answer."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

YEAR = 365 * 24 * 3600
POLICY = "content-security-policy"


def security_headers(form_targets: tuple[str, ...] = (), *, encrypted: bool = False) -> dict[str, str]:
    """The headers of every answer.

    `form_targets` are further origins that a form may lead to by redirect (the login provider); `encrypted` says
    that the site is reached by HTTPS.

    Only our own scripts, styles, fonts and connections; no inline ones. `data:` stands for the small icons and the
    video player's font inside Bootstrap Italia's style sheet.
    """
    policy = {
        "default-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": " ".join(("'self'", *form_targets)),
    }
    return {
        POLICY: "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cross-origin-opener-policy": "same-origin",
        # What may be kept says so itself (static files, the public register); all else may be about people.
        "cache-control": "no-store",
    } | ({"strict-transport-security": f"max-age={YEAR}"} if encrypted else {})


class SecurityHeaders:
    """ASGI middleware; a header that the answer already has is left as it is.

    PDF documents go without the policy: it would apply to the browser's own viewer and leave its page blank.
    """

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    if name != POLICY or headers.get("content-type") != "application/pdf":
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
