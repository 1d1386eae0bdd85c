"""What can keep the launcher from starting something, each with a sentence that says what to do."""

from __future__ import annotations

import errno


class CannotStart(Exception):
    """Something on this machine stands in the way.

    ``what`` is one sentence for a person, ``advice`` the next step to take.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what} {advice}")
        self.what = what
        self.advice = advice


def of_system(error: OSError) -> CannotStart:
    """What the operating system refused, for a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL_DISK
    if error.errno in (errno.EACCES, errno.EPERM):
        return CannotStart(
            f"You may not use {error.filename}: it belongs to somebody else.",
            "Was Sportello started by another user, perhaps root? Go on as that user, or remove .sportello.",
        )
    return CannotStart(f"The system refused: {error}.", "Run `sportello doctor` to see what is missing.")


FULL_DISK = CannotStart("The disk is full.", "Free at least 2 GB where the project lies, then run `make up` again.")
FULL_DISK_SIGNS = ("No space left on device", "Disk quota exceeded", "ENOSPC")
SIGNS_OF_THE_CAUSE = ("FATAL", "ERROR", "error:", "Exception")


def explain(name: str, output: str, log: object = None) -> CannotStart:
    """Turn a failed command's output into the sentence that helps most."""
    if any(sign in output for sign in FULL_DISK_SIGNS):
        return CannotStart(
            f"{name} could not start because the disk is full.",
            FULL_DISK.advice,
        )
    lines = [line.strip() for line in output.strip().splitlines() if line.strip()]
    telling = [line for line in lines if any(sign in line for sign in ("FATAL", "ERROR", "error:", "Exception"))]
    last = (telling or lines or ["it said nothing"])[0 if telling else -1].rstrip(".")
    where = f" The whole log is in {log}." if log else ""
    return CannotStart(f"{name} did not start: {last}.", f"Run `sportello doctor` to see what is missing.{where}")
