"""One proposal as a page: where it stands, what the reader may do about it, what happened so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from chassis.auth import Actor
from chassis.service import units_of
from chassis.web.forms import Form
from chassis.web.pages import Pages
from chassis.web.vocabulary import label
from services.matching.access import sees_notes, speaker_of
from services.matching.api import due_by, instruments_for, match_for, matches_page, policy_of, scope_of
from services.matching.domain.postponing import latest_day
from services.matching.pages import texts
from services.matching.store.listing import Wanted
from services.matching.views import MatchView, PartyView, PastStepView

_COMPARED = 6
FORMS = ("accept", "behalf", "counter", "postpone", "decline", "undo")
"""The forms of the page; each tells its fields apart by its name."""


async def show(
    pages: Pages,
    request: Request,
    actor: Actor,
    match_id: UUID,
    *,
    status: int = 200,
    warning: str = "",
    forms: dict[str, Form[Any]] | None = None,
) -> Response:
    """The page; ``forms`` are those sent back with what is wrong with them, as they were typed."""
    match = await match_for(request, actor, match_id)
    others = await matches_page(request, actor, Wanted(match.need_id, None, "proposed", limit=_COMPARED))
    now = units_of(request).clock()
    own, manages = own_parties(actor, match), actor.has("account_manager")
    open_ = match.state == "proposed"
    filled = forms or {}
    return pages.render(
        request,
        "proposal.html",
        status=status,
        match=match,
        names={party.party_id: _called(party) for party in match.parties},
        own=own,
        awaited_of_me=awaited_of(actor, match),
        for_others=[one for one in match.awaited if one not in own] if manages and open_ else [],
        deciding_for=(own or [party.party_id for party in match.parties] if manages else own) if open_ else [],
        may_release=match.state == "accepted" and manages and not _begun(match) and not _ending(match),
        may_undo=_may_undo(match, now),
        asleep=match.postponed_until is not None and match.postponed_until > now,
        tomorrow=due_by(request, 1),
        latest=latest_day(
            match.due_on, match.expires_at if match.reserved else None, now, policy_of(request), match.proposed_at
        )[0],
        to_agree=[] if match.reserved else [one for one in match.allocations if one.to_agree],
        compared=sorted(
            [*(one for one in others.items if one.match_id != match_id), match], key=lambda one: -one.score
        ),
        instruments=await instruments_for(request, actor, match) if match.closed_at is None else None,
        steps=await _steps(request, actor, match_id),
        warning=warning,
        typed=[text for form in filled.values() if (text := form.text("note") or form.text("reason"))],
        forms={name: filled.get(name, Form.of()).called("accept-1" if name == "accept" else name) for name in FORMS},
        opened={name for name, form in filled.items() if form.values},
        channels=texts.choices("channel", "own"),
        decline_reasons=texts.choices("decline_reason"),
        text=texts.text,
        closing=texts.closing,
    )


async def _steps(request: Request, actor: Actor, match_id: UUID) -> list[PastStepView]:
    async with units_of(request).reading() as store:
        found = await store.history.since(scope_of(actor), match_id, 0)
    return [PastStepView.of(one, notes=sees_notes(actor)) for one in found]


def own_parties(actor: Actor, match: MatchView) -> list[str]:
    """Parties of the match that the reader is one of."""
    if not actor.has("department", "partner"):
        return []
    speaker = speaker_of(actor)
    return [
        party.party_id
        for party in match.parties
        if (speaker.department is not None and party.department == speaker.department)
        or str(party.stakeholder_id) in speaker.stakeholders
    ]


def awaited_of(actor: Actor, match: MatchView) -> list[str]:
    """Parties for which the reader has yet to say yes."""
    if match.state != "proposed":
        return []
    return [party_id for party_id in own_parties(actor, match) if party_id in match.awaited]


def answerable(actor: Actor, matches: Sequence[MatchView]) -> set[UUID]:
    """The open proposals that the reader may answer with several at once."""
    return {one.match_id for one in matches if one.state == "proposed" and party_for(actor, one) is not None}


def party_for(actor: Actor, match: MatchView) -> str | None:
    """For whom the reader answers when nothing is asked: their own party where there is just one, and for account
    managers the department that asks."""
    own = own_parties(actor, match)
    if own:
        return own[0] if len(own) == 1 else None
    if not actor.has("account_manager"):
        return None
    return next((one.party_id for one in match.parties if one.role == "department"), None)


def _called(party: PartyView) -> str:
    """A department goes by its code in the events; people know it by its name."""
    return label("department", party.department) if party.department else party.name


def _begun(match: MatchView) -> bool:
    return any(one.committed != "0" for one in match.allocations)


def _ending(match: MatchView) -> bool:
    """Its end by the account manager, or because a party withdrew, is asked and not answered."""
    asked = match.asked
    return asked is not None and asked.refused is None and asked.reason != "undone"


def _may_undo(match: MatchView, now: Any) -> bool:
    last = match.last_step
    return last is not None and last.undo_until is not None and last.undo_until > now
