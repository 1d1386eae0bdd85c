"""Contract-like agreements as releases of the Open Contracting Data Standard 1.1.5.

One release per agreement says all that is known of it now: its notice as `tender`, the parties' choice as `award`, the
signed act as `contract`, with the amendments in force. A notice without a signed agreement is a release of its own with
the same `ocid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from chassis.web.vocabulary import label, unit_name
from services.agreements.exports.scope import BODY_SCHEME, LICENCE, Publisher, amount
from services.agreements.publication.amendments import PublicAmendment, what_changed
from services.agreements.publication.entries import PublicParty, RegisterView

VERSION = "1.1"
_CONTRACT_STATUS = {"signed": "pending", "active": "active", "suspended": "active"}
_TENDER_STATUS = {"published": "active", "corrected": "cancelled", "withdrawn": "withdrawn"}
_ROLES = {"giver": "supplier", "receiver": "interestedParty"}
_OMITTED = "Omesso"


@dataclass(frozen=True)
class Announcement:
    """A public notice, as everybody sees it."""

    notice_id: UUID
    agreement_id: UUID
    instrument: str
    state: str
    published_on: date
    until: date
    title: str
    text: str
    changed_at: datetime


def package_head(publisher: Publisher, uri: str, published: datetime) -> dict[str, Any]:
    """A release package without its releases."""
    return {
        "uri": uri,
        "version": VERSION,
        "publishedDate": _moment(published),
        "publisher": {"name": publisher.name, "scheme": BODY_SCHEME, "uid": publisher.code, "uri": publisher.site},
        "license": LICENCE,
        "publicationPolicy": f"{publisher.site}/agreements/register",
    }


def release(
    line: RegisterView, announcements: Sequence[Announcement], publisher: Publisher, prefix: str
) -> dict[str, Any]:
    """One agreement as it stands now."""
    ocid = f"{prefix}-{line.agreement_id}"
    standing = next((one for one in announcements if one.state == "published"), None)
    ended = line.state not in _CONTRACT_STATUS
    tags = [*(["tender"] if standing else []), "award", "contract"]
    tags += [*(["contractAmendment"] if line.amendments else []), *(["contractTermination"] if ended else [])]
    content: dict[str, Any] = {
        "ocid": ocid,
        "id": f"{ocid}-{line.changed_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}",
        "date": _moment(line.changed_at),
        "tag": tags,
        "initiationType": "tender",
        "language": "it",
        "parties": [*_bodies(line, publisher), *(_organisation(one, line) for one in line.people if _outside(one))],
        "buyer": {"id": publisher.body_id, "name": publisher.name},
        "tender": _tender(line, standing, ocid, publisher),
        "awards": [_award(line)],
        "contracts": [_contract(line, publisher)],
    }
    return content


def notice_release(one: Announcement, publisher: Publisher, prefix: str) -> dict[str, Any]:
    """A notice whose agreement is not signed."""
    ocid = f"{prefix}-{one.agreement_id}"
    return {
        "ocid": ocid,
        "id": f"{ocid}-{one.notice_id}-{one.changed_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}",
        "date": _moment(one.changed_at),
        "tag": ["tender" if one.state == "published" else "tenderCancellation"],
        "initiationType": "tender",
        "language": "it",
        "parties": [_city(publisher, ["buyer", "procuringEntity"])],
        "buyer": {"id": publisher.body_id, "name": publisher.name},
        "tender": {
            **_announced(one, ocid, publisher),
            "procuringEntity": {"id": publisher.body_id, "name": publisher.name},
            "status": _TENDER_STATUS[one.state],
        },
    }


def _announced(one: Announcement, ocid: str, publisher: Publisher) -> dict[str, Any]:
    return {
        "id": f"{ocid}-tender",
        "title": one.title,
        "description": one.text,
        "procurementMethod": "open",
        "procurementMethodDetails": label("instrument", one.instrument),
        "tenderPeriod": {"startDate": _day(one.published_on), "endDate": _day(one.until)},
        "documents": [
            {
                "id": str(one.notice_id),
                "documentType": "tenderNotice",
                "title": one.title,
                "url": f"{publisher.site}/agreements/notices/{one.notice_id}",
                "datePublished": _day(one.published_on),
                "format": "text/html",
                "language": "it",
            }
        ],
    }


def _tender(line: RegisterView, one: Announcement | None, ocid: str, publisher: Publisher) -> dict[str, Any]:
    department = next((party for party in line.people if party.role == "department"), None)
    entity = _department_reference(department, publisher) if department else None
    known: dict[str, Any] = {"procuringEntity": entity} if entity else {}
    if one is not None:
        return {**_announced(one, ocid, publisher), **known, "status": "complete"}
    return {
        "id": f"{ocid}-tender",
        "title": line.title or _OMITTED,
        "status": "complete",
        "procurementMethod": "direct",
        "procurementMethodDetails": label("instrument", line.instrument),
        **known,
    }


def _award(line: RegisterView) -> dict[str, Any]:
    suppliers = [{"id": one.party_id, "name": one.name or _OMITTED} for one in line.people if one.role == "giver"]
    return {
        "id": "1",
        "title": line.title or _OMITTED,
        "status": "active",
        **({"date": _day(line.signed_on)} if line.signed_on else {}),
        **_value(line),
        "suppliers": [one for one in suppliers if one],
        **_items(line),
    }


def _contract(line: RegisterView, publisher: Publisher) -> dict[str, Any]:
    period = {"startDate": line.valid_from, "endDate": line.valid_to}
    return {
        "id": line.protocol,
        "awardID": "1",
        "title": line.title or _OMITTED,
        "description": label("instrument", line.instrument),
        "status": _CONTRACT_STATUS.get(line.state, "terminated"),
        **({"dateSigned": _day(line.signed_on)} if line.signed_on else {}),
        "period": {name: _day(day) for name, day in period.items() if day},
        **_value(line),
        **_items(line),
        **({"amendments": [_amendment(one, line) for one in line.amendments]} if line.amendments else {}),
        "documents": [
            {
                "id": line.document_sha256,
                "documentType": "contractSigned",
                "title": f"{label('instrument', line.instrument)} {line.protocol}",
                "description": f"SHA-256 {line.document_sha256}; register entry {line.position}: {line.register_hash}",
                "url": publisher.page(line.protocol),
                "format": "text/html",
                "language": "it",
            },
            *(_annexe(one, line, publisher) for one in line.amendments),
        ],
    }


def _amendment(one: PublicAmendment, line: RegisterView) -> dict[str, Any]:
    """What changed, in words that hide what the register hides; why it was amended is not public."""
    return {
        "id": one.protocol,
        **({"date": _day(one.signed_on)} if one.signed_on else {}),
        "description": "; ".join([one.name, *(str(change) for change in what_changed(one, line.lines))]),
    }


def _annexe(one: PublicAmendment, line: RegisterView, publisher: Publisher) -> dict[str, Any]:
    return {
        "id": one.document_sha256,
        "documentType": "contractAnnexe",
        "title": f"{one.name} {one.protocol}",
        "description": f"SHA-256 {one.document_sha256}; register entry {one.position}: {one.register_hash}",
        "url": publisher.page(line.protocol),
        "format": "text/html",
        "language": "it",
    }


def _value(line: RegisterView) -> dict[str, Any]:
    if line.total_value_cents is None:
        return {}
    return {"value": {"amount": amount(line.total_value_cents), "currency": "EUR"}}


def _items(line: RegisterView) -> dict[str, Any]:
    """Goods, time, services and spaces; money is the value and no item."""
    items = [
        {
            "id": str(number),
            "description": one.description or label("kind", one.kind),
            **({"quantity": float(one.quantity)} if one.quantity else {}),
            "unit": {"scheme": "UNCEFACT", "id": one.unit, "name": unit_name(one.unit)},
        }
        for number, one in enumerate(line.lines, start=1)
        if one.kind != "money"
    ]
    return {"items": items} if items else {}


def _outside(party: PublicParty) -> bool:
    return party.role != "department"


def _bodies(line: RegisterView, publisher: Publisher) -> list[dict[str, Any]]:
    departments = [one for one in line.people if one.role == "department"]
    found = [_city(publisher, ["buyer"] if departments else ["buyer", "procuringEntity"])]
    return found + [{**_department_reference(one, publisher), "roles": ["procuringEntity"]} for one in departments[:1]]


def _city(publisher: Publisher, roles: list[str]) -> dict[str, Any]:
    return {
        "id": publisher.body_id,
        "name": publisher.name,
        "identifier": {"scheme": BODY_SCHEME, "id": publisher.code, "legalName": publisher.name},
        "roles": roles,
    }


def _department_reference(party: PublicParty, publisher: Publisher) -> dict[str, Any]:
    return {"id": f"{publisher.body_id}/{party.party_id}", "name": f"{publisher.name}, {party.name}"}


def _organisation(party: PublicParty, line: RegisterView) -> dict[str, Any]:
    basis = next((one.basis for one in line.omitted if one.name == "parties"), "")
    omitted = f"{_OMITTED} ({basis})" if basis else _OMITTED
    return {
        "id": party.party_id,
        "name": omitted if party.omitted else party.name,
        "roles": [_ROLES.get(party.role, "interestedParty")],
    }


def _day(day: date) -> str:
    return _moment(datetime.combine(day, time(), UTC))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
