"""Public notices: published, corrected, withdrawn; the file's waiting period follows."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.actor import Actor
from services.agreements.domain import publication
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.publication import (
    CorrectNotice,
    Notice,
    NoticeWords,
    PublishNotice,
    WithdrawNotice,
    standing,
)
from services.agreements.domain.refusals import Refused
from services.agreements.handlers.access import refuse_reading, refuse_role
from services.agreements.handlers.desk import AgreementsUnit, Desk, city_day, instrument_of, keep
from services.agreements.handlers.filling import opened
from services.agreements.publication.words import notice_words


class UnknownNotice(Refused):
    """There is no such notice."""

    def __init__(self) -> None:
        super().__init__("unknown-notice", "Avviso non trovato.", "There is no such notice.")


def readable(actor: Actor, file: AgreementFile | None) -> AgreementFile:
    """The file, for whoever may read it and make notices. Raises Unknown or NotAllowed."""
    found = refuse_reading(actor, file)
    refuse_role(actor, "legal")
    return found


async def publish_notice(
    unit: AgreementsUnit,
    actor: Actor,
    agreement_id: UUID,
    command: PublishNotice,
    desk: Desk,
    expected: int | None = None,
) -> AgreementFile:
    """Publishes a notice; the waiting period counts from its day."""
    file = await opened(unit, actor, agreement_id, expected)
    refuse_role(actor, "legal")
    file, _ = await _publish(unit, actor, file, command, desk, None)
    return file


async def correct_notice(
    unit: AgreementsUnit, actor: Actor, notice_id: UUID, command: CorrectNotice, desk: Desk
) -> Notice:
    """Replaces a notice by another one; the waiting period starts anew."""
    notice, file = await _opened(unit, actor, notice_id)
    words = await words_kept(unit, notice)
    await unit.store.notices.end(unit.scope, notice_id, "corrected", command.reason, unit.now)
    as_before = PublishNotice(
        term=notice.term,
        title=command.title or (words.title if words else None),
        text=command.text or (words.text if words else None),
        write_to=command.write_to or notice.words.write_to,
        published_on=command.published_on,
        until=command.until or (notice.until if notice.until >= city_day(unit.now) else None),
        link=command.link,
    )
    _, made = await _publish(unit, actor, file, as_before, desk, notice_id)
    return made


async def withdraw_notice(unit: AgreementsUnit, actor: Actor, notice_id: UUID, command: WithdrawNotice) -> Notice:
    """Withdraws a notice; it stays visible as withdrawn, and its file waits for another one."""
    notice, file = await _opened(unit, actor, notice_id)
    outcome = publication.withdrawn(file, notice)
    await unit.store.notices.end(unit.scope, notice_id, "withdrawn", command.reason, unit.now)
    await keep(unit, outcome, "withdraw_notice", command.reason)
    return notice.model_copy(update={"state": "withdrawn", "reason": command.reason, "changed_at": unit.now})


async def words_kept(unit: AgreementsUnit, notice: Notice) -> NoticeWords | None:
    """The words of a notice that its correction may keep: none once something was hidden after it was made."""
    since = await unit.store.redactions.since(unit.scope, [notice.agreement_id])
    hidden = since.get(notice.agreement_id)
    return None if hidden is not None and hidden > notice.made_at else notice.words


async def _opened(unit: AgreementsUnit, actor: Actor, notice_id: UUID) -> tuple[Notice, AgreementFile]:
    refuse_role(actor, "legal")
    notice = await unit.store.notices.one(unit.scope, notice_id)
    if notice is None:
        raise UnknownNotice
    file = await opened(unit, actor, notice.agreement_id, None)
    # Read again under the file's lock: somebody may have ended it just before.
    return standing(await unit.store.notices.one(unit.scope, notice_id) or notice), file


async def _publish(
    unit: AgreementsUnit,
    actor: Actor,
    file: AgreementFile,
    command: PublishNotice,
    desk: Desk,
    replaces: UUID | None,
) -> tuple[AgreementFile, Notice]:
    record, today = await instrument_of(unit, file), city_day(unit.now)
    made = await made_words(unit, file, command, desk)
    outcome, notice = publication.publish(
        file,
        record,
        command,
        made,
        notice_id=unit.new_id(),
        now=unit.now,
        today=today,
        actor=actor.subject,
        replaces=replaces,
    )
    await unit.store.notices.add(unit.scope, notice)
    kept = await keep(unit, outcome, "notice", notice.published_on.isoformat())
    return kept, notice


async def made_words(unit: AgreementsUnit, file: AgreementFile, command: PublishNotice, desk: Desk) -> NoticeWords:
    """What the notice says: the command's words, and the file's where it gives none."""
    record = await instrument_of(unit, file)
    hidden = {one.name for one in await unit.store.redactions.of(unit.scope, file.agreement_id)}
    rule = publication.rule_for(record, command.term)
    drafted = notice_words(file, record, rule, desk.city_name(unit.scope.city), hidden, desk.write_to)
    return NoticeWords(
        title=command.title or drafted.title,
        text=command.text or drafted.text,
        write_to=command.write_to or drafted.write_to,
    )
