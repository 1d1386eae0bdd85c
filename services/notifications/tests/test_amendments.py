"""An amendment asks the same people as the agreement did, and leaves nothing behind when it comes to nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from contracts.events import agreements as a
from services.notifications.domain.parts import Part, open_parts
from services.notifications.tests.tale import Tale
from services.notifications.tests.test_rules import applied
from services.notifications.tests.wire import sent

pytestmark = pytest.mark.unit
SIGNING = {"collect_signatures", "sign_agreement", "sign_as_party"}


class Memory:
    """What is open after each event of one tale."""

    def __init__(self) -> None:
        self.tale = Tale()
        self.parts: dict[Any, Part] = {}
        applied(self.parts, sent(self.tale.until_signed()))

    def amendment(self, version: int, state: str) -> set[str]:
        more = (
            {"signatories": ("department:education", f"stakeholder:{self.tale.giver}")} if state == "approved" else {}
        )
        return self.after(
            self.tale.file(
                a.AgreementAmendmentChanged, version, title="Laptops", instrument="donazione", amendment=1,
                kind="amendment", state=state, **more,
            )
        )  # fmt: skip

    def after(self, event: Any) -> set[str]:
        applied(self.parts, sent([event]))
        return {part.kind for part in self.open()}

    def open(self) -> list[Part]:
        return list(open_parts(self.parts.values()))


def test_an_amendment_is_reviewed_signed_and_told() -> None:
    memory = Memory()
    assert not SIGNING & {part.kind for part in memory.open()}
    assert "review_agreement" in memory.amendment(20, "in_review")
    kinds = memory.amendment(21, "approved")
    assert kinds >= SIGNING
    assert "review_agreement" not in kinds
    asked = [part.content.audience for part in memory.open() if part.kind == "sign_as_party" and part.content]
    assert asked == [f"stakeholder:{memory.tale.giver}"]
    amended = memory.tale.file(a.AgreementAmended, 23, amendment=1, summary="-", valid_to=date(2029, 5, 31))
    kinds = memory.after(amended)
    assert not SIGNING & kinds
    assert "tell_parties" in kinds
    [follow] = [part for part in memory.open() if part.kind == "follow_deliveries"]
    assert follow.content is not None
    assert follow.content.due_at.date() == date(2029, 5, 31)


def test_under_an_amendment_too_each_is_asked_when_their_turn_comes_and_no_longer_once_they_signed() -> None:
    memory = Memory()
    tale, giver = memory.tale, f"stakeholder:{memory.tale.giver}"
    city = "department:education"
    approved = tale.file(
        a.AgreementAmendmentChanged, 21, title="Laptops", instrument="donazione", amendment=1, kind="amendment",
        state="approved", signatories=(giver, city), awaited=(giver,),
    )  # fmt: skip
    assert memory.after(approved) & SIGNING == {"collect_signatures", "sign_as_party"}
    given = tale.file(
        a.AgreementSignatureGiven, 22, title="Laptops", party_id=giver, awaited=(city,), called=(city,), missing=1,
        amendment=1,
    )  # fmt: skip
    assert memory.after(given) & SIGNING == {"collect_signatures", "sign_agreement"}
    assert not SIGNING & memory.after(tale.file(a.AgreementAmended, 23, amendment=1, summary="amendment"))


@pytest.mark.parametrize("end", ["rejected", "withdrawn", "lapsed"])
def test_an_amendment_that_comes_to_nothing_asks_nothing_any_more(end: str) -> None:
    memory = Memory()
    before = {part.kind for part in memory.open()}
    memory.amendment(20, "in_review")
    memory.amendment(21, "approved")
    assert memory.amendment(22, end) == before


def test_a_rest_with_a_day_is_looked_at_on_that_day() -> None:
    memory = Memory()
    memory.after(memory.tale.file(a.AgreementSuspended, 20, reason="-", until=date(2027, 1, 9)))
    [rest] = [part for part in memory.open() if part.kind == "resolve_suspension"]
    assert rest.content is not None
    assert rest.content.due_at.date() == date(2027, 1, 9)


def test_lines_of_one_of_several_agreements_are_looked_for_again() -> None:
    for match_over in (False, True):
        tale, parts = Tale(), dict[Any, Part]()
        event = tale.file(a.AgreementTerminated, 20, reason="-", effective_on=date(2027, 1, 9), match_over=match_over)
        applied(parts, sent([*tale.until_signed(), event]))
        sought = [one for one in open_parts(parts.values()) if (one.kind, one.part) == ("find_replacement", tale.match)]
        assert bool(sought) is not match_over, "the end of the whole match is told by MatchReleased"
