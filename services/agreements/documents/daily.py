"""The daily register document: what it says, and its PDF/A."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from chassis.web.formats import day as day_text
from chassis.web.formats import moment
from chassis.web.i18n import speaking
from chassis.web.vocabulary import label
from services.agreements.documents.data import Printed
from services.agreements.documents.render import compile_pdf
from services.agreements.domain.days import RegisterDay
from services.agreements.domain.register import BEGINNING, Entry


class EntryText(Printed):
    """One line: no words that may have to be hidden, only their commitments."""

    position: int
    protocol: str
    act: str
    instrument: str
    entered_at: str
    document: str
    commitments: tuple[str, ...]
    hash: str


class DayData(Printed):
    """The whole document, every word in its final form."""

    city: str
    code: str
    day: date
    day_text: str
    entries: tuple[EntryText, ...]
    before: str
    head: str
    head_position: int


def compose_day(code: str, city: str, day: date, entries: Sequence[Entry], before: RegisterDay | None) -> DayData:
    """The document of one day, in Italian: it is an official act of the city."""
    with speaking("it"):
        return DayData(
            city=city,
            code=code,
            day=day,
            day_text=day_text(day),
            entries=tuple(_line(entry) for entry in entries),
            before=before.hash if before else BEGINNING,
            head=entries[-1].hash if entries else (before.head if before else BEGINNING),
            head_position=entries[-1].position if entries else (before.last if before else 0),
        )


def _line(entry: Entry) -> EntryText:
    return EntryText(
        position=entry.position,
        protocol=str(entry.protocol),
        act=label("register_act", entry.act),
        instrument=label("instrument", entry.instrument),
        entered_at=moment(entry.entered_at),
        document=entry.document_sha256,
        commitments=tuple(f"{name} {value}" for name, value in sorted(entry.commitments.items())),
        hash=entry.hash,
    )


async def render_day(data: DayData) -> bytes:
    """PDF/A-2b bytes, made off the loop; the same data give the same bytes."""
    return await asyncio.to_thread(compile_pdf, "daily.typ", data, data.day)
