"""The amendment's own document: what it changes with before and after, in both languages, as PDF/A-2b."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest

from contracts.values import CommunicationPlan, ImpactPlan, PlannedIndicator
from services.agreements.documents.amendment import AmendmentData, compose_amendment, render_amendment_off_loop
from services.agreements.documents.compose import Surroundings
from services.agreements.domain import amending, drafting, signing
from services.agreements.domain.commands import Amend, Renew, SetCommunicationPlan, SetImpactPlan
from services.agreements.domain.file import AgreementFile, LineChange, Protocol, Responsibility
from services.agreements.domain.states import State
from services.agreements.tests.story import EDUCATION
from services.agreements.tests.test_render import text_of
from services.agreements.tests.test_several import triangle
from services.agreements.vademecum import first_records
from tests.pdfa import PdfA

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)
RECORD = next(record for record in reversed(first_records()) if record.code == "donazione")
AROUND = Surroundings("Comune di Milano", {}, {}, True)


def in_force(language: Literal["it", "en"]) -> AgreementFile:
    file = drafting.draft(triangle(), UUID(int=7), datetime(2026, 11, 1, 9, tzinfo=UTC), TODAY).file
    return file.model_copy(
        update={
            "state": State.ACTIVE,
            "language": language,
            "instrument": RECORD.code,
            "instrument_version": RECORD.version,
            "terms": {term.code: "Come da determina 12/2026" for term in RECORD.terms},
            "communication_plan": CommunicationPlan(summary="Comunicato"),
            "impact_plan": ImpactPlan(),
            "protocol": Protocol(year=2026, number=12),
            "approved_on": date(2026, 11, 1),
            "valid_from": date(2026, 11, 2),
            "valid_to": date(2027, 3, 1),
            "signatories": signing.signatories_of(file, "c_f205", {}),
        }
    )


def approved(file: AgreementFile) -> AmendmentData:
    numbered = amending.numbered(amending.submit(file).file, Protocol(year=2026, number=99), date(2026, 11, 25))
    return compose_amendment(numbered, numbered.amendments[0], RECORD, AROUND)


def amended(language: Literal["it", "en"]) -> AmendmentData:
    pupils = PlannedIndicator(code="pupils", title_it="Alunni", title_en="Pupils", unit="IE", target=Decimal(30))
    command = Amend(
        reason="La banca ha trovato meno portatili del previsto",
        quantities=(LineChange(position=0, quantity=Decimal(7)),),
        valid_to=date(2027, 6, 30),
        terms={RECORD.terms[0].code: "Nuovo testo concordato"},
        responsibilities=(Responsibility(party_id=EDUCATION, text="Ritira i portatili"),),
        communication_plan=SetCommunicationPlan(summary="Solo una nota sul portale"),
        impact_plan=SetImpactPlan(indicators=(pupils,)),
    )
    return approved(amending.amend(in_force(language), command, RECORD, {}, "guide", TODAY).file)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("it", ("Modifica n. 1", "Che cosa cambia", "Finora", "10 pezzi", "7 pezzi", "Alunni: 30", "resta com'è")),
        (
            "en",
            ("Amendment no. 1", "What changes", "Until now", "10 pieces", "7 pieces", "Pupils: 30", "stays as"),
        ),
    ],
)
async def test_it_says_what_it_changes_and_in_which_agreement(
    language: Literal["it", "en"], words: tuple[str, ...]
) -> None:
    data = amended(language)
    pdf = await render_amendment_off_loop(data)
    assert pdf == await render_amendment_off_loop(data), "the same data give the same bytes"
    text = text_of(pdf).replace("’", "'")
    for expected in (
        *words, "2026/0000099", "2026/0000012", "Nuovo testo concordato", "Ritira i portatili", "Solo una nota",
    ):  # fmt: skip
        assert expected in text, expected


async def test_a_renewal_calls_itself_one() -> None:
    command = Renew(reason="Il progetto continua", valid_to=date(2028, 3, 1))
    file = amending.renew(in_force("it"), command, RECORD, "guide", TODAY, 365).file
    text = text_of(await render_amendment_off_loop(approved(file)))
    assert "Rinnovo n. 1" in text
    assert "1 marzo 2028" in text


async def test_vera_pdf_finds_it_is_pdf_a_2b(pdfa: PdfA) -> None:
    made = {language: await render_amendment_off_loop(amended(language)) for language in ("it", "en")}  # type: ignore[arg-type]
    found = pdfa.verdicts(made)
    assert {name: verdict.broken for name, verdict in found.items()} == {"it": (), "en": ()}
