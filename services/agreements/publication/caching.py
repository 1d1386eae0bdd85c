"""Conditional requests (RFC 9110, section 13): the same content is not sent twice."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response


def cacheable(request: Request, content: bytes, media_type: str, changed_at: datetime | None) -> Response:
    """`content` with ETag and Last-Modified, or 304 when the client has it. `If-None-Match` comes first."""
    headers, known = conditional(request, hashlib.sha256(content).hexdigest()[:32], changed_at)
    if known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def conditional(request: Request, print_: str, changed_at: datetime | None) -> tuple[dict[str, str], bool]:
    """The headers of an answer with this fingerprint, and whether the client has it."""
    tag = f'"{print_}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.astimezone(UTC), usegmt=True)
    return headers, _has(request, tag, changed_at)


def _has(request: Request, tag: str, changed_at: datetime | None) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in known.split(",")}
    since = request.headers.get("if-modified-since")
    if since is None or changed_at is None:
        return False
    try:
        return changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
