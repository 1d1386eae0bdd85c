"""How an agreement ends, rests or goes on."""

from __future__ import annotations

from datetime import date

from contracts.events.agreements import (
    AgreementActivated,
    AgreementCompleted,
    AgreementRejected,
    AgreementSuspended,
    AgreementTerminated,
)
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.refusals import Invalid
from services.agreements.domain.states import FINAL, Act, State, after, allows


def reject(file: AgreementFile, reason: str) -> Outcome:
    """Refused for good, before all have signed; matching releases what was reserved."""
    outcome = changed(file, Act.REJECT, closing_reason=reason)
    return Outcome(outcome.file, (AgreementRejected(**reference(outcome.file), reason=reason),))


def terminate(file: AgreementFile, reason: str, effective_on: date | None, today: date) -> Outcome:
    """Ended early; matching releases what was committed and not delivered."""
    on = effective_on or today
    if on > today:
        raise Invalid(
            "in-the-future",
            "La cessazione ha effetto oggi o prima: le quantità si liberano subito.",
            "Termination takes effect today or earlier: quantities are released at once.",
            "/effective_on",
        )
    outcome = changed(file, Act.TERMINATE, closing_reason=reason)
    return Outcome(outcome.file, (_terminated(outcome.file, reason, on),))


def suspend(file: AgreementFile, reason: str) -> Outcome:
    outcome = changed(file, Act.SUSPEND, closing_reason=reason)
    return Outcome(outcome.file, (AgreementSuspended(**reference(outcome.file), reason=reason),))


def resume(file: AgreementFile, today: date) -> Outcome:
    outcome = changed(file, Act.RESUME, closing_reason=None)
    return Outcome(outcome.file, (AgreementActivated(**reference(outcome.file), effective_on=today),))


def complete(file: AgreementFile) -> Outcome:
    """Everything promised was delivered and measured (the impact service says so). Ended files stay as they are."""
    if file.state in FINAL:
        return Outcome(file)
    outcome = changed(file, Act.COMPLETE)
    return Outcome(outcome.file, (AgreementCompleted(**reference(outcome.file)),))


def release(file: AgreementFile, reason_code: str, today: date) -> Outcome:
    """The match behind the file is gone: nothing is left to agree on, or to deliver.

    A file that has ended already (often the very cause of the release) stays as it is.
    """
    if not allows(file.state, Act.RELEASE):
        return Outcome(file)
    reason = f"match released: {reason_code}"
    outcome = changed(file, Act.RELEASE, closing_reason=reason)
    if after(file.state, Act.RELEASE) is State.REJECTED:
        return Outcome(outcome.file, (AgreementRejected(**reference(outcome.file), reason=reason),))
    return Outcome(outcome.file, (_terminated(outcome.file, reason, today),))


def _terminated(file: AgreementFile, reason: str, on: date) -> AgreementTerminated:
    return AgreementTerminated(**reference(file), reason=reason, effective_on=on)
