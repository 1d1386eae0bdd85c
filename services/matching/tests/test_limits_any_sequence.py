"""Whatever needs and offers say of their limits, and whoever answers in between: no open proposal is beyond one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chassis.testing import Running
from contracts.places import Place, PlaceLimit
from contracts.values import Line, OfferPartner, StakeholderType
from services.matching.tests.test_limits import breaks_a_limit
from services.matching.tests.things import a_giver, a_need, an_offer
from services.matching.tests.world import World, goods

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
API = "/matching/api/v1/matches"
KINDS: tuple[StakeholderType, ...] = ("company", "association", "school")
PLACES = st.sampled_from([None, *(Place(label="-", nil=nil) for nil in (1, 14, 11)), Place(label="-", municipio=9)])
LIMITS = st.sampled_from([None, None, PlaceLimit(municipi=(9,)), PlaceLimit(nils=(1, 11))])
SIZES = st.sampled_from([("30", None), ("30", "10"), ("60", "40"), ("12", None), (None, "20")])


class Story:
    """One city, with what was last said of each need and offer."""

    def __init__(self, world: World, data: st.DataObject) -> None:
        self.world, self.data = world, data
        self.givers: list[UUID] = []
        self.needs: dict[UUID, dict[str, Any]] = {}
        self.offers: dict[UUID, dict[str, Any]] = {}

    async def begin(self) -> None:
        """Nobody has said a limit but of quantity: there is something to agree to."""
        self.givers = [await self.world.stakeholder(f"Giver {kind}", kind) for kind in KINDS]
        for _ in range(2):
            line, said = self._line(), {"place": self.data.draw(PLACES)}
            self.needs[await self.world.need("Sedie", line, **said)] = said | {"line": line}
        for _ in range(4):
            line, giver = self._line(), self.data.draw(st.sampled_from(self.givers))
            said = {"partners": (), "place": self.data.draw(PLACES)}
            self.offers[await self.world.offer("Sedie", giver, line, **said)] = said | {"line": line, "giver": giver}

    def _line(self) -> Line:
        quantity, lot = self.data.draw(SIZES)
        return goods(quantity, min_lot=lot)

    def _need_limits(self) -> dict[str, Any]:
        draw = self.data.draw
        place, only_in = draw(PLACES), draw(LIMITS)
        return {
            "place": place,
            "only_in": only_in,
            "excluded_stakeholders": tuple(draw(st.sets(st.sampled_from(self.givers), max_size=1))),
            "excluded_stakeholder_types": tuple(draw(st.sets(st.sampled_from(KINDS), max_size=1))),
        }

    def _offer_limits(self, giver: UUID) -> dict[str, Any]:
        draw = self.data.draw
        behind = [one for one in self.givers if one != giver]
        partners = draw(st.sets(st.sampled_from(behind), max_size=1))
        return {
            "place": draw(PLACES),
            "only_in": draw(LIMITS),
            "partners": tuple(OfferPartner(stakeholder_id=one) for one in partners),
            "excluded_departments": draw(st.sampled_from([(), (), ("education",)])),
            "excluded_policy_areas": draw(st.sampled_from([(), (), ("digital_poverty",)])),
        }

    async def something_happens(self) -> None:
        what = self.data.draw(st.sampled_from(["yes", "yes", "counter", "need", "offer"]))
        if what == "need":
            need = self.data.draw(st.sampled_from(list(self.needs)))
            self.needs[need] |= (said := self._need_limits())
            await self.world.need("Sedie", self.needs[need]["line"], need_id=need, **said)
        elif what == "offer":
            offer = self.data.draw(st.sampled_from(list(self.offers)))
            before = self.offers[offer]
            before |= (said := self._offer_limits(before["giver"]))
            await self.world.offer("Sedie", before["giver"], before["line"], offer_id=offer, **said)
        else:
            await self._answer(what)

    async def _answer(self, what: str) -> None:
        await self.world.settled()
        open_ones = sorted(await self.world.matches(state="proposed"), key=self._place)
        if not open_ones:
            return
        match = open_ones[self.data.draw(st.integers(0, 9)) % len(open_ones)]
        quantity = str(self.data.draw(st.integers(1, 60)))
        body: dict[str, Any] = {"party_id": "department:education", "channel": "telephone", "note": "called on Monday"}
        if what == "counter" or match["allocations"][0]["quantity"] is None:
            body["quantities"] = [{"position": 0, "quantity": quantity}]
        path = "counter" if what == "counter" else "accept"
        async with self.world.manager() as client:
            answer = await client.post(f"{API}/{match['match_id']}/{path}", json=body)
        assert answer.status_code in (200, 409, 422), answer.text

    def _place(self, match: dict[str, Any]) -> tuple[int, list[int]]:
        """By what was said first: ids are others in every run, and examples count in this order."""
        needs, offers = [str(one) for one in self.needs], [str(one) for one in self.offers]
        return needs.index(match["need_id"]), [offers.index(one["offer_id"]) for one in match["allocations"]]

    # -- what always holds -----------------------------------------------------------------------------------

    async def nothing_is_beyond_a_limit(self) -> None:
        await self.world.settled()
        found = await self.world.matches(state="proposed")
        for match in found:
            [part] = match["allocations"]
            need, offer = self.needs[UUID(match["need_id"])], self.offers[UUID(part["offer_id"])]
            self._check(need, offer)
            self._check_lot(match, part, found)

    def _check(self, need: Mapping[str, Any], offer: Mapping[str, Any]) -> None:
        kinds = dict(zip(self.givers, KINDS, strict=True))
        asked = a_need(**{name: value for name, value in need.items() if name != "line"})
        giver = a_giver(kind=kinds[offer["giver"]])
        behind = {one.stakeholder_id: kinds[one.stakeholder_id] for one in offer["partners"]}
        said = {name: value for name, value in offer.items() if name not in ("line", "giver")}
        given_by = an_offer(giver=giver, partner_kinds=behind, **said)
        state = given_by.state.model_copy(update={"stakeholder_id": offer["giver"]})
        assert not breaks_a_limit(asked.state, state, given_by, meets=True), (need, offer)

    def _check_lot(self, match: Mapping[str, Any], part: Mapping[str, Any], found: list[dict[str, Any]]) -> None:
        """Below a lot is only what others leave: somebody else holds the rest of the line."""
        if part["quantity"] is None:
            return
        for line, mine in (
            (self.needs[UUID(match["need_id"])]["line"], lambda one: one["need_id"] == match["need_id"]),
            (
                self.offers[UUID(part["offer_id"])]["line"],
                lambda one: one["allocations"][0]["offer_id"] == part["offer_id"],
            ),
        ):
            if line.min_lot is None or Decimal(part["quantity"]) >= line.min_lot:
                continue
            others = [one for one in found if one["match_id"] != match["match_id"] and mine(one)]
            assert any(p["consent"] == "given" for one in others for p in one["parties"]), (match, line)


# No shrinking: an example is a story of its own on a real database, and takes a second.
@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_open_proposal_is_beyond_a_limit(
    matching: Running, producer: AIOKafkaProducer, data: st.DataObject
) -> None:
    story = Story(World(matching, producer), data)
    await story.begin()
    await story.nothing_is_beyond_a_limit()
    for _ in range(data.draw(st.integers(2, 6))):
        await story.something_happens()
    await story.nothing_is_beyond_a_limit()
