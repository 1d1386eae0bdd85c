"""What the address of the list of proposals asks for, and the way back to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import Request

from chassis.auth import Actor
from chassis.web.forms import Form
from chassis.web.vocabulary import choices
from services.matching.access import uuid_of
from services.matching.api import due_by, words_of
from services.matching.domain.states import TRANSITIONS
from services.matching.store.listing import Sort, Wanted

_PAGE = 30
LIST = "/matching/proposals"
STATES = tuple(dict.fromkeys(TRANSITIONS.values()))
POSTPONED = "postponed"
"""Proposed, but nobody's task before some day: kept apart from what is to be decided now."""
SORTS: tuple[Sort, ...] = get_args(Sort)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which proposals, in which order. What makes no sense there counts as not asked: a link never ends in an error.

    ``after`` is the cursor of the page that is shown; what is none is refused where the page is read.
    """

    state: str
    need: UUID | None
    mine: bool
    q: str
    policy_area: str
    nil: int | None
    kind: str
    due_within: int | None
    sort: Sort
    after: str | None

    @classmethod
    def of(cls, said: Mapping[str, str]) -> Asked:
        state, sort = said.get("state", "proposed"), said.get("sort", "urgent")
        return cls(
            state=state if state in (*STATES, POSTPONED) else "all",
            need=uuid_of(said.get("need", "")),
            mine=said.get("mine", "").lower() in ("true", "1", "on"),
            q=said.get("q", "").replace("\x00", "").strip()[:200],
            policy_area=_among(said.get("policy_area", ""), [code for code, _ in choices("policy_area")]),
            nil=_number(said.get("nil", ""), 88),
            kind=_among(said.get("kind", ""), [code for code, _ in choices("kind")]),
            due_within=_number(said.get("due_within", ""), 3650),
            sort=sort if sort in SORTS else "urgent",
            after=said.get("after"),
        )

    @classmethod
    def from_where(cls, where: str) -> Asked:
        """The list that a form came from; whatever was sent as :attr:`where`, it is this list."""
        return cls.of(dict(parse_qsl(where)))

    @property
    def narrowing(self) -> dict[str, str]:
        """Only what differs from what is shown without asking, for whichever page."""
        said = {name: getattr(self, name) for name in ("need", "q", "policy_area", "nil", "kind", "due_within")}
        said |= {"mine": "true" if self.mine else None, "sort": None if self.sort == "urgent" else self.sort}
        return {"state": self.state} | {name: str(value) for name, value in said.items() if value not in (None, "")}

    @property
    def where(self) -> str:
        """The query of this very page, for a form to bring along."""
        return urlencode(self.narrowing | ({"after": self.after} if self.after else {}))

    @property
    def address(self) -> str:
        """This very page."""
        return f"{LIST}?{self.where}"

    @property
    def first(self) -> str | None:
        """The first page, where this is another one."""
        return f"{LIST}?{urlencode(self.narrowing)}" if self.after else None

    def next(self, after: str | None) -> str | None:
        """The page after this one, when there is one."""
        return f"{LIST}?{urlencode(self.narrowing | {'after': after})}" if after else None

    @property
    def file(self) -> str:
        """All pages as a file."""
        return f"{LIST}.csv?{urlencode(self.narrowing)}"

    @property
    def narrowed(self) -> bool:
        return bool(set(self.narrowing) - {"state", "need", "sort"})

    def wanted(self, request: Request, actor: Actor) -> Wanted:
        """All of it, from its beginning."""
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


def _number(text: str, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and 0 <= int(text) <= most else None


def _among(text: str, known: list[str]) -> str:
    return text if text in known else ""
