"""PostgreSQL refuses to run as root: the account it runs under then, and places that account can reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = "nobody"
OUTSIDE = Path("/var/lib/sportello")  # not a temporary directory: those are cleaned of what is old


@dataclass(frozen=True)
class Account:
    """A system account that runs a server in root's stead."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """None when we are not root: the server then runs as whoever started it."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_enter(path: Path, account: Account) -> bool:
    """May the account traverse every directory down to ``path`` (which may not exist yet)?"""
    resolved = path.resolve()
    return all(_may_search(part, account) for part in (*resolved.parents, resolved) if part.is_dir())


def _may_search(directory: Path, account: Account) -> bool:
    found = directory.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def remembered_directory(marker: Path, prefix: str, parent: Path) -> Path:
    """A private directory elsewhere whose place is kept in ``marker``; made anew when it has gone."""
    if marker.exists():
        place = Path(marker.read_text(encoding="utf-8").strip())
        if place.is_dir():
            return place
    parent.mkdir(mode=0o755, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    marker.write_text(f"{place}\n", encoding="utf-8")
    return place


def own(path: Path, account: Account | None) -> None:
    """Hand a path to the account that the server runs under."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def reachable_copy(installed: Path, version: str, account: Account | None) -> Path:
    """The installed binaries, or a copy where the account may read (a clone under /root is closed)."""
    if account is None or can_enter(installed, account):
        return installed
    OUTSIDE.mkdir(mode=0o755, exist_ok=True)
    copy = OUTSIDE / f"postgresql-{version}"
    if not copy.is_dir():
        scratch = Path(tempfile.mkdtemp(prefix="postgresql-", dir=OUTSIDE))
        shutil.copytree(installed, scratch, dirs_exist_ok=True, symlinks=True)
        scratch.chmod(0o755)
        try:
            scratch.rename(copy)
        except OSError:  # another installation was quicker
            shutil.rmtree(scratch)
    return copy
