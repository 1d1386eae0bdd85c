"""What the page of a file shows around the file itself: what is missing, proposals, comments, history, choices."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request

from chassis.auth import Actor
from chassis.http.paging import decode, instant, page, small
from chassis.web.forms import Form
from chassis.web.i18n import current_language
from services.agreements.api import scope_of
from services.agreements.api_file import threads
from services.agreements.domain.checks import Check
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument, in_force
from services.agreements.domain.proposal import propose
from services.agreements.domain.risks import KNOWN
from services.agreements.domain.states import FINAL, Act, State, allows
from services.agreements.handlers.access import FILLS_IN
from services.agreements.handlers.commenting import audiences_of, is_city_staff
from services.agreements.handlers.filling import with_types
from services.agreements.handlers.hiding import as_read_by
from services.agreements.handlers.noting import MARKS_MILESTONES
from services.agreements.pages import forms
from services.agreements.pages.happenings import act_name, note_of
from services.agreements.pages.particular_forms import SPARE_MILESTONES, SPARE_RISKS
from services.agreements.store import Store
from services.agreements.views import AgreementView, called

HISTORY_ROWS, THREADS = 20, 10
_SECTIONS = {
    "allocations": "parties",
    "signatories": "parties",
    "terms": "instrument",
    "valid_to": "instrument",
    "communication_plan": "communication",
    "impact_plan": "impact",
}


async def surroundings(
    request: Request, store: Store, actor: Actor, file: AgreementFile, record: Instrument | None, today: date
) -> dict[str, Any]:
    """What is read beside the file, as far as this reader may see it."""
    scope, language = scope_of(actor), current_language()
    shown = decode(request.query_params.get("history"), small)
    happened = page(
        as_read_by(actor, await store.files.history(scope, file.agreement_id, shown, HISTORY_ROWS)),
        HISTORY_ROWS,
        lambda one: (one.position,),
    )
    start = decode(request.query_params.get("comments"), instant, UUID)
    comments = threads(
        await store.comments.of(scope, file.agreement_id, audiences_of(actor, file), start, THREADS), THREADS
    )
    records = await store.instruments.all(scope)
    fills_in = actor.has(*FILLS_IN) and allows(file.state, Act.EDIT)
    typed = await with_types(store, scope, file) if fills_in else file
    current = [in_force(records, code, today) for code in sorted({one.code for one in records})]
    return {
        "instruments": [(one.code, one.title.in_(language)) for one in current if one is not None],
        "proposal": propose(records, typed, today) if fills_in else (),
        "history": [(one.at, act_name(one.act), note_of(one, file, record)) for one in happened.items],
        "older": happened.next,
        "newest": shown is None,
        "comments": comments.items,
        "older_comments": comments.next,
        "newest_comments": start is None,
        "staff": is_city_staff(actor, file),
        "me": actor.subject,
        "may_override": actor.has("legal") and allows(file.state, Act.EDIT),
        "may_mark": actor.has(*MARKS_MILESTONES) and file.state not in FINAL,
        "may_take_out": fills_in and file.state is State.DRAFTED,
    }


def told(view: AgreementView, record: Instrument | None, *, fills_in: bool) -> dict[str, Any]:
    """What follows from the file alone: progress, what is missing and where to fill it in, choices of the forms."""
    language = current_language()
    blocking = [check for check in view.checks if check.severity == "block"]
    return {
        "blank": Form.of,
        "fills_in": fills_in,
        "settled": sum(check.settled for check in blocking),
        "in_all": len(blocking),
        "missing": [(check, anchor(check, fills_in)) for check in view.checks if not check.settled],
        "advice": [
            (check, anchor(check, fills_in))
            for check in view.checks
            if check.severity == "warning" and not check.closed
        ],
        "needed": {check.pointer for check in blocking if check.stage == "review"},
        "asked": {
            check.pointer: check.text.in_(language)
            for check in view.checks
            if not check.closed and check.pointer.startswith("/terms/")
        },
        "spare": forms.SPARE_INDICATORS,
        "spare_risks": SPARE_RISKS,
        "spare_milestones": SPARE_MILESTONES,
        "known_risks": KNOWN,
        "party_choices": [(one.party_id, called(one.name, view.department)) for one in view.parties],
        "party_names": {one.party_id: called(one.name, view.department) for one in view.parties},
    }


def anchor(check: Check, fills_in: bool) -> str:
    """Where on the page the thing is that the check asks for: its field for who may fill it in, else its section."""
    first, _slash, rest = check.pointer.strip("/").partition("/")
    if fills_in and first == "terms":
        return f"field-terms-{rest}"
    if fills_in and first == "valid_to":
        return "field-valid_to"
    return _SECTIONS.get(first, first)
