"""``.env`` for compose: fresh secrets, kept once they are made, readable by their owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from deploy.compose import EXAMPLE, PLACEHOLDER, assignments, completed, write

pytestmark = pytest.mark.unit


def test_every_placeholder_gets_a_secret_of_its_own() -> None:
    example = EXAMPLE.read_text(encoding="utf-8")
    made = assignments(completed(example, ""))

    secret = [name for name, value in assignments(example).items() if value == PLACEHOLDER]
    assert PLACEHOLDER not in made.values()
    assert len({made[name] for name in secret}) == len(secret)
    assert all(len(made[name]) >= 32 for name in secret)


def test_what_is_there_stays() -> None:
    first = completed("# words\nA=change-me\nB=1\n", "", make=lambda: "made")
    again = completed("# words\nA=change-me\nB=1\nC=change-me\n", first + "OWN=x\n", make=lambda: "later")

    assert assignments(again) == {"A": "made", "B": "1", "C": "later", "OWN": "x"}
    assert again.startswith("# words\n")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    target.write_text("A=old\n")
    target.chmod(0o644)

    write(target, "A=new\n")

    assert target.read_text() == "A=new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
