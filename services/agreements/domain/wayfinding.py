"""The public vademecum: easy words beside each record, and which instrument fits four answers.

The answers become a file as it would be, and the records decide as they do at the desk: when the Legal Office changes
when an instrument applies, the public path changes with it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.values import (
    Allocation,
    CommunicationPlan,
    ImpactPlan,
    Party,
    PlannedIndicator,
    ResourceKind,
    Slug,
    Value,
)
from services.agreements.domain.file import AgreementFile, Language
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.proposal import Candidate, propose
from services.agreements.domain.rules import Bilingual
from services.agreements.domain.states import State

Who = Literal["company", "foundation", "association", "university", "school", "public_body"]
Return = Literal["none", "visibility"]
Company = Literal["alone", "together"]
_GIVER = UUID(int=2)
_UNITS: dict[str, str] = {
    "money": "EUR", "goods": "C62", "expertise": "DAY", "volunteering": "IE", "space": "C62", "service": "E48",
}  # fmt: skip


class EasyWords(Value):
    """What a record does not say in words for everybody. `case` names a partnership of Milan, 2019-2022."""

    code: Slug
    for_whom: Bilingual
    when: Bilingual
    need: tuple[Bilingual, ...]
    visibility: Bilingual
    good_to_know: tuple[Bilingual, ...] = ()
    example: Bilingual
    case: Slug


class Answers(BaseModel):
    """What somebody has answered so far; one question at a time."""

    model_config = ConfigDict(frozen=True)

    what: ResourceKind | None = None
    back: Return | None = None
    who: Who | None = None
    group: Company | None = None

    @classmethod
    def read(cls, given: dict[str, str]) -> Answers:
        """Out of an address; an answer that is none is a question still open."""
        possible = {"what": ResourceKind, "back": Return, "who": Who, "group": Company}
        return cls.model_validate(
            {name: given[name] for name, kind in possible.items() if given.get(name) in get_args(kind)}
        )

    def open_question(self) -> str | None:
        """The next question; None when all are answered."""
        return next((name for name in type(self).model_fields if getattr(self, name) is None), None)

    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.model_dump().items() if value is not None}


def suggest(records: tuple[Instrument, ...], answers: Answers, today: date) -> tuple[Candidate, ...]:
    """Every instrument in force, those that fit first, each with its reasons."""
    return propose(records, imagined(answers, today), today)


def imagined(answers: Answers, today: date) -> AgreementFile:
    """The file that such answers would open."""
    kind, who = answers.what or "goods", answers.who or "company"
    others = [UUID(int=3), UUID(int=4)] if answers.group == "together" else []
    return AgreementFile(
        agreement_id=UUID(int=0),
        version=1,
        state=State.DRAFTED,
        match_id=UUID(int=0),
        need_id=UUID(int=0),
        department="education",
        title="…",
        policy_area="underprivileged_schools",
        triangulation=bool(others),
        parties=(
            Party(party_id="department:education", role="department", department="education", name="education"),
            _party(_GIVER, "giver"),
            *(_party(one, "receiver") for one in others),
        ),
        allocations=(
            Allocation(
                offer_id=UUID(int=5),
                offer_line=0,
                need_line=0,
                stakeholder_id=_GIVER,
                kind=kind,
                quantity=Decimal(1),
                unit=_UNITS[kind],
            ),
        ),
        expected_return=answers.back or "none",
        drafted_at=datetime(today.year, today.month, today.day, tzinfo=UTC),
        drafted_on=today,
        organisation_types={str(_GIVER): who} | {str(one): "association" for one in others},
    )


_USUAL: dict[str, Answers] = {
    "sponsorizzazione": Answers(what="money", back="visibility", who="company", group="alone"),
    "donazione": Answers(what="goods", back="none", who="company", group="alone"),
    "concessione_comodato": Answers(what="space", back="none", who="association", group="alone"),
    "patto_di_collaborazione": Answers(what="volunteering", back="none", who="association", group="alone"),
    "accordo_di_partenariato": Answers(what="service", back="none", who="association", group="together"),
    "accordo_di_collaborazione": Answers(what="expertise", back="none", who="university", group="alone"),
    "accordo_di_co_produzione": Answers(what="service", back="visibility", who="foundation", group="alone"),
}


def specimen(record: Instrument, language: Language) -> AgreementFile:
    """A file of this instrument with a placeholder wherever the parties will write something."""
    blank = imagined(_USUAL.get(record.code, Answers()), record.valid_from)
    labels = {term.code: term.label.in_(language) for term in record.terms if term.type != "date"}
    title, giver = ("Oggetto dell'accordo", "Chi dà") if language == "it" else ("Subject of the agreement", "Who gives")
    plan, measure = (
        ("Piano di comunicazione", "Indicatore") if language == "it" else ("Communication plan", "Indicator")
    )
    office = "Direzione competente" if language == "it" else "Department in charge"
    parties = tuple(
        one.model_copy(update={"name": f"[{office if one.department else giver}]"}) for one in blank.parties
    )
    lines = tuple(one.model_copy(update={"description": "[…]"}) for one in blank.allocations)
    return blank.model_copy(
        update={
            "title": f"[{title}]",
            "language": language,
            "instrument": record.code,
            "instrument_version": record.version,
            "terms": {code: f"[{text}]" for code, text in labels.items()},
            "parties": parties,
            "allocations": lines,
            "approved_on": record.valid_from,
            "communication_plan": CommunicationPlan(summary=f"[{plan}]"),
            "impact_plan": ImpactPlan(
                indicators=(
                    PlannedIndicator(code="indicator", title_it=f"[{measure}]", title_en=f"[{measure}]", unit="C62"),
                )
            ),
        }
    )


def _party(stakeholder: UUID, role: Literal["giver", "receiver"]) -> Party:
    return Party(party_id=f"stakeholder:{stakeholder}", role=role, stakeholder_id=stakeholder, name="…")
