"""The list of proposals: what is looked for, page by page, as a file, and the same answer to several at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Actor, CurrentActor
from chassis.auth.dependencies import refuse_unless
from chassis.service import units_of
from chassis.web.forms import Form
from chassis.web.i18n import gettext as _
from chassis.web.pages import Pages
from chassis.web.vocabulary import choices, label
from contracts.neighbourhoods import NEIGHBOURHOODS
from services.matching.access import READERS, reach_of
from services.matching.api import due_by, matches_page, position, scope_of, words_of
from services.matching.domain.states import TRANSITIONS
from services.matching.pages import several, spreadsheet, texts
from services.matching.pages.showing import awaited_of
from services.matching.store.listing import COUNTED, Sort, Wanted
from services.matching.views import MatchView

_PAGE, _AT_ONCE = 30, 200
STATES = tuple(dict.fromkeys(TRANSITIONS.values()))
POSTPONED = "postponed"
"""Proposed, but nobody's task before some day: kept apart from what is to be decided now."""
SORTS: tuple[Sort, ...] = get_args(Sort)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. What makes no sense there counts as not asked: a link never ends in an error."""

    state: str
    need: UUID | None
    mine: bool
    q: str
    policy_area: str
    nil: int | None
    kind: str
    due_within: int | None
    sort: Sort

    @classmethod
    def of(cls, request: Request) -> Asked:
        said = request.query_params
        state, sort = said.get("state", "proposed"), said.get("sort", "urgent")
        return cls(
            state=state if state in (*STATES, POSTPONED) else "all",
            need=_uuid(said.get("need", "")),
            mine=said.get("mine", "").lower() in ("true", "1", "on"),
            q=said.get("q", "").replace("\x00", "").strip()[:200],
            policy_area=_among(said.get("policy_area", ""), [code for code, _ in choices("policy_area")]),
            nil=_number(said.get("nil", ""), 88),
            kind=_among(said.get("kind", ""), [code for code, _ in choices("kind")]),
            due_within=_number(said.get("due_within", ""), 3650),
            sort=sort if sort in SORTS else "urgent",
        )

    @property
    def address(self) -> dict[str, str]:
        """Only what differs from what is shown without asking."""
        said = {name: getattr(self, name) for name in ("need", "q", "policy_area", "nil", "kind", "due_within")}
        said |= {"mine": "true" if self.mine else None, "sort": None if self.sort == "urgent" else self.sort}
        return {"state": self.state} | {name: str(value) for name, value in said.items() if value not in (None, "")}

    @property
    def narrowed(self) -> bool:
        return bool(set(self.address) - {"state", "need", "sort"})

    def wanted(self, request: Request, actor: Actor) -> Wanted:
        known = "proposed" if self.state == POSTPONED else self.state if self.state in STATES else None
        return Wanted(
            need_id=self.need,
            state=known,
            account_manager_id=actor.subject if self.mine and actor.has("account_manager") else None,
            limit=_PAGE,
            asleep=self.state == POSTPONED if known == "proposed" and self.need is None else None,
            words=words_of(self.q),
            policy_area=self.policy_area or None,
            nil=self.nil,
            kind=self.kind or None,
            due_by=due_by(request, self.due_within),
            sort=self.sort,
        )

    def form(self) -> Form[Any]:
        return Form.of(**{name: getattr(self, name) for name in self.__slots__})


def add(routes: APIRouter, pages: Pages) -> None:
    """Adds ``/matching/proposals``, the same as a file, and answers to several."""

    @routes.get("/proposals")
    async def proposals(request: Request, actor: CurrentActor, after: str | None = None) -> Response:
        refuse_unless(actor, *READERS)
        asked = Asked.of(request)
        wanted = asked.wanted(request, actor)
        found = await matches_page(request, actor, replace(wanted, after=position(after, asked.sort)))
        async with units_of(request).reading() as store:
            count = await store.overview.count(scope_of(actor), reach_of(actor), wanted)
        address = asked.address
        return pages.render(
            request,
            "proposals.html",
            matches=found.items,
            count=min(count, COUNTED),
            many=count > COUNTED,
            asked=asked,
            own={match.match_id: awaited_of(actor, match) for match in found.items},
            selectable=several.answerable(actor, found.items),
            now=units_of(request).clock(),
            form=asked.form(),
            states=[
                ("all", _("All")),
                *((code, label("match_state", code)) for code in STATES),
                (POSTPONED, _("Put off")),
            ],
            policy_areas=choices("policy_area"),
            kinds=choices("kind"),
            neighbourhoods=sorted(((str(one.number), one.name) for one in NEIGHBOURHOODS.values()), key=lambda o: o[1]),
            days=[(str(days), _("within %(num)s days", num=days)) for days in (7, 14, 30, 60, 90)],
            sorts=[(code, texts.text("sort", code)) for code in SORTS],
            answer=several.empty_form(request),
            manages=actor.has("account_manager"),
            channels=texts.choices("channel", "own"),
            decline_reasons=texts.choices("decline_reason"),
            first=f"?{urlencode(address)}" if after else None,
            next=f"?{urlencode(address | {'after': found.next})}" if found.next else None,
            as_file=f"/matching/proposals.csv?{urlencode(address)}",
        )

    @routes.get("/proposals.csv")
    async def as_csv(request: Request, actor: CurrentActor) -> Response:
        refuse_unless(actor, *READERS)
        wanted = replace(Asked.of(request).wanted(request, actor), limit=_AT_ONCE)
        return spreadsheet.as_file(
            "proposals",
            _COLUMNS,
            lambda after: matches_page(request, actor, replace(wanted, after=position(after, wanted.sort))),
        )

    several.add(routes, pages)


_COLUMNS: dict[str, Callable[[MatchView], object]] = {
    "match_id": lambda match: match.match_id,
    "state": lambda match: match.state,
    "need": lambda match: match.need_title,
    "need_id": lambda match: match.need_id,
    "department": lambda match: match.department,
    "policy_area": lambda match: match.policy_area,
    "givers": lambda match: "; ".join(one.name for one in match.parties if one.role == "giver"),
    "brings": lambda match: "; ".join(
        f"{one.capability or one.kind}: {'' if one.quantity is None else one.quantity} {one.unit}"
        for one in match.allocations
    ),
    "score": lambda match: round(match.score, 4),
    "needed_by": lambda match: match.due_on,
    "proposed_at": lambda match: match.proposed_at.isoformat(timespec="seconds"),
    "open_until": lambda match: match.expires_at.isoformat(timespec="seconds"),
    "put_off_until": lambda match: match.postponed_until and match.postponed_until.isoformat(timespec="seconds"),
    "awaited": lambda match: "; ".join(one.name for one in match.parties if one.consent == "pending"),
}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and 0 <= int(text) <= most else None


def _among(text: str, known: list[str]) -> str:
    return text if text in known else ""
