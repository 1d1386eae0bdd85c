"""POST → redirect → GET, with one message that the next page shows once."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.auth.identity import Identity
from chassis.auth.tokens import TokenExpired, TokenInvalid

FLASH_COOKIE = "sportello_flash"
FLASH_SECONDS = 60

Kind = Literal["success", "info", "warning", "danger"]


def redirect(request: Request, url: str, message: str | None = None, kind: Kind = "success") -> RedirectResponse:
    """Answer a change with 303 to `url`; `message` (already translated) appears there once."""
    response = RedirectResponse(url, status_code=303)
    if message:
        identity: Identity = request.app.state.identity
        sealed = identity.flash_seal.close({"kind": kind, "text": message}, FLASH_SECONDS)
        response.set_cookie(
            FLASH_COOKIE,
            sealed,
            max_age=FLASH_SECONDS,
            httponly=True,
            samesite="lax",
            secure=identity.secure_cookies,
        )
    return response


def waiting_message(request: Request) -> dict[str, str] | None:
    """The message that came with this request. Sealed, so that no neighbouring site can put words in our mouth."""
    sealed = request.cookies.get(FLASH_COOKIE)
    identity: Identity | None = getattr(request.app.state, "identity", None)
    if not sealed or identity is None:
        return None
    try:
        return identity.flash_seal.open(sealed)
    except (TokenExpired, TokenInvalid):
        return None


def forget_message(response: Response) -> None:
    response.delete_cookie(FLASH_COOKIE, path="/")
