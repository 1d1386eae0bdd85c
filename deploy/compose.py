"""``python3 -m deploy.compose``: makes ``.env`` for docker-compose.yml, with a fresh secret for each of its names.

Needs nothing but Python: it runs before anything of Sportello is installed. Run again, it adds what is missing and
keeps what is there, so that passwords already in a volume go on opening it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parents[1]
EXAMPLE = PROJECT / ".env.example"
TARGET = PROJECT / ".env"
PLACEHOLDER = "change-me"


def _made() -> str:
    return secrets.token_urlsafe(32)  # letters, digits, - and _: safe in a URL and in YAML


def assignments(text: str) -> dict[str, str]:
    """The ``NAME=value`` lines."""
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line)


def completed(example: str, existing: str, make: Callable[[], str] = _made) -> str:
    """``example`` with its placeholders filled: by what ``existing`` says, else by something new.

    Names that only ``existing`` has stay, at the end.
    """
    known = assignments(existing)
    lines = []
    for line in example.splitlines():
        name, is_assignment, value = line.partition("=")
        if is_assignment and not line.startswith("#"):
            value = known.pop(name, make() if value == PLACEHOLDER else value)
            lines.append(f"{name}={value}")
        else:
            lines.append(line)
    lines += [f"{name}={value}" for name, value in known.items() if name not in assignments(example)]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Replace ``path`` at once; nobody else may read it."""
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    scratch.replace(path)


def main() -> None:
    existing = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    write(TARGET, completed(EXAMPLE.read_text(encoding="utf-8"), existing))
    print(f"{TARGET.name} is complete. Next: docker compose up --wait --build")


if __name__ == "__main__":
    main()
