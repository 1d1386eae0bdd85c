"""Writing a new version of an instrument: what may be edited, what must fit together, what it changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from contracts.values import Cents, LongText, ShortText, Slug, Value
from services.agreements.domain.instruments import Clause, Instrument, Owner
from services.agreements.domain.refusals import Invalid, InvalidFields, NotPossible
from services.agreements.domain.rules import Bilingual, Certainty, Rule

_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_LISTS = ("applies", "terms", "documents", "rules", "clauses", "steps")
Words = Annotated[LongText, Field(min_length=3)]


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleEdit(_Edit):
    """What of a rule may change. Whether it may be overridden is not among it: that follows from the law."""

    label: Bilingual | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    years: Annotated[int, Field(ge=1, le=99)] | None = None
    value_above_cents: Cents | None = None
    enabled: bool | None = None
    off_because: ShortText | None = None


class ClauseEdit(_Edit):
    """A clause as it is from now on; a code that the record does not have adds one at the end."""

    heading: Bilingual | None = None
    text: Bilingual | None = None


class StepEdit(_Edit):
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    owner: Owner | None = None


class InstrumentEdit(_Edit):
    """Changes to a draft, by code; whatever is left out stays as it is."""

    title: Bilingual | None = None
    applies_when: Bilingual | None = None
    source: ShortText | None = None
    certainty: Certainty | None = None
    rules: dict[Slug, RuleEdit] = Field(default_factory=dict)
    clauses: dict[Slug, ClauseEdit] = Field(default_factory=dict)
    without_clauses: tuple[Slug, ...] = ()
    steps: dict[Slug, StepEdit] = Field(default_factory=dict)


class OpenDraft(_Edit):
    """Why a new version is needed."""

    reason: Words


class Publish(_Edit):
    """From which day on the draft counts."""

    valid_from: date
    reason: Words


class Withdraw(_Edit):
    """Why a version that does not count yet is taken back."""

    reason: Words


class Difference(Value):
    """One thing that two versions say differently; None = it is not there."""

    pointer: str
    before: str | None
    after: str | None


def next_draft(newest: Instrument, version: int) -> Instrument:
    """The newest version as the start of the next one."""
    return newest.model_copy(update={"version": version})


def edited(record: Instrument, edit: InstrumentEdit) -> Instrument:
    """The draft with the changes in it. Raises InvalidFields with every fault, each at its field."""
    faults = [*_unknown(record, edit)]
    if faults:
        raise InvalidFields(tuple(faults))
    own = _given(edit, "title", "applies_when", "source", "certainty")
    rules = tuple(
        _edited_rule(rule, edit.rules[rule.code]) if rule.code in edit.rules else rule for rule in record.rules
    )
    steps = tuple(
        step.model_copy(update=_given(edit.steps[step.code], "days", "owner")) if step.code in edit.steps else step
        for step in record.steps
    )
    changed = record.model_copy(update=own | {"rules": rules, "steps": steps, "clauses": _clauses(record, edit)})
    faults = list(inconsistencies(changed))
    if faults:
        raise InvalidFields(tuple(faults))
    return changed


def published(draft: Instrument, valid_from: date, last: date, today: date) -> Instrument:
    """The draft as it will count. Raises Invalid for a day that is over, or before that of the last version."""
    if valid_from < today:
        raise Invalid(
            "in-the-past",
            "Una versione vale da oggi o più avanti, mai per il passato.",
            "A version counts from today or later, never for the past.",
            "/valid_from",
        )
    if valid_from < last:
        raise Invalid(
            "before-the-last",
            f"È già pubblicata una versione che vale dal {last:%d/%m/%Y}: ritirala, o scegli un giorno non precedente.",
            f"A version that counts from {last} is published already: withdraw it, or choose no earlier day.",
            "/valid_from",
        )
    return draft.model_copy(update={"valid_from": valid_from})


def refuse_withdrawal(record: Instrument, today: date) -> None:
    """Raises NotPossible for a version that counts already: files may keep to it."""
    if record.valid_from <= today:
        raise NotPossible(
            "in-force",
            "Questa versione vale già: si cambia con una nuova versione.",
            "This version counts already: it is changed by a new version.",
        )


def differences(before: Instrument, after: Instrument) -> tuple[Difference, ...]:
    """What the later version says differently, part by part; numbers of versions and first days are left out.

    A part that only one of them has is one difference, told by its own words.
    """
    old, new = _by_code(before), _by_code(after)
    found: list[Difference] = []
    for name in old:
        if isinstance(old[name], dict) and name in _LISTS:
            for code in [*new[name], *(one for one in old[name] if one not in new[name])]:
                found += _part(f"/{name}/{code}", old[name].get(code), new[name].get(code))
        else:
            found += _compared(f"/{name}", old[name], new[name])
    return tuple(found)


def inconsistencies(record: Instrument) -> Iterator[Invalid]:
    """What in a record does not fit together, each with its pointer."""
    terms = {term.code for term in record.terms}
    for rule in record.rules:
        yield from _rule_faults(rule)
    for clause in record.clauses:
        for language in ("it", "en"):
            for name in _PLACEHOLDER.findall(clause.text.in_(language)):
                if name not in terms:
                    yield Invalid(
                        "unknown-term",
                        f"Il testo nomina '{{{name}}}', che lo strumento non prevede.",
                        f"The text names '{{{name}}}', which the instrument does not have.",
                        f"/clauses/{clause.code}/text/{language}",
                    )


def _rule_faults(rule: Rule) -> Iterator[Invalid]:
    if not rule.enabled and not (rule.off_because or "").strip():
        yield Invalid(
            "reason-missing",
            "Indica perché la regola non si applica.",
            "Say why the rule is off.",
            f"/rules/{rule.code}/off_because",
        )
    if not rule.enabled and not rule.overridable:
        yield Invalid(
            "firm",
            "Questa regola non si può spegnere: senza, l'atto sarebbe nullo o senza effetto.",
            "This rule cannot be off: without it the act would be void or without effect.",
            f"/rules/{rule.code}/enabled",
        )


def _unknown(record: Instrument, edit: InstrumentEdit) -> Iterator[Invalid]:
    """Whatever of an edit has no place in the record."""
    rules = {rule.code: rule for rule in record.rules}
    for part, codes, known in (
        ("rules", edit.rules, set(rules)),
        ("steps", edit.steps, {step.code for step in record.steps}),
    ):
        for code in codes:
            if code not in known:
                it, en = f"Lo strumento non ha '{code}'.", f"The instrument has no '{code}'."
                yield Invalid("unknown-code", it, en, f"/{part}/{code}")
    for code, change in edit.rules.items():
        if code in rules:
            yield from _number_faults(rules[code], change)
    yield from _clause_faults(record, edit)


def _number_faults(rule: Rule, change: RuleEdit) -> Iterator[Invalid]:
    for name in ("days", "years"):
        if getattr(change, name) is not None and not hasattr(rule, name):
            yield _misplaced(rule.code, name)
    if change.value_above_cents is not None and rule.when.value_above_cents is None:
        yield _misplaced(rule.code, "value_above_cents")
    waits = getattr(rule, "days", None)
    if waits is not None and change.days is not None and (waits == 0) != (change.days == 0):
        yield Invalid(
            "another-rule",
            "Zero giorni: pubblicare prima dell'efficacia; più giorni: attendere un avviso. Sono due regole.",
            "No days means to publish before it takes effect, more days to wait for a notice: these are two rules.",
            f"/rules/{rule.code}/days",
        )


def _clause_faults(record: Instrument, edit: InstrumentEdit) -> Iterator[Invalid]:
    clauses = {clause.code for clause in record.clauses}
    for code, clause in edit.clauses.items():
        if code not in clauses and (clause.heading is None or clause.text is None):
            yield Invalid(
                "incomplete",
                "Una clausola nuova ha titolo e testo in entrambe le lingue.",
                "A new clause has its heading and text in both languages.",
                f"/clauses/{code}",
            )
    if clauses <= set(edit.without_clauses) and not set(edit.clauses) - clauses:
        yield Invalid("no-clause", "Resta almeno una clausola.", "At least one clause stays.", "/without_clauses")


def _misplaced(code: str, name: str) -> Invalid:
    return Invalid(
        "not-of-this-rule",
        "Questa regola non ha questo numero.",
        "This rule has no such number.",
        f"/rules/{code}/{name}",
    )


def _given(edit: BaseModel, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(edit, name)) is not None}


def _edited_rule(rule: Rule, edit: RuleEdit) -> Rule:
    changes = _given(edit, "label", "source", "certainty", "days", "years", "enabled", "off_because")
    if edit.enabled:
        changes["off_because"] = None
    if edit.value_above_cents is not None:
        changes["when"] = rule.when.model_copy(update={"value_above_cents": edit.value_above_cents})
    return rule.model_copy(update=changes)


def _clauses(record: Instrument, edit: InstrumentEdit) -> tuple[Clause, ...]:
    kept = [
        clause.model_copy(update=_given(edit.clauses[clause.code], "heading", "text"))
        if clause.code in edit.clauses
        else clause
        for clause in record.clauses
        if clause.code not in edit.without_clauses
    ]
    known = {clause.code for clause in record.clauses}
    added = [
        Clause(code=code, heading=one.heading, text=one.text)
        for code, one in edit.clauses.items()
        if code not in known and one.heading is not None and one.text is not None
    ]
    return (*kept, *added)


def _by_code(record: Instrument) -> dict[str, Any]:
    """The record with its lists as tables by code, so that a part is found again wherever it stands."""
    content = record.model_dump(mode="json", exclude={"code", "version", "valid_from"})
    return content | {name: {one["code"]: one for one in content[name]} for name in _LISTS}


def _part(pointer: str, before: Any, after: Any) -> list[Difference]:
    if before is None or after is None:
        return [Difference(pointer=pointer, before=_told(before), after=_told(after))]
    return _compared(pointer, before, after)


def _told(part: Any) -> str | None:
    """A part in its own words."""
    if part is None:
        return None
    words = part.get("label") or part.get("heading") or part.get("text")
    return str(words["it"])


def _compared(pointer: str, before: Any, after: Any) -> list[Difference]:
    old, new = dict(_leaves(pointer, before)), dict(_leaves(pointer, after))
    return [
        Difference(pointer=name, before=old.get(name), after=new.get(name))
        for name in [*new, *(name for name in old if name not in new)]
        if old.get(name) != new.get(name)
    ]


def _leaves(pointer: str, value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{pointer}/{name}", inner)
    elif value is not None:
        yield pointer, str(value)
