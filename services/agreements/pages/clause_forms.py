"""The forms of the clause library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field

from chassis.web.forms import Form
from contracts.values import LongText, ShortText, Slug
from services.agreements.domain.clauses import LibraryClause
from services.agreements.domain.edits import ClauseChange, NewClause, TakeClause
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.rules import Bilingual, Certainty


@dataclass(frozen=True)
class Refused:
    """A form to show as it was sent, with what stood against it."""

    name: str
    form: Form[Any]
    status: int
    message: str | None


class WordsForm(BaseModel):
    heading: Bilingual
    text: Bilingual
    source: ShortText | None = None
    certainty: Certainty | None = None
    reason: Annotated[LongText, Field(min_length=3)]


class KeepForm(WordsForm):
    code: Slug

    def command(self) -> NewClause:
        return NewClause(**self.model_dump())


class ChangeForm(WordsForm):
    instruments: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()

    def command(self) -> ClauseChange:
        return ClauseChange(**self.model_dump())


class TakeForm(BaseModel):
    """`clause` is `code:wording`."""

    clause: Annotated[str, Field(pattern="^[a-z0-9_-]{1,64}:[0-9a-f]{12}$")]
    position: Annotated[int, Field(ge=1, le=200)] | None = None

    def command(self) -> TakeClause:
        code, _colon, wording = self.clause.partition(":")
        return TakeClause(clause=code, wording=wording, position=self.position)


def filled(clause: LibraryClause) -> Form[ChangeForm]:
    """The most used wording to start from; all instruments are chosen only where they say the same."""
    wording = max(clause.wordings, key=lambda one: len(one.uses))
    chosen = [] if clause.wordings_differ else [use.instrument for use in clause.uses]
    values: dict[str, Any] = {"source": wording.source, "certainty": wording.certainty, "instruments": chosen}
    for name in ("heading", "text"):
        values |= {f"{name}.{language}": getattr(wording, name).in_(language) for language in ("it", "en")}
    return Form.of(**values).called("change")


def takeable(known: tuple[LibraryClause, ...], draft: Instrument, language: str) -> list[tuple[str, str]]:
    """What the draft does not have yet: value and words of each choice."""
    there = {clause.code for clause in draft.clauses}
    found = []
    for clause in known:
        for wording in clause.wordings:
            if clause.code not in there:
                titles = sorted({use.title.in_(language) for use in wording.uses})
                terms = " ".join(f"{{{term}}}" for term in wording.terms)
                words = " – ".join(filter(None, [wording.heading.in_(language), ", ".join(titles), terms]))
                found.append((f"{clause.code}:{wording.id}", words))
    return found
