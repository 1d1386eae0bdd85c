"""The life of an agreement, as one table. Everything else asks it."""

from __future__ import annotations

from enum import StrEnum

from services.agreements.domain.refusals import NotPossible


class State(StrEnum):
    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SIGNING = "signing"
    SIGNED = "signed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    REJECTED = "rejected"
    TERMINATED = "terminated"


class Act(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    SIGN = "sign"
    SIGN_LAST = "sign_last"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    COMPLETE = "complete"
    RELEASE = "release"


S, A = State, Act

TRANSITIONS: dict[tuple[State, Act], State] = {
    (S.DRAFTED, A.EDIT): S.DRAFTED,
    (S.DRAFTED, A.SUBMIT): S.IN_REVIEW,
    (S.DRAFTED, A.REJECT): S.REJECTED,
    (S.DRAFTED, A.RELEASE): S.REJECTED,
    (S.IN_REVIEW, A.EDIT): S.IN_REVIEW,
    (S.IN_REVIEW, A.APPROVE): S.APPROVED,
    (S.IN_REVIEW, A.REJECT): S.REJECTED,
    (S.IN_REVIEW, A.RELEASE): S.REJECTED,
    (S.APPROVED, A.SIGN): S.SIGNING,
    (S.APPROVED, A.SIGN_LAST): S.SIGNED,
    (S.APPROVED, A.REJECT): S.REJECTED,
    (S.APPROVED, A.RELEASE): S.REJECTED,
    (S.SIGNING, A.SIGN): S.SIGNING,
    (S.SIGNING, A.SIGN_LAST): S.SIGNED,
    (S.SIGNING, A.REJECT): S.REJECTED,
    (S.SIGNING, A.RELEASE): S.REJECTED,
    (S.SIGNED, A.ACTIVATE): S.ACTIVE,
    (S.SIGNED, A.TERMINATE): S.TERMINATED,
    (S.SIGNED, A.RELEASE): S.TERMINATED,
    # Deliveries do not wait for the first day of validity: all may be done before the agreement takes effect.
    (S.SIGNED, A.COMPLETE): S.COMPLETED,
    (S.ACTIVE, A.SUSPEND): S.SUSPENDED,
    (S.ACTIVE, A.COMPLETE): S.COMPLETED,
    (S.ACTIVE, A.TERMINATE): S.TERMINATED,
    (S.ACTIVE, A.RELEASE): S.TERMINATED,
    (S.SUSPENDED, A.RESUME): S.ACTIVE,
    (S.SUSPENDED, A.COMPLETE): S.COMPLETED,
    (S.SUSPENDED, A.TERMINATE): S.TERMINATED,
    (S.SUSPENDED, A.RELEASE): S.TERMINATED,
}

FINAL = frozenset({S.COMPLETED, S.REJECTED, S.TERMINATED})
PUBLIC = frozenset({S.SIGNED, S.ACTIVE, S.SUSPENDED, S.COMPLETED, S.TERMINATED})
"""States of an agreement that was signed: from then on the public register shows it."""


def allows(state: State, act: Act) -> bool:
    return (state, act) in TRANSITIONS


def after(state: State, act: Act) -> State:
    """The state that `act` leads to. Raises NotPossible when the table has no such row."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        raise NotPossible(
            "not-possible-in-this-state",
            f"Non è possibile nello stato attuale dell'accordo ({state}).",
            f"This is not possible in the agreement's present state ({state}).",
        ) from None
