"""What the API shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.values import Balance, FieldError, StakeholderType
from services.intake.domain.limits import EXCLUSIONS
from services.intake.domain.lines import LineBalance, coverage
from services.intake.domain.needs import Need, NeedContent
from services.intake.domain.offers import Offer, OfferContent
from services.intake.domain.stakeholders import Contact, Stakeholder, Vetting
from services.intake.domain.states import NeedState, OfferState


class BalanceView(BaseModel):
    """One line in the ledger: total = free + reserved + committed + delivered."""

    line: int
    unit: str
    total: Balance
    free: Balance
    reserved: Balance
    committed: Balance
    delivered: Balance
    shortfall: Balance
    open_ended: bool

    @classmethod
    def of(cls, one: LineBalance) -> BalanceView:
        return cls.model_construct(**one.__dict__)


class NeedView(NeedContent):
    """A need. ``coverage``: share (0-1) of what is asked that is at least reserved; null before matching spoke."""

    id: UUID
    version: int
    state: NeedState
    closing_reason: str | None = None
    account_manager_id: str | None = None
    registered_at: datetime
    changed_at: datetime
    balances: list[BalanceView] = Field(default=[])
    coverage: float | None = None
    warnings: list[FieldError] = Field(default=[])


class OfferView(OfferContent):
    """An offer, with the balances of its lines and what looks odd about it."""

    id: UUID
    version: int
    state: OfferState
    closing_reason: str | None = None
    account_manager_id: str | None = None
    received_at: datetime
    changed_at: datetime
    balances: list[BalanceView] = Field(default=[])
    warnings: list[FieldError] = Field(default=[])

    @property
    def given(self) -> bool:
        """Whether nothing of an open offer is left to give or to take back."""
        settled = (not one.open_ended and one.free == one.reserved == 0 < one.total for one in self.balances)
        return self.state == "open" and len(self.balances) == len(self.lines) and all(settled)


class StakeholderView(BaseModel):
    """An organisation; the contact only for those who act for it and account managers."""

    id: UUID
    version: int
    name: str
    type: StakeholderType
    external_ref: str | None = None
    vetting: Vetting
    vetting_reason: str | None = None
    vetting_valid_until: datetime | None = None
    account_manager_id: str | None = None
    covered_by: str | None = None
    registered_at: datetime
    changed_at: datetime
    contact: Contact | None = None


class DepartmentView(BaseModel):
    """A department in the registry."""

    code: str
    name: str


class AbsenceView(BaseModel):
    """Away until then; ``covered_by`` is another account manager's account."""

    until: datetime
    covered_by: str | None = None


class AccountManagerView(BaseModel):
    """An account manager; ``load`` counts stakeholders and open needs, no ``policy_areas`` = all."""

    id: str
    active: bool
    policy_areas: list[str]
    absence: AbsenceView | None = None
    load: int | None = None


class RejectionView(BaseModel):
    """A submission that was not taken, with every reason."""

    id: UUID
    submission_id: str
    submission_source: str
    submission_type: str
    external_ref: str | None
    department: str | None
    errors: tuple[FieldError, ...]
    rejected_at: datetime


_DIFFERS = FieldError(
    pointer="/external_ref",
    code="already-known",
    message_it="questo riferimento esiste già con un altro contenuto, che resta: per cambiarlo usa PATCH",
    message_en="this reference exists already with other content, which stays: to change it use PATCH",
)


def already_known(before: str, now: str) -> tuple[FieldError, ...]:
    """A warning for whoever repeats a reference with other content."""
    return () if before == now else (_DIFFERS,)


def need_view(
    need: Need,
    balances: Sequence[LineBalance] = (),
    *,
    public: bool = False,
    inside: bool = True,
    warnings: Sequence[FieldError] = (),
) -> NeedView:
    """The need as shown; ``public`` leaves out who handles it, only ``inside`` is seen whom it excludes and why it was
    taken back."""
    shown = [balance for balance in balances if balance.line < len(need.content.lines)]
    return NeedView.model_construct(
        **_said(need.content, inside),
        id=need.need_id,
        version=need.version,
        state=need.state,
        closing_reason=need.closing_reason if inside and not public else None,
        account_manager_id=None if public else need.account_manager_id,
        registered_at=need.registered_at,
        changed_at=need.changed_at,
        balances=[BalanceView.of(balance) for balance in shown],
        coverage=coverage(shown),
        warnings=list(warnings),
    )


def offer_view(
    offer: Offer,
    balances: Sequence[LineBalance] = (),
    warnings: Sequence[FieldError] = (),
    *,
    inside: bool = True,
) -> OfferView:
    """The offer as shown; only ``inside`` is seen for whom it is not and why it was taken back."""
    return OfferView.model_construct(
        **_said(offer.content, inside),
        id=offer.offer_id,
        version=offer.version,
        state=offer.state,
        closing_reason=offer.closing_reason if inside else None,
        account_manager_id=offer.account_manager_id,
        received_at=offer.received_at,
        changed_at=offer.changed_at,
        balances=[BalanceView.of(balance) for balance in balances],
        warnings=list(warnings),
    )


def _said(content: NeedContent | OfferContent, inside: bool) -> dict[str, Any]:
    return (
        content.__dict__ if inside else content.__dict__ | {name: () for name in EXCLUSIONS if hasattr(content, name)}
    )


def stakeholder_view(one: Stakeholder, contact: Contact | None = None) -> StakeholderView:
    values: dict[str, Any] = {name: getattr(one, name) for name in StakeholderView.model_fields if hasattr(one, name)}
    return StakeholderView.model_construct(**values, id=one.stakeholder_id, type=one.stakeholder_type, contact=contact)
