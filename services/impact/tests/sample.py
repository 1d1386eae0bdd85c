"""Agreements for tests, told short."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from contracts.events.agreements import AgreementSigned, AgreementTerminated
from contracts.values import (
    Allocation,
    CommunicationPlan,
    ImpactPlan,
    OfferPartner,
    Party,
    PlannedIndicator,
    Recurrence,
    SignatureEvidence,
)

BANK = uuid.UUID(int=0xB0)
REFURBISHER = uuid.UUID(int=0xF0)
STORE = uuid.UUID(int=0xD0)
SCHOOL = uuid.UUID(int=0x50)
CHIPS = uuid.UUID(int=0xC0)
SHA = "a" * 64


def allocation(
    quantity: str,
    unit: str = "C62",
    *,
    value: int | None = None,
    offer: uuid.UUID | None = None,
    giver: uuid.UUID = BANK,
    **more: Any,
) -> Allocation:
    values: dict[str, Any] = {
        "offer_id": offer or uuid.uuid4(),
        "offer_line": 0,
        "need_line": 0,
        "stakeholder_id": giver,
        "kind": "money" if unit == "EUR" else "goods",
        "quantity": Decimal(quantity),
        "unit": unit,
        "value_cents": value,
    }
    return Allocation(**(values | more))


def indicator(code: str, unit: str = "IE", **more: Any) -> PlannedIndicator:
    return PlannedIndicator(code=code, title_it=f"{code} it", title_en=f"{code} en", unit=unit, **more)


def signed(*allocations: Allocation, indicators: tuple[PlannedIndicator, ...] = (), **more: Any) -> AgreementSigned:
    givers = {one.stakeholder_id for one in allocations}
    parties = [Party(party_id="department:education", role="department", department="education", name="Education")]
    parties += [
        Party(
            party_id=f"stakeholder:{giver}",
            role="giver",
            stakeholder_id=giver,
            name=f"Giver {giver.int:x}",
            partners=(OfferPartner(stakeholder_id=CHIPS),),
        )
        for giver in sorted(givers)
    ]
    values: dict[str, Any] = {
        "agreement_id": uuid.uuid4(),
        "version": 6,
        "match_id": uuid.uuid4(),
        "need_id": uuid.uuid4(),
        "department": "education",
        "stakeholder_ids": tuple(sorted(givers)),
        "account_manager_id": "manager",
        "title": "Laptops",
        "policy_area": "digital_poverty",
        "instrument": "donazione",
        "instrument_version": 1,
        "protocol_number": "2021/1",
        "signed_on": date(2021, 3, 1),
        "valid_from": date(2021, 3, 1),
        "parties": tuple(parties),
        "allocations": allocations,
        "impact_plan": ImpactPlan(indicators=indicators),
        "communication_plan": CommunicationPlan(summary="A word of thanks"),
        "signatures": (
            SignatureEvidence(
                party_id="department:education",
                level="development",
                signed_at=datetime(2021, 3, 1, tzinfo=UTC),
                certificate_sha256=SHA,
            ),
        ),
        "document_sha256": SHA,
    }
    return AgreementSigned(**(values | more))


def devices(**more: Any) -> AgreementSigned:
    """The triangulation: 271 devices, refurbished, stored and brought."""
    logistics = uuid.uuid4()
    return signed(
        allocation("271", value=5_420_000, giver=BANK),
        allocation("271", giver=REFURBISHER, need_line=None, kind="service", capability="refurbishing"),
        allocation("271", giver=STORE, offer=logistics, need_line=None, kind="space", capability="storage"),
        allocation(
            "271",
            giver=STORE,
            offer=logistics,
            offer_line=1,
            need_line=None,
            kind="service",
            capability="delivery",
        ),
        **more,
    )


def food(**more: Any) -> AgreementSigned:
    return signed(
        allocation("9600", "KGM", recurrence=Recurrence(every="month", times=12)),
        allocation("100", "IE", kind="volunteering", capability="delivery", need_line=None, giver=CHIPS),
        indicators=(indicator("families_per_month", "C62"), indicator("families_reached", "C62")),
        **({"title": "Food", "policy_area": "food_poverty"} | more),
    )


def terminated(agreement: AgreementSigned, on: date) -> AgreementTerminated:
    return AgreementTerminated(
        agreement_id=agreement.agreement_id,
        version=agreement.version + 1,
        match_id=agreement.match_id,
        need_id=agreement.need_id,
        department=agreement.department,
        stakeholder_ids=agreement.stakeholder_ids,
        reason="The giver withdrew",
        effective_on=on,
    )
