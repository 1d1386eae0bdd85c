"""The clause library: what the instruments say clause by clause, and what the Legal Office keeps beside them.

The library holds no words of its own that count: an instrument's version says all that it says. So nothing that is
in use changes when the library does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import computed_field

from contracts.values import Value
from services.agreements.domain.instruments import Clause, Instrument
from services.agreements.domain.refusals import Invalid
from services.agreements.domain.rules import Bilingual, Certainty

PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
Standing = Literal["in_force", "coming", "draft"]


class Kept(Value):
    """A clause that the Legal Office keeps in the library; `revision` is its newest."""

    clause: Clause
    revision: int


class Use(Value):
    """A version of an instrument that has the clause."""

    instrument: str
    title: Bilingual
    version: int
    status: Standing


class Wording(Value):
    """One way in which a clause is written, and who writes it so."""

    heading: Bilingual
    text: Bilingual
    source: str | None = None
    certainty: Certainty | None = None
    in_library: bool = False
    uses: tuple[Use, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def id(self) -> str:
        """Names the wording: the same words have the same name."""
        return _digest([self.heading.model_dump(), self.text.model_dump()])[:12]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def terms(self) -> tuple[str, ...]:
        """Terms that an instrument must have to take it."""
        return terms_of(self.text)


class LibraryClause(Value):
    """A clause under its code with all its wordings. `revision` is that of the library's own, if there is one."""

    code: str
    revision: int | None = None
    wordings: tuple[Wording, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wordings_differ(self) -> bool:
        return len(self.wordings) > 1

    @property
    def state(self) -> int:
        """Its entity tag: another number whenever its words, or who writes them, are others."""
        return int(_digest([self.revision, [one.model_dump() for one in self.wordings]])[:13], 16)

    @property
    def uses(self) -> tuple[Use, ...]:
        return tuple(use for wording in self.wordings for use in wording.uses)

    def wording(self, name: str | None) -> Wording | None:
        """The wording of that name; without a name the only one there is."""
        if name is None:
            return self.wordings[0] if len(self.wordings) == 1 else None
        return next((one for one in self.wordings if one.id == name), None)


def library(used: Iterable[tuple[Instrument, Standing]], kept: Iterable[Kept]) -> tuple[LibraryClause, ...]:
    """Every clause of these versions and of the library, the most used first."""
    revisions: dict[str, int] = {}
    found: dict[str, dict[tuple[Bilingual, Bilingual], Wording]] = {}
    for one in kept:
        revisions[one.clause.code] = one.revision
        _note(found, one.clause, None)
    for record, status in used:
        for clause in record.clauses:
            use = Use(instrument=record.code, title=record.title, version=record.version, status=status)
            _note(found, clause, use)
    clauses = [
        LibraryClause(code=code, revision=revisions.get(code), wordings=tuple(wordings.values()))
        for code, wordings in found.items()
    ]
    return tuple(sorted(clauses, key=lambda one: (-len({use.instrument for use in one.uses}), one.code)))


def found_by(clauses: Sequence[LibraryClause], words: str) -> tuple[LibraryClause, ...]:
    """Those in which every word asked for is, in whichever language."""
    asked = words.casefold().split()
    return tuple(one for one in clauses if all(word in _everything(one) for word in asked))


def terms_of(text: Bilingual) -> tuple[str, ...]:
    return tuple(sorted({*PLACEHOLDER.findall(text.it), *PLACEHOLDER.findall(text.en)}))


def in_order(clauses: Sequence[Clause], order: Sequence[str]) -> tuple[Clause, ...]:
    """The clauses named in `order` first, in that order; the others after them as they were."""
    place = {code: index for index, code in enumerate(order)}
    return tuple(sorted(clauses, key=lambda clause: place.get(clause.code, len(place))))


def order_faults(order: Sequence[str], known: set[str]) -> Iterator[Invalid]:
    for code in order:
        if code not in known:
            it, en = f"Lo strumento non ha '{code}'.", f"The instrument has no '{code}'."
            yield Invalid("unknown-code", it, en, "/clause_order")
    if len(set(order)) != len(order):
        yield Invalid("twice", "Una clausola è indicata due volte.", "A clause is named twice.", "/clause_order")


def placed(codes: Sequence[str], positions: Mapping[str, int | None]) -> tuple[str, ...]:
    """`codes` with each that has another position (counted from 1) moved there."""

    def key(item: tuple[int, str]) -> tuple[int, int]:
        here, code = item
        wanted = positions.get(code) or here
        # Whoever moves up stands before who is there already, whoever moves down after it.
        return wanted, (wanted > here) - (wanted < here)

    return tuple(code for _here, code in sorted(enumerate(codes, 1), key=key))


def reordered(before: Sequence[Clause], after: Sequence[Clause]) -> tuple[str, str] | None:
    """Both orders in headings, when the later one is not what adding at the end and taking away make of the earlier."""
    there, earlier = {clause.code for clause in after}, {clause.code for clause in before}
    kept = [clause.code for clause in before if clause.code in there]
    expected = [*kept, *(clause.code for clause in after if clause.code not in earlier)]
    if expected == [clause.code for clause in after]:
        return None
    return _headings(before), _headings(after)


def _headings(clauses: Sequence[Clause]) -> str:
    return "; ".join(clause.heading.it for clause in clauses)


def _note(found: dict[str, dict[tuple[Bilingual, Bilingual], Wording]], clause: Clause, use: Use | None) -> None:
    same = found.setdefault(clause.code, {})
    key = (clause.heading, clause.text)
    known = same.get(key) or Wording(heading=clause.heading, text=clause.text)
    same[key] = known.model_copy(
        update={
            "source": known.source or clause.source,
            "certainty": known.certainty or clause.certainty,
            "in_library": known.in_library or use is None,
            "uses": (*known.uses, use) if use else known.uses,
        }
    )


def _everything(clause: LibraryClause) -> str:
    words = [clause.code]
    for one in clause.wordings:
        words += [one.heading.it, one.heading.en, one.text.it, one.text.en]
        words += [word for use in one.uses for word in (use.title.it, use.title.en)]
    return "\n".join(words).casefold()


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
