"""Setting an open check aside, and taking that back: both leave a mark that stays."""

from __future__ import annotations

from datetime import date, datetime

from services.agreements.domain.checks import Check, checks
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.domain.outcome import Outcome, changed
from services.agreements.domain.particulars import Override
from services.agreements.domain.refusals import Invalid, NotPossible
from services.agreements.domain.states import Act

ROLE = "legal"
"""The only role that may set a check aside."""


def set_aside(
    file: AgreementFile, record: Instrument | None, code: str, reason: str, *, by: str, now: datetime, today: date
) -> Outcome:
    """The file with the mark of an override. Raises Invalid or NotPossible, each with its reason."""
    check = _check(file, record, code, today)
    if not check.overridable:
        why = check.firm_because
        raise NotPossible(
            "firm",
            "Questa verifica non si può superare." + (f" {why.it}" if why else ""),
            "This check cannot be set aside." + (f" {why.en}" if why else ""),
            "/check",
        )
    if check.closed or check.override is not None:
        raise NotPossible("not-open", "Questa verifica non è aperta.", "This check is not open.", "/check")
    mark = Override(
        check=code,
        instrument=file.instrument or "",
        instrument_version=file.instrument_version or 0,
        reason=reason,
        by=by,
        role=ROLE,
        at=now,
    )
    return changed(file, Act.EDIT, overrides=(*file.overrides, mark))


def take_back(file: AgreementFile, code: str, reason: str, *, by: str, now: datetime) -> Outcome:
    """The check counts again; the mark says by whom and why it was taken back. Raises NotPossible."""
    standing = [one for one in file.overrides if one.check == code and one.stands]
    if not standing:
        raise NotPossible(
            "not-set-aside", "Questa verifica non è stata superata.", "This check was not set aside.", "/check"
        )
    back = {"revoked_at": now, "revoked_by": by, "revoked_because": reason}
    marks = tuple(one.model_copy(update=back) if one in standing else one for one in file.overrides)
    return changed(file, Act.EDIT, overrides=marks)


def _check(file: AgreementFile, record: Instrument | None, code: str, today: date) -> Check:
    found = next((one for one in checks(file, record, today) if one.code == code), None)
    if found is None:
        raise Invalid("unknown-check", "Il fascicolo non ha questa verifica.", "The file has no such check.", "/check")
    return found
