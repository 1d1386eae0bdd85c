"""Settings of this service: those of the chassis and its own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from chassis.settings import PORTS, Settings


class AgreementsSettings(Settings):
    """`SPORTELLO_AGREEMENTS_…` beside the common `SPORTELLO_…`."""

    service: str = "agreements"
    http_port: int = PORTS["agreements"]
    agreements_development_signer: bool | None = Field(
        default=None, description="sign with certificates of our own; unset: only where no trust lists are configured"
    )
    agreements_trust_lists: Path | None = Field(
        default=None, description="directory with trusted lists, roots and revocation lists for outside signatures"
    )
    agreements_revocation: Literal["hard", "soft"] = Field(
        default="hard", description="`hard` refuses a certificate of which nobody knows whether it was revoked"
    )
    agreements_ask_issuers: Literal["off", "public", "any"] = Field(
        default="off",
        description="ask issuers over HTTP whether a certificate was revoked where no list says so: never, only at"
        " public addresses, or also inside one's own network",
    )
    agreements_keep_refused_days: int = Field(
        default=30, ge=0, le=365, description="days for which a refused document is kept for the desk to look at"
    )
    agreements_expires_after_days: int = Field(
        default=30, ge=0, le=3650, description="days after its last day on which an agreement is closed as expired"
    )
    agreements_renewal_from_days: int = Field(
        default=180, ge=0, le=3650, description="days before its last day from which a renewal may be opened"
    )
    agreements_write_to: str = Field(
        default="ufficio.legale@comune.example", description="where to write about a public notice"
    )
    agreements_ocid_prefix: str = Field(
        default="ocds-000000", pattern=r"^ocds-[a-z0-9]{6}$", description="prefix registered for the OCDS export"
    )
    agreements_grant_prefix: str = Field(
        default="360G-sportello", pattern=r"^360G-[A-Za-z0-9]+$", description="prefix registered with 360Giving"
    )

    @property
    def signs_for_trial(self) -> bool:
        """Whether the development signer is on. Where real signatures are judged it is off unless asked for."""
        asked = self.agreements_development_signer
        return self.agreements_trust_lists is None if asked is None else asked
