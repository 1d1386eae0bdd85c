"""What changed between two versions of a document, word by word.

Parts are paired by what they are (the clause of that heading, the line of that party), not by where they stand, so that
an article that moved is not a deletion and an insertion of the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from chassis.web.i18n import gettext as _
from chassis.web.i18n import speaking
from services.agreements.documents.data import DocumentData, Paragraph

Op = Literal["kept", "gone", "new"]
_WORD = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Run:
    """Words that are kept, gone or new."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the document: which section it is in, what it is called, and its words."""

    section: str
    heading: str
    runs: tuple[Run, ...]

    @property
    def changed(self) -> bool:
        return any(run.op != "kept" for run in self.runs)


Part = tuple[str, str, str]
"""Section, heading, words: a document as a list of these can be compared."""


def redline(before: DocumentData, after: DocumentData) -> tuple[Change, ...]:
    """Every part of either document in the order of the newer one; parts that are gone stand where they stood."""
    with speaking(after.language):
        old, new = _numbered(_parts(before)), _numbered(_parts(after))
    was, now = dict(old), dict(new)
    found = []
    for key in _merged([key for key, _text in old], [key for key, _text in new]):
        found.append(Change(key[0], key[1], _runs(was.get(key, ""), now.get(key, ""))))
    return tuple(found)


def _numbered(parts: Iterable[Part]) -> list[tuple[tuple[str, str, int], str]]:
    """Two parts of the same name (two lines of one giver) are told apart by their order."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for section, heading, text in parts:
        nth = seen[section, heading] = seen.get((section, heading), -1) + 1
        found.append(((section, heading, nth), text))
    return found


def _merged(old: Sequence[tuple[str, str, int]], new: Sequence[tuple[str, str, int]]) -> Iterator[tuple[str, str, int]]:
    known = set(new)
    for op, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op in ("delete", "replace"):
            yield from (key for key in old[old_from:old_to] if key not in known)
        yield from new[new_from:new_to]


def _runs(before: str, after: str) -> tuple[Run, ...]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    found: list[Run] = []
    for op, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(Run("kept", "".join(new[new_from:new_to])))
            continue
        gone, come = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        found += [run for run in (Run("gone", gone), Run("new", come)) if run.text]
    return tuple(found)


def _parts(data: DocumentData) -> Iterator[Part]:
    act, what = _("The act"), _("What is given")
    yield act, _("Instrument"), f"{data.instrument}, {data.instrument_source}"
    yield act, _("Title"), data.title
    yield act, _("Subject"), data.subject
    yield act, _("Public interest"), data.public_interest
    yield act, _("Duration"), data.duration
    for party in data.parties:
        yield _("Parties"), party.name, ", ".join(filter(None, (party.kind, party.role)))
    for line in data.lines:
        yield what, line.party, ", ".join(filter(None, (line.description, line.quantity, line.value)))
    yield what, _("Total value"), data.total_value
    yield from _paragraphs(_("Agreed terms"), data.terms)
    yield from _paragraphs(_("Articles"), data.clauses)
    yield from _paragraphs(_("Communication plan"), data.communication)
    for one in data.indicators:
        values = (one.unit, f"{one.baseline} → {one.target}", one.due)
        yield _("Impact plan"), one.title, ", ".join(filter(None, values))
    yield from _paragraphs(_("Roles and responsibilities"), data.roles)
    for milestone in data.timeline:
        yield _("Timeline"), milestone.title, ", ".join(filter(None, (milestone.due, milestone.party)))
    for risk in data.risks:
        yield _("Risks"), risk.kind, ". ".join(filter(None, (risk.text, risk.level, risk.mitigation)))
    yield from _paragraphs(_("Checks set aside"), data.overrides)
    yield from _paragraphs(_("Documents"), data.attachments)
    for signatory in data.signatories:
        yield _("Signatures"), signatory.party, signatory.capacity


def _paragraphs(section: str, paragraphs: Sequence[Paragraph]) -> Iterator[Part]:
    return ((section, one.heading, one.text) for one in paragraphs)
