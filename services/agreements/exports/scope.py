"""Which instrument is exported how, and as whom the city speaks. Reasons: ADR 0103."""

from __future__ import annotations

from dataclasses import dataclass

CONTRACTS = ("sponsorizzazione", "concessione_comodato", "accordo_di_partenariato", "accordo_di_co_produzione")
"""Both sides owe something, or the contracts code asks for a procedure: OCDS."""
GRANTS = ("donazione",)
"""Nothing is owed in return: 360Giving."""
BODY_SCHEME = "IT-IPA"
"""Codes of public bodies in the Italian index (indicepa.gov.it)."""
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True)
class Publisher:
    """The city as a publisher: `code` is its IPA code, `site` the public address without a slash at its end."""

    code: str
    name: str
    site: str

    @property
    def body_id(self) -> str:
        return f"{BODY_SCHEME}-{self.code}"

    def page(self, protocol: str) -> str:
        """The public page of an agreement."""
        year, number = protocol.split("/")
        return f"{self.site}/agreements/register/{year}/{int(number)}"


def amount(cents: int) -> float:
    """Cents as euro."""
    return cents / 100
