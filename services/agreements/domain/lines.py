"""What a public line of the register is made of, besides title and names, and whether it is still what was registered.

The line is read from the file. Its parts are committed to when the agreement is signed or amended: words and salts as
everywhere in the register, only that the words are kept in the file alone. `facts` say nothing of anybody and are never
hidden; `descriptions` go with the subject, `people` (who they are) with the parties. Erasing deletes the salts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Literal

from contracts.values import Value
from services.agreements.domain.register import Disclosure

LinePart = Literal["facts", "descriptions", "people"]
Content = Mapping[str, Any]
"""A file as it is stored."""
GOES_WITH: dict[str, LinePart] = {"subject": "descriptions", "parties": "people"}
"""What is erased together with a part of the register."""
_IN_FORCE = frozenset({"signed", "active", "suspended"})
_ENDS = {"terminated": "terminated", "completed": "completed", "expired": "expired"}
_ALSO = ("terms", "responsibilities", "communication_plan", "impact_plan")


class Line(Value):
    """One public line: the file it is read from, and what the register has of it.

    `commitments` are those of the last entry that covers the line, `salts` what is kept for them. `acts` are the
    entries that say how the agreement stands: position and day by act.
    """

    position: int
    content: dict[str, Any]
    state: str
    commitments: dict[str, str]
    salts: dict[str, str]
    acts: dict[str, tuple[int, date]]
    erased: tuple[str, ...]
    noted: bool
    """Whether the history knows of the moment at which the file was saved last."""


def parts(content: Content) -> dict[LinePart, str]:
    """The words of each part, in one way of writing them."""
    others = [party for party in content["parties"] if party["department"] is None]
    return {
        "facts": _words(_facts(content)),
        "descriptions": _words([one["description"] for one in content["allocations"]]),
        "people": _words([[one["party_id"], one["stakeholder_id"], one["name"]] for one in others]),
    }


def line_faults(line: Line) -> list[str]:
    """Codes of what does not hold: a part that is not what was committed to, a state that the entries do not say."""
    try:
        return _faults(line)
    except (LookupError, TypeError, AttributeError):
        return ["line-unreadable"]


def _faults(line: Line) -> list[str]:
    found = []
    for name, words in parts(line.content).items():
        salt = line.salts.get(name)
        if name not in line.commitments:
            continue
        if salt is None:
            gone = name in [GOES_WITH[part] for part in line.erased]
            found += [] if gone else [f"line-salt-missing ({name})"]
        elif Disclosure(name=name, salt=salt, words=words).commitment() != line.commitments[name]:
            found.append(f"line-changed ({name})")
    if not _stands(line):
        found.append("line-changed (state)")
    if not _published(line.content.get("publication") or {}, line.acts.get("published")):
        found.append("line-changed (publication)")
    if not line.noted:
        found.append("line-changed (moment)")
    return found


def covers(commitments: Collection[str]) -> bool:
    """Whether an entry commits to the line at all: those from before this was kept do not."""
    return "facts" in commitments


def _stands(line: Line) -> bool:
    ended = [state for act, state in _ENDS.items() if act in line.acts]
    said = line.content["state"]
    return said == line.state and (said == ended[0] if ended else said in _IN_FORCE)


def _published(said: Content, entered: tuple[int, date] | None) -> bool:
    told = (said.get("position"), said.get("published_on"))
    return told == ((entered[0], entered[1].isoformat()) if entered else (None, None))


def _facts(content: Content) -> dict[str, Any]:
    numbers = {one["stakeholder_id"]: number for number, one in enumerate(content["parties"])}
    return {
        **{name: content[name] for name in ("agreement_id", "protocol", "policy_area", "department", "instrument")},
        **{name: content[name] for name in ("signed_on", "valid_from", "valid_to")},
        "parties": [_party(one, content) for one in content["parties"]],
        "lines": [
            [numbers.get(one["stakeholder_id"]), *(one[name] for name in _OF_A_LINE)] for one in content["allocations"]
        ],
        "amendments": list(_amendments(content)),
    }


_OF_A_LINE = ("kind", "capability", "quantity", "unit", "value_cents")


def _party(party: Content, content: Content) -> list[Any]:
    """A department is never hidden; of others only the role and the kind of organisation are."""
    kind = (content.get("organisation_types") or {}).get(party["stakeholder_id"] or "")
    own = [party["party_id"], party["stakeholder_id"], party["name"]] if party["department"] is not None else []
    return [party["role"], party["department"], kind, *own]


def _amendments(content: Content) -> Iterable[dict[str, Any]]:
    for one in content.get("amendments") or ():
        if one["state"] == "in_force":
            before = one["before"] or {}
            yield {
                **{name: one[name] for name in ("number", "kind", "protocol", "signed_on")},
                "changes": [_lines(one["changes"]), one["changes"].get("valid_to")],
                "before": [_lines(before), before.get("valid_to")],
                "also": [name for name in _ALSO if one["changes"].get(name) not in (None, {})],
            }


def _lines(changes: Content) -> list[list[Any]]:
    return [[one["position"], one["quantity"]] for one in changes.get("quantities") or ()]


def _words(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
