"""May the schemas of the working tree replace those committed at a revision?

``python -m tests.contract.compatibility [--against REV]``. Producers are closed and readers open, so

* BACKWARD (today's readers take yesterday's events) is closed(old) ⊆ open(new), and
* FORWARD (yesterday's readers take today's events) is closed(new) ⊆ open(old).

While v1 is a draft, differences are printed and accepted. Once ``contracts/FROZEN`` names the revision that froze it,
every schema committed since must stay compatible in both directions. What cannot be proven counts as broken.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import CanonicalizationError, Containment

from contracts.generate import outputs

ROOT = Path(__file__).parents[2]
FROZEN = ROOT / "contracts" / "FROZEN"
SCHEMAS = "contracts/schemas"
Schema = Any

_ANNOTATIONS = {"$id", "$schema", "title", "description", "default", "examples", "deprecated", "$comment"}
_SCHEMA_MAPS = {"properties", "patternProperties", "$defs", "dependentSchemas"}
_SCHEMA_LISTS = {"anyOf", "allOf", "oneOf", "prefixItems"}
_SCHEMA_VALUES = {"items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else"}


@dataclass(frozen=True)
class Verdict:
    """Whether each direction is proven; ``unknown`` is not."""

    backward: Containment
    forward: Containment

    @property
    def compatible(self) -> bool:
        """Both directions proven."""
        return self.backward == Containment.YES and self.forward == Containment.YES


@dataclass(frozen=True)
class Difference:
    """One event type whose schema is not what it was."""

    type: str
    verdict: Verdict | None
    where: tuple[str, ...]

    @property
    def compatible(self) -> bool:
        """False for a type that is gone as well."""
        return self.verdict is not None and self.verdict.compatible

    def __str__(self) -> str:
        if self.verdict is None:
            return f"{self.type}: is gone"
        sides = f"BACKWARD {self.verdict.backward.value}, FORWARD {self.verdict.forward.value}"
        return f"{self.type}: {sides} ({', '.join(self.where)})"


def closed(schema: Schema) -> Schema:
    """The producer's view: a model has the fields it declares and no other."""
    return _each_object(schema, lambda node: {**node, "additionalProperties": False})


def opened(schema: Schema) -> Schema:
    """The reader's view: a model may carry fields it does not know. Tables keep their rule for keys."""
    return _each_object(schema, lambda node: {k: v for k, v in node.items() if k != "additionalProperties"})


def _each_object(node: Schema, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Schema:
    """``node`` with ``change`` applied to every model in it, and without annotations.

    Follows the keywords that hold schemas, so that a field called ``properties`` or ``title`` is not taken for one.
    """
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {}
    for keyword, value in node.items():
        if keyword in _ANNOTATIONS:
            continue
        if keyword in _SCHEMA_MAPS:
            result[keyword] = {name: _each_object(part, change) for name, part in value.items()}
        elif keyword in _SCHEMA_LISTS:
            result[keyword] = [_each_object(part, change) for part in value]
        elif keyword in _SCHEMA_VALUES:
            result[keyword] = _each_object(value, change)
        else:
            result[keyword] = value
    return change(result) if "properties" in result else result


def compare(old: Schema, new: Schema) -> Verdict:
    """Both directions of replacing ``old`` by ``new``."""
    return Verdict(backward=_covers(opened(new), closed(old)), forward=_covers(opened(old), closed(new)))


def _covers(reader: Schema, producer: Schema) -> Containment:
    # The algebra proves nothing about recursive schemas. Those that did not change need no proof:
    # opening a schema only ever lets more through.
    if closed(reader) == producer:
        return Containment.YES
    try:
        return _canonical(reader).covers(_canonical(producer))
    except CanonicalizationError:
        return Containment.UNKNOWN


def _canonical(schema: Schema) -> jsonschema_rs.CanonicalSchema:
    # Readers check formats (a UUID is parsed), so a changed format is a changed type.
    return jsonschema_rs.canonicalize(schema, draft=jsonschema_rs.Draft202012, validate_formats=True, offline=True)


def differences(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[Difference]:
    """What became of every type in ``old``; new types are nobody's concern."""
    found = []
    for name, before in sorted(old.items()):
        if name not in new:
            found.append(Difference(name, None, ()))
        elif places := tuple(_places(closed(before), closed(new[name]))):
            found.append(Difference(name, compare(before, new[name]), places))
    return found


def _places(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """JSON pointers of the innermost differences."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key not in old or key not in new:
                yield f"{at}/{key} {'added' if key in new else 'removed'}"
            else:
                yield from _places(old[key], new[key], f"{at}/{key}")
    elif old != new:
        yield at or "/"


def generated() -> dict[str, Schema]:
    """Schemas of the models in the working tree, by event type."""
    files = outputs()
    return {_type_of(name): json.loads(text) for name, text in files.items() if name.startswith("schemas/")}


def committed(revision: str, root: Path = ROOT) -> dict[str, Schema]:
    """Schemas committed at ``revision``, by event type."""
    names = git("ls-tree", "-r", "--name-only", revision, "--", SCHEMAS, root=root).splitlines()
    return {_type_of(name): json.loads(git("show", f"{revision}:{name}", root=root)) for name in names}


def _type_of(name: str) -> str:
    return Path(name).name.removesuffix(".json")


def git(*arguments: str, root: Path = ROOT) -> str:
    """Output of one git command; raises :class:`subprocess.CalledProcessError` with git's own words."""
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def frozen_at(marker: Path = FROZEN) -> str | None:
    """The revision that froze v1, or None while it is a draft."""
    if not marker.exists():
        return None
    revision = marker.read_text(encoding="utf-8").strip()
    if not revision:
        raise ValueError(f"{marker.name} is empty: it names the revision that froze v1")
    return revision


def revisions_to_honour(against: str | None, frozen: str | None, root: Path = ROOT) -> list[str]:
    """The revision asked for, and once frozen every revision that changed a schema since."""
    if frozen is None:
        return [against or "HEAD"]
    since = git("log", "--format=%H", f"{frozen}..HEAD", "--", SCHEMAS, root=root).split()
    return [*([against] if against else []), frozen, *since]


def main(arguments: list[str] | None = None) -> int:
    """Print every difference; 1 when v1 is frozen and one is incompatible, 2 when git cannot tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.compatibility")
    parser.add_argument("--against", metavar="REV", help="also compare to the schemas committed at REV (draft: HEAD)")
    against: str | None = parser.parse_args(arguments).against
    frozen, broken = frozen_at(), False
    try:
        revisions = revisions_to_honour(against, frozen)
        schemas = {revision: committed(revision) for revision in revisions}
    except subprocess.CalledProcessError as error:
        print(f"git cannot tell what was committed (a shallow clone?): {error.stderr.strip()}", file=sys.stderr)
        return 2
    now = generated()
    for revision, then in schemas.items():
        for difference in differences(then, now):
            print(f"since {revision[:12]}: {difference}")
            broken |= not difference.compatible
    if frozen is None:
        print("v1 is a draft (no contracts/FROZEN): differences are accepted")
        return 0
    print("v1 is frozen: " + ("an incompatible change needs a new type ending in .v2" if broken else "compatible"))
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
