"""What the page of a file shows of its signatures, and the form of who signs in which order."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, field_validator, model_validator

from chassis.auth import Actor
from chassis.scope import Scope
from chassis.web.forms import Form
from chassis.web.i18n import current_language
from contracts.values import ShortText
from services.agreements.api_signatures import upload_view
from services.agreements.documents.verification.words import in_words
from services.agreements.domain.file import MOST_SEATS, AgreementFile
from services.agreements.domain.signatories import Code, Named, PartySigns, Person, PlanSignatures, turn
from services.agreements.domain.states import Act, State, allows
from services.agreements.handlers import receiving
from services.agreements.handlers.access import FILLS_IN
from services.agreements.store import Store

UPLOADS_SHOWN = 10
SPARE_PEOPLE = 1
"""Empty rows offered for a further person of a party; once approved the number is fixed."""


class PersonRow(BaseModel):
    """A person as the form asks for them."""

    name: ShortText | None = None
    tax_code: Code | None = None
    organisation_code: Code | None = None


class PartyRow(BaseModel):
    """A party as the form asks for it: its place in the order, its deadline, its people."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    place: Annotated[int, Field(ge=1, le=99)] = 99
    due_on: date | None = None
    people: Annotated[tuple[PersonRow, ...], Field(max_length=MOST_SEATS)] = ()


class SigningForm(BaseModel):
    """Order, people and deadlines."""

    order: Literal["parallel", "in_order"]
    signatories: tuple[PartyRow, ...] = ()

    @field_validator("signatories", mode="after")
    @classmethod
    def _in_place(cls, rows: tuple[PartyRow, ...]) -> tuple[PartyRow, ...]:
        return tuple(sorted(rows, key=lambda one: one.place))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """What only the whole can be wrong about (a party listed twice) is refused as the form's fault."""
        self.command()
        return self

    def command(self) -> PlanSignatures:
        return PlanSignatures(
            order=self.order,
            signatories=tuple(
                PartySigns(
                    party_id=one.party_id,
                    due_on=one.due_on,
                    people=tuple(Person(**person.model_dump()) for person in one.people),
                )
                for one in self.signatories
            ),
        )


async def signatures_seen(
    store: Store, scope: Scope, actor: Actor, file: AgreementFile
) -> tuple[dict[str, Any], dict[str, Form[Any]]]:
    """What the section shows to this reader, and its forms."""
    names = receiving.may_see_names(actor)
    plans = actor.has(*FILLS_IN) and allows(file.state, Act.NAME)
    named = await store.signatures.named(scope, file.agreement_id) if names else []
    shown = {
        "uploads": await uploads_seen(store, scope, actor, file.agreement_id),
        "named": {(one.party_id, one.seat): one for one in named},
        "awaited_now": {one.field for one in turn(file)} if allows(file.state, Act.SIGN) else set(),
        "plans_signatures": plans,
        "hands_in": allows(file.state, Act.SIGN) and receiving.may_hand_in(actor, file),
        "sees_names": names,
        "signing_parties": _parties(file),
        "people_rows": _people(file),
    }
    return shown, {"signing": _filled(file, named), "signed_file": Form.of()}


async def uploads_seen(
    store: Store, scope: Scope, actor: Actor, agreement_id: UUID, amendment: int = 0
) -> list[dict[str, Any]]:
    """What was handed in for the agreement's document or an amendment's, each refusal said in words."""
    language = current_language()
    return [
        {
            "line": upload_view(line, actor),
            "reasons": [in_words(one["reason"], language) for one in line.reasons if not one["field"]],
            "of": {
                field: [in_words(one["reason"], language) for one in line.reasons if one["field"] == field]
                for field in {one["field"] for one in line.reasons if one["field"]}
            },
        }
        for line in (await store.signatures.uploads(scope, agreement_id, amendment, UPLOADS_SHOWN))[:UPLOADS_SHOWN]
    ]


def _parties(file: AgreementFile) -> list[tuple[str, str]]:
    """Who signs, in order: by the approved document, before that as the plan says."""
    if file.signatories:
        return list({one.party_id: one.name for one in file.signatories}.items())
    planned = [one.party_id for one in file.signing.signatures]
    parties = sorted(file.parties, key=lambda one: planned.index(one.party_id) if one.party_id in planned else 99)
    return [(one.party_id, one.name) for one in parties]


def _people(file: AgreementFile) -> dict[str, int]:
    fixed = file.state in (State.APPROVED, State.SIGNING)
    seats = {one.party_id: one.people for one in file.signing.signatures}
    return {
        party: seats.get(party, 1) if fixed else min(5, max(1, seats.get(party, 1)) + SPARE_PEOPLE)
        for party, _name in _parties(file)
    }


def _filled(file: AgreementFile, named: list[Named]) -> Form[Any]:
    values: dict[str, Any] = {"order": file.signing.order}
    due = {one.party_id: one.due_on for one in file.signing.signatures}
    people = {(one.party_id, one.seat): one for one in named}
    for index, (party, _name) in enumerate(_parties(file)):
        row = f"signatories.{index}."
        values |= {f"{row}party_id": party, f"{row}place": index + 1, f"{row}due_on": due.get(party)}
        for seat in range(5):
            person = people.get((party, seat + 1))
            for name in ("name", "tax_code", "organisation_code"):
                values[f"{row}people.{seat}.{name}"] = getattr(person, name) if person else None
    return Form.of(**values)
