"""`requirements/install.sh` leaves another clone's environment alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[3]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of the repository as the installer looks at, with an environment that only notes what is asked of it."""
    for name in ("requirements/install.sh", "requirements/dev.txt", "pyproject.toml"):
        (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "clone" / name)
    python = tmp_path / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    python.chmod(0o755)
    (tmp_path / "clone" / ".venv").symlink_to(tmp_path / "environment")
    return tmp_path


def install(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([clone / "clone/requirements/install.sh"], capture_output=True, text=True, check=False)


def test_a_link_to_another_clones_environment_is_refused(clone: Path) -> None:
    (clone / "environment" / "installed").write_text("0123 - /another/clone 3.11")
    answer = install(clone)
    assert answer.returncode == 1
    assert "rm .venv" in answer.stderr
    assert not (clone / "asked").exists()


def test_a_link_to_a_place_of_its_own_is_brought_up_to_date(clone: Path) -> None:
    (clone / "environment" / "installed").write_text(f"0123 - {clone}/clone 3.11")
    assert install(clone).returncode == 0
    assert "install" in (clone / "asked").read_text()
