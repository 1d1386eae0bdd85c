"""Why a command is refused. The edge turns each into a problem with its status and pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.agreements.domain.checks import Check


class Refused(Exception):
    """`code` is stable; the sentences say what is wrong and what to do."""

    def __init__(self, code: str, italian: str, english: str, pointer: str = "") -> None:
        super().__init__(english)
        self.code = code
        self.italian = italian
        self.english = english
        self.pointer = pointer


class NotPossible(Refused):
    """The state of the agreement does not allow this act."""


class NotAllowed(Refused):
    """The person may not do this, here and now."""


class TooBusy(Refused):
    """There is more to do at once than the service takes on; later it will be possible."""


class Invalid(Refused):
    """One field of the command is wrong; `pointer` says which."""


class InvalidFields(Refused):
    """Several fields of the command are wrong; `faults` says which and why."""

    def __init__(self, faults: tuple[Invalid, ...]) -> None:
        super().__init__(
            "invalid",
            "Alcuni campi non sono validi; l'elenco dice quali e perché.",
            "Some fields are not valid; the list says which and why.",
        )
        self.faults = faults


class ChecksOpen(Refused):
    """The file is not complete: `checks` says what is missing, each with its pointer."""

    def __init__(self, checks: tuple[Check, ...]) -> None:
        super().__init__(
            "checks-open",
            "Il fascicolo non è completo: l'elenco dice che cosa manca.",
            "The file is not complete: the list says what is missing.",
        )
        self.checks = checks
