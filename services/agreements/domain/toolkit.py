"""Writing a new version of an instrument: what may be edited, what must fit together, what it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel

from contracts.values import Value
from services.agreements.domain.clauses import PLACEHOLDER, in_order, order_faults, reordered
from services.agreements.domain.edits import InstrumentEdit, LabelEdit, RuleEdit
from services.agreements.domain.instruments import Clause, Criterion, DocumentKind, Instrument, Step, TermField
from services.agreements.domain.refusals import Invalid, InvalidFields, NotPossible
from services.agreements.domain.rules import Condition, Evidence, Rule

PartT = TypeVar("PartT", Criterion, TermField, DocumentKind, Step)
LabelledT = TypeVar("LabelledT", TermField, DocumentKind)
_LISTS = ("applies", "terms", "documents", "rules", "clauses", "steps")


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
    changed = record.model_copy(
        update=_given(edit, "title", "applies_when", "source", "certainty")
        | {
            "applies": _criteria(record, edit),
            "terms": (*_each(record.terms, edit.terms, "label"), *_added(TermField, record.terms, edit.terms)),
            "documents": (
                *_each(record.documents, edit.documents, "label"),
                *_added(DocumentKind, record.documents, edit.documents),
            ),
            "rules": (*(_edited_rule(rule, edit.rules.get(rule.code)) for rule in record.rules), *_new_rules(edit)),
            "steps": _each(record.steps, edit.steps, "days", "owner"),
            "clauses": _clauses(record, edit),
        }
    )
    faults = list(inconsistencies(changed))
    if faults:
        raise InvalidFields(tuple(faults))
    return changed


def numbered(draft: Instrument, taken: Sequence[int]) -> Instrument:
    """The draft under a number of its own: a release may have taken its number, and files may keep to that."""
    return draft.model_copy(update={"version": max(taken) + 1}) if draft.version in taken else draft


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
    order = reordered(before.clauses, after.clauses)
    if order:
        found.append(Difference(pointer="/clause_order", before=order[0], after=order[1]))
    return tuple(found)


def inconsistencies(record: Instrument) -> Iterator[Invalid]:
    """What in a record does not fit together, each with its pointer."""
    terms = {term.code for term in record.terms}
    kinds = {kind.code for kind in record.documents}
    for rule in record.rules:
        yield from _rule_faults(rule)
        yield from _evidence_faults(rule, terms, kinds)
    for clause in record.clauses:
        for language in ("it", "en"):
            for name in PLACEHOLDER.findall(clause.text.in_(language)):
                if name not in terms:
                    yield Invalid(
                        "unknown-term",
                        f"Il testo nomina '{{{name}}}', che lo strumento non prevede.",
                        f"The text names '{{{name}}}', which the instrument does not have.",
                        f"/clauses/{clause.code}/text/{language}",
                    )


def _evidence_faults(rule: Rule, terms: set[str], kinds: set[str]) -> Iterator[Invalid]:
    if not isinstance(rule, Evidence):
        return
    if not (rule.terms or rule.documents or rule.fields):
        yield Invalid(
            "nothing-asked",
            "Indica il termine o il documento che serve.",
            "Name the term or the document that is needed.",
            f"/new_checks/{rule.code}/terms",
        )
    for part, named, known in (("terms", rule.terms, terms), ("documents", rule.documents, kinds)):
        for code in named:
            if code not in known:
                it, en = f"Lo strumento non ha '{code}'.", f"The instrument has no '{code}'."
                yield Invalid("unknown-code", it, en, f"/new_checks/{rule.code}/{part}")


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
    criteria = {one.code for one in record.applies}
    for part, codes, known in (
        ("applies", edit.applies, criteria),
        ("without_criteria", edit.without_criteria, criteria),
        ("rules", edit.rules, set(rules)),
        ("steps", edit.steps, {step.code for step in record.steps}),
    ):
        for code in codes:
            if code not in known:
                it, en = f"Lo strumento non ha '{code}'.", f"The instrument has no '{code}'."
                yield Invalid("unknown-code", it, en, f"/{part}/{code}")
    for code in edit.new_criteria:
        if code in criteria:
            it, en = "Lo strumento ha già questo criterio.", "The instrument has this criterion already."
            yield Invalid("already-there", it, en, f"/new_criteria/{code}")
    for code in edit.new_checks:
        if code in rules:
            it, en = "Lo strumento ha già questa regola.", "The instrument has this rule already."
            yield Invalid("already-there", it, en, f"/new_checks/{code}")
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
    if change.items is not None and not isinstance(rule, Evidence):
        yield _misplaced(rule.code, "items")
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
    yield from order_faults(edit.clause_order, clauses | set(edit.clauses))


def _misplaced(code: str, name: str) -> Invalid:
    return Invalid(
        "not-of-this-rule",
        "Questa regola non ha questo numero.",
        "This rule has no such number.",
        f"/rules/{code}/{name}",
    )


def _given(edit: BaseModel, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(edit, name)) is not None}


def _each(parts: tuple[PartT, ...], edits: Mapping[str, BaseModel], *names: str) -> tuple[PartT, ...]:
    """The parts with what their edits give."""
    return tuple(
        part.model_copy(update=_given(edits[part.code], *names)) if part.code in edits else part for part in parts
    )


def _added(
    kind: type[LabelledT], parts: tuple[LabelledT, ...], edits: Mapping[str, LabelEdit]
) -> tuple[LabelledT, ...]:
    """Parts that the record does not have yet."""
    known = {part.code for part in parts}
    return tuple(kind(code=code, label=one.label) for code, one in edits.items() if code not in known)


def _criteria(record: Instrument, edit: InstrumentEdit) -> tuple[Criterion, ...]:
    names = ("effect", "when", "text", "otherwise", "weight", "source", "certainty")
    kept = tuple(one for one in record.applies if one.code not in edit.without_criteria)
    added = (Criterion(code=code, **dict(one)) for code, one in edit.new_criteria.items())
    changed = zip(kept, _each(kept, edit.applies, *names), strict=True)
    return (*(_unless_reordered(before, after) for before, after in changed), *added)


def _unless_reordered(before: Criterion, after: Criterion) -> Criterion:
    """Conditions that name the same things in another order are the same."""
    same = [_sorted(one) for one in before.when] == [_sorted(one) for one in after.when]
    return after.model_copy(update={"when": before.when}) if same else after


def _sorted(one: Condition) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, tuple) else value for name, value in one}


def _new_rules(edit: InstrumentEdit) -> tuple[Rule, ...]:
    return tuple(
        Evidence(
            code=code,
            label=one.label,
            source=one.source,
            certainty=one.certainty,
            severity=one.severity,
            terms=one.terms,
            documents=one.documents,
        )
        for code, one in edit.new_checks.items()
    )


def _edited_rule(rule: Rule, edit: RuleEdit | None) -> Rule:
    if edit is None:
        return rule
    changes = _given(edit, "label", "source", "certainty", "days", "years", "items", "enabled", "off_because")
    if edit.enabled:
        changes["off_because"] = None
    if edit.value_above_cents is not None:
        changes["when"] = rule.when.model_copy(update={"value_above_cents": edit.value_above_cents})
    return rule.model_copy(update=changes)


def _clauses(record: Instrument, edit: InstrumentEdit) -> tuple[Clause, ...]:
    kept = [
        clause.model_copy(update=_given(edit.clauses[clause.code], "heading", "text", "source", "certainty"))
        if clause.code in edit.clauses
        else clause
        for clause in record.clauses
        if clause.code not in edit.without_clauses
    ]
    known = {clause.code for clause in record.clauses}
    added = [
        Clause(code=code, heading=one.heading, text=one.text, source=one.source, certainty=one.certainty)
        for code, one in edit.clauses.items()
        if code not in known and one.heading is not None and one.text is not None
    ]
    return in_order((*kept, *added), edit.clause_order)


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
        yield pointer, "; ".join(map(_said, value)) if isinstance(value, list) else str(value)


def _said(value: Any) -> str:
    """A member of a list in words: its label, or what of a condition is given."""
    if not isinstance(value, dict):
        return str(value)
    if "label" in value:
        return str(value["label"]["it"])
    return ", ".join(f"{name} {_listed(inner)}" for name, inner in value.items() if inner is not None)


def _listed(inner: Any) -> str:
    return "/".join(map(str, inner)) if isinstance(inner, list) else str(inner)
