"""Who may see and do what with a file. Roles come from the login, rows from what the file itself says."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from services.agreements.domain.file import AgreementFile, Signatory
from services.agreements.domain.refusals import NotAllowed
from services.agreements.handlers.desk import Unknown

READS_ALL = ("legal", "signatory", "account_manager")
"""Whose work files are. The focus group, which is not the city's alone, steers by priorities; operations sees where a
case is in its story, and dead letters: neither reads what parties agreed, wrote or handed in."""
FILLS_IN = ("legal", "account_manager")


def may_read(actor: Actor, file: AgreementFile) -> bool:
    """Who works at the desk reads every file, a department its own, a partner those of its organisations."""
    if actor.has(*READS_ALL):
        return True
    if actor.has("department") and actor.department == file.department:
        return True
    return any(actor.acts_for(stakeholder) for stakeholder in file.stakeholder_ids)


def refuse_reading(actor: Actor, file: AgreementFile | None) -> AgreementFile:
    """The file, or Unknown: to who may not read it, a file does not exist."""
    if file is None or not may_read(actor, file):
        raise Unknown
    return file


def refuse_role(actor: Actor, *roles: str) -> None:
    """Raises NotAllowed unless the actor has one of the roles."""
    if not actor.has(*roles):
        raise NotAllowed(
            "role-required", "Il tuo ruolo non permette questo atto.", "Your role does not allow this act."
        )


def own_stakeholders(actor: Actor) -> tuple[UUID, ...]:
    """The organisations a partner acts for; without the role, none."""
    return tuple(UUID(one) for one in actor.stakeholders if actor.has("partner") and _is_uuid(one))


def signs_for(actor: Actor, file: AgreementFile) -> list[Signatory]:
    """The signatories of the file that this person may sign for, in the order of the document."""
    return [
        one
        for one in file.signatories
        if (one.is_city and actor.has("signatory"))
        or (not one.is_city and actor.acts_for(one.party_id.removeprefix("stakeholder:")))
    ]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
