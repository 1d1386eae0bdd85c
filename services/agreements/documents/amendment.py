"""The document of an amendment: which agreement it changes, why, and every change with before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from chassis.web.formats import day, number, quantity
from chassis.web.i18n import current_language, speaking
from chassis.web.i18n import gettext as _
from chassis.web.vocabulary import label, unit_name
from contracts.values import CommunicationPlan, ImpactPlan
from services.agreements.documents.compose import Surroundings, compose
from services.agreements.documents.data import DocumentData, Paragraph
from services.agreements.documents.render import compile_pdf
from services.agreements.domain.amending import face
from services.agreements.domain.changing import amended_fields, replaced
from services.agreements.domain.file import AgreementFile, Amendment, Responsibility
from services.agreements.domain.instruments import Instrument


class ChangeText(Paragraph):
    """One thing that changes: `heading` says what, `text` how it was, `after` how it is from now on."""

    after: str


class AmendmentData(DocumentData):
    """The amendment's document; what it has in common with an agreement's is the agreement's."""

    about: str
    reason: str
    changes: tuple[ChangeText, ...]
    rest: str


def compose_amendment(
    file: AgreementFile, amendment: Amendment, record: Instrument, around: Surroundings
) -> AmendmentData:
    """The words of the amendment, on the day it was approved; `file` is still as the agreement stands."""
    if amendment.before is None or file.protocol is None:
        raise ValueError("an amendment's document is made when it is approved, of a numbered agreement")
    then = file.model_copy(update=amended_fields(file, amendment.changes))
    common = compose(face(then, amendment), record, around)
    with speaking(file.language):
        renewal = amendment.kind == "renewal"
        name = _("Renewal no. %(number)s") if renewal else _("Amendment no. %(number)s")
        about = _(
            "Changes the agreement with protocol number %(protocol)s of %(day)s.",
            protocol=str(file.protocol),
            day=day(file.approved_on),
        )
        title = f"{name % {'number': amendment.number}}: {file.title}"
        return AmendmentData(
            **common.model_dump() | {"title": title},
            about=about,
            reason=amendment.reason,
            changes=tuple(_changes(file, amendment, record, file.language)),
            rest=_("Everything else in the agreement stays as it is."),
        )


def changes_of(file: AgreementFile, amendment: Amendment, record: Instrument | None) -> list[ChangeText]:
    """The same list for a page, in the reader's language; an amendment not approved yet is compared with the file."""
    return list(_changes(file, amendment, record, current_language()))


async def render_amendment_off_loop(data: AmendmentData) -> bytes:
    """PDF/A-2b bytes, made in a thread."""
    return await asyncio.to_thread(compile_pdf, "amendment.typ", data, data.document_date)


def _changes(
    file: AgreementFile, amendment: Amendment, record: Instrument | None, language: str
) -> Iterator[ChangeText]:
    changes, before = amendment.changes, amendment.before or replaced(file, amendment.changes)
    for new, old in zip(changes.quantities, before.quantities, strict=True):
        line = file.allocations[new.position]
        giver = file.party_of(line.stakeholder_id)
        about = line.description or label("capability" if line.capability else "kind", line.capability or line.kind)
        yield ChangeText(
            heading=f"{giver.name}: {about}" if giver else about,
            text=quantity(old.quantity, line.unit),
            after=quantity(new.quantity, line.unit),
        )
    if changes.valid_to is not None:
        yield ChangeText(
            heading=_("Last day"), text=day(before.valid_to) if before.valid_to else "–", after=day(changes.valid_to)
        )
    labels = {term.code: term.label.in_(language) for term in record.terms} if record else {}
    for code, text in changes.terms.items():
        yield ChangeText(heading=labels.get(code, code), text=before.terms.get(code, "") or "–", after=text or "–")
    if changes.responsibilities is not None:
        yield ChangeText(
            heading=_("Roles and responsibilities"),
            text=_duties(file, before.responsibilities or ()),
            after=_duties(file, changes.responsibilities),
        )
    if changes.communication_plan is not None:
        yield ChangeText(
            heading=_("Communication plan"),
            text=_said(before.communication_plan),
            after=_said(changes.communication_plan),
        )
    if changes.impact_plan is not None:
        yield ChangeText(
            heading=_("Impact plan"),
            text=_measured(before.impact_plan, language),
            after=_measured(changes.impact_plan, language),
        )


def _duties(file: AgreementFile, duties: tuple[Responsibility, ...]) -> str:
    names = {party.party_id: party.name for party in file.parties}
    return "; ".join(f"{names.get(one.party_id, one.party_id)}: {one.text}" for one in duties) or "–"


def _said(plan: CommunicationPlan | None) -> str:
    if plan is None:
        return "–"
    parts = [plan.summary, ", ".join(plan.channels), plan.partner_visibility or ""]
    return ". ".join(filter(None, parts))


def _measured(plan: ImpactPlan | None, language: str) -> str:
    if plan is None or not plan.indicators:
        return "–"
    found = []
    for one in plan.indicators:
        title = one.title_it if language == "it" else one.title_en
        target = "" if one.target is None else f" {number(one.target)}"
        due = f" ({day(one.due_on)})" if one.due_on else ""
        found.append(f"{title}:{target} {unit_name(one.unit)}{due}")
    return "; ".join(found)
