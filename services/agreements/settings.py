"""Settings of this service: those of the chassis and its own."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import PORTS, Settings


class AgreementsSettings(Settings):
    """`SPORTELLO_AGREEMENTS_…` beside the common `SPORTELLO_…`."""

    service: str = "agreements"
    http_port: int = PORTS["agreements"]
    agreements_development_signer: bool = Field(
        default=True, description="sign with certificates of our own, which have no legal value"
    )
