"""Who signs in which order, who is meant by name, and whose signature one is that came from outside."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.values import ShortText, Value
from services.agreements.domain.file import MOST_SEATS, AgreementFile, PlannedSignature, Signatory, SigningPlan
from services.agreements.domain.outcome import Outcome, changed
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.rules import Level
from services.agreements.domain.states import Act, State

_ISSUED_BY = re.compile(r"^([A-Z]{2}[A-Z]{3}-|[A-Z]{2}:|[A-Z]{5}[-:])")
RANKS: dict[str, int] = {"simple": 0, "advanced": 1, "qualified": 2}


Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9:-]{5,40}$")]


class Named(Value):
    """Who is expected to sign for a party: a person, the organisation's own code, or both.

    Personal data, kept in the legal record beside the file and nowhere else. Codes are fiscal codes or VAT numbers.
    """

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    seat: Annotated[int, Field(ge=1, le=MOST_SEATS)] = 1
    name: ShortText | None = None
    tax_code: Code | None = None
    organisation_code: Code | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.name or self.tax_code or self.organisation_code)


class Person(Value):
    """One person in a plan of signatures."""

    name: ShortText | None = None
    tax_code: Code | None = None
    organisation_code: Code | None = None


class PartySigns(Value):
    """How one party signs: through whom, and until when. Without people: through one, not named yet."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    due_on: date | None = None
    people: Annotated[tuple[Person, ...], Field(max_length=MOST_SEATS)] = ()


class PlanSignatures(Value):
    """The order of signatures; parties sign in the order of this list, those not in it come last."""

    order: Literal["parallel", "in_order"] = "parallel"
    signatories: Annotated[tuple[PartySigns, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> PlanSignatures:
        parties = [one.party_id for one in self.signatories]
        if len(parties) != len(set(parties)):
            raise ValueError("a party is listed twice")
        return self

    def named(self) -> tuple[Named, ...]:
        """The people of the plan, each on a seat."""
        return tuple(
            Named(party_id=party.party_id, seat=seat, **person.model_dump())
            for party in self.signatories
            for seat, person in enumerate(party.people, start=1)
        )


class PartyNames(Value):
    """Through whom one party signs an amendment; without people, through whom it signed the agreement."""

    party_id: Annotated[str, Field(min_length=1, max_length=100)]
    people: Annotated[tuple[Person, ...], Field(max_length=MOST_SEATS)] = ()


class NameSignatories(Value):
    """Who signs an amendment; order and number of signatures are the agreement's."""

    signatories: Annotated[tuple[PartyNames, ...], Field(max_length=50)]

    @model_validator(mode="after")
    def _each_once(self) -> NameSignatories:
        parties = [one.party_id for one in self.signatories]
        if len(parties) != len(set(parties)):
            raise ValueError("a party is listed twice")
        return self


def named_for_amendment(file: AgreementFile, command: NameSignatories) -> tuple[Named, ...]:
    """The people of the command on the agreement's seats. Raises Invalid."""
    seats = Counter(one.party_id for one in file.signatories)
    for index, party in enumerate(command.signatories):
        pointer = f"/signatories/{index}"
        if party.party_id not in seats:
            raise Invalid(
                "unknown-party", "Questa parte non firma.", "This party does not sign.", f"{pointer}/party_id"
            )
        if len(party.people) > seats[party.party_id]:
            raise Invalid(
                "too-many-people",
                f"Per questa parte le firme sono {seats[party.party_id]}, come nell'accordo.",
                f"This party gives {seats[party.party_id]} signatures, as under the agreement.",
                f"{pointer}/people",
            )
    return tuple(
        Named(party_id=party.party_id, seat=seat, **person.model_dump())
        for party in command.signatories
        for seat, person in enumerate(party.people, start=1)
    )


class Claim(Value):
    """A verified signature that came from outside: what its certificate says, not yet whose it is."""

    field: str
    organisation_id: str
    person_id: str
    person_name: str
    certificate_sha256: str
    level: Literal["advanced", "qualified"]
    proven_at: datetime
    signature_id: str = ""


def planned(signatories: tuple[Signatory, ...], plan: SigningPlan) -> tuple[Signatory, ...]:
    """The signatories in the plan's order, each with its seats and deadline."""
    known = {one.party_id: one for one in signatories}
    placed = [
        known[wanted.party_id].model_copy(update={"seat": seat, "due_on": wanted.due_on})
        for wanted in plan.signatures
        if wanted.party_id in known
        for seat in range(1, wanted.people + 1)
    ]
    there = {one.party_id for one in placed}
    return (*placed, *(one for one in signatories if one.party_id not in there))


def turn(file: AgreementFile) -> tuple[Signatory, ...]:
    """Whose signature of the file's document is awaited now."""
    return whose_turn(file.signatories, file.signing.order)


def parties_in_turn(file: AgreementFile) -> tuple[str, ...]:
    """The parties that may sign the file's document now; who sits on several seats is named once."""
    return tuple(dict.fromkeys(one.party_id for one in turn(file)))


def whose_turn(signatories: Iterable[Signatory], order: Literal["parallel", "in_order"]) -> tuple[Signatory, ...]:
    """Everybody who has not signed, or in order only the next one."""
    awaited = tuple(one for one in signatories if one.evidence is None)
    return awaited[:1] if order == "in_order" else awaited


def refuse_out_of_turn(file: AgreementFile, signatory: Signatory) -> None:
    """Raises NotPossible when somebody else has to sign first."""
    now = turn(file)
    if any(one.field == signatory.field for one in now):
        return
    first = now[0].name if now else ""
    raise NotPossible(
        "out-of-turn",
        f"Le firme sono in ordine: ora tocca a {first}.",
        f"Signatures are in order: it is the turn of {first}.",
        "/party_id",
    )


def plan(file: AgreementFile, command: PlanSignatures) -> Outcome:
    """Order, seats and deadlines. Once approved, only deadlines of signatures not given yet may still change."""
    parties = {party.party_id for party in file.parties}
    for index, one in enumerate(command.signatories):
        if one.party_id not in parties:
            raise Invalid(
                "unknown-party", "Questa parte non c'è.", "There is no such party.", f"/signatories/{index}/party_id"
            )
    wanted = SigningPlan(
        order=command.order,
        signatures=tuple(
            PlannedSignature(party_id=one.party_id, people=max(1, len(one.people)), due_on=one.due_on)
            for one in command.signatories
        ),
    )
    if file.state not in (State.APPROVED, State.SIGNING):
        return changed(file, Act.NAME, signing=wanted)
    return _deadlines(file, wanted)


def _deadlines(file: AgreementFile, wanted: SigningPlan) -> Outcome:
    bare = tuple(one.model_copy(update={"seat": 1, "due_on": None}) for one in file.signatories if one.seat == 1)
    fields = [one.field for one in planned(bare, wanted)]
    if wanted.order != file.signing.order or fields != [one.field for one in file.signatories]:
        raise NotPossible(
            "order-fixed",
            "Ordine e numero delle firme sono nel documento approvato: si possono cambiare solo persone e scadenze.",
            "Order and number of signatures are in the approved document: only people and deadlines may change.",
            "/order",
        )
    due = {one.party_id: one.due_on for one in wanted.signatures}
    signatories = tuple(
        one if one.evidence else one.model_copy(update={"due_on": due.get(one.party_id, one.due_on)})
        for one in file.signatories
    )
    return changed(file, Act.NAME, signing=wanted, signatories=signatories)


def assign(
    file: AgreementFile, claims: Sequence[Claim], named: Iterable[Named], levels: frozenset[Level] | None
) -> tuple[list[tuple[Signatory, Claim]], list[tuple[str, str]]]:
    """Whose signature each claim is; and for those that are nobody's or come too early, (field, code of the refusal).

    A signature in a field of the document must be that field's signatory's; one in a field that the software made
    goes to whoever fits, first those whose turn it is.
    """
    expected = {(one.party_id, one.seat): one for one in named if one.says_something}
    given: list[tuple[Signatory, Claim]] = []
    refused: list[tuple[str, str]] = []
    for claim in claims:
        awaited = [one for one in file.signatories if one.evidence is None and one not in [who for who, _ in given]]
        own = [one for one in file.signatories if one.field == claim.field]
        fitting = [one for one in awaited if (not own or one in own) and _fits(expected, one, claim)]
        signatory = next(iter(fitting), None)
        if signatory is None:
            refused.append((claim.field, "wrong-signatory"))
        elif levels is not None and claim.level not in levels:
            refused.append((claim.field, "level-too-low"))
        elif file.signing.order == "in_order" and signatory != awaited[0]:
            refused.append((claim.field, "out-of-turn"))
        else:
            given.append((signatory, claim))
    return given, refused


def _fits(expected: Mapping[tuple[str, int], Named], signatory: Signatory, claim: Claim) -> bool:
    named = expected.get((signatory.party_id, signatory.seat))
    return named is not None and fits(claim, named)


def fits(claim: Claim, named: Named) -> bool:
    """Whether the certificate is that of who is expected. Whatever is known of them must be right.

    A certificate that names no organisation is a person's own; then the person must be known and right.
    """
    if named.tax_code is not None and bare_code(claim.person_id) != bare_code(named.tax_code):
        return False
    if named.tax_code is None and named.name is not None and words(claim.person_name) != words(named.name):
        return False
    if named.organisation_code is not None:
        if claim.organisation_id:
            return bare_code(claim.organisation_id) == bare_code(named.organisation_code)
        return bool(named.tax_code or named.name)
    return named.says_something


def bare_code(code: str) -> str:
    """A fiscal code or VAT number without what says who issued it (`TINIT-`, `VATIT-`, `IT:`)."""
    return _ISSUED_BY.sub("", code.strip().upper())


def words(name: str) -> tuple[str, ...]:
    """A person's name for comparison: without accents and case, in any order ("ROSSI Maria" is "Maria Rossi")."""
    plain = unicodedata.normalize("NFKD", name)
    letters = "".join(one for one in plain if not unicodedata.combining(one)).casefold()
    return tuple(sorted(re.findall(r"[^\W\d_]+", letters)))
