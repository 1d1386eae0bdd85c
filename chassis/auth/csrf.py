"""Refuses changes that another site makes a logged-in browser ask for.

Only requests that stand on the session cookie need it: nobody else's page can add a bearer token.
"""

from starlette.requests import Request

from chassis.auth.identity import origin_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_own_request(request: Request, own_origin: str) -> bool:
    """True for a safe method, or when the browser says that one of our own pages asked.

    `Sec-Fetch-Site` cannot be set by a page's script, so it is believed first; older browsers and plain
    HTTP origins send `Origin` or `Referer`. A change that names no source at all is refused.
    """
    if request.method in SAFE_METHODS:
        return True
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    source = request.headers.get("origin") or origin_of(request.headers.get("referer", ""))
    return source == own_origin
