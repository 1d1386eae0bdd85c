"""Where a server that root hands to another account finds its files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local import accounts
from deploy.local.accounts import Account, can_enter, reachable_copy, remembered_directory, server_account
from deploy.local.postgres import installation

pytestmark = pytest.mark.integration
STRANGER = Account("stranger", 65534, 65534)


def test_a_closed_parent_keeps_a_stranger_out(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not can_enter(closed / "not-there-yet", STRANGER)
    assert can_enter(Path("/usr"), STRANGER)


def test_a_remembered_directory_is_the_same_until_it_goes(tmp_path: Path) -> None:
    marker = tmp_path / "place"
    first = remembered_directory(marker, "x-", tmp_path)
    assert remembered_directory(marker, "x-", tmp_path) == first
    first.rmdir()
    second = remembered_directory(marker, "x-", tmp_path)
    assert second.is_dir()
    assert second != first


def test_without_root_binaries_run_where_they_are() -> None:
    assert reachable_copy(installation(), "1", None) == installation()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs a server under another account")
def test_binaries_of_a_closed_checkout_are_copied_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = server_account()
    assert account
    outside = Path("/var/lib") / f"sportello-test-{os.getpid()}"
    monkeypatch.setattr(accounts, "OUTSIDE", outside)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(installation(), closed / "pg", symlinks=True)
    try:
        copy = reachable_copy(closed / "pg", "test", account)
        assert reachable_copy(closed / "pg", "test", account) == copy
        assert [left.name for left in outside.iterdir()] == ["postgresql-test"]
        command = [copy / "bin" / "postgres", "--version"]
        said = subprocess.run(command, user=account.uid, capture_output=True, text=True, check=True, cwd="/").stdout
        assert said.startswith("postgres (PostgreSQL)")
    finally:
        shutil.rmtree(outside)
