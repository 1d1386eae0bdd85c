"""The import rules hold here, and each of them is able to fail."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in CONFIGURATION["contracts"]}

CLEAN = {
    "contracts/events.py": "import decimal\nimport pydantic\n",
    "chassis/unit.py": "import asyncpg\nimport contracts.events\n",
    "deploy/roles.py": "import asyncpg\nimport chassis.unit\n",
    "services/alpha/domain/need.py": "import re\nimport pydantic\nimport contracts.events\n",
    "services/alpha/store/needs.py": "import asyncpg\nimport services.alpha.domain.need\n",
    "services/alpha/handlers/needs.py": "import chassis.unit\nfrom services.alpha.store import needs\n",
    "services/alpha/api.py": "import fastapi\nimport services.alpha.handlers.needs\n",
    "services/alpha/consumers.py": "import faststream\nimport services.alpha.handlers.needs\n",
    "services/alpha/tests/test_needs.py": "import asyncpg, socket\nimport services.alpha.api\n",
    "services/beta/domain/match.py": "import contracts.events\n",
}
BREAKS = {
    "services-independent": [("services/beta/api.py", "import services.alpha.domain.need")],
    "contracts-only": [
        ("contracts/wire.py", "import orjson"),
        ("contracts/wire.py", "import chassis.unit"),
    ],
    "domain-only": [
        ("services/alpha/domain/clock.py", "import chassis.unit"),
        ("services/alpha/domain/clock.py", "import httpx"),
        ("services/alpha/domain/clock.py", "def now():\n    import time\n    return time.time()"),
        ("services/alpha/domain/clock.py", "from services.alpha.store import needs"),
        ("services/alpha/domain/clock.py", "from urllib import request"),
    ],
    "allocation-only": [
        ("services/alpha/allocation/flow.py", "import contracts.events"),
        ("services/alpha/allocation/flow.py", "from services.alpha.store import needs"),
    ],
    "chassis-below": [("chassis/service.py", "import services.alpha.domain.need")],
    "services-undeployed": [("services/beta/app.py", "from deploy import roles")],
    "handlers-pure": [
        (f"services/beta/handlers/{package}.py", f"import {package}")
        for package in ("faststream", "aiokafka", "fastapi", "asyncpg")
    ],
    "one-way": [
        ("services/alpha/handlers/back.py", "import services.alpha.api"),
        ("services/alpha/store/back.py", "import services.alpha.consumers"),
    ],
    "store-below": [("services/alpha/store/back.py", "import services.alpha.handlers.needs")],
    "sql-in-store": [
        ("services/alpha/api.py", "import asyncpg"),
        ("services/beta/pages/offers.py", "from asyncpg import Record"),
    ],
}


def lint(root: Path) -> tuple[int, dict[str, bool]]:
    """The exit code of import-linter over ``root`` by our own configuration, and which contracts were kept."""
    arguments = ["-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-logo", "--no-cache"]
    process = subprocess.run(
        [sys.executable, *arguments, "--config", str(ROOT / "pyproject.toml")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    kept = {key: f"{name} KEPT" in process.stdout for key, name in NAMES.items()}
    assert "Contracts:" in process.stdout, process.stdout + process.stderr
    return process.returncode, kept


def plant(root: Path, files: dict[str, str]) -> None:
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n")
        for folder in path.relative_to(root).parents:
            if folder != Path():
                (root / folder / "__init__.py").touch()


def test_the_repository_keeps_every_rule() -> None:
    code, kept = lint(ROOT)

    assert [NAMES[key] for key, fine in kept.items() if not fine] == []
    assert code == 0


def test_every_rule_is_shown_to_bite() -> None:
    assert set(BREAKS) == set(NAMES)


def test_a_clean_tree_keeps_every_rule(tmp_path: Path) -> None:
    plant(tmp_path, CLEAN)

    assert lint(tmp_path) == (0, dict.fromkeys(NAMES, True))


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [(rule, name, source) for rule, breaks in BREAKS.items() for name, source in breaks],
    ids=[f"{rule}-{source.split()[-1]}" for rule, breaks in BREAKS.items() for _, source in breaks],
)
def test_a_breach_is_found(tmp_path: Path, rule: str, name: str, source: str) -> None:
    plant(tmp_path, {**CLEAN, name: CLEAN.get(name, "") + source})

    code, kept = lint(tmp_path)

    assert code == 1
    assert not kept[rule]
