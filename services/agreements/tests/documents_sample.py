"""A document to render and sign in tests: the device triangulation."""

from datetime import date

from services.agreements.documents.data import (
    DocumentData,
    IndicatorText,
    Language,
    LineText,
    Paragraph,
    PartyText,
    SignatoryText,
)

FIELDS = ("department-education", "stakeholder-giver", "stakeholder-refurbisher")
PARTIES = ("Comune di Milano", "Intesa Sanpaolo", "Fondazione Sodalitas")


def device_document(language: Language = "it", title: str = "Laptop e PC per studenti") -> DocumentData:
    return DocumentData(
        language=language,
        city="Comune di Milano",
        office="Direzione Educazione",
        title=title,
        instrument="Donazione",
        instrument_source="artt. 782-783 c.c. (A)",
        to_be_confirmed=False,
        protocol="2026/0000001",
        document_date=date(2026, 11, 20),
        date_text="20 novembre 2026",
        reference="0199f2a7-3c1e-7d0a-9f2e-0b1c2d3e4f50",
        subject="Cessione gratuita di 271 dispositivi",
        public_interest="Riduzione della povertà digitale",
        duration="dal 20 novembre 2026 al 30 giugno 2027",
        parties=tuple(PartyText(name=name, kind="azienda", role="Dona") for name in PARTIES),
        lines=(LineText(party=PARTIES[1], description="Laptop", quantity="271 pezzi", value="54.200,00 €"),),
        total_value="54.200,00 €",
        terms=(Paragraph(heading="Consegna", text="Con verbale."),),
        clauses=(Paragraph(heading="Oggetto", text="Il donante cede i beni."),),
        communication=(Paragraph(heading="Canali", text="Sito del Comune"),),
        indicators=(IndicatorText(title="Dispositivi", unit="pezzi", baseline="0", target="271"),),
        roles=(Paragraph(heading="Comune di Milano", text="Coordina"),),
        attachments=(Paragraph(heading="Elenco dei beni", text="inventario.pdf"),),
        signatories=tuple(
            SignatoryText(field=field, party=party, capacity="per la parte")
            for field, party in zip(FIELDS, PARTIES, strict=True)
        ),
        development_signer=True,
    )
