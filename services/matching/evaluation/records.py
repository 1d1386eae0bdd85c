"""An evaluation set as its three files say it. The fields are documented in ``data/README.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from contracts.places import Place
from contracts.values import ResourceKind, Window
from services.matching.evaluation import lenient, places
from services.matching.evaluation.lenient import Notes, Row, Where
from services.matching.evaluation.units import unit_code
from services.matching.text import wording
from services.matching.text.words import Lang, fold, language

_SAID: dict[ResourceKind, str] = {
    "goods": "good goods bene beni item items in-kind oggetto oggetti materiale materiali attrezzature equipment",
    "expertise": "skill skills competenza competenze expertise consulenza formazione training knowledge",
    "volunteering": "volunteer volunteers volontario volontari volontariato volunteering time tempo",
    "space": "space spaces spazio spazi sala sale locale locali room rooms venue",
    "service": "service services servizio servizi workshop workshops laboratorio laboratori",
    "money": "money denaro cash fund funds fondi funding soldi contributo",
}
_KINDS = {word: kind for kind, words in _SAID.items() for word in words.split()}
_TEXTS = ("title", "titolo", "name", "nome", "summary", "oggetto", "description", "descrizione", "testo", "body")
_ALIASES = {
    "need_id": ("need", "needid", "query_id"),
    "offer_id": ("offer", "offerid", "doc_id"),
    "grade": ("relevance", "label"),
    "lang": ("language", "lingua"),
    "from": ("starts_on", "start"),
    "to": ("ends_on", "end"),
}


class DataError(Exception):
    """Nothing of the set can be measured; says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """A need or an offer; None = not said. ``category`` is a CPV code of eight digits or a folded word."""

    id: str
    text: str
    lang: Lang
    kind: ResourceKind | None = None
    category: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    place: Place | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """``gold`` is by positions of need and offer; needs without any line in it are not judged.

    ``notes`` say what was read in another way than it stands there, and how many lines were left out.
    """

    name: str
    needs: tuple[Record, ...]
    offers: tuple[Record, ...]
    gold: Mapping[tuple[int, int], int]
    notes: Notes = field(default_factory=Notes)

    @property
    def judged(self) -> list[int]:
        return sorted({need for need, _ in self.gold})


def load(folder: Path) -> EvaluationSet:
    """Reads ``needs.jsonl``, ``offers.jsonl`` and ``gold.jsonl``, whatever of them can be read.

    Raises :class:`DataError` when nothing of what they say can be measured, and OSError.
    """
    notes = Notes()
    needs, offers = (_records(folder / name, notes) for name in ("needs.jsonl", "offers.jsonl"))
    gold, said = _gold(folder / "gold.jsonl", needs, offers, notes)
    if said and not gold:
        raise DataError("\n".join(["Nothing of this set can be measured.", *map(str, notes)]))
    return EvaluationSet(folder.resolve().name, tuple(needs), tuple(offers), gold, notes)


def _gold(
    path: Path, needs: list[Record], offers: list[Record], notes: Notes
) -> tuple[dict[tuple[int, int], int], int]:
    """The grades by pair, and how many lines there were. Of a pair judged twice the better grade counts."""
    need_at = {one.id: at for at, one in enumerate(needs)}
    offer_at = {one.id: at for at, one in enumerate(offers)}
    gold: dict[tuple[int, int], int] = {}
    lines = -notes.left_out.get(path.name, 0)
    for at, row in lenient.rows(path, notes):
        lines += 1
        pair = []
        for name, known in (("need_id", need_at), ("offer_id", offer_at)):
            id_ = _id(_said(at, row, name))
            if id_ is None or id_ not in known:
                notes.leave_out(at, name, "is missing" if id_ is None else "is not in the set", id_)
                break
            pair.append(known[id_])
        else:
            grade = lenient.grade(at, _said(at, row, "grade"))
            if grade is None:
                notes.leave_out(at, "grade", "is no grade from 0 to 3", row.get("grade"))
                continue
            if (before := gold.get((pair[0], pair[1]))) is not None:
                at.note("need_id", "and offer_id are judged twice: the better grade counts")
            gold[pair[0], pair[1]] = max(before or 0, grade)
    return gold, lines + notes.left_out.get(path.name, 0)


def _records(path: Path, notes: Notes) -> list[Record]:
    found: dict[str, Record] = {}
    for at, row in lenient.rows(path, notes):
        id_ = _id(row.get("id"))
        if id_ is None:
            notes.leave_out(at, "id", "is missing", row.get("id"))
        elif id_ in found:
            notes.leave_out(at, "id", "is there twice, the first counts", id_)
        else:
            found[id_] = _record(at, id_, row)
    return list(found.values())


def _record(at: Where, id_: str, row: Row) -> Record:
    text = _text(at, row)
    lang = _lang(at, row, text)
    kind, unit = _kind(at, row), _unit(at, row)
    if kind is None and unit == "EUR":
        kind = "money"
    if kind is not None and (kind == "money") != (unit == "EUR"):
        unit = "EUR" if kind == "money" else None if unit == "EUR" else unit
    return Record(
        id=id_,
        text=text,
        lang=lang,
        kind=kind,
        category=_category(at, row),
        quantity=lenient.number(at, "quantity", row.get("quantity"), lang),
        unit=unit,
        place=_place(at, row),
        window=_window(at, row),
    )


def _said(at: Where, row: Row, name: str) -> Any:
    """The field, or what others call it."""
    if row.get(name) is not None:
        return row[name]
    for other in _ALIASES.get(name, ()):
        if row.get(other) is not None:
            at.note(name, f"is read from the field {other}")
            return row[other]
    return None


def _id(said: Any) -> str | None:
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    if not isinstance(said, str | int | float) or isinstance(said, bool):
        return None
    return str(said).strip() or None


def _text(at: Where, row: Row) -> str:
    said = row.get("text")
    if isinstance(said, str):
        return said
    if said is not None:
        at.note("text", "is not a text, read as one", said)
        return str(said)
    others = [str(row[name]) for name in _TEXTS if isinstance(row.get(name), str)]
    if not others:
        at.note("text", "is missing: counts as empty")
    elif not {"title", "description"} & row.keys():
        at.note("text", "is missing: other fields that say something are read instead")
    return wording(*others)


def _word(at: Where, row: Row, name: str) -> str | None:
    said = row.get(name)
    if isinstance(said, list) and said and isinstance(said[0], str):
        at.note(name, "is a list: its first entry is read", said)
        said = said[0]
    if said is None or said == "":
        return None
    if not isinstance(said, str | int | float) or isinstance(said, bool):
        at.note(name, "is not a word: counts as not given", said)
        return None
    return str(said).strip() or None


def _lang(at: Where, row: Row, text: str) -> Lang:
    said = _said(at, row, "lang")
    word = said.strip().lower() if isinstance(said, str) else ""
    if word.startswith(("it", "en")):
        return "it" if word.startswith("it") else "en"
    guessed = language(text)
    at.note("lang", "is guessed from the text" if not word else "is not it or en: guessed from the text", said)
    return guessed


def _kind(at: Where, row: Row) -> ResourceKind | None:
    said = _word(at, row, "kind")
    if said is None:
        return None
    if said in get_args(ResourceKind):
        kind: ResourceKind = said  # type: ignore[assignment]
        return kind
    found = _KINDS.get(fold(said).strip(" .").replace(" ", "-"))
    at.note("kind", f"is read as {found}" if found else "is no kind known: counts as not given", said)
    return found


def _unit(at: Where, row: Row) -> str | None:
    said = _word(at, row, "unit")
    found = unit_code(said)
    if said is not None and found is None:
        at.note("unit", "is no unit known: counts as not given", said)
    return found


def _category(at: Where, row: Row) -> str | None:
    said = _word(at, row, "category")
    if said is None:
        return None
    digits = said.split("-")[0].strip()
    return digits if digits.isdigit() and len(digits) == 8 else said.casefold()


def _place(at: Where, row: Row) -> Place | None:
    try:
        return places.place(row.get("place"))
    except ValueError as error:
        at.note("place", f"counts as not given: {error}", row.get("place"))
        return None


def _window(at: Where, row: Row) -> Window | None:
    start, end = (lenient.day(at, name, _said(at, row, name)) for name in ("from", "to"))
    if start and end and end < start:
        at.note("to", "lies before the field from: both count as not given", row.get("to"))
        return None
    return Window(starts_on=start, ends_on=end) if start or end else None
