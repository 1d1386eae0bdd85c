"""The six kinds of risk that the city and its partners met, with what they did about them.

Source: Integrated Action Plan of Milan (CITIES4CSR), part 2f, "Risk Analysis". It names no strategy for partners that
change their mind.
"""

from __future__ import annotations

from contracts.values import Value
from services.agreements.domain.particulars import RiskKind, RiskLevel
from services.agreements.domain.rules import Bilingual


class KnownRisk(Value):
    """One kind as the plan describes it: a starting point, to be said anew for each agreement."""

    kind: RiskKind
    text: Bilingual
    level: RiskLevel
    mitigation: Bilingual | None = None


KNOWN = (
    KnownRisk(
        kind="political",
        text=Bilingual(
            it="Programmi e priorità diversi, mancanza di sostegno politico",
            en="Different agendas and priorities, lack of endorsement",
        ),
        level="high",
        mitigation=Bilingual(
            it="Costruire insieme strategia e priorità di lungo periodo con le figure politiche chiave",
            en="Co-create a long-term strategy and priorities with key political figures",
        ),
    ),
    KnownRisk(
        kind="technical_admin",
        text=Bilingual(
            it="Competenze gestionali insufficienti, cambio del personale",
            en="Not enough skilled management, change of staff",
        ),
        level="high",
        mitigation=Bilingual(
            it="Consulenti dedicati e formazione di chi gestisce",
            en="Ad hoc consultants and training for management",
        ),
    ),
    KnownRisk(
        kind="behavioural",
        text=Bilingual(
            it="Un cambio di mentalità è difficile da ottenere e da misurare",
            en="A change of mentality is difficult to achieve and to measure",
        ),
        level="high",
        mitigation=Bilingual(it="Dare l'esempio", en="Lead by example"),
    ),
    KnownRisk(
        kind="unforeseen",
        text=Bilingual(
            it="Pandemia, guerra, cambiamento climatico e altre emergenze improvvise",
            en="Pandemic, war, climate change and other sudden emergencies",
        ),
        level="high",
        mitigation=Bilingual(
            it="Farne occasioni di collaborazione e di nuovi progetti",
            en="Turn them into opportunities for collaboration and new projects",
        ),
    ),
    KnownRisk(
        kind="financial",
        text=Bilingual(
            it="Risorse bloccate o insufficienti per i costi correnti",
            en="Frozen or not enough budget for running costs",
        ),
        level="medium",
        mitigation=Bilingual(
            it="Diversificare le entrate, in denaro e in natura",
            en="Diversify sources of income, financial and in kind",
        ),
    ),
    KnownRisk(
        kind="disengagement",
        text=Bilingual(
            it="Partner chiave che si allontanano o cambiano idea",
            en="Key stakeholders that disengage or change their mind",
        ),
        level="medium",
    ),
)
