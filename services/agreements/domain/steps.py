"""Who must do what by when: the steps of a file, from its instrument and its state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from contracts.values import Value
from services.agreements.domain.checks import checks, waits_until
from services.agreements.domain.conditions import applies
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument, Step
from services.agreements.domain.particulars import NextStep
from services.agreements.domain.rules import Bilingual, Waiting
from services.agreements.domain.signatories import whose_turn
from services.agreements.domain.states import FINAL, IN_FORCE, AmendmentState, State

CHOOSE = Step(
    code="choose_instrument",
    label=Bilingual(it="Scegliere lo strumento giuridico", en="Choose the legal instrument"),
    owner="account_manager",
    days=10,
    states=(State.DRAFTED,),
)
"""Before there is an instrument, no record can say how long its choice may take."""
_RESUME = Step(
    code="resume",
    label=Bilingual(it="Decidere se l'accordo riprende o finisce", en="Decide whether the agreement goes on or ends"),
    owner="legal",
    days=30,
    states=(State.SUSPENDED,),
)
USUAL = (
    Step(
        code="fill_in",
        label=Bilingual(it="Completare il fascicolo e consegnarlo", en="Complete the file and hand it in"),
        owner="account_manager",
        days=15,
        states=(State.DRAFTED,),
    ),
    Step(
        code="review",
        label=Bilingual(it="Esaminare e approvare il fascicolo", en="Examine and approve the file"),
        owner="legal",
        days=10,
        states=(State.IN_REVIEW,),
    ),
    Step(
        code="sign",
        label=Bilingual(it="Firmare", en="Sign"),
        owner="partner",
        days=15,
        states=(State.APPROVED, State.SIGNING),
    ),
    Step(
        code="deliver",
        label=Bilingual(it="Consegnare e misurare quanto concordato", en="Deliver and measure what was agreed"),
        owner="department",
        days=0,
        states=(State.SIGNED, State.ACTIVE),
        due="last_day",
    ),
)
"""The steps of records that name none: those of versions from before steps were in the record."""

_AMENDING: dict[AmendmentState, Step] = {
    state: Step(code=code, label=Bilingual(it=it, en=en), owner=owner, days=days, states=IN_FORCE)
    for states, code, it, en, owner, days in (
        (("drafted",), "amend", "Completare la modifica e consegnarla", "Complete the amendment and hand it in",
         "account_manager", 15),
        (("in_review",), "review_amendment", "Esaminare e approvare la modifica", "Examine and approve the amendment",
         "legal", 10),
        (("approved", "signing"), "sign_amendment", "Firmare la modifica", "Sign the amendment", "partner", 15),
    )
    for state in map(AmendmentState, states)
}  # fmt: skip
"""What has to happen with an amendment under way; it comes before what the agreement itself waits for."""


class StepView(Value):
    """One step as the file's page shows it; a date that is ahead counts every step before it in full."""

    code: str
    label: Bilingual
    owner: str
    status: Literal["done", "now", "ahead"]
    due_on: date | None = None


def next_step(file: AgreementFile, record: Instrument | None, today: date) -> NextStep | None:
    """What has to happen next; None when the agreement has ended. A step that goes on keeps its first day."""
    if file.state in FINAL:
        return None
    step = _AMENDING[file.amendment.state] if file.amendment else _current(file, record, today)
    if step is None:
        return None
    owner, parties = _owner(step, file)
    before = file.next_step
    goes_on = before is not None and (before.code, before.owner) == (step.code, owner)
    since = before.since if before is not None and goes_on else today
    due = _due(step, file, record, since)
    return NextStep(code=step.code, label=step.label, owner=owner, parties=parties, since=since, due_on=due)


def moved(file: AgreementFile, record: Instrument | None, today: date) -> AgreementFile:
    """The same version of the file with its next step as of today."""
    return file.model_copy(update={"next_step": next_step(file, record, today)})


def steps_of(record: Instrument | None) -> tuple[Step, ...]:
    """All steps from the choice of the instrument on."""
    return (CHOOSE, *(record.steps if record is not None and record.steps else USUAL))


def schedule(file: AgreementFile, record: Instrument | None, today: date) -> tuple[StepView, ...]:
    """Every step of the file: those done, the one to do now, those ahead with the day they are due at the latest."""
    # An amendment is no step of the agreement's own way.
    steps, current = steps_of(record), next_step(file.model_copy(update={"amendments": ()}), record, today)
    codes = [step.code for step in steps]
    if current is None or current.code not in codes:
        status: Literal["done", "now"] = "done"
        return tuple(StepView(code=one.code, label=one.label, owner=one.owner, status=status) for one in steps)
    here = codes.index(current.code)
    found = [StepView(code=one.code, label=one.label, owner=one.owner, status="done") for one in steps[:here]]
    found.append(
        StepView(code=current.code, label=current.label, owner=current.owner, status="now", due_on=current.due_on)
    )
    reached = max(current.due_on or today, today)
    for step in steps[here + 1 :]:
        if _skipped(step, file, record, today):
            continue
        due = _due(step, file, record, reached)
        reached = max(due or reached, reached)
        found.append(StepView(code=step.code, label=step.label, owner=step.owner, status="ahead", due_on=due))
    return tuple(found)


def _current(file: AgreementFile, record: Instrument | None, today: date) -> Step | None:
    if file.state is State.SUSPENDED:
        return _RESUME
    if file.instrument is None and file.state is State.DRAFTED:
        return CHOOSE
    fitting = [step for step in steps_of(record)[1:] if file.state in step.states]
    return next((step for step in fitting if not _skipped(step, file, record, today)), None)


def _skipped(step: Step, file: AgreementFile, record: Instrument | None, today: date) -> bool:
    """Whether the checks that a step waits for hold nothing up (any more)."""
    if not step.done_when:
        return False
    return all(check.settled for check in checks(file, record, today) if check.code in step.done_when)


def _owner(step: Step, file: AgreementFile) -> tuple[str, tuple[str, ...]]:
    """Signing belongs to the parties that have not signed; the city's signatory is asked when only the city is left."""
    signing = file.amendment is not None or bool({State.APPROVED, State.SIGNING} & set(step.states))
    if not signing or step.owner not in ("partner", "signatory"):
        return step.owner, ()
    signatories = file.amendment.signatories if file.amendment else file.signatories
    awaited = whose_turn(signatories, file.signing.order)
    others = tuple(one.party_id for one in awaited if not one.is_city)
    if others:
        return "partner", others
    return "signatory", tuple(one.party_id for one in awaited)


def _due(step: Step, file: AgreementFile, record: Instrument | None, since: date) -> date | None:
    usual = since + timedelta(step.days)
    if step.due == "last_day":
        milestones = [one.due_on for one in file.milestones if one.done_on is None]
        days = [one for one in (*milestones, file.valid_to) if one is not None]
        return min(days, default=None)
    if step.due == "waiting" and record is not None:
        waits = [
            waits_until(rule, file)
            for rule in record.rules
            if isinstance(rule, Waiting) and rule.enabled and applies(rule.when, file)
        ]
        return max((one for one in waits if one is not None), default=usual)
    return usual
