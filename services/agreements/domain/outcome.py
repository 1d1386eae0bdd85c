"""What a decision comes to: the file as it is now, and the events that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.event import Event
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.states import Act, after


@dataclass(frozen=True)
class Outcome:
    """A new state of the file with its events; each event carries its own version."""

    file: AgreementFile
    events: tuple[Event, ...] = ()


def changed(file: AgreementFile, act: Act, **fields: Any) -> Outcome:
    """The file one version on, in the state that `act` leads to. Raises NotPossible."""
    state = after(file.state, act)
    content = {name: getattr(file, name) for name in type(file).model_fields}
    return Outcome(AgreementFile(**content | fields | {"state": state, "version": file.version + 1}))


def reference(file: AgreementFile) -> dict[str, Any]:
    """What every event of an agreement carries: whose it is and which version it reports."""
    return {
        "agreement_id": file.agreement_id,
        "version": file.version,
        "match_id": file.match_id,
        "need_id": file.need_id,
        "department": file.department,
        "stakeholder_ids": file.stakeholder_ids,
        "account_manager_id": file.account_manager_id,
    }
