"""What changed between two versions of a file, and the document before anything is saved."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chassis.auth import Actor, require
from chassis.http.problem import invalid
from chassis.service import units_of
from chassis.validation import field_error
from chassis.web.formats import moment
from chassis.web.forms import Form, parse_form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from services.agreements.api import desk_of, scope_of
from services.agreements.handlers.access import FILLS_IN, refuse_reading, refuse_role
from services.agreements.handlers.comparing import compare, drafted_unsaved
from services.agreements.handlers.desk import city_day
from services.agreements.pages import forms
from services.agreements.pages.happenings import act_name
from services.agreements.problems import refusals_as_problems
from services.agreements.store.versions import SavedVersion
from services.agreements.views import pinned

SignedIn = Annotated[Actor, Depends(require())]
Version = Annotated[int | None, Query(ge=1, le=1_000_000)]
OFFERED = 100
"""How many versions the two choices offer, the newest."""


UNCHANGING = frozenset({"submit", "approve", "sign"})
"""Acts that move a file on and change no word of it."""


def _before_the_last_edit(versions: list[SavedVersion], last: int) -> int:
    """So that the page shows at once what was changed most recently."""
    edited = next((one.version for one in versions if one.version <= last and one.act not in UNCHANGING), last)
    return max((one.version for one in versions if one.version < edited), default=edited)


def _called(one: SavedVersion) -> str:
    return " · ".join((_("version %(number)s", number=one.version), moment(one.saved_at), act_name(one.act)))


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds the redline and the preview of what is not saved."""

    @routes.get("/files/{agreement_id}/redline")
    async def redline(
        request: Request,
        actor: SignedIn,
        agreement_id: UUID,
        first: Annotated[Version, Query(alias="from")] = None,
        last: Annotated[Version, Query(alias="to")] = None,
    ) -> Response:
        scope = scope_of(actor)
        async with units_of(request).reading() as store:
            with refusals_as_problems():
                file = refuse_reading(actor, await store.files.read(scope, agreement_id))
                versions = (await store.versions.of(scope, agreement_id, None, OFFERED))[:OFFERED]
                found = None
                if versions:
                    last = last or versions[0].version
                    first = first or _before_the_last_edit(versions, last)
                    found = await compare(store, scope, file, desk_of(request), first, last)
        return pages.render(
            request,
            "redline.html",
            file=file,
            versions=[(str(one.version), _called(one)) for one in versions],
            chosen=Form.of(**{"from": str(first), "to": str(last)}),
            found=found,
        )

    @routes.post("/files/{agreement_id}/preview")
    async def preview(request: Request, actor: SignedIn, agreement_id: UUID) -> Response:
        form = await parse_form(request, forms.TermsForm)
        if form.model is None:
            wrong = [
                field_error(
                    f"/{name.replace('.', '/')}", "invalid", "Questo campo non va bene.", "This field is not right."
                )
                for name in form.errors
            ]
            raise invalid(wrong)
        units, scope = units_of(request), scope_of(actor)
        async with units.reading() as store:
            with refusals_as_problems():
                file = refuse_reading(actor, await store.files.read(scope, agreement_id))
                refuse_role(actor, *FILLS_IN)
                record = await pinned(store, scope, file)
                if record is None:
                    raise invalid(
                        [
                            field_error(
                                "/instrument", "required", "Scegli prima lo strumento.", "Choose the instrument first."
                            )
                        ]
                    )
                words = await drafted_unsaved(
                    store, scope, file, form.model.command(record), desk_of(request), city_day(units.clock())
                )
        document = await desk_of(request).render(words)
        return Response(document, media_type="application/pdf", headers={"Cache-Control": "private, no-store"})
