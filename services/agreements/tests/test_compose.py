"""From a file to the words of its document."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from chassis.clock import new_id
from contracts.values import (
    Allocation,
    CommunicationPlan,
    ImpactPlan,
    OfferPartner,
    Party,
    PlannedIndicator,
    Recurrence,
)
from services.agreements.documents.compose import Surroundings, compose
from services.agreements.documents.data import DocumentData
from services.agreements.documents.render import render
from services.agreements.domain import drafting
from services.agreements.domain.file import AgreementFile, Protocol, Responsibility
from services.agreements.domain.signing import signatories_of
from services.agreements.tests.story import EDUCATION, donation
from services.agreements.vademecum import first_records

pytestmark = pytest.mark.unit

GIVER, PARTNER, RECEIVER = new_id(), new_id(), new_id()
RECORDS = {record.code: record for record in first_records()}
AROUND = Surroundings("Comune di Milano", {GIVER: "association"}, {PARTNER: "Banco Alimentare"}, True)


def food(**more: Any) -> AgreementFile:
    """800 kg a month for a year, from an association with a partner behind it, to a receiver."""
    match = donation(
        GIVER,
        need_title="Aiuti alimentari mensili",
        parties=(
            Party(party_id=EDUCATION, role="department", department="education", name="education"),
            Party(
                party_id=f"stakeholder:{GIVER}",
                role="giver",
                stakeholder_id=GIVER,
                name="Quartieri Tranquilli",
                partners=(OfferPartner(stakeholder_id=PARTNER),),
            ),
            Party(party_id=f"stakeholder:{RECEIVER}", role="receiver", stakeholder_id=RECEIVER, name="Arimo"),
        ),
        allocations=(
            Allocation(
                offer_id=new_id(),
                offer_line=0,
                stakeholder_id=GIVER,
                kind="goods",
                quantity=Decimal(9600),
                unit="KGM",
                recurrence=Recurrence(every="month", times=12),
                description="Alimenti",
            ),
        ),
    )
    opened = drafting.draft(match, new_id(), datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 20)).file
    indicator = PlannedIndicator(
        code="families", title_it="Famiglie", title_en="Families", unit="IE", target=Decimal(400)
    )
    values: dict[str, Any] = {
        "approved_on": date(2026, 11, 20),
        "protocol": Protocol(year=2026, number=7),
        "signatories": signatories_of(opened, "c_f205", {}),
        "terms": {"shared_place": "Mercato di Lambrate", "monitoring": "Verifica trimestrale"},
        "communication_plan": CommunicationPlan(summary="Racconto mensile", channels=("city-website",)),
        "impact_plan": ImpactPlan(indicators=(indicator,)),
        "responsibilities": (Responsibility(party_id=EDUCATION, text="Sceglie le famiglie"),),
        "valid_to": date(2027, 11, 30),
    }
    return opened.model_copy(update=values | more)


def words(**more: Any) -> DocumentData:
    return compose(food(**more), RECORDS["patto_di_collaborazione"], AROUND)


def test_parties_lines_and_plans_are_said_in_italian() -> None:
    data = words()
    assert data.office == "Direzione Educazione"
    assert [party.name for party in data.parties] == [
        "Comune di Milano, Direzione Educazione",
        "Quartieri Tranquilli",
        "Arimo",
    ]
    assert data.parties[1].role.endswith("Insieme a: Banco Alimentare")
    assert data.lines[0].quantity == "9.600 chilogrammi"
    assert data.lines[0].description == "Beni: Alimenti (ogni mese, 12 volte)"
    assert data.duration == "dall'ultima firma al 30 novembre 2027"
    assert data.indicators[0].title == "Famiglie"
    assert data.roles[0].heading == "Direzione Educazione"
    assert [one.party for one in data.signatories] == ["Comune di Milano", "Quartieri Tranquilli", "Arimo"]
    assert not data.draft
    assert render(data).startswith(b"%PDF-")


def test_the_same_file_is_said_in_english() -> None:
    data = words(language="en")
    assert data.instrument == "Collaboration pact"
    assert data.lines[0].quantity == "9,600 kilograms"
    assert data.indicators[0].title == "Families"


def test_an_article_without_its_terms_is_left_out_and_no_placeholder_stays() -> None:
    headings = [clause.heading for clause in words().clauses]
    assert "Luogo e intervento" in headings
    assert "Assicurazione e sicurezza" not in headings
    assert not [clause for clause in words().clauses if "{" in clause.text]


def test_what_no_article_says_is_said_among_the_terms() -> None:
    file = food(terms={"declared_value": "1000 euro", "public_notice_on": "2026-10-01"})
    data = compose(file, RECORDS["sponsorizzazione"], AROUND)
    assert {term.text for term in data.terms} == {"1000 euro", "1 ottobre 2026"}


def test_without_a_number_it_is_a_draft() -> None:
    assert words(protocol=None).draft
    with pytest.raises(ValueError, match="day of approval"):
        words(approved_on=None)


def test_braces_in_a_term_are_only_text() -> None:
    data = words(terms={"shared_place": "{monitoring} {x}", "monitoring": "m"})
    assert "{monitoring} {x}" in {clause.text for clause in data.clauses}
