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
from services.agreements.domain.instruments import Bilingual, Evidence, Instrument, Waiting
from services.agreements.domain.outcome import Outcome, changed
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.states import Act, allows

NoticeState = Literal["published", "corrected", "withdrawn"]


class NoticeWords(Value):
    """What a notice says, in both languages, and where to write about it."""

    title: Bilingual
    text: Bilingual
    write_to: ShortText


OMITTED = Bilingual(it="Omesso", en="Omitted")
OMITTED_REASON = "Omesso / Omitted"


class Notice(Value):
    """A public notice. `until` is its end; after a waiting period, the day from which one may sign."""

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
    until: date | None = None
    """The last day, where the instrument's record does not fix it."""
    link: Annotated[HttpUrl | None, Field(description="where it was published, if not here")] = None


class CorrectNotice(PublishNotice):
    """The notice that replaces another one; the waiting period starts anew."""

    reason: Annotated[LongText, Field(min_length=3)]


class WithdrawNotice(_Command):
    """The notice stays visible as withdrawn; the waiting period has not begun."""

    reason: Annotated[LongText, Field(min_length=3)]


def erased(words: NoticeWords) -> NoticeWords:
    """What is left of a notice whose words were erased: where to write."""
    return NoticeWords(title=OMITTED, text=OMITTED, write_to=words.write_to)


def notice_rules(record: Instrument | None) -> tuple[Waiting | Evidence, ...]:
    """What of the instrument a public notice answers: waiting periods, and evidence that may be given by a notice."""
    return tuple(
        rule
        for rule in (record.rules if record else ())
        if rule.enabled
        and ((isinstance(rule, Waiting) and rule.days > 0) or (isinstance(rule, Evidence) and rule.by_notice))
    )


def term_of(rule: Waiting | Evidence) -> str:
    """The term that the notice fills."""
    return rule.term if isinstance(rule, Waiting) else rule.terms[0]


def rule_for(record: Instrument | None, term: str | None) -> Waiting | Evidence:
    """What a notice answers; without a term the first. Raises NotPossible when the instrument asks for none."""
    for rule in notice_rules(record):
        if term in (None, term_of(rule)):
            return rule
    raise NotPossible(
        "no-notice",
        "Lo strumento scelto non prevede questo avviso pubblico.",
        "The chosen instrument asks for no such public notice.",
    )


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
    rule = rule_for(record, command.term)
    term = term_of(rule)
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
    others = tuple(one for one in file.notices if one.term != term)
    if len(others) != len(file.notices) and replaces is None:
        raise NotPossible(
            "notice-stands",
            "Un avviso è già pubblicato: correggilo o ritiralo.",
            "A notice is published already: correct it or withdraw it.",
        )
    notice = Notice(
        notice_id=notice_id,
        agreement_id=file.agreement_id,
        term=term,
        instrument=file.instrument or "",
        state="published",
        published_on=day,
        until=_until(rule, command.until, day),
        words=words,
        link=str(command.link) if command.link else None,
        replaces=replaces,
        made_at=now,
        made_by=actor,
        changed_at=now,
    )
    on_file = NoticeOnFile(notice_id=notice_id, term=term, published_on=day)
    return changed(file, Act.ANNOUNCE, notices=(*others, on_file)), notice


def withdrawn(file: AgreementFile, notice: Notice) -> Outcome:
    """The file without the notice: its waiting period has not begun. Raises NotPossible.

    A day that was typed before the notice was made does not stand in for it.
    """
    standing(notice)
    others = tuple(one for one in file.notices if one.notice_id != notice.notice_id)
    typed = file.terms.get(notice.term, "")
    drops = allows(file.state, Act.EDIT) and _is_day(typed)
    terms = {name: text for name, text in file.terms.items() if not (drops and name == notice.term)}
    return changed(file, Act.ANNOUNCE, notices=others, terms=terms)


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
        if isinstance(rule, Waiting) and rule.days == 0 and rule.enabled and _may_apply(rule, file):
            return file.model_copy(update={"publication": Publication(basis=rule.source)})
    return file


def _may_apply(rule: Waiting, file: AgreementFile) -> bool:
    """Whether the rule applies, or would if what nobody has valued were worth enough: then it is published, too."""
    unknown = any(one.value_cents is None for one in file.allocations)
    when = rule.when.model_copy(update={"value_above_cents": None}) if unknown else rule.when
    return applies(when, file)


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


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _until(rule: Waiting | Evidence, wished: date | None, day: date) -> date:
    """The record's days count; where it has none, whoever publishes says the last day."""
    if isinstance(rule, Waiting):
        return day + timedelta(days=rule.days)
    if wished is None or wished < day:
        raise Invalid(
            "last-day",
            "Indica l'ultimo giorno dell'avviso, non prima della pubblicazione.",
            "Say the last day of the notice, not before its publication.",
            "/until",
        )
    return wished
