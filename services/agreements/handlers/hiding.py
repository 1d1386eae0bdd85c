"""What of an agreement the public no longer sees, and may see again."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from contracts.events.agreements import AgreementDisclosureChanged
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.outcome import Outcome, reference
from services.agreements.domain.redaction import Erase, Hide, Redaction, Show
from services.agreements.domain.refusals import NotPossible, Refused
from services.agreements.handlers.access import FILLS_IN, refuse_role
from services.agreements.handlers.desk import AgreementsUnit, keep
from services.agreements.handlers.filling import opened
from services.agreements.store.files import Happening

_ACTS = ("hide", "show", "erase")


class UnknownEntry(Refused):
    """The register has no entry at this position."""

    def __init__(self) -> None:
        super().__init__("unknown-entry", "Registrazione non trovata.", "There is no such entry.")


async def agreement_at(unit: AgreementsUnit, actor: Actor, position: int) -> UUID:
    """The agreement behind an entry of the register, for whoever may hide it."""
    refuse_role(actor, "legal")
    agreement_id = await unit.store.register.agreement_at(unit.scope, position)
    if agreement_id is None:
        raise UnknownEntry
    return agreement_id


async def hide(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Hide) -> tuple[Redaction, ...]:
    """Takes parts out of every public view; the words are kept. Possible before anything is registered."""
    file = await _opened(unit, actor, agreement_id)
    await unit.store.redactions.put(unit.scope, agreement_id, command.redactions("hidden", unit.now))
    return await _noted(unit, file, "hide", command.reason)


async def show(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Show) -> tuple[Redaction, ...]:
    """Shows hidden parts again. Raises NotPossible when none of them is hidden."""
    file = await _opened(unit, actor, agreement_id)
    if not await unit.store.redactions.lift(unit.scope, agreement_id, command.which):
        raise NotPossible(
            "nothing-hidden",
            "Qui non c'è nulla di nascosto che si possa mostrare di nuovo.",
            "Nothing is hidden here that could be shown again.",
        )
    return await _noted(unit, file, "show", command.reason)


async def erase(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: Erase) -> tuple[Redaction, ...]:
    """Deletes words and salts from the register, and the words of its notices, for good; entries still verify.

    Whoever enters something about the agreement holds the file's lock too, so no entry slips in between.
    """
    file = await _opened(unit, actor, agreement_id)
    await unit.store.redactions.put(unit.scope, agreement_id, command.redactions("erased", unit.now))
    await unit.store.redactions.erase(unit.scope, agreement_id, command.which)
    await unit.store.notices.erase(unit.scope, agreement_id, unit.now)
    return await _noted(unit, file, "erase", command.reason)


def as_read_by(actor: Actor, happenings: list[Happening]) -> list[Happening]:
    """A file's history as `actor` may read it: why something was hidden may itself say what is to be hidden.

    The Legal Office's remarks on a file are for those who fill it in.
    """
    if actor.has("legal"):
        return happenings
    unread = _ACTS if actor.has(*FILLS_IN) else (*_ACTS, "send_back")
    return [one.model_copy(update={"note": None}) if one.act in unread else one for one in happenings]


async def _opened(unit: AgreementsUnit, actor: Actor, agreement_id: UUID) -> AgreementFile:
    file = await opened(unit, actor, agreement_id, None)
    refuse_role(actor, "legal")
    return file


async def _noted(unit: AgreementsUnit, file: AgreementFile, act: str, reason: str) -> tuple[Redaction, ...]:
    """Others publish parts of the agreement too: which of them are not shown is told with a version of its own."""
    redactions: tuple[Redaction, ...] = await unit.store.redactions.of(unit.scope, file.agreement_id)
    now = file.model_copy(update={"version": file.version + 1})
    event = AgreementDisclosureChanged(**reference(now), hidden=tuple(one.name for one in redactions))
    await keep(unit, Outcome(now, (event,)), act, reason)
    return redactions
