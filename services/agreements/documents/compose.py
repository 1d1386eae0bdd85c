"""From a file and its instrument to the words of the document, in the file's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from chassis.web.formats import day, money, number, quantity
from chassis.web.i18n import add_catalog, speaking
from chassis.web.i18n import gettext as _
from chassis.web.vocabulary import label, unit_name
from contracts.values import Allocation, Party
from services.agreements.documents.data import (
    DocumentData,
    IndicatorText,
    LineText,
    MilestoneText,
    Paragraph,
    PartyText,
    RiskText,
    Side,
    SignatoryText,
)
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.instruments import Instrument

# Documents are made where no page is too: by tests, by commands.
add_catalog(Path(__file__).parents[1] / "pages" / "locale")
_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")


@dataclass(frozen=True)
class Surroundings:
    """What the document says that the file does not know itself."""

    city_name: str
    stakeholder_types: Mapping[UUID, str]
    partner_names: Mapping[UUID, str]
    development_signer: bool


def compose(file: AgreementFile, instrument: Instrument, around: Surroundings) -> DocumentData:
    """The file as a document of the day it was approved; without a protocol number it is a draft and says so."""
    if file.approved_on is None:
        raise ValueError("a document is composed from a file with its day of approval")
    with speaking(file.language):
        return DocumentData(
            language=file.language,
            city=around.city_name,
            office=_department(file),
            title=file.title,
            instrument=instrument.title.in_(file.language),
            instrument_code=instrument.code,
            instrument_source=f"{instrument.source} ({instrument.certainty})",
            to_be_confirmed=instrument.to_be_confirmed,
            draft=file.protocol is None,
            protocol=str(file.protocol) if file.protocol else "–",
            document_date=file.approved_on,
            date_text=day(file.approved_on),
            reference=str(file.agreement_id),
            subject=file.title + (f". {file.beneficiaries}" if file.beneficiaries else ""),
            public_interest=file.terms.get("public_interest", ""),
            duration=_duration(file),
            parties=tuple(_party(party, file, around) for party in file.parties),
            lines=tuple(_line(allocation, file) for allocation in file.allocations),
            total_value=money(file.value_cents) if file.value_cents is not None else "",
            terms=_terms(file, instrument),
            clauses=_clauses(file, instrument),
            communication=_communication(file),
            indicators=_indicators(file),
            roles=_roles(file),
            attachments=_attachments(file),
            timeline=_timeline(file),
            risks=_risks(file),
            overrides=_overrides(file, instrument),
            signatories=tuple(
                SignatoryText(
                    field=one.field,
                    party=around.city_name if one.is_city else one.name,
                    capacity=_department(file) if one.is_city else _("for the party"),
                )
                for one in file.signatories
            ),
            development_signer=around.development_signer,
        )


def _department(file: AgreementFile) -> str:
    name = next((party.name for party in file.parties if party.department), file.department)
    return label("department", name) if name == file.department else name


def _duration(file: AgreementFile) -> str:
    if file.valid_from and file.valid_to:
        return _("from %(first)s to %(last)s", first=day(file.valid_from), last=day(file.valid_to))
    if file.valid_from:
        return _("from %(first)s until everything is delivered", first=day(file.valid_from))
    if file.valid_to:
        return _("from the last signature to %(last)s", last=day(file.valid_to))
    return _("from the last signature until everything is delivered")


def _party(party: Party, file: AgreementFile, around: Surroundings) -> PartyText:
    if party.department:
        return PartyText(
            name=f"{around.city_name}, {_department(file)}",
            kind=label("stakeholder_type", "public_body"),
            role=_("Takes part for the City and receives what is given"),
            side="city",
        )
    kind = around.stakeholder_types.get(party.stakeholder_id) if party.stakeholder_id else None
    given = [_what(one) for one in file.allocations if one.stakeholder_id == party.stakeholder_id]
    role = _("Gives: %(what)s", what="; ".join(given)) if given else _("Benefits from what is given")
    partners = [around.partner_names.get(one.stakeholder_id, "") for one in party.partners]
    if any(partners):
        role += ". " + _("Together with: %(names)s", names=", ".join(filter(None, partners)))
    side: Side = "giver" if given else "receiver"
    return PartyText(name=party.name, kind=label("stakeholder_type", kind) if kind else "", role=role, side=side)


def _what(allocation: Allocation) -> str:
    about = allocation.description or label("kind", allocation.kind)
    if allocation.capability:
        about = label("capability", allocation.capability)
    return f"{about} ({quantity(allocation.quantity, allocation.unit)})"


def _line(allocation: Allocation, file: AgreementFile) -> LineText:
    giver = file.party_of(allocation.stakeholder_id)
    about = [label("capability", allocation.capability) if allocation.capability else label("kind", allocation.kind)]
    if allocation.description:
        about.append(allocation.description)
    if allocation.recurrence:
        often = _("%(times)s times", times=number(allocation.recurrence.times))
        about.append(f"{label('recurrence', allocation.recurrence.every)}, {often}")
    return LineText(
        party=giver.name if giver else "",
        description=": ".join(about[:2]) + "".join(f" ({more})" for more in about[2:]),
        quantity=quantity(allocation.quantity, allocation.unit),
        value=money(allocation.value_cents) if allocation.value_cents is not None else "",
    )


def _terms(file: AgreementFile, instrument: Instrument) -> tuple[Paragraph, ...]:
    """Terms that no clause has taken up, so that nothing agreed is left out of the document."""
    used = {name for clause in instrument.clauses for name in _PLACEHOLDER.findall(clause.text.it)}
    return tuple(
        Paragraph(heading=term.label.in_(file.language), text=_written(term.type, file.terms[term.code]))
        for term in instrument.terms
        if term.code in file.terms and term.code not in used and term.code != "public_interest"
    )


def _written(kind: str, text: str) -> str:
    return day(text) if kind == "date" else text


def _clauses(file: AgreementFile, instrument: Instrument) -> tuple[Paragraph, ...]:
    """The articles. One that only carries terms that were not agreed is left out."""
    found = []
    for clause in instrument.clauses:
        template = clause.text.in_(file.language)
        names = _PLACEHOLDER.findall(template)
        if names and not any(name in file.terms for name in names):
            continue
        text = _PLACEHOLDER.sub(lambda match: file.terms.get(match[1], ""), template).strip()
        found.append(Paragraph(heading=clause.heading.in_(file.language), text=text))
    return tuple(found)


def _communication(file: AgreementFile) -> tuple[Paragraph, ...]:
    plan = file.communication_plan
    if plan is None:
        return ()
    found = [Paragraph(heading=_("What is said"), text=plan.summary)]
    if plan.channels:
        channels = ", ".join(channel.replace("_", " ") for channel in plan.channels)
        found.append(Paragraph(heading=_("Channels"), text=channels))
    if plan.partner_visibility:
        found.append(Paragraph(heading=_("Visibility of the partner"), text=plan.partner_visibility))
    logo = _("approved") if plan.logo_approved else _("to be approved in writing before each use")
    return (*found, Paragraph(heading=_("Use of the logo"), text=logo))


def _indicators(file: AgreementFile) -> tuple[IndicatorText, ...]:
    plan = file.impact_plan
    return tuple(
        IndicatorText(
            title=one.title_it if file.language == "it" else one.title_en,
            unit=unit_name(one.unit),
            baseline="" if one.baseline is None else number(one.baseline),
            target="" if one.target is None else number(one.target),
            due=day(one.due_on),
        )
        for one in (plan.indicators if plan else ())
    )


def _roles(file: AgreementFile) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(heading=_name_of(one.party_id, file), text=one.text) for one in file.responsibilities)


def _timeline(file: AgreementFile) -> tuple[MilestoneText, ...]:
    return tuple(
        MilestoneText(due=day(one.due_on), title=one.title, party=_name_of(one.party_id, file))
        for one in sorted(file.milestones, key=lambda one: (one.due_on, one.title))
    )


def _risks(file: AgreementFile) -> tuple[RiskText, ...]:
    return tuple(
        RiskText(
            kind=label("risk", one.kind),
            text=one.text,
            level=label("risk_level", one.level),
            mitigation=one.mitigation or "",
        )
        for one in file.risks
    )


def _overrides(file: AgreementFile, instrument: Instrument) -> tuple[Paragraph, ...]:
    """Checks that were set aside for this version of the instrument, each with the reason; never who."""
    labels = {rule.code: rule.wording.in_(file.language) for rule in instrument.rules}
    return tuple(
        Paragraph(heading=labels.get(one.check, one.check), text=one.reason)
        for one in file.overrides
        if one.stands and (one.instrument, one.instrument_version) == (instrument.code, instrument.version)
    )


def _name_of(party_id: str | None, file: AgreementFile) -> str:
    party = file.party(party_id) if party_id else None
    if party is None:
        return ""
    return _department(file) if party.department else party.name


def _attachments(file: AgreementFile) -> tuple[Paragraph, ...]:
    found = []
    for document in file.documents:
        parts = [document.text or ""]
        if document.file_name and document.sha256:
            parts.append(f"{document.file_name}, SHA-256 {document.sha256}")
        found.append(Paragraph(heading=document.title, text=" ".join(filter(None, parts))))
    return tuple(found)
