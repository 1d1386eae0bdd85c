"""What a public notice says when nobody writes it by hand."""

from __future__ import annotations

from collections.abc import Collection

from chassis.web.formats import money
from chassis.web.i18n import speaking
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Bilingual, Evidence, Instrument, Waiting
from services.agreements.domain.publication import NoticeWords

_TEXT_IT = (
    "Il {city} rende noto che intende concludere un atto di {instrument}{about}.{value}{givers}"
    " Chi ha interesse, anche a presentare una proposta alternativa, può scrivere all'indirizzo indicato entro il"
    " termine dell'avviso.{wait} Riferimento: {source}."
)
_TEXT_EN = (
    "{city} gives notice that it intends to conclude an act of {instrument}{about}.{value}{givers}"
    " Whoever has an interest, also in making another proposal, may write to the address given here before the"
    " notice ends.{wait} Reference: {source}."
)
_WAIT_IT = " L'atto può essere firmato quando sono passati {days} giorni dalla pubblicazione."
_WAIT_EN = " The act may be signed once {days} days have passed since publication."


def notice_words(
    file: AgreementFile,
    record: Instrument | None,
    rule: Waiting | Evidence,
    city: str,
    hidden: Collection[str],
    write_to: str,
) -> NoticeWords:
    """Title and text out of the file, for what `rule` asks; `hidden` parts (subject, parties) are left out."""
    return NoticeWords(
        title=Bilingual(
            it=_title(file, record, hidden, "it", "Avviso pubblico"),
            en=_title(file, record, hidden, "en", "Public notice"),
        ),
        text=Bilingual(
            it=_text(file, record, rule, city, hidden, "it"),
            en=_text(file, record, rule, city, hidden, "en"),
        ),
        write_to=write_to,
    )


def _title(file: AgreementFile, record: Instrument | None, hidden: Collection[str], language: str, what: str) -> str:
    instrument = record.title.in_(language) if record else ""
    return f"{what}: {instrument.lower()}" + ("" if "subject" in hidden else f". {file.title}")


def _text(
    file: AgreementFile,
    record: Instrument | None,
    rule: Waiting | Evidence,
    city: str,
    hidden: Collection[str],
    language: str,
) -> str:
    italian = language == "it"
    givers = [party.name for party in file.parties if party.role == "giver"]
    proposal = "La proposta è di" if italian else "The proposal comes from"
    with speaking("it" if italian else "en"):
        value = money(file.value_cents) if file.value_cents is not None else ""
    wait = (_WAIT_IT if italian else _WAIT_EN) if isinstance(rule, Waiting) else ""
    return (_TEXT_IT if italian else _TEXT_EN).format(
        city=city,
        instrument=(record.title.in_(language) if record else "").lower(),
        about="" if "subject" in hidden else (f" per «{file.title}»" if italian else f' for "{file.title}"'),
        value=(f" Valore stimato: {value}." if italian else f" Estimated value: {value}.") if value else "",
        givers="" if "parties" in hidden or not givers else f" {proposal}: {', '.join(givers)}.",
        wait=wait.format(days=rule.days) if isinstance(rule, Waiting) else "",
        source=rule.source,
    )
