"""How an agreement ends, rests or goes on, by decision and by the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from contracts.events.agreements import (
    AgreementActivated,
    AgreementCompleted,
    AgreementRejected,
    AgreementSuspended,
    AgreementTerminated,
)
from services.agreements.domain import signing
from services.agreements.domain.amending import lapse
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.states import FINAL, IN_FORCE, Act, State, after, allows

ReasonCode = Literal["refused", "match_released", "decided", "term_over"]


@dataclass(frozen=True)
class Calendar:
    """When the calendar acts by itself: so many days after its last day an agreement is closed as expired.

    The days in between are for recording what came late. `renewal_from_days` before the end a renewal may be opened.
    """

    expires_after_days: int = 30
    renewal_from_days: int = 180


def reject(file: AgreementFile, reason: str, match_over: bool = True) -> Outcome:
    """Refused for good, before all have signed; matching releases what was reserved."""
    outcome = changed(file, Act.REJECT, closing_reason=reason)
    return Outcome(outcome.file, (_rejected(outcome.file, "refused", match_over),))


def terminate(
    file: AgreementFile, reason: str, effective_on: date | None, today: date, match_over: bool = True
) -> Outcome:
    """Ended early; matching releases what was committed and not delivered.

    A day to come is kept, and the calendar ends the agreement on it; until then everything goes on.
    """
    on = effective_on or today
    if file.signed_on is not None and on < file.signed_on:
        raise Invalid(
            "before-the-signature",
            f"L'accordo è stato firmato il {file.signed_on:%d/%m/%Y}: non può finire prima.",
            f"The agreement was signed on {file.signed_on:%Y-%m-%d}: it cannot end before.",
            "/effective_on",
        )
    if on <= today:
        return _terminated(file, reason, on, match_over)
    after(file.state, Act.TERMINATE)
    if file.valid_to is not None and on > file.valid_to:
        raise Invalid(
            "after-the-term",
            f"Il termine dell'accordo finisce già il {file.valid_to:%d/%m/%Y}.",
            f"The agreement's term ends on {file.valid_to:%Y-%m-%d} already.",
            "/effective_on",
        )
    return changed(file, Act.SCHEDULE_END, ends_on=on, ends_because=reason)


def keep_on(file: AgreementFile) -> Outcome:
    """Takes back an early end whose day has not come."""
    after(file.state, Act.KEEP_ON)
    if file.ends_on is None:
        raise NotPossible(
            "no-end-decided",
            "Per questo accordo non è stata decisa una cessazione.",
            "No early end was decided for this agreement.",
        )
    return changed(file, Act.KEEP_ON, ends_on=None, ends_because=None)


def suspend(file: AgreementFile, reason: str, until: date | None = None, today: date | None = None) -> Outcome:
    """A rest; with `until`, the calendar lets the agreement go on that day."""
    after(file.state, Act.SUSPEND)
    if until is not None and today is not None and until <= today:
        raise Invalid(
            "not-in-the-future",
            "La sospensione finisce in un giorno futuro.",
            "A suspension ends on a day to come.",
            "/until",
        )
    outcome = changed(file, Act.SUSPEND, closing_reason=reason, suspended_until=until)
    event = AgreementSuspended(**reference(outcome.file), **_because("decided"), until=until)
    return Outcome(outcome.file, (event,))


def resume(file: AgreementFile, today: date) -> Outcome:
    outcome = changed(file, Act.RESUME, closing_reason=None, suspended_until=None)
    return Outcome(outcome.file, (AgreementActivated(**reference(outcome.file), effective_on=today),))


def complete(file: AgreementFile) -> Outcome:
    """Everything promised was delivered and measured (the impact service says so). Ended files stay as they are."""
    if file.state in FINAL:
        return Outcome(file)
    outcome = _ended(file, Act.COMPLETE)
    return Outcome(outcome.file, (AgreementCompleted(**reference(outcome.file)),))


def holds(file: AgreementFile, reason_code: str) -> bool:
    """Whether the match's end, asked for this reason, comes too late because of this file.

    A yes is taken back (``undone``) until the file is submitted for the first time; a party withdraws, and the
    account manager dissolves a match, until it is signed. What was signed ends by its own acts only (ADR 99).
    """
    if reason_code == "undone":
        return file.submitted_once or file.state not in (State.DRAFTED, State.REJECTED)
    return file.state in IN_FORCE or file.state is State.COMPLETED


def release(file: AgreementFile, reason_code: str) -> Outcome:
    """The match behind the file is gone: nothing is left to agree on. What was signed binds all the same (ADR 99).

    A file that has ended already (often the very cause of the release) stays as it is.
    """
    if not allows(file.state, Act.RELEASE):
        return Outcome(file)
    reason = f"match released: {reason_code}"
    outcome = changed(file, Act.RELEASE, closing_reason=reason)
    return Outcome(outcome.file, (_rejected(outcome.file, "match_released", True),))


def deadline(file: AgreementFile) -> date | None:
    """The next day on which something is due for the file: a step, or a day of the agreement itself."""
    if file.state in FINAL:
        return None
    step = file.next_step.due_on if file.next_step else None
    days = [step, file.ends_on, file.suspended_until, file.valid_to if file.state in IN_FORCE else None]
    return min((day for day in days if day is not None), default=None)


def next_due(file: AgreementFile, today: date, calendar: Calendar) -> Act | None:
    """What the calendar has to do with the file today; what was due earlier comes first."""
    due = [(on, act) for on, act in _days(file, calendar) if on <= today and allows(file.state, act)]
    return min(due, key=lambda one: one[0])[1] if due else None


def by_calendar(file: AgreementFile, act: Act, today: date, match_over: bool) -> Outcome:
    """Carries out what :func:`next_due` found, as of the day on which it was due."""
    if act is Act.ACTIVATE:
        return signing.activated(Outcome(file), today)
    if act is Act.RESUME:
        return resume(file, file.suspended_until or today)
    if act is Act.TERMINATE:
        return _terminated(file, file.ends_because or "", file.ends_on or today, match_over)
    last = file.valid_to or today
    reason = f"term over on {last.isoformat()}"
    return _terminated(file, reason, last, match_over, Act.EXPIRE, "term_over", "term_over")


def _days(file: AgreementFile, calendar: Calendar) -> Iterator[tuple[date, Act]]:
    if file.state is State.SIGNED and file.valid_from is not None:
        yield file.valid_from, Act.ACTIVATE
    if file.state is State.SUSPENDED and file.suspended_until is not None:
        yield file.suspended_until, Act.RESUME
    if file.state in IN_FORCE and file.ends_on is not None:
        yield file.ends_on, Act.TERMINATE
    if file.state in IN_FORCE and file.valid_to is not None:
        yield file.valid_to + timedelta(calendar.expires_after_days + 1), Act.EXPIRE


def _terminated(
    file: AgreementFile,
    reason: str,
    on: date,
    match_over: bool,
    act: Act = Act.TERMINATE,
    ending: Literal["decided", "term_over"] = "decided",
    code: ReasonCode = "decided",
) -> Outcome:
    ended = _ended(file, act, closing_reason=reason).file
    event = AgreementTerminated(
        **reference(ended),
        **_because(code),
        effective_on=on,
        ending=ending,
        allocations=ended.allocations,
        match_over=match_over,
    )
    return Outcome(ended, (event,))


def _ended(file: AgreementFile, act: Act, **fields: Any) -> Outcome:
    """Nothing of what was planned for a file that ends is left waiting."""
    return changed(file, act, amendments=lapse(file), ends_on=None, ends_because=None, suspended_until=None, **fields)


def _rejected(file: AgreementFile, code: ReasonCode, match_over: bool) -> AgreementRejected:
    return AgreementRejected(**reference(file), **_because(code), allocations=file.allocations, match_over=match_over)


def _because(code: ReasonCode) -> dict[str, str]:
    """What the bus hears of a reason: a code. The words may name people, so they stay in the file."""
    return {"reason": code, "reason_code": code}
