"""The table of rules: complete, readable, and the same outcome in whatever order events come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.web.i18n import add_catalog, speaking
from contracts.event import REGISTRY, Event
from contracts.events import agreements as a
from contracts.events import intake as i
from contracts.events import matching as m
from contracts.subscriptions import CONSUMES
from services.notifications import links, wording
from services.notifications.consumers import HANDLERS, PROJECTIONS
from services.notifications.domain.kinds import KINDS
from services.notifications.domain.parts import Part, merge, open_parts
from services.notifications.domain.rules import RULES, Nothing, Opens, OpensForParties, Progress, parts_of
from services.notifications.domain.story import STORIES, facts_of, ids_of, links_of, thread_of
from services.notifications.tests.tale import Tale
from services.notifications.tests.wire import Sent, sent

pytestmark = pytest.mark.unit

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples"
OURS = set(CONSUMES["notifications"])
STEPS = [(event, step) for event, steps in RULES.items() if not isinstance(steps, Nothing) for step in steps]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def italian() -> None:
    add_catalog(Path(wording.__file__).parent / "pages" / "locale")


def examples() -> list[tuple[str, Any, dict[str, Any]]]:
    found = []
    for path in sorted(EXAMPLES.glob("*/*.json")):
        document = json.loads(path.read_text())
        event = REGISTRY[document["type"]]
        if event in OURS:
            found.append((path.parent.name, event.read(json.dumps(document["data"]).encode()), document["data"]))
    return found


def test_every_event_we_read_has_a_rule_or_a_reason_for_none() -> None:
    assert set(RULES) == OURS
    assert all(steps.reason if isinstance(steps, Nothing) else steps for steps in RULES.values())


def test_every_event_we_read_is_told_and_has_a_handler_and_is_replayed() -> None:
    assert set(STORIES) == OURS == set(HANDLERS) == set(PROJECTIONS["cases"].handlers)
    assert set(wording.STORY) == {event.type for event in OURS}


def test_every_kind_is_opened_by_something_and_everything_else_names_a_kind() -> None:
    opened = {step.kind for _, step in STEPS if isinstance(step, Opens | OpensForParties)}
    assert opened == set(KINDS) == set(wording.TASK) == set(wording.KIND)
    assert {step.kind for _, step in STEPS} == set(KINDS)


def test_what_only_a_person_can_close_is_exactly_what_is_said_so() -> None:
    settled = {step.kind for _, step in STEPS if not isinstance(step, Opens | OpensForParties | Progress)}
    assert set(KINDS) - settled == {"tell_parties", "thank_and_close"}


@pytest.mark.parametrize(
    ("name", "event", "data"), examples(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_published_example_is_told_in_both_languages(name: str, event: Any, data: dict[str, Any]) -> None:
    facts = facts_of(event)
    json.dumps(facts)
    assert isinstance(thread_of(event), UUID)
    assert all(
        link.case_id == getattr(event, "need_id", getattr(event, "answers_need_id", None)) for link in links_of(event)
    )
    assert "account_manager_id" not in ids_of(event)
    for part in parts_of(event, NOW):
        if part.content:
            assert wording.task(part.kind, None, 1, part.content.facts, "ReCup")
    both = wording.in_both(event.type, facts, "ReCup", {})
    assert both["it"] != both["en"]
    assert "%" not in both["en"].replace("%)", "").replace("\u00a0%", "")
    assert "–" not in both["en"].split("protocol")[0], f"{name} lacks a word: {both['en']}"


def test_no_free_text_and_no_account_is_told() -> None:
    free = {"reason", "note", "description", "beneficiaries", "summary", "subject", "account_manager_id", "covered_by"}
    assert not {(event, name) for event, story in STORIES.items() for name in story.tells if name in free}


def applied(memory: dict[Any, Part], batch: Iterable[Sent]) -> None:
    """As the store does it: one batch merged, then merged into what is known."""
    for part in merge(part for one in batch for part in parts_of(one.event, one.envelope.time)):
        known = memory.get(part.key)
        memory[part.key] = part if known is None else known.merged(part)


def outcome(batches: Iterable[Iterable[Sent]]) -> dict[Any, Any]:
    memory: dict[Any, Part] = {}
    for batch in batches:
        applied(memory, batch)
    return {
        part.key: (part.content, part.progress, part.moved, part.sleeps_until, part.moved_due)
        for part in open_parts(memory.values())
    }


def story(*steps: str) -> list[Sent]:
    tale = Tale()
    return sent(event for step in steps for event in getattr(tale, step)())


TALES = {
    "proposals": sent(Tale().until_proposals()),
    "accepted": sent(Tale().until_accepted()),
    "signed": sent(Tale().until_signed()),
    "whole": sent(Tale().all()),
    "released": sent([*(tale := Tale()).until_accepted(), tale.drafted(), tale.released()]),
    "rejected": sent(
        [
            *(tale := Tale()).until_accepted(),
            tale.drafted(),
            tale.review(),
            tale.file(a.AgreementRejected, 3, reason="no"),
            tale.released(),
        ]
    ),
    "sent back": sent([*(tale := Tale()).until_accepted(), tale.drafted(), tale.review(), tale.sent_back()]),
    "kept": sent([*(tale := Tale()).until_accepted(), tale.drafted(), tale.review(), *tale.end_refused()]),
    "kept, then released": sent([*(tale := Tale()).until_accepted(), *tale.end_refused(), tale.released(7)]),
    "expired": sent([*(tale := Tale()).until_proposals(), i.NeedExpired(need_id=tale.need, version=3)]),
    "renewed": sent(
        [*(tale := Tale()).until_proposals(), i.NeedExpired(need_id=tale.need, version=3), tale.guided(version=4)]
    ),
    "withdrawn": sent(
        [
            *(tale := Tale()).until_proposals(),
            i.NeedWithdrawn(need_id=tale.need, version=3),
            m.MatchExpired(match_id=tale.match, version=2, need_id=tale.need, reason_code="need_closed"),
        ]
    ),
    "countered": sent(
        [
            *(tale := Tale()).until_proposals(),
            tale.consented(2, "department:education", f"stakeholder:{tale.giver}"),
            tale.countered(3, f"stakeholder:{tale.giver}", "department:education"),
        ]
    ),
    "countered and undone": sent(
        [
            *(tale := Tale()).until_proposals(),
            tale.consented(2, "department:education", f"stakeholder:{tale.giver}"),
            tale.countered(3, f"stakeholder:{tale.giver}", "department:education"),
            tale.undone(4, "counter", (f"stakeholder:{tale.giver}",), ("department:education",)),
        ]
    ),
    "postponed": sent([*(tale := Tale()).until_proposals(), tale.postponed(2, NOW + timedelta(days=3))]),
    "replaced": sent([*(tale := Tale()).until_proposals(), tale.declined(), tale.taking_its_place()]),
    "two rejected submissions": sent([*(tale := Tale()).until_proposals(), tale.rejected_submission()]),
}
EXPECTED = {
    "proposals": {"decide_match": 2, "give_consent": 4},
    "accepted": {"choose_instrument": 1, "fill_plans": 1, "find_replacement": 1},
    "signed": {"follow_deliveries": 1, "record_delivery": 1, "find_replacement": 1},
    "whole": {"thank_and_close": 1},
    "released": {"find_replacement": 2},
    "rejected": {"find_replacement": 2, "tell_parties": 1},
    "sent back": {"mend_agreement": 1, "find_replacement": 1},
    "kept": {"review_agreement": 1, "match_kept": 1, "find_replacement": 1},
    "kept, then released": {"find_replacement": 2},
    "expired": {"decide_match": 2, "give_consent": 4, "renew_need": 1},
    "renewed": {"decide_match": 2, "give_consent": 4},
    "withdrawn": {"decide_match": 1, "give_consent": 2},
    "countered": {"decide_match": 2, "give_consent": 3},
    "countered and undone": {"decide_match": 2, "give_consent": 3},
    "postponed": {"decide_match": 2, "give_consent": 4},
    "replaced": {"decide_match": 2, "give_consent": 3},
    "two rejected submissions": {"decide_match": 2, "give_consent": 4, "help_department": 1, "fix_submission": 1},
}


@pytest.mark.parametrize("name", TALES)
def test_what_is_left_to_do(name: str) -> None:
    left: dict[str, int] = {}
    for kind, _, _ in outcome([[one] for one in TALES[name]]):
        if kind != "vet_stakeholder":
            left[kind] = left.get(kind, 0) + 1
    assert left == EXPECTED[name]


def test_why_a_match_stays_is_said_in_the_readers_language() -> None:
    asked, refused = Tale().end_refused()
    assert parts_of(asked, NOW) == []
    [part] = parts_of(refused, NOW)
    assert part.content is not None
    assert (part.kind, part.content.audience) == ("match_kept", "account_manager")
    said = wording.task_in_both(part.kind, "Portatili", 1, part.content.facts, None)
    assert "era già inviato alla verifica" in said["it"]
    assert "was submitted for review already" in said["en"]


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_order_and_any_redelivery_leave_the_same_items_open(data: st.DataObject) -> None:
    events = TALES[data.draw(st.sampled_from(sorted(TALES)))]
    straight = outcome([[one] for one in events])
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations([*events, *again]))
    size = data.draw(st.integers(1, len(shuffled)))
    assert outcome(shuffled[start : start + size] for start in range(0, len(shuffled), size)) == straight


def test_progress_is_told_by_the_latest_consent_even_if_it_came_first() -> None:
    tale = Tale()
    events = sent([*tale.both_consent()[::-1], tale.proposed()])
    memory: dict[Any, Part] = {}
    for one in events:
        applied(memory, [one])
    [decide] = [part for part in open_parts(memory.values()) if part.kind == "decide_match"]
    assert decide.progress["awaited"] == []
    assert decide.content is not None
    with speaking("en"):
        line = wording.part_line(decide.content.facts, decide.progress, {})
    assert line == f"Impresa {tale.giver.hex[:6]} · consents: 2 of 2"


def test_a_receivers_yes_counts_like_the_others() -> None:
    parties = [{"party_id": f"stakeholder:{role}", "role": role, "name": role} for role in ("giver", "receiver")]
    parties.append({"party_id": "department:education", "role": "department", "name": "department"})
    with speaking("en"):
        line = wording.part_line({"parties": parties}, {"awaited": ["stakeholder:receiver", "stakeholder:giver"]}, {})
    assert "consents: 1 of 3" in line


def test_whoever_is_asked_again_reads_what_changed() -> None:
    tale = Tale()
    memory: dict[Any, Part] = {}
    for one in sent([tale.proposed(), tale.countered(2, f"stakeholder:{tale.giver}", "department:education")]):
        applied(memory, [one])
    [asked] = [part for part in open_parts(memory.values()) if part.kind == "give_consent"]
    assert asked.content is not None
    assert asked.content.audience == "department:education"
    with speaking("en"):
        assert "goods 250 pieces instead of 271 pieces" in wording.part_line(asked.content.facts, asked.progress, {})


def test_deadlines_come_from_the_event_or_from_the_kind() -> None:
    tale = Tale()
    [opened] = [part for part in parts_of(tale.proposed(), NOW) if part.kind == "decide_match"]
    assert opened.content is not None
    assert opened.content.due_at == tale.expires_at
    [vet] = parts_of(tale.stakeholder(tale.giver), NOW)
    assert vet.content is not None
    assert (vet.content.due_at - NOW).days == KINDS["vet_stakeholder"].days


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_leads_to_where_it_is_worked_on(kind: str) -> None:
    match, agreement, case = uuid4(), uuid4(), uuid4()
    drafted = [{"part": agreement, "is_open": True, "facts": {}}]
    address = links.of(kind, match, case, drafted)
    assert address.startswith(("/intake/", "/matching/", "/agreements/", "/impact/", "/notifications/"))
    assert "{" not in address
    if KINDS[kind].audience in ("legal", "signatory"):
        assert address == f"/agreements/files/{agreement}"
        assert links.of(kind, match, case, [{"part": match, "is_open": True, "facts": {}}]) == "/agreements/desk"


def test_an_approved_agreement_asks_each_organisation_to_sign_and_the_signatory_for_the_city() -> None:
    giver, agreement = uuid4(), uuid4()
    approved = a.AgreementApproved(
        agreement_id=agreement,
        version=4,
        match_id=uuid4(),
        need_id=uuid4(),
        department="education",
        stakeholder_ids=(giver,),
        title="Laptop",
        instrument="donazione",
        signatories=("department:education", f"stakeholder:{giver}"),
        document_sha256="0" * 64,
    )
    asked = {part.content.audience: part.kind for part in parts_of(approved, NOW) if part.content}
    assert asked[f"stakeholder:{giver}"] == "sign_as_party"
    assert asked["signatory"] == "sign_agreement"
    assert "department:education" not in asked


class Signing:
    """An agreement that three parties sign, and who is asked to."""

    def __init__(self) -> None:
        self.tale = Tale()
        self.city = f"department:{self.tale.department}"
        self.giver, self.other = f"stakeholder:{self.tale.giver}", f"stakeholder:{self.tale.other}"
        self.parts: dict[Any, Part] = {}

    def approved(self, *awaited: str) -> Event:
        signatories = (self.giver, self.city, self.other)
        return self.tale.file(
            a.AgreementApproved, 3, title="Laptop", instrument="donazione", signatories=signatories,
            awaited=awaited or None, document_sha256="0" * 64,
        )  # fmt: skip

    def given(self, version: int, party: str, awaited: tuple[str, ...], called: tuple[str, ...] = ()) -> Event:
        more = {"title": "Laptop", "party_id": party, "awaited": awaited, "called": called, "missing": len(awaited)}
        return self.tale.file(a.AgreementSignatureGiven, version, **more)

    def asked(self, *happened: Event) -> set[str]:
        applied(self.parts, sent(list(happened)))
        kinds = ("sign_agreement", "sign_as_party")
        return {one.content.audience for one in open_parts(self.parts.values()) if one.kind in kinds and one.content}


def test_in_order_the_one_whose_turn_it_is_is_asked_to_sign() -> None:
    one = Signing()
    assert one.asked(one.approved(one.giver)) == {one.giver}
    assert one.asked(one.given(4, one.giver, (one.city,), (one.city,))) == {"signatory"}
    assert one.asked(one.given(5, one.city, (one.other,), (one.other,))) == {one.other}
    assert one.asked(one.tale.file(a.AgreementRejected, 6, reason="-")) == set()


def test_in_parallel_all_are_asked_and_who_signed_no_longer() -> None:
    one = Signing()
    assert one.asked(one.approved()) == {one.giver, "signatory", one.other}
    before = {key: part.content for key, part in one.parts.items()}
    assert one.asked(one.given(4, one.giver, (one.city, one.other))) == {"signatory", one.other}
    assert {key: one.parts[key].content for key in before} == before, "nobody's time begins anew"
    assert one.asked(one.given(5, one.city, (one.other,))) == {one.other}


def test_a_party_of_which_a_second_person_signs_is_still_asked() -> None:
    one = Signing()
    one.asked(one.approved(one.giver))
    assert one.asked(one.given(4, one.giver, (one.giver,))) == {one.giver}
    assert one.asked(one.given(5, one.giver, (one.city,), (one.city,))) == {"signatory"}


def test_signatures_that_come_late_or_again_ask_nobody_anew() -> None:
    one = Signing()
    first, second = (
        one.given(4, one.giver, (one.city,), (one.city,)),
        one.given(5, one.city, (one.other,), (one.other,)),
    )
    assert one.asked(second, first, one.approved(one.giver), first) == {one.other}


def test_one_proposal_is_opened_at_once_and_several_as_a_list() -> None:
    need, first, second = uuid4(), uuid4(), uuid4()
    one = [{"part": first, "is_open": True, "facts": {}}, {"part": second, "is_open": False, "facts": {}}]
    several = [{"part": first, "is_open": True, "facts": {}}, {"part": second, "is_open": True, "facts": {}}]
    assert links.of("decide_match", need, need, one) == f"/matching/proposals/{first}"
    assert links.of("decide_match", need, need, several) == f"/matching/proposals?need={need}"
