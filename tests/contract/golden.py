"""The golden examples: every event as it was once written, in the JSON format of CloudEvents 1.0."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from contracts.envelope import Envelope
from contracts.event import REGISTRY, Event
from tests.contract.compatibility import ROOT, git

EXAMPLES = "contracts/examples"
_EXTENSIONS = ("correlationid", "causationid", "traceparent", "tracestate")


@dataclass(frozen=True)
class Example:
    """One file below ``contracts/examples``."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @cached_property
    def body(self) -> dict[str, Any]:
        """The file's content."""
        content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return content

    @property
    def model(self) -> type[Event]:
        """Today's reader of it."""
        return REGISTRY[self.body["type"]]

    @property
    def data(self) -> bytes:
        """The value of the Kafka record."""
        return json.dumps(self.body["data"], ensure_ascii=False).encode()

    @property
    def envelope(self) -> Envelope:
        """Its context attributes."""
        return Envelope(
            id=self.body["id"],
            source=self.body["source"],
            type=self.body["type"],
            city=self.body["city"],
            time=datetime.fromisoformat(self.body["time"]),
            subject=self.body["subject"],
            dataschema=self.body["dataschema"],
            **{name: self.body.get(name) for name in _EXTENSIONS},
        )


def examples(root: Path = ROOT) -> list[Example]:
    """All of them, in a fixed order."""
    return [Example(path) for path in sorted((root / EXAMPLES).glob("*/*.json"))]


def edited_since(frozen: str | None, root: Path = ROOT) -> list[str]:
    """Examples changed, renamed or deleted since v1 was frozen, committed or not; none while it is a draft."""
    if frozen is None:
        return []
    only = ("--no-renames", "--diff-filter=MDT", "--name-only")
    in_history = git("log", *only, "--format=", f"{frozen}..HEAD", "--", EXAMPLES, root=root)
    lying_around = git("diff", *only, "HEAD", "--", EXAMPLES, root=root)
    return sorted({*in_history.split("\n"), *lying_around.split("\n")} - {""})
