"""HTML forms to pydantic models and back: values, and one sentence per wrong field in the reader's language.

Field names are the dotted path into the model: `title`, `lines.0.quantity`. Empty fields count as absent, and
rows of a list that are wholly empty are skipped. A name that ends in `[]` collects several values into a list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from chassis.validation import field_errors
from chassis.web.in_words import fault_in_words
from contracts.values import FieldError

M = TypeVar("M", bound=BaseModel)
_ROW = re.compile(r"[0-9]{1,4}")
IDEMPOTENCY_FIELD = "idempotency_key"
MOST_ROWS = 60
"""Fields of one list that a form shows, whatever numbers were sent."""
DEEPEST = 8
"""Steps of a name; deeper ones are taken as one odd name, which no model knows."""


@dataclass(slots=True)
class Form(Generic[M]):
    """What was typed, what is wrong with it and, when nothing is, the model made from it.

    `Form.of(title="…")` starts a form with values; `Form.of()` an empty one.
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    model: M | None = None
    prefix: str = ""
    sent_rows: "Rows" = field(default_factory=dict)
    """The rows of the form that the items of each list were made from: rows left empty are not sent."""

    @classmethod
    def of(cls, **values: Any) -> "Form[M]":
        return cls(values=dict(values))

    @property
    def idempotency_key(self) -> str | None:
        key = self.values.get(IDEMPOTENCY_FIELD)
        return key if isinstance(key, str) and key else None

    def called(self, prefix: str) -> "Form[M]":
        """Tell this form's fields from those of another form on the same page."""
        self.prefix = prefix
        return self

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return "" if value is None else str(value)

    def chosen(self, name: str, option: object) -> bool:
        """Whether `option` is (one of) the value(s) of the field."""
        value = self.values.get(name)
        if isinstance(value, list | tuple | set | frozenset):
            return str(option) in {str(item) for item in value}
        return value is not None and str(value) == str(option)

    def rows(self, name: str, least: int = 0) -> int:
        """How many fields `name.0`, `name.1`, … the form needs for the values it has, at least `least`."""
        numbers = [int(row[0]) for key in self.values if (row := _numbers_after(name, key))]
        return min(max([least, *(number + 1 for number in numbers)]), MOST_ROWS)

    def refuse(self, name: str, message: str) -> "Form[M]":
        """Mark a field as wrong; `message` is already in the reader's language."""
        self.errors[name] = message
        return self

    def refuse_all(self, faults: Iterable[FieldError]) -> "Form[M]":
        """Carry the field errors of a Problem raised by the shared handler back to the form's fields."""
        for fault in faults:
            name = fault.pointer.strip("/").replace("/", ".").replace("~1", "/").replace("~0", "~")
            self.errors.setdefault(_field_name(name, self.sent_rows), fault_in_words(fault))
        return self


async def parse_form(request: Request, model: type[M]) -> Form[M]:
    """Read the request's form as `model`. `.model` is None exactly when `.errors` is not empty."""
    return form_from(await request.form(), model)


def form_from(data: FormData, model: type[M]) -> Form[M]:
    form: Form[M] = Form(values=_typed(data))
    sent = {name: value for name, value in _sent(data).items() if name != IDEMPOTENCY_FIELD}
    nested, form.sent_rows = _nest(sent)
    try:
        form.model = model.model_validate(nested)
    except ValidationError as wrong:
        form.refuse_all(field_errors(wrong))
    return form


def _typed(data: FormData) -> dict[str, Any]:
    """What to show again: text as typed, lists for names in `[]`, no files."""
    values: dict[str, Any] = {}
    for name in data:
        texts = [item for item in data.getlist(name) if isinstance(item, str)]
        values[name.removesuffix("[]")] = texts if name.endswith("[]") else "".join(texts[-1:])
    return values


def _sent(data: FormData) -> dict[str, Any]:
    """What counts as filled in."""
    sent: dict[str, Any] = {}
    for name in data:
        filled = [item for item in data.getlist(name) if _is_filled(item)]
        if name.endswith("[]"):
            sent[name.removesuffix("[]")] = filled
        elif filled:
            last = filled[-1]
            sent[name] = last.strip() if isinstance(last, str) else last
    return sent


def _is_filled(item: object) -> bool:
    return bool(item.filename) if isinstance(item, UploadFile) else bool(str(item).strip())


Rows = dict[tuple[str, ...], list[str]]


def _nest(flat: dict[str, Any]) -> tuple[Any, Rows]:
    """Dotted names to nested objects; the second result remembers which row each list item came from."""
    tree: dict[str, Any] = {}
    # Shallow names first: where one is both a value and a folder, the folder stays and the model refuses it.
    for name in sorted(flat, key=lambda name: name.count(".")):
        *folders, leaf = name.split(".", DEEPEST)
        place = tree
        for folder in folders:
            inner = place.get(folder)
            place[folder] = place = inner if isinstance(inner, dict) else {}
        place[leaf] = flat[name]
    rows: Rows = {}
    return _with_lists(tree, (), rows), rows


def _numbers_after(name: str, key: str) -> re.Match[str] | None:
    """The number in `key` when it is `name` with one more step, or one and further ones: `lines.3.unit`."""
    return _ROW.match(key.removeprefix(f"{name}.")) if key.startswith(f"{name}.") else None


def _with_lists(node: Any, path: tuple[str, ...], rows: Rows) -> Any:
    if not isinstance(node, dict):
        return node
    if path and node and all(_ROW.fullmatch(key) for key in node):
        ordered = sorted(node, key=int)
        rows[path] = ordered
        return [_with_lists(node[key], (*path, key), rows) for key in ordered]
    return {key: _with_lists(value, (*path, key), rows) for key, value in node.items()}


def _field_name(name: str, rows: Rows) -> str:
    """The name a field has in the form: rows count as they are shown, although empty ones were not sent."""
    path: tuple[str, ...] = ()
    for step in name.split("."):
        known = rows.get(path, [])
        path = (*path, known[int(step)] if _ROW.fullmatch(step) and int(step) < len(known) else step)
    return ".".join(path)
