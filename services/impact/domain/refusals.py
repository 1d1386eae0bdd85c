"""Why a command is refused. The edge turns each into a problem with its status and pointer."""

from __future__ import annotations


class Refused(Exception):
    """``code`` is stable; the sentences say what is wrong and what to do."""

    def __init__(self, code: str, italian: str, english: str, pointer: str = "") -> None:
        super().__init__(english)
        self.code = code
        self.italian = italian
        self.english = english
        self.pointer = pointer


class NotFound(Refused):
    """There is no such thing, or not for this person."""


class NotAllowed(Refused):
    """The person may not do this, here and now."""


class NotPossible(Refused):
    """What is on record does not allow this."""


class Invalid(Refused):
    """One field of the command is wrong; ``pointer`` says which."""
