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
    EXPIRED = "expired"
    """The term ran out before all was delivered."""


class Act(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    """The Legal Office has remarks: the account manager goes on with the file."""
    APPROVE = "approve"
    REJECT = "reject"
    SIGN = "sign"
    SIGN_LAST = "sign_last"
    NAME = "name"
    """Who is to sign, and until when, is said or corrected."""
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    COMPLETE = "complete"
    RELEASE = "release"
    ANNOUNCE = "announce"
    """A public notice is published, corrected or withdrawn."""
    PUBLISH = "publish"
    """Entered as published, which some agreements must be before they take effect."""
    SPLIT = "split"
    AMEND = "amend"
    """Any step of an amendment: the agreement stays in force as it is until the last signature under it."""
    SCHEDULE_END = "schedule_end"
    KEEP_ON = "keep_on"
    """Takes a scheduled end back."""
    EXPIRE = "expire"


S, A = State, Act
IN_FORCE = (S.SIGNED, S.ACTIVE, S.SUSPENDED)
"""States of an agreement that binds its parties: it may be amended, and ends by an act or by its term."""

TRANSITIONS: dict[tuple[State, Act], State] = {
    (S.DRAFTED, A.EDIT): S.DRAFTED,
    (S.DRAFTED, A.SPLIT): S.DRAFTED,
    (S.DRAFTED, A.SUBMIT): S.IN_REVIEW,
    (S.DRAFTED, A.REJECT): S.REJECTED,
    (S.DRAFTED, A.RELEASE): S.REJECTED,
    (S.IN_REVIEW, A.EDIT): S.IN_REVIEW,
    (S.IN_REVIEW, A.SEND_BACK): S.DRAFTED,
    (S.IN_REVIEW, A.APPROVE): S.APPROVED,
    (S.IN_REVIEW, A.REJECT): S.REJECTED,
    (S.IN_REVIEW, A.RELEASE): S.REJECTED,
    **{(state, A.NAME): state for state in (S.DRAFTED, S.IN_REVIEW, S.APPROVED, S.SIGNING)},
    (S.APPROVED, A.SIGN): S.SIGNING,
    (S.APPROVED, A.SIGN_LAST): S.SIGNED,
    (S.APPROVED, A.REJECT): S.REJECTED,
    (S.APPROVED, A.RELEASE): S.REJECTED,
    (S.SIGNING, A.SIGN): S.SIGNING,
    (S.SIGNING, A.SIGN_LAST): S.SIGNED,
    (S.SIGNING, A.REJECT): S.REJECTED,
    (S.SIGNING, A.RELEASE): S.REJECTED,
    **{(state, A.ANNOUNCE): state for state in (S.DRAFTED, S.IN_REVIEW, S.APPROVED, S.SIGNING)},
    (S.SIGNED, A.PUBLISH): S.SIGNED,
    (S.SIGNED, A.ACTIVATE): S.ACTIVE,
    (S.SIGNED, A.TERMINATE): S.TERMINATED,
    # Deliveries do not wait for the first day of validity: all may be done before the agreement takes effect.
    (S.SIGNED, A.COMPLETE): S.COMPLETED,
    (S.ACTIVE, A.SUSPEND): S.SUSPENDED,
    (S.ACTIVE, A.COMPLETE): S.COMPLETED,
    (S.ACTIVE, A.TERMINATE): S.TERMINATED,
    (S.SUSPENDED, A.RESUME): S.ACTIVE,
    (S.SUSPENDED, A.COMPLETE): S.COMPLETED,
    (S.SUSPENDED, A.TERMINATE): S.TERMINATED,
    **{(state, act): state for state in IN_FORCE for act in (A.AMEND, A.SCHEDULE_END, A.KEEP_ON)},
    **{(state, A.EXPIRE): S.EXPIRED for state in IN_FORCE},
}

FINAL = frozenset({S.COMPLETED, S.REJECTED, S.TERMINATED, S.EXPIRED})
PUBLIC = frozenset({S.SIGNED, S.ACTIVE, S.SUSPENDED, S.COMPLETED, S.TERMINATED, S.EXPIRED})
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


class AmendmentState(StrEnum):
    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SIGNING = "signing"
    IN_FORCE = "in_force"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """The agreement ended before the amendment was signed."""


class AmendmentAct(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    SIGN = "sign"
    SIGN_LAST = "sign_last"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


M, B = AmendmentState, AmendmentAct
OPEN_AMENDMENT = (M.DRAFTED, M.IN_REVIEW, M.APPROVED, M.SIGNING)

AMENDMENT_TRANSITIONS: dict[tuple[AmendmentState, AmendmentAct], AmendmentState] = {
    (M.DRAFTED, B.EDIT): M.DRAFTED,
    (M.DRAFTED, B.SUBMIT): M.IN_REVIEW,
    (M.IN_REVIEW, B.EDIT): M.IN_REVIEW,
    (M.IN_REVIEW, B.APPROVE): M.APPROVED,
    (M.APPROVED, B.SIGN): M.SIGNING,
    (M.SIGNING, B.SIGN): M.SIGNING,
    **{(state, B.SIGN_LAST): M.IN_FORCE for state in (M.APPROVED, M.SIGNING)},
    **{(state, B.REJECT): M.REJECTED for state in OPEN_AMENDMENT},
    **{(state, B.WITHDRAW): M.WITHDRAWN for state in OPEN_AMENDMENT},
    **{(state, B.LAPSE): M.LAPSED for state in OPEN_AMENDMENT},
}


def amendment_allows(state: AmendmentState, act: AmendmentAct) -> bool:
    return (state, act) in AMENDMENT_TRANSITIONS


def amendment_after(state: AmendmentState, act: AmendmentAct) -> AmendmentState:
    """As `after`, for an amendment."""
    try:
        return AMENDMENT_TRANSITIONS[state, act]
    except KeyError:
        raise NotPossible(
            "not-possible-for-this-amendment",
            f"Non è possibile nello stato attuale della modifica ({state}).",
            f"This is not possible in the amendment's present state ({state}).",
        ) from None
