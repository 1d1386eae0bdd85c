"""One line of the public register: what the register discloses, with everything that is hidden left out already.

Pages, feeds, tables and exports are made from this alone, never from the file, so that what is hidden is hidden
everywhere.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.web.vocabulary import label
from services.agreements.publication.amendments import PublicAmendment, public_amendments


class Omission(BaseModel):
    """A part that is not shown: hidden for now, or erased for good; `basis` says by which rule."""

    name: Literal["subject", "parties"]
    erased: bool
    basis: str


class PublicParty(BaseModel):
    """A party as everybody may see it; an omitted one has a number instead of name and id."""

    party_id: str
    role: str
    name: str
    stakeholder_id: UUID | None
    kind: str | None
    """The kind of organisation, as far as it is known here."""
    omitted: bool


class PublicLine(BaseModel):
    """What one party gives; no description when the subject is hidden."""

    party_id: str
    kind: str
    capability: str | None
    description: str | None
    quantity: str | None
    unit: str
    value_cents: int | None


class RegisterView(BaseModel):
    """One public line of the register. `register_hash` is the chained hash of its entry."""

    protocol: str
    position: int
    signed_on: date | None
    title: str
    instrument: str
    state: str
    policy_area: str
    department: str
    parties: tuple[str, ...]
    total_value_cents: int | None
    valid_from: date | None
    valid_to: date | None
    document_sha256: str
    register_hash: str
    agreement_id: UUID
    published_on: date | None
    publication_position: int | None
    omitted: tuple[Omission, ...]
    entered_at: datetime
    changed_at: datetime
    people: tuple[PublicParty, ...]
    lines: tuple[PublicLine, ...]
    amendments: tuple[PublicAmendment, ...] = ()
    agreement_protocol: str = Field(default="", exclude=True)
    """The agreement's own number, also where `protocol` is that of an amendment."""

    def lacks(self, name: str) -> bool:
        return any(one.name == name for one in self.omitted)


def called(name: str, department: str) -> str:
    """A party's name as people read it: matching knows a department only by its code."""
    return label("department", department) if name == department else name


def register_line(row: dict[str, Any]) -> RegisterView:
    """A public line out of a row of the register, the agreement's content and what is disclosed or redacted.

    The content is read as it is stored: exports read thousands of them, and a whole file takes a millisecond.
    """
    file: dict[str, Any] = row["content"]
    words: dict[str, str] = row["words"] or {}
    omitted = _omissions(row["redactions"] or {}, words)
    hidden = {one.name for one in omitted}
    people = _people(file, "parties" in hidden)
    numbers = {party["stakeholder_id"]: one.party_id for party, one in zip(file["parties"], people, strict=True)}
    values = [one["value_cents"] for one in file["allocations"] if one["value_cents"] is not None]
    publication = file.get("publication") or {}
    return RegisterView(
        protocol=f"{row['protocol_year']}/{row['protocol_number']:07d}",
        position=row["position"],
        signed_on=file["signed_on"],
        title="" if "subject" in hidden else words["subject"],
        instrument=row["instrument"],
        state=file["state"],
        policy_area=file["policy_area"],
        department=file["department"],
        parties=tuple(one.name for one in people if not one.omitted),
        total_value_cents=sum(values) if values else None,
        valid_from=file["valid_from"],
        valid_to=file["valid_to"],
        document_sha256=row["document_sha256"],
        register_hash=row["hash"],
        agreement_id=file["agreement_id"],
        published_on=publication.get("published_on"),
        publication_position=publication.get("position"),
        omitted=omitted,
        entered_at=row["entered_at"],
        changed_at=row["changed_at"],
        people=people,
        lines=tuple(
            PublicLine(
                party_id=numbers.get(one["stakeholder_id"], ""),
                kind=one["kind"],
                capability=one["capability"],
                description=None if "subject" in hidden else one["description"],
                quantity=f"{Decimal(one['quantity']).normalize():f}",
                unit=one["unit"],
                value_cents=one["value_cents"],
            )
            for one in file["allocations"]
        ),
        amendments=public_amendments(file, row["amended"] or ()),
        agreement_protocol=f"{file['protocol']['year']}/{file['protocol']['number']:07d}",
    )


def _omissions(redactions: dict[str, str], words: dict[str, str]) -> tuple[Omission, ...]:
    """What is redacted, and what the register does not disclose although nobody said why: not shown either."""
    found = {}
    for name in ("subject", "parties"):
        if name in redactions:
            level, _, basis = redactions[name].partition(" ")
            found[name] = Omission(name=name, erased=level == "erased", basis=basis)
        elif name not in words:
            found[name] = Omission(name=name, erased=True, basis="")
    return tuple(found.values())


def _people(file: dict[str, Any], hidden: bool) -> tuple[PublicParty, ...]:
    kinds: dict[str, str] = file.get("organisation_types") or {}
    found = []
    for number, party in enumerate(file["parties"], start=1):
        omitted = hidden and party["department"] is None
        found.append(
            PublicParty(
                party_id=f"omitted:{number}" if omitted else party["party_id"],
                role=party["role"],
                name="" if omitted else called(party["name"], file["department"]),
                stakeholder_id=None if omitted else party["stakeholder_id"],
                kind=kinds.get(party["stakeholder_id"] or ""),
                omitted=omitted,
            )
        )
    return tuple(found)
