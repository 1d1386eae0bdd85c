"""What the Legal Office hides in the register is hidden in the public results too."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.delivery import Delivery
from chassis.unit import Unit
from contracts.events.agreements import AgreementDisclosureChanged
from services.impact.store import Store


async def on_disclosure_changed(unit: Unit[Store], deliveries: Sequence[Delivery[AgreementDisclosureChanged]]) -> None:
    """Keeps what is hidden, also of an agreement that is not signed yet."""
    await unit.store.disclosures.save(
        unit.scope, [(one.event.agreement_id, one.event.version, one.event.hidden) for one in deliveries]
    )
