"""What may not be committed: addresses of package indexes, paths of somebody's machine; and how decisions are kept."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))

# Written so that they do not find themselves.
INDEXES = (
    r"pypi\.or[g]", r"pythonhoste[d]", r"npmj[s]\.", r"repo1?\.mave[n]", r"https?://\S*/simpl[e]\b",
    r"registr[y]\.\w+\.",
    r"quay\.i[o]", r"ghcr\.i[o]", r"(?<![\w.])gcr\.i[o]", r"docker\.i[o]/", r"--(extra-)?index-ur[l]",
)  # fmt: skip
MACHINES = (r"/wor[k]/", r"/hom[e]/\w", r"(?<![\w.])/roo[t]/", r"/User[s]/\w", r"/tm[p]/\w", r"[A-Z]:\\User[s]")
FORBIDDEN = re.compile("|".join(INDEXES + MACHINES))


def published() -> list[Path]:
    """Files that are or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_registry_and_no_machine_is_named() -> None:
    found = []
    for path in published():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # an image or another binary
        name = path.relative_to(ROOT)
        found += [f"{name}:{n} {hit[0]}" for n, line in enumerate(lines, 1) if (hit := FORBIDDEN.search(line))]

    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-" + "url=x", "https://mirror.example/" + "simple/", "https://registry" + ".example.org/",
        "/home/" + "anna/x",
        "/tmp/" + "plan", "quay." + "io/keycloak", "repo1" + ".maven.org", "files.python" + "hosted.org",
    ],
)  # fmt: skip
def test_such_a_line_would_be_found(line: str) -> None:
    assert FORBIDDEN.search(line)


def test_decisions_are_numbered_once_and_say_when_to_think_again() -> None:
    names = [path.name for path in ADRS]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names), names
    numbers = [name[:4] for name in names]
    assert sorted(set(numbers)) == sorted(numbers)
    assert [path.name for path in ADRS if "Revisit when" not in path.read_text(encoding="utf-8")] == []


def test_there_are_decisions() -> None:
    assert ADRS
