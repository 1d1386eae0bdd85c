"""Writes the shipped sets from what they are made of: ``python -m services.matching.evaluation.authored``.

The same input gives the same files, byte by byte. ``data/README.md`` says what each set is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.matching.text.categories import categories

DATA = Path(__file__).parent / "data"
_LINE = re.compile(r"(?P<side>[no]) (?P<lang>it|en) (?P<text>.+?)\s*(?P<more>\{.*\})?$")
Row = dict[str, Any]


def main() -> None:
    counter(DATA / "counter", halves=("tuned", "held-out"))
    milan(DATA / "milan")
    posts(DATA / "posts")
    labels(DATA / "cpv")


def counter(folder: Path, halves: Sequence[str]) -> None:
    """Every second topic, by name, goes to the half that weights were chosen on; the other half stays unseen."""
    topics = _topics((folder / "topics.txt").read_text(encoding="utf-8").splitlines())
    names = sorted(topics)
    for at, half in enumerate(halves):
        some = {name: topics[name] for name in names[at :: len(halves)]}
        _write(folder / half, *_counter_rows(some))


def milan(folder: Path) -> None:
    """Real partnerships, each need and offer in both languages."""
    topics = _topics((folder / "partnerships.txt").read_text(encoding="utf-8").splitlines())
    _write(folder, *_counter_rows(topics))


def _topics(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    topics: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] = {}
    for line in (line.strip() for line in lines):
        if line.startswith("="):
            name, kind, related = (part.strip() for part in line[1:].split("|"))
            current = {"kind": kind, "related": [one.strip() for one in related.split(",") if one.strip()]}
            current |= {"n": [], "o": []}
            topics[name] = current
        elif found := _LINE.fullmatch(line):
            more = json.loads(found["more"]) if found["more"] else {}
            current[found["side"]].append({"text": found["text"], "lang": found["lang"]} | more)
    return topics


def _counter_rows(topics: Mapping[str, Mapping[str, Any]]) -> tuple[list[Row], list[Row], list[Row]]:
    sides: dict[str, list[Row]] = {"n": [], "o": []}
    for name, topic in topics.items():
        for side, rows in sides.items():
            rows += [{"id": f"{name}-{side}{at}", "kind": topic["kind"]} | one for at, one in enumerate(topic[side], 1)]
    gold = []
    for name, topic in topics.items():
        for near, grade in ((name, 3), *((other, 1) for other in topic["related"] if other in topics)):
            gold += [
                {"need_id": f"{name}-n{need}", "offer_id": f"{near}-o{offer}", "grade": grade}
                for need in range(1, len(topic["n"]) + 1)
                for offer in range(1, len(topics[near]["o"]) + 1)
            ]
    return sides["n"], sides["o"], gold


def posts(folder: Path) -> None:
    """A need and an offer with a resource in common belong together."""
    needs: list[Row] = []
    offers: list[Row] = []
    means: dict[str, frozenset[str]] = {}
    for line in (folder / "posts.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        text, resources = (part.strip() for part in line[2:].rsplit("|", 1))
        rows = needs if line.startswith("n") else offers
        rows.append({"id": f"{line[0]}{len(rows) + 1}", "text": text, "lang": "en"})
        means[rows[-1]["id"]] = frozenset(one.strip() for one in resources.split(",")) - {"none"}
    gold = [
        {"need_id": need["id"], "offer_id": offer["id"], "grade": grade}
        for need in needs
        for offer in offers
        if (grade := _grade(means[need["id"]], means[offer["id"]]))
    ]
    _write(folder, needs, offers, gold)


def _grade(asked: frozenset[str], offered: frozenset[str]) -> int:
    if not asked & offered:
        return 0
    return 3 if asked == offered else 2 if asked <= offered else 1


def labels(folder: Path) -> None:
    """Italian CPV labels look for their English ones; every fifth code, among all offers that read differently."""
    known = [one for one in categories() if one.italian and one.english]
    by_label: dict[str, list[str]] = {}
    for one in known:
        by_label.setdefault(one.english.casefold(), []).append(one.code)
    offers = [{"id": codes[0], "text": label, "lang": "en"} for label, codes in _labels(known).items()]
    asked = known[::5]
    needs = [{"id": one.code, "text": one.italian, "lang": "it"} for one in asked]
    gold = [{"need_id": one.code, "offer_id": by_label[one.english.casefold()][0], "grade": 3} for one in asked]
    _write(folder, needs, offers, gold)


def _labels(known: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    spelt: dict[str, str] = {}
    for one in known:
        label = spelt.setdefault(one.english.casefold(), one.english)
        found.setdefault(label, []).append(one.code)
    return found


def _write(folder: Path, needs: Sequence[Row], offers: Sequence[Row], gold: Sequence[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("needs", needs), ("offers", offers), ("gold", gold)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
