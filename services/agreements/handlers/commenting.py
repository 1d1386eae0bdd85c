"""Comments on a file: the city's own people among themselves, or with all parties. Nothing of it leaves the service."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from chassis.scope import Scope
from services.agreements.domain.commands import WriteComment
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.refusals import Invalid, NotAllowed
from services.agreements.handlers.access import READS_ALL, refuse_reading
from services.agreements.handlers.desk import AgreementsUnit
from services.agreements.store import Store
from services.agreements.store.comments import Comment

_ROLES = ("legal", "account_manager", "signatory", "department")
"""The role a comment carries is the first of these that its author has; else `partner`."""


def is_city_staff(actor: Actor, file: AgreementFile) -> bool:
    """Whether comments among the city's own people are for this reader."""
    return actor.has(*READS_ALL) or (actor.has("department") and actor.department == file.department)


def audiences_of(actor: Actor, file: AgreementFile) -> tuple[str, ...]:
    return ("city", "parties") if is_city_staff(actor, file) else ("parties",)


async def write(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, command: WriteComment) -> Comment:
    """Adds a comment; an answer joins the thread of what it answers. The file itself does not change."""
    file = refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))
    audience = command.audience if is_city_staff(actor, file) else "parties"
    thread = None
    if command.reply_to is not None:
        first = await _seen(unit.store, unit.scope, actor, file, command.reply_to)
        thread = first.reply_to or first.comment_id
        if first.audience == "city":
            audience = "city"  # an answer is never read by more people than the thread
    comment = Comment(
        comment_id=unit.new_id(),
        reply_to=thread,
        at=unit.now,
        author=actor.subject,
        author_role=_role(actor, file),
        party_id=_party(actor, file),
        audience=audience,
        words=command.words,
    )
    await unit.store.comments.add(unit.scope, agreement_id, comment)
    return comment


async def read(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, comment_id: UUID) -> Comment:
    """A comment as it is now, for somebody who may read it."""
    file = refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))
    return await _seen(unit.store, unit.scope, actor, file, comment_id)


async def retract(unit: AgreementsUnit, actor: Actor, agreement_id: UUID, comment_id: UUID) -> Comment:
    """Erases the words of a comment: its author may, and the Legal Office (personal data written by mistake)."""
    file = refuse_reading(actor, await unit.store.files.read(unit.scope, agreement_id))
    comment = await _seen(unit.store, unit.scope, actor, file, comment_id)
    if comment.author != actor.subject and not actor.has("legal"):
        raise NotAllowed(
            "not-yours", "Puoi ritirare solo ciò che hai scritto tu.", "You may take back only what you wrote."
        )
    await unit.store.comments.retract(unit.scope, agreement_id, comment_id, unit.now)
    return await _seen(unit.store, unit.scope, actor, file, comment_id)


async def _seen(store: Store, scope: Scope, actor: Actor, file: AgreementFile, comment_id: UUID) -> Comment:
    comment = await store.comments.one(scope, file.agreement_id, comment_id)
    if comment is None or comment.audience not in audiences_of(actor, file):
        raise Invalid("unknown-comment", "Commento non trovato.", "There is no such comment.", "/reply_to")
    return comment


def _role(actor: Actor, file: AgreementFile) -> str:
    if not is_city_staff(actor, file):
        return "partner"
    return next((role for role in _ROLES if actor.has(role)), "partner")


def _party(actor: Actor, file: AgreementFile) -> str | None:
    """The party a partner speaks for; one behind an offer speaks for none of the parties."""
    if is_city_staff(actor, file):
        return None
    own = (one for one in file.parties if one.stakeholder_id and actor.acts_for(one.stakeholder_id))
    return next((one.party_id for one in own), None)
