"""Run while an image is built: makes what was copied known to Python under the project's name and version.

A service image holds one service, so an installation of the whole distribution would promise commands that are not
there. This writes the same metadata with the commands of what was copied, and the script ``sportello``.
"""

from __future__ import annotations

import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

SCRIPT = "#!{python}\nfrom chassis.cli import main\n\nmain()\n"


def register(source: Path, packages: Path, scripts: Path, python: str) -> None:
    """Register the packages below ``source`` in the environment with these folders."""
    project: dict[str, Any] = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (packages / "sportello.pth").write_text(f"{source}\n", encoding="utf-8")
    info = packages / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(metadata(project), encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points(project, source), encoding="utf-8")
    (info / "RECORD").touch()
    script = scripts / "sportello"
    script.write_text(SCRIPT.format(python=python), encoding="utf-8")
    script.chmod(0o755)


def metadata(project: dict[str, Any]) -> str:
    """Core metadata: https://packaging.python.org/en/latest/specifications/core-metadata/"""
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Project-URL: {label}, {address}" for label, address in project.get("urls", {}).items()]
    return "\n".join(lines) + "\n"


def entry_points(project: dict[str, Any], source: Path) -> str:
    """The entry points whose module is below ``source``."""
    lines = []
    for group, entries in project.get("entry-points", {}).items():
        here = {name: value for name, value in entries.items() if is_here(value.partition(":")[0], source)}
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in here.items())]
    return "\n".join(lines) + "\n"


def is_here(module: str, source: Path) -> bool:
    """Whether ``module`` (``services.intake.cli``) is a file or a package below ``source``."""
    path = source.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


if __name__ == "__main__":
    register(
        Path(sys.argv[1]), Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("scripts")), sys.executable
    )
