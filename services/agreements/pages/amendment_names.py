"""The form that says through whom the parties sign an amendment, where not through whom they signed the agreement."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from chassis.scope import Scope
from chassis.web.forms import Form
from services.agreements.domain.file import MOST_SEATS, AgreementFile
from services.agreements.domain.signatories import NameSignatories, PartyNames, Person
from services.agreements.pages.signature_forms import PersonRow
from services.agreements.store import Store


class NamesRow(BaseModel):
    """One party and its people."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    people: Annotated[tuple[PersonRow, ...], Field(max_length=MOST_SEATS)] = ()


class NamesForm(BaseModel):
    """Whoever is left empty is whoever was named for the agreement."""

    signatories: tuple[NamesRow, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self.command()
        return self

    def command(self) -> NameSignatories:
        return NameSignatories(
            signatories=tuple(
                PartyNames(party_id=one.party_id, people=tuple(Person(**person.model_dump()) for person in one.people))
                for one in self.signatories
            )
        )


def seats_of(file: AgreementFile) -> list[tuple[str, str, int]]:
    """Who signs an amendment: party, name, how many people."""
    seats = Counter(one.party_id for one in file.signatories)
    names = {one.party_id: one.name for one in file.signatories}
    return [(party, names[party], count) for party, count in seats.items()]


async def names_form(store: Store, scope: Scope, file: AgreementFile) -> Form[Any]:
    """The form with the people who were named for the amendment under way."""
    if file.amendment is None:
        return Form.of().called("names")
    named = await store.signatures.named_for(scope, file.agreement_id, file.amendment.number)
    people = {(one.party_id, one.seat): one for one in named}
    values: dict[str, Any] = {}
    for index, (party, _name, seats) in enumerate(seats_of(file)):
        values[f"signatories.{index}.party_id"] = party
        for seat in range(seats):
            person = people.get((party, seat + 1))
            for name in ("name", "tax_code", "organisation_code"):
                values[f"signatories.{index}.people.{seat}.{name}"] = getattr(person, name) if person else None
    return Form.of(**values).called("names")
