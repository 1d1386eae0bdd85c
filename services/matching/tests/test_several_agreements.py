"""One match with several agreements: each commits, releases and amends its own lines, and nothing is lost between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.events import agreements
from contracts.values import Allocation
from services.matching.domain import agreed
from services.matching.domain import match as matches
from services.matching.domain.ledger import MOVES, ZERO
from services.matching.domain.match import Decision, Match
from services.matching.domain.parts import Part
from services.matching.tests.test_concurrency import conserved
from services.matching.tests.world import World, goods, money

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SHARES = {"A": (0, 1), "B": (2,)}
"""Which agreement is about which of the match's parts."""


def accepted(quantities: list[Decimal]) -> Match:
    parts = tuple(
        Part(
            position=position,
            allocation=Allocation(
                offer_id=uuid4(), offer_line=0, need_line=position, stakeholder_id=uuid4(), kind="goods",
                quantity=quantity, unit="C62",
            ),
            offer_version=1,
            reserved=quantity,
        )
        for position, quantity in enumerate(quantities)
    )  # fmt: skip
    return Match(
        match_id=uuid4(), version=3, state="accepted", need_id=uuid4(), need_title="Portatili", department="education",
        with_departments=(), policy_area="digital_poverty", triangulation=True, parties=(), parts=parts,
        account_manager_id=None, expires_at=NOW,
    )  # fmt: skip


class Together(RuleBasedStateMachine):
    """Two agreements of one match in any order: a little ledger beside it adds up what every move says."""

    @initialize(quantities=st.lists(st.integers(1, 50).map(Decimal), min_size=3, max_size=3))
    def begin(self, quantities: list[Decimal]) -> None:
        self.match = accepted(quantities)
        self.asked = dict(enumerate(quantities))
        self.buckets = {
            position: {"free": ZERO, "reserved": quantity, "committed": ZERO, "delivered": ZERO}
            for position, quantity in enumerate(quantities)
        }
        self.ended: set[str] = set()
        self.signed: set[str] = set()

    def lines(self, which: str) -> tuple[Allocation, ...]:
        return tuple(self.match.parts[position].agreed for position in SHARES[which])

    def take(self, decision: Decision | None) -> None:
        if decision is None:
            return
        for move in decision.moves:
            source, target = MOVES[move.entry]
            bucket = self.buckets[move.part.position]
            bucket[source] -= move.quantity
            bucket[target] += move.quantity
        self.match = decision.match

    @rule(which=st.sampled_from("AB"))
    def sign(self, which: str) -> None:
        if self.match.state == "accepted" and which not in self.ended | self.signed:
            self.signed.add(which)
            self.take(matches.sign(self.match, self.lines(which)))

    @rule(which=st.sampled_from("AB"), early=st.booleans())
    def end(self, which: str, early: bool) -> None:
        if which in self.ended:
            return
        self.ended.add(which)
        over = self.ended == {"A", "B"}
        kind = agreements.AgreementTerminated if which in self.signed else agreements.AgreementRejected
        more = {"effective_on": date(2026, 11, 20)} if which in self.signed else {}
        event = kind(**paper(self.match), version=9, reason="-", allocations=self.lines(which), match_over=over, **more)
        reason = "agreement_terminated" if which in self.signed else "agreement_rejected"
        self.take(agreed.end(self.match, event, reason, NOW))  # type: ignore[arg-type]

    @rule(which=st.sampled_from("AB"), share=st.integers(1, 100))
    def amend(self, which: str, share: int) -> None:
        if which not in self.signed or which in self.ended:
            return
        less = tuple(
            one.model_copy(update={"quantity": max((one.quantity * share / 100).quantize(Decimal(1)), Decimal(1))})
            for one in self.lines(which)
        )
        self.take(agreed.amend(self.match, less))
        again = agreed.amend(self.match, less)
        assert again is None or not again.moves, "the same amendment twice gives nothing back twice"

    @rule(position=st.integers(0, 2), quantity=st.integers(1, 30).map(Decimal))
    def deliver(self, position: int, quantity: Decimal) -> None:
        which = next(name for name, positions in SHARES.items() if position in positions)
        part = self.match.parts[position]
        if which in self.signed and part.reserved == 0:
            self.take(matches.deliver(self.match, part, quantity, self.buckets[position]["free"]))

    @invariant()
    def nothing_is_lost_and_nothing_twice(self) -> None:
        for position, bucket in self.buckets.items():
            assert sum(bucket.values()) == self.asked[position]
            assert min(bucket.values()) >= 0
            part = self.match.parts[position]
            assert (part.reserved, part.committed, part.delivered) == (
                bucket["reserved"], bucket["committed"], bucket["delivered"],
            )  # fmt: skip

    @invariant()
    def what_ended_holds_nothing_and_what_goes_on_keeps_its_own(self) -> None:
        for which in self.ended:
            for position in SHARES[which]:
                assert self.buckets[position]["reserved"] == self.buckets[position]["committed"] == 0
        assert (self.match.state == "released") == (self.ended == {"A", "B"})


Together.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestTogether = pytest.mark.unit(Together.TestCase)


def paper(match: Match | Mapping[str, Any], agreement_id: UUID | None = None) -> dict[str, Any]:
    values = match if isinstance(match, Mapping) else {"match_id": match.match_id, "need_id": match.need_id}
    return {
        "agreement_id": agreement_id or uuid4(),
        "match_id": values["match_id"],
        "need_id": values["need_id"],
        "department": "education",
        "stakeholder_ids": (),
    }


@pytest.mark.integration
async def test_one_of_two_agreements_ends_and_the_other_is_amended(world: World) -> None:
    giver = await world.stakeholder("Fondazione Bracco")
    need = await world.need("Settimana dei diritti", goods("10"), money("500"))
    offer = await world.offer("Per la settimana dei diritti", giver, goods("10"), money("500"))
    match = await world.accepted_by_all(
        next(one for one in await world.proposals(need) if len(one["allocations"]) == 2)
    )
    things, sum_ = sorted(match["allocations"], key=lambda one: one["kind"])
    lines = {one["kind"]: Allocation(**{name: one[name] for name in Allocation.model_fields}) for one in (things, sum_)}
    one, other = uuid4(), uuid4()
    await world.signed(match | {"allocations": [things], "agreement_id": str(one)})
    await world.balance_with(offer, things["offer_line"], committed="10")
    await world.balance_with(offer, sum_["offer_line"], reserved="500", committed="0")

    refused = agreements.AgreementRejected(
        **paper(match, other), version=4, reason="-", allocations=(lines["money"],), match_over=False
    )
    await world.say(refused, other, case=match["need_id"])
    await world.balance_with(offer, sum_["offer_line"], free="500", reserved="0")
    await world.balance_with(offer, things["offer_line"], committed="10", free="0")
    assert (await world.match(match["match_id"]))["state"] == "accepted"

    less = lines["goods"].model_copy(update={"quantity": Decimal(7)})
    amended = agreements.AgreementAmended(
        **paper(match, one), version=12, amendment=1, summary="-", allocations=(less,),
        released=(lines["goods"].model_copy(update={"quantity": Decimal(3)}),),
    )  # fmt: skip
    await world.say(amended, one, case=match["need_id"])
    await world.balance_with(need, things["need_line"], free="3", committed="7")
    await world.delivered(match, "2", match["allocations"].index(things))
    await world.balance_with(offer, things["offer_line"], free="3", committed="5", delivered="2")

    ended = agreements.AgreementTerminated(
        **paper(match, one), version=13, reason="-", effective_on=date(2026, 11, 20), allocations=(less,),
        match_over=True,
    )  # fmt: skip
    await world.say(ended, one, case=match["need_id"])
    await world.balance_with(offer, things["offer_line"], free="8", committed="0", delivered="2")
    assert (await world.match(match["match_id"]))["state"] == "released"
    await conserved(world)
