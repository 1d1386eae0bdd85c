"""Which commitment a report means."""

from __future__ import annotations

from services.impact.domain.commands import RecordDelivery
from services.impact.domain.plan import Commitment, Plan
from services.impact.domain.refusals import Invalid


def commitment_meant(plan: Plan, command: RecordDelivery) -> Commitment:
    """The commitment named by offer, line and, where one line goes to several of the need, the need's line.

    Raises Invalid with the pointer of the field that names nothing or is missing.
    """
    if not any(one.promised.offer_id == command.offer_id for one in plan.commitments):
        raise Invalid("unknown-offer", "questa offerta non è nel piano", "this offer is not in the plan", "/offer_id")
    found = plan.on_line(command.offer_id, command.offer_line)
    if not found:
        raise Invalid(
            "unknown-commitment",
            "questa riga dell'offerta non è impegnata nel piano",
            "this line of the offer is not committed in the plan",
            "/offer_line",
        )
    if command.need_line is not None:
        found = tuple(one for one in found if one.promised.need_line == command.need_line)
        if not found:
            raise Invalid(
                "unknown-commitment",
                "la riga dell'offerta non è impegnata per questa riga del bisogno",
                "the line of the offer is not committed to this line of the need",
                "/need_line",
            )
    if len(found) > 1:
        raise Invalid(
            "ambiguous-commitment",
            "la riga dell'offerta serve più righe del bisogno: indicare quale",
            "the line of the offer goes to several lines of the need: say which",
            "/need_line",
        )
    return found[0]
