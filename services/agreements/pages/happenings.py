"""The history of a file in words."""

from __future__ import annotations

from chassis.web.i18n import current_language, mark
from chassis.web.i18n import gettext as _
from chassis.web.vocabulary import label
from services.agreements.documents.verification.words import in_words
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument
from services.agreements.store.files import Happening
from services.agreements.views import called

ACTS = {
    "draft": mark("File opened"),
    "instrument": mark("Instrument and terms"),
    "communication_plan": mark("Communication plan"),
    "impact_plan": mark("Impact plan"),
    "responsibilities": mark("Roles and responsibilities"),
    "risks": mark("Risks"),
    "timeline": mark("Timeline"),
    "milestone": mark("Milestone reached"),
    "milestone_open": mark("Milestone not reached after all"),
    "document": mark("Document put on file"),
    "document_removed": mark("Document taken out"),
    "document_replaced": mark("Document replaced"),
    "override": mark("Check set aside"),
    "override_revoked": mark("Check counts again"),
    "submit": mark("Handed to the Legal Office"),
    "notice": mark("Public notice published"),
    "withdraw_notice": mark("Public notice withdrawn"),
    "publish": mark("Published in the register before it takes effect"),
    "hide": mark("Hidden from the public"),
    "show": mark("Shown to the public again"),
    "erase": mark("Erased from the register"),
    "approve": mark("Approved"),
    "send_back": mark("Sent back with remarks"),
    "reject": mark("Refused for good"),
    "sign": mark("Signed"),
    "sign_outside": mark("Signature made outside taken in"),
    "upload_refused": mark("Signed document refused"),
    "signing_plan": mark("Who signs in which order"),
    "signing_names": mark("Who signs the amendment"),
    "activate": mark("Took effect"),
    "suspend": mark("Suspended"),
    "resume": mark("Resumed"),
    "terminate": mark("Ended early"),
    "complete": mark("Completed"),
    "release": mark("Match released"),
    "expire": mark("Closed: its term is over"),
    "schedule_end": mark("Early end decided"),
    "keep_on": mark("Early end taken back"),
    "split": mark("Divided into two agreements"),
    "amend": mark("Amendment opened"),
    "renew": mark("Renewal opened"),
    "submit_amendment": mark("Amendment handed to the Legal Office"),
    "approve_amendment": mark("Amendment approved"),
    "refuse_amendment": mark("Amendment refused"),
    "withdraw_amendment": mark("Amendment taken back"),
    "sign_amendment": mark("Amendment signed"),
}


def act_name(act: str) -> str:
    """What happened, in the reader's language."""
    return _(ACTS[act]) if act in ACTS else act


def note_of(happening: Happening, file: AgreementFile, record: Instrument | None) -> str:
    """The note of a line of history, with codes said in words."""
    note = happening.note or ""
    if happening.act == "instrument":
        return label("instrument", note)
    if happening.act.startswith("override"):
        code, _colon, reason = note.partition(": ")
        return f"{_check_name(code, record)} {reason}"
    if happening.act == "upload_refused":
        return " ".join(in_words(one, current_language()) for one in note.split(", "))
    if happening.act == "signing_plan":
        return ""
    party = file.party(note)
    return called(party.name, file.department) if party else note


def _check_name(code: str, record: Instrument | None) -> str:
    rules = record.rules if record else ()
    found = next((rule.wording.in_(current_language()) for rule in rules if rule.code == code), code)
    return f"«{found}»"
