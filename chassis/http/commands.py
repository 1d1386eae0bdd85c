"""Commands over HTTP: their effect happens once per ``Idempotency-Key``, and a repeat gets the first answer again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from chassis.http.problem import Problem
from chassis.scope import Scope
from chassis.unit import Unit, Units

StoreT = TypeVar("StoreT")
Again = Callable[[Unit[StoreT], dict[str, str]], Awaitable[BaseModel]]
"""Makes the body of a repeat's answer from the reference that was kept."""
_REFERENCE = "Sportello-Reference"
"""Beside the kept headers: what is kept is no body but what it is made from."""


@dataclass(frozen=True)
class Reply:
    """What a command answers: a status, a body, and headers such as ``Location`` and ``ETag``.

    A body that names people, or that may be taken back, is not kept for repeats: ``reference`` is kept in its stead,
    and ``again`` of the command makes the body from it.
    """

    status: int = 200
    body: BaseModel | dict[str, Any] | list[Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    reference: dict[str, str] | None = None

    def content(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, BaseModel):
            return self.body.model_dump_json().encode()
        return orjson.dumps(self.body, default=str)

    def response(self) -> Response:
        return Response(self.content(), self.status, self.headers, media_type="application/json")


def fingerprint(*parts: bytes | str) -> str:
    """What makes two requests the same request."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()


async def command(
    request: Request,
    units: Units[StoreT],
    scope: Scope,
    work: Callable[[Unit[StoreT]], Awaitable[Reply]],
    *,
    sent: bytes | None = None,
    again: Again[StoreT] | None = None,
) -> Response:
    """Runs ``work`` in one transaction and answers with its reply.

    With an ``Idempotency-Key`` the reply is kept in that transaction and given again to a repeat. Raises a 422
    problem when the key was used for another request, and whatever ``work`` raises (then nothing is kept).
    ``sent`` stands for the request's body where that is no measure of sameness (forms have a new boundary each time).
    ``again`` answers repeats of replies with a ``reference``.
    """
    key = _key_of(request)
    if key is None:
        return (await units.run(scope, work)).response()
    return (await once(units, scope, key, await _print_of(request, sent), work, again)).response()


async def answered(
    request: Request,
    units: Units[StoreT],
    scope: Scope,
    sent: bytes | None = None,
    again: Again[StoreT] | None = None,
) -> Response | None:
    """The kept reply, when this very request was carried out before.

    For commands with long work before their transaction: what has changed since must not refuse a repeat.
    """
    key = _key_of(request)
    reply = await kept_reply(units, scope, key, await _print_of(request, sent), again) if key is not None else None
    return reply.response() if reply else None


async def kept_reply(
    units: Units[StoreT], scope: Scope, key: str, fingerprint_: str, again: Again[StoreT] | None = None
) -> Reply | None:
    """What ``once`` answered under this key, if it did. Raises its 422 problem for another fingerprint."""

    async def look(unit: Unit[StoreT]) -> Reply | None:
        known = await unit.connection.fetchval(
            "SELECT true FROM idempotency_key WHERE city = $1 AND actor = $2 AND key = $3 AND status IS NOT NULL",
            scope.city,
            scope.actor,
            key,
        )
        return await _kept(unit, scope, key, fingerprint_, again) if known else None

    return await units.run(scope, look)


def _key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200:
        raise Problem(
            400,
            "idempotency-key",
            "L'intestazione Idempotency-Key ha da 1 a 200 caratteri.",
            "The Idempotency-Key header has 1 to 200 characters.",
        )
    return key


async def _print_of(request: Request, sent: bytes | None) -> str:
    body = await request.body() if sent is None else sent
    return fingerprint(request.method, request.url.path, request.url.query, body)


@dataclass(frozen=True)
class _Kept(Reply):
    raw: bytes = b""

    def content(self) -> bytes:
        return self.raw


async def once(
    units: Units[StoreT],
    scope: Scope,
    key: str,
    fingerprint_: str,
    work: Callable[[Unit[StoreT]], Awaitable[Reply]],
    again: Again[StoreT] | None = None,
) -> Reply:
    """``work``'s reply the first time, the kept reply afterwards. A concurrent repeat waits for the first."""

    async def guarded(unit: Unit[StoreT]) -> Reply:
        mine = await unit.connection.fetchval(
            "INSERT INTO idempotency_key (city, actor, key, fingerprint) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING RETURNING true",
            scope.city,
            scope.actor,
            key,
            fingerprint_,
        )
        if not mine:
            return await _kept(unit, scope, key, fingerprint_, again)
        reply = await work(unit)
        if reply.reference is not None and again is None:
            raise TypeError("a reply with a reference needs to know how to make its body again")
        await unit.connection.execute(
            "UPDATE idempotency_key SET status = $4, headers = $5, body = $6"
            " WHERE city = $1 AND actor = $2 AND key = $3",
            scope.city,
            scope.actor,
            key,
            reply.status,
            reply.headers if reply.reference is None else reply.headers | {_REFERENCE: "1"},
            reply.content() if reply.reference is None else orjson.dumps(reply.reference),
        )
        return reply

    return await units.run(scope, guarded)


async def _kept(unit: Unit[StoreT], scope: Scope, key: str, fingerprint_: str, again: Again[StoreT] | None) -> Reply:
    row = await unit.connection.fetchrow(
        "SELECT fingerprint, status, headers, body FROM idempotency_key WHERE city = $1 AND actor = $2 AND key = $3",
        scope.city,
        scope.actor,
        key,
    )
    if row is None or row["fingerprint"] != fingerprint_:
        raise Problem(
            422,
            "idempotency-key-reused",
            "Questa Idempotency-Key è già stata usata per un'altra richiesta: usarne una nuova.",
            "This Idempotency-Key was used for another request already: use a new one.",
        )
    headers, body = row["headers"] | {"Idempotent-Replayed": "true"}, row["body"]
    if headers.pop(_REFERENCE, None) and again is not None:
        body = (await again(unit, orjson.loads(body))).model_dump_json().encode()
    return _Kept(row["status"], None, headers, raw=body)
