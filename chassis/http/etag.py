"""Optimistic concurrency: an entity's version as its ``ETag``, checked by ``If-Match`` on changes."""

from __future__ import annotations

import re

from fastapi import Request

from chassis.http.problem import Problem

_VERSION = re.compile(r"[0-9]{1,18}")


def etag(version: int) -> str:
    return f'"{version}"'


def expected_version(request: Request) -> int | None:
    """The version named by ``If-Match``; None for ``*``. Raises 428 when the header is absent, 412 when unreadable."""
    header = request.headers.get("if-match")
    if header is None:
        raise Problem(
            428,
            "if-match-required",
            "Per modificare serve If-Match con l'ETag letto: così nessuno sovrascrive il lavoro di un altro.",
            "A change needs If-Match with the ETag you read, so that nobody overwrites somebody else's work.",
        )
    if header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not _VERSION.fullmatch(text):
        raise stale()
    return int(text)


def optional_version(request: Request) -> int | None:
    """As :func:`expected_version`, for commands that may come without ``If-Match``."""
    return expected_version(request) if "if-match" in request.headers else None


def check(expected: int | None, actual: int) -> None:
    """Raises 412 when ``expected`` (None = any) is not the ``actual`` version."""
    if expected is not None and expected != actual:
        raise stale()


def stale() -> Problem:
    return Problem(
        412,
        "stale",
        "Nel frattempo qualcun altro ha modificato questi dati: ricarica e riprova.",
        "Somebody else changed this in the meantime: reload and try again.",
    )
