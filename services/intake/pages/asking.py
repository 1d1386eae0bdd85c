"""What the pages share: commands that happen once per form, and what to show with needs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from chassis.auth import Actor
from chassis.http.commands import Reply, fingerprint, once
from chassis.http.problem import Problem
from chassis.scope import Scope
from chassis.service import units_of
from chassis.unit import Units
from chassis.web.forms import Form
from chassis.web.in_words import fault_in_words
from contracts.values import FieldError
from services.intake.domain.needs import Need
from services.intake.endpoints.views import NeedView, need_view
from services.intake.handlers import IntakeUnit
from services.intake.store import Store


def units(request: Request) -> Units[Store]:
    return units_of(request)


def scope_of(actor: Actor) -> Scope:
    return Scope(actor.city, actor.subject)


async def act_once(
    request: Request, actor: Actor, form: Form[Any], work: Callable[[IntakeUnit], Awaitable[object]]
) -> Reply:
    """Runs ``work`` in one transaction, once per form that was shown. Raises what ``work`` raises.

    A reply of ``work`` is kept for a form that is sent again.
    """

    async def replying(unit: IntakeUnit) -> Reply:
        done = await work(unit)
        return done if isinstance(done, Reply) else Reply(204)

    scope = scope_of(actor)
    if form.idempotency_key is None:
        return await units(request).run(scope, replying)
    typed = fingerprint(request.url.path, repr(sorted(form.values.items())))
    return await once(units(request), scope, form.idempotency_key, typed, replying)


async def refused_fields(doing: Awaitable[Reply], form: Form[Any]) -> bool:
    """Awaits a command; True when it refused fields, which the form then shows. Other refusals are raised."""
    return await accepted(doing, form) is None


async def accepted(doing: Awaitable[Reply], form: Form[Any]) -> Reply | None:
    """As :func:`refused_fields`, with the reply of the command; None when it refused fields."""
    try:
        return await doing
    except Problem as problem:
        if not problem.errors:
            raise
        form.refuse_all(problem.errors)
        # Some fields have another name where people type them.
        typed = {"valid_until": "last_day", "place.label": "place"}
        form.errors = {typed.get(name, name): text for name, text in form.errors.items()}
        return None


@dataclass(frozen=True)
class ShownNeed:
    """A need on a page, with the name of its department."""

    view: NeedView
    department_name: str

    @property
    def covered(self) -> float:
        return self.view.coverage or 0.0


async def shown_needs(
    store: Store, scope: Scope, needs: Sequence[Need], *, public: bool, inside: bool = False
) -> list[ShownNeed]:
    """Needs with balances and the names of their departments, in two round trips."""
    if not needs:
        return []
    balances = await store.balances.of(scope, [need.need_id for need in needs])
    names = {one.code: one.name for one in await store.people.departments(scope)}
    return [
        ShownNeed(
            need_view(need, balances.get(need.need_id, ()), public=public, inside=inside),
            names.get(need.content.department, need.content.department),
        )
        for need in needs
    ]


def words(found: Sequence[FieldError]) -> list[tuple[int | None, str]]:
    """What was found, in the reader's language, each with the number of its line from 1."""
    shown = []
    for one in found:
        place = re.match(r"/lines/([0-9]+)", one.pointer)
        shown.append((int(place[1]) + 1 if place else None, fault_in_words(one)))
    return shown


def address(path: str, **query: str | None) -> str:
    """``path`` with the query parameters that have a value."""
    pairs = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(pairs)}" if pairs else path


def distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value})
