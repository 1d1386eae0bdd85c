"""What anybody may try with the agreements of one match, on any day: the rules, for tests that say what must hold."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chassis.clock import new_id
from contracts.events import agreements as a
from contracts.values import Allocation, CommunicationPlan, ImpactPlan, Party, SignatureEvidence
from services.agreements.domain import amending, closing, drafting, overriding, signing, splitting
from services.agreements.domain.closing import Calendar
from services.agreements.domain.commands import Amend, ChooseInstrument, Renew, Split
from services.agreements.domain.file import AgreementFile, LineChange, Protocol, Signatory
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome
from services.agreements.domain.refusals import NotPossible, Refused
from services.agreements.domain.splitting import match_over
from services.agreements.domain.states import (
    FINAL,
    Act,
    State,
    allows,
)
from services.agreements.tests.story import DONATION_TERMS, EDUCATION, donation
from services.agreements.vademecum import first_records

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)
RECORD = next(record for record in first_records() if record.code == "donazione")
CALENDAR = Calendar(expires_after_days=10, renewal_from_days=60)
FILE = st.integers(0, 3)


def match() -> Any:
    bank, club = new_id(), new_id()
    goods = {"offer_line": 0, "kind": "goods", "unit": "C62"}
    return donation(
        triangulation=True,
        parties=(
            Party(party_id=EDUCATION, role="department", department="education", name="Direzione Educazione"),
            Party(party_id=f"stakeholder:{bank}", role="giver", stakeholder_id=bank, name="Banca"),
            Party(party_id=f"stakeholder:{club}", role="giver", stakeholder_id=club, name="Associazione"),
        ),
        allocations=tuple(
            Allocation(
                offer_id=new_id(), need_line=number, stakeholder_id=who, quantity=Decimal(20), value_cents=10_001,
                **goods,
            )
            for number, who in enumerate((bank, club, bank))
        ),
    )  # fmt: skip


def sha(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def next_to_sign(file: AgreementFile, who: int) -> Signatory:
    """Mostly somebody who has not signed; now and then one who may have."""
    awaited = [one for one in file.signatories if one.evidence is None]
    return awaited[0] if awaited and who > 2 else file.signatories[who % len(file.signatories)]


def pinned(file: AgreementFile) -> Instrument | None:
    return RECORD if file.instrument else None


def evidence(party_id: str) -> SignatureEvidence:
    return SignatureEvidence(party_id=party_id, level="development", signed_at=NOW, certificate_sha256="0" * 64)


class Trying(RuleBasedStateMachine):
    """`files` are the agreements of one match, `told` their events, `documents` what was signed, never to change."""

    def __init__(self) -> None:
        super().__init__()
        self.today = TODAY
        accepted = match()
        opened = drafting.draft(accepted, new_id(), NOW, TODAY)
        self.files: list[AgreementFile] = [opened.file]
        self.told: dict[UUID, list[Any]] = defaultdict(list, {opened.file.agreement_id: list(opened.events)})
        self.promised = {one.offer_id: one.quantity for one in accepted.allocations}
        self.released: dict[UUID, Decimal] = defaultdict(Decimal)
        self.documents: dict[object, str] = {}
        self.numbers = 0
        self.reasons: list[tuple[str, str]] = []
        self.delivered: dict[UUID, dict[int, Decimal]] = defaultdict(dict)

    def attempt(self, which: int, act: Callable[[AgreementFile], Outcome]) -> None:
        """Refusals must say why in both languages and leave no trace; outcomes go one version on per step."""
        before = self.files[which % len(self.files)]
        try:
            outcome = act(before)
        except Refused as refused:
            self.reasons.append((refused.italian, refused.english))
        else:
            self.keep(before, outcome)

    def keep(self, before: AgreementFile, outcome: Outcome) -> None:
        if outcome.file == before:
            assert not outcome.events
            return
        assert before.state not in FINAL, "a file that has ended never changes"
        assert outcome.file.version > before.version
        assert all(before.version < event.version <= outcome.file.version for event in outcome.events)  # type: ignore[attr-defined]
        self.files[self.files.index(before)] = outcome.file
        self.told[outcome.file.agreement_id] += outcome.events
        for event in outcome.events:
            if isinstance(event, a.AgreementAmended):
                for line in event.released or ():
                    self.released[line.offer_id] += line.quantity
            if isinstance(event, a.AgreementTerminated | a.AgreementRejected):
                others = [one for one in self.files if one.agreement_id != outcome.file.agreement_id]
                alone = all(one.state in FINAL - {State.COMPLETED} for one in others)
                assert event.match_over is alone
                assert event.allocations == before.allocations

    @initialize(how_far=st.integers(0, 5), ends=st.none() | st.integers(1, 200))
    def begin(self, how_far: int, ends: int | None) -> None:
        """Many tales begin further on, or few would reach an amendment."""
        if how_far > 0:
            self.fill_in(0, ends, None)
            self.submit(0)
        if how_far > 1:
            self.approve(0)
        if how_far > 2:
            for _ in range(3):
                self.sign(0, 9)
        if how_far > 3:
            self.amend(0, 0, 15, False)
        if how_far > 4:
            self.submit_amendment(0)
            self.approve_amendment(0)

    # -- filling in ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.any(Act.EDIT))
    @rule(which=FILE, ends=st.none() | st.integers(1, 200), begins=st.none() | st.integers(1, 30))
    def fill_in(self, which: int, ends: int | None, begins: int | None) -> None:
        first = self.today + timedelta(begins) if begins else None
        last = (first or self.today) + timedelta(ends) if ends else None
        command = ChooseInstrument(instrument="donazione", terms=DONATION_TERMS, valid_from=first, valid_to=last)
        self.attempt(which, lambda file: drafting.choose_instrument(file, command, RECORD))
        plan = CommunicationPlan(summary="Comunicato")
        self.attempt(which, lambda file: drafting.set_communication_plan(file, plan))
        self.attempt(which, lambda file: drafting.set_impact_plan(file, ImpactPlan()))

    @precondition(lambda self: self.any(Act.EDIT))
    @rule(which=FILE)
    def leave_something_out_and_set_it_aside(self, which: int) -> None:
        command = ChooseInstrument(instrument="donazione", terms={"acceptance": ""})
        self.attempt(which, lambda file: drafting.choose_instrument(file, command, RECORD))
        self.attempt(
            which,
            lambda file: overriding.set_aside(
                file, pinned(file), "acceptance", "urgenza", by="legal", now=NOW, today=self.today
            ),
        )

    @precondition(lambda self: len(self.files) < 3 and self.any(Act.SPLIT))
    @rule(which=FILE, lines=st.sets(st.integers(0, 2), min_size=1, max_size=2))
    def split(self, which: int, lines: set[int]) -> None:
        before = self.files[which % len(self.files)]
        try:
            stays, goes = splitting.split(
                before, Split(allocations=tuple(lines)), new_id(), len(self.files) + 1, NOW, self.today
            )
        except Refused:
            return
        self.keep(before, stays)
        self.files.append(goes.file)
        self.told[goes.file.agreement_id] += goes.events

    @precondition(lambda self: self.any(Act.SUBMIT))
    @rule(which=FILE)
    def submit(self, which: int) -> None:
        self.attempt(which, lambda file: drafting.submit(file, pinned(file), "guide", self.today))

    @precondition(lambda self: self.any(Act.SEND_BACK))
    @rule(which=FILE, luck=st.integers(0, 2))
    def send_back(self, which: int, luck: int) -> None:
        if not luck:
            self.attempt(which, drafting.send_back)

    @precondition(lambda self: self.any(Act.APPROVE))
    @rule(which=FILE)
    def approve(self, which: int) -> None:
        def decide(file: AgreementFile) -> Outcome:
            signing.may_be_approved(file, pinned(file), self.today)
            parties = signing.signatories_of(file, "c_f205", {})
            numbered = signing.numbered(file, parties, self.number(), self.today)
            return signing.approved(numbered, sha(numbered.protocol))

        self.attempt(which, decide)

    @precondition(lambda self: self.any(Act.SIGN))
    @rule(which=FILE, who=st.integers(0, 9))
    def sign(self, which: int, who: int) -> None:
        def decide(file: AgreementFile) -> Outcome:
            if not file.signatories:
                raise NotPossible("nobody", "nessuno", "nobody")
            party = next_to_sign(file, who)
            signing.awaited(file, pinned(file), party.party_id, self.today)
            return signing.signed(file, evidence(party.party_id), "person", sha(file.version), self.today)

        self.attempt(which, decide)

    # -- amendments ---------------------------------------------------------------------------------------

    @precondition(lambda self: self.any(Act.AMEND))
    @rule(which=FILE, position=st.integers(0, 2), quantity=st.integers(1, 25), longer=st.booleans())
    def amend(self, which: int, position: int, quantity: int, longer: bool) -> None:
        def decide(file: AgreementFile) -> Outcome:
            command = Amend(
                reason="di comune accordo",
                quantities=(LineChange(position=position, quantity=Decimal(quantity)),),
                valid_to=self.today + timedelta(90) if longer else None,
            )
            return amending.amend(file, command, RECORD, self.delivered[file.agreement_id], "guide", self.today)

        self.attempt(which, decide)

    @precondition(lambda self: self.any(Act.AMEND))
    @rule(which=FILE, days=st.integers(1, 400))
    def renew(self, which: int, days: int) -> None:
        command = Renew(reason="il progetto continua", valid_to=self.today + timedelta(days))
        self.attempt(
            which,
            lambda file: amending.renew(file, command, RECORD, "guide", self.today, CALENDAR.renewal_from_days),
        )

    @precondition(lambda self: self.amending("drafted"))
    @rule(which=FILE)
    def submit_amendment(self, which: int) -> None:
        self.attempt(which, amending.submit)

    @precondition(lambda self: self.amending("in_review"))
    @rule(which=FILE)
    def approve_amendment(self, which: int) -> None:
        def decide(file: AgreementFile) -> Outcome:
            amending.may_be_approved(file, pinned(file), self.delivered[file.agreement_id], self.today)
            numbered = amending.numbered(file, self.number(), self.today)
            return amending.approved(numbered, sha(numbered.version))

        self.attempt(which, decide)

    @precondition(lambda self: self.amending("approved", "signing"))
    @rule(which=FILE, who=st.integers(0, 9))
    def sign_amendment(self, which: int, who: int) -> None:
        def decide(file: AgreementFile) -> Outcome:
            face = amending.face(file, amending.may_be_signed(file, self.today))
            party = next_to_sign(face, who)
            signing.awaited(face, RECORD, party.party_id, self.today)
            return amending.signed(file, evidence(party.party_id), "person", sha(file.version), self.today)

        self.attempt(which, decide)

    @precondition(lambda self: self.amending("drafted", "in_review", "approved", "signing"))
    @rule(which=FILE, refused=st.booleans(), luck=st.integers(0, 4))
    def drop_amendment(self, which: int, refused: bool, luck: int) -> None:
        if luck:
            return
        self.attempt(which, lambda file: (amending.refuse if refused else amending.withdraw)(file, "motivo"))

    # -- resting, ending ----------------------------------------------------------------------------------

    @precondition(lambda self: self.any(Act.SUSPEND))
    @rule(which=FILE, days=st.none() | st.integers(-1, 20))
    def suspend(self, which: int, days: int | None) -> None:
        until = None if days is None else self.today + timedelta(days)
        self.attempt(which, lambda file: closing.suspend(file, "lavori", until, self.today))

    @precondition(lambda self: self.any(Act.RESUME))
    @rule(which=FILE)
    def resume(self, which: int) -> None:
        self.attempt(which, lambda file: closing.resume(file, self.today))

    @precondition(lambda self: self.any(Act.TERMINATE))
    @rule(which=FILE, days=st.none() | st.integers(-3, 30), luck=st.integers(0, 4))
    def terminate(self, which: int, days: int | None, luck: int) -> None:
        if luck:
            return
        on = None if days is None else self.today + timedelta(days)
        self.attempt(which, lambda file: closing.terminate(file, "motivo", on, self.today, self.over(file)))

    @precondition(lambda self: any(file.ends_on for file in self.files))
    @rule(which=FILE)
    def keep_on(self, which: int) -> None:
        self.attempt(which, closing.keep_on)

    @precondition(lambda self: self.any(Act.REJECT))
    @rule(which=FILE, luck=st.integers(0, 4))
    def reject(self, which: int, luck: int) -> None:
        if luck:
            return
        self.attempt(which, lambda file: closing.reject(file, "motivo", self.over(file)))

    @precondition(lambda self: self.any(Act.COMPLETE))
    @rule(which=FILE, luck=st.integers(0, 4))
    def complete(self, which: int, luck: int) -> None:
        if luck:
            return
        if self.files[which % len(self.files)].signed_on is not None:
            self.attempt(which, closing.complete)

    @precondition(lambda self: self.any(Act.COMPLETE))
    @rule(which=FILE, position=st.integers(0, 2), quantity=st.integers(1, 5))
    def deliver(self, which: int, position: int, quantity: int) -> None:
        file = self.files[which % len(self.files)]
        if file.signed_on and position < len(file.allocations):
            came = self.delivered[file.agreement_id].get(position, Decimal(0)) + quantity
            self.delivered[file.agreement_id][position] = min(came, file.allocations[position].quantity)

    @rule(days=st.integers(1, 15) | st.integers(1, 120))
    def days_pass(self, days: int) -> None:
        """Nobody looks for some days, then the calendar catches up; looking again finds nothing more to do."""
        self.today += timedelta(days)
        for which in range(len(self.files)):
            for _ in range(10):
                file = self.files[which]
                act = closing.next_due(file, self.today, CALENDAR)
                if act is None:
                    break
                self.keep(file, closing.by_calendar(file, act, self.today, self.over(file)))
            assert closing.next_due(self.files[which], self.today, CALENDAR) is None

    # -- asked by the rules --------------------------------------------------------------------------------

    def any(self, act: Act) -> bool:
        """Whether some file is where this may be done: rules that would mostly be refused are not tried more often."""
        return any(allows(file.state, act) for file in self.files)

    def amending(self, *states: str) -> bool:
        return any(file.amendment is not None and file.amendment.state in states for file in self.files)

    def over(self, file: AgreementFile) -> bool:
        return match_over(file, self.files)

    def number(self) -> Protocol:
        self.numbers += 1
        return Protocol(year=2026, number=self.numbers)
