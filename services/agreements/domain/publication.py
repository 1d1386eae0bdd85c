"""What has to be public before an agreement is signed or takes effect: notices, and the entry of an advantage.

A waiting period of an instrument counts from a public notice. One of no days is an advantage that has to be published
before it takes effect (artt. 26-27 D.Lgs. 33/2013): the service enters it in the register with the last signature.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from contracts.values import LongText, ShortText, Slug, Value
from services.agreements.domain.conditions import applies
from services.agreements.domain.file import AgreementFile, NoticeOnFile, Publication
from services.agreements.domain.instruments import Bilingual, Instrument, Waiting
from services.agreements.domain.outcome import Outcome, changed
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.states import Act

NoticeState = Literal["published", "corrected", "withdrawn"]


class NoticeWords(Value):
    """What a notice says, in both languages, and where to write about it."""

    title: Bilingual
    text: Bilingual
    write_to: ShortText


class Notice(Value):
    """A public notice. `until` is the day from which the signature is possible."""

    notice_id: UUID
    agreement_id: UUID
    term: Slug
    instrument: Slug
    state: NoticeState
    published_on: date
    until: date
    words: NoticeWords
    link: str | None = None
    replaces: UUID | None = None
    reason: str | None = None
    made_at: datetime
    made_by: str
    changed_at: datetime


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishNotice(_Command):
    """Words left out are made from the file. With `link` it was published elsewhere, perhaps some time ago."""

    term: Slug | None = None
    title: Bilingual | None = None
    text: Bilingual | None = None
    write_to: ShortText | None = None
    published_on: date | None = None
    link: Annotated[HttpUrl | None, Field(description="where it was published, if not here")] = None


class CorrectNotice(PublishNotice):
    """The notice that replaces another one; the waiting period starts anew."""

    reason: Annotated[LongText, Field(min_length=3)]


class WithdrawNotice(_Command):
    """The notice stays visible as withdrawn; the waiting period has not begun."""

    reason: Annotated[LongText, Field(min_length=3)]


def waiting_rules(record: Instrument | None) -> tuple[Waiting, ...]:
    """The instrument's waiting periods that count from a public notice."""
    rules = record.rules if record else ()
    return tuple(rule for rule in rules if isinstance(rule, Waiting) and rule.days > 0 and rule.enabled)


def awaited_rules(file: AgreementFile, record: Instrument | None) -> tuple[Waiting, ...]:
    """Those of them that apply to this file."""
    return tuple(rule for rule in waiting_rules(record) if applies(rule.when, file))


def publish(
    file: AgreementFile,
    record: Instrument | None,
    command: PublishNotice,
    words: NoticeWords,
    *,
    notice_id: UUID,
    now: datetime,
    today: date,
    actor: str,
    replaces: UUID | None = None,
) -> tuple[Outcome, Notice]:
    """A notice for one of the file's waiting periods. Raises Invalid or NotPossible."""
    rule = _rule(record, command.term)
    day = command.published_on or today
    if command.link is None and day < today:
        raise Invalid(
            "in-the-past",
            "Un avviso si pubblica oggi o più avanti; per uno già pubblicato altrove indica il collegamento.",
            "A notice is published today or later; for one that was published elsewhere give its link.",
            "/published_on",
        )
    if command.link is not None and day > today:
        raise Invalid(
            "in-the-future",
            "Un avviso pubblicato altrove non può avere una data futura.",
            "A notice that was published elsewhere cannot have a day in the future.",
            "/published_on",
        )
    others = tuple(one for one in file.notices if one.term != rule.term)
    if len(others) != len(file.notices) and replaces is None:
        raise NotPossible(
            "notice-stands",
            "Un avviso è già pubblicato: correggilo o ritiralo.",
            "A notice is published already: correct it or withdraw it.",
        )
    notice = Notice(
        notice_id=notice_id,
        agreement_id=file.agreement_id,
        term=rule.term,
        instrument=file.instrument or "",
        state="published",
        published_on=day,
        until=day + timedelta(days=rule.days),
        words=words,
        link=str(command.link) if command.link else None,
        replaces=replaces,
        made_at=now,
        made_by=actor,
        changed_at=now,
    )
    on_file = NoticeOnFile(notice_id=notice_id, term=rule.term, published_on=day)
    return changed(file, Act.ANNOUNCE, notices=(*others, on_file)), notice


def withdrawn(file: AgreementFile, notice: Notice) -> Outcome:
    """The file without the notice: its waiting period has not begun. Raises NotPossible."""
    standing(notice)
    return changed(file, Act.ANNOUNCE, notices=tuple(one for one in file.notices if one.notice_id != notice.notice_id))


def standing(notice: Notice) -> Notice:
    """The notice, if it has not been corrected or withdrawn. Raises NotPossible."""
    if notice.state != "published":
        raise NotPossible(
            "notice-ended",
            "Questo avviso è già stato corretto o ritirato.",
            "This notice has been corrected or withdrawn already.",
        )
    return notice


def with_duty(file: AgreementFile, record: Instrument) -> AgreementFile:
    """The file with the duty to be published before it takes effect, if its instrument has one."""
    if file.publication is not None:
        return file
    for rule in record.rules:
        if isinstance(rule, Waiting) and rule.days == 0 and rule.enabled and applies(rule.when, file):
            return file.model_copy(update={"publication": Publication(basis=rule.source)})
    return file


def is_owed(file: AgreementFile) -> bool:
    """Whether the agreement still has to be published before it may take effect."""
    return file.publication is not None and file.publication.position is None


def refuse_unpublished(file: AgreementFile) -> None:
    """Raises NotPossible when the agreement may not take effect yet."""
    if is_owed(file):
        raise NotPossible(
            "not-published",
            "Prima di avere effetto l'atto deve essere pubblicato nel registro.",
            "Before it takes effect the act has to be published in the register.",
        )


def published(file: AgreementFile, position: int, today: date) -> Outcome:
    """The agreement with the register's entry that published it."""
    basis = file.publication.basis if file.publication else ""
    return changed(file, Act.PUBLISH, publication=Publication(basis=basis, position=position, published_on=today))


def _rule(record: Instrument | None, term: str | None) -> Waiting:
    rules = [rule for rule in waiting_rules(record) if term in (None, rule.term)]
    if not rules:
        raise NotPossible(
            "no-waiting-period",
            "Lo strumento scelto non prevede un avviso pubblico con un termine.",
            "The chosen instrument has no public notice with a waiting period.",
        )
    return rules[0]
