"""Donations as grants of the 360Giving Data Standard 1.4: the giver funds, the city receives, money or in kind.

One grant per giver with a known value, for the standard asks for an amount. A value that nobody stated is not made up:
such a gift is in the register and not in this export.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chassis.web.vocabulary import label, unit_name
from services.agreements.exports.scope import LICENCE, Publisher, amount
from services.agreements.publication.entries import PublicLine, PublicParty, RegisterView

VERSION = "1.4"
_OMITTED = "Omesso"
COLUMNS = (
    "Identifier", "Title", "Description", "Currency", "Amount Awarded", "Award Date", "URL",
    "Planned Dates:Start Date", "Planned Dates:End Date", "Recipient Org:Identifier", "Recipient Org:Name",
    "Recipient Org:Department", "Funding Org:Identifier", "Funding Org:Name", "Grant Programme:Code",
    "Grant Programme:Title", "Last Modified",
)  # fmt: skip


def package_head(publisher: Publisher, uri: str, modified: datetime) -> dict[str, Any]:
    """A grant package without its grants."""
    return {
        "version": VERSION,
        "title": f"{publisher.name}: donations",
        "description": "Donations to the city, in money and in kind. Gifts without a stated value are not included.",
        "issued": _moment(modified),
        "modified": _moment(modified),
        "identifier": uri,
        "publisher": {"name": publisher.name, "identifier": publisher.body_id, "website": publisher.site},
        "license": LICENCE,
        "accessURL": uri,
    }


def grants(line: RegisterView, publisher: Publisher, prefix: str) -> Iterator[dict[str, Any]]:
    """One grant for each giver of the agreement whose gift has a value; the city's own departments give nothing."""
    for party in line.people:
        given = [one for one in line.lines if one.party_id == party.party_id]
        values = [one.value_cents for one in given if one.value_cents is not None]
        if party.role == "giver" and party.kind != "department" and values and line.signed_on:
            yield _grant(line, party, given, sum(values), publisher, prefix)


def _grant(
    line: RegisterView, party: PublicParty, given: list[PublicLine], cents: int, publisher: Publisher, prefix: str
) -> dict[str, Any]:
    number = line.people.index(party) + 1
    period = {"startDate": line.valid_from, "endDate": line.valid_to}
    department = next((one.name for one in line.people if one.role == "department"), line.department)
    return {
        "id": f"{prefix}-{line.agreement_id}-{number}",
        "title": line.title or _OMITTED,
        "description": "; ".join(_words(one) for one in given),
        "currency": "EUR",
        "amountAwarded": amount(cents),
        "awardDate": line.signed_on.isoformat() if line.signed_on else "",
        "url": publisher.page(line.protocol),
        "plannedDates": [{name: day.isoformat() for name, day in period.items() if day}],
        "recipientOrganization": [{"id": publisher.body_id, "name": publisher.name, "department": department}],
        "fundingOrganization": [_funder(line, party, prefix)],
        "fundingType": [
            {"vocabulary": "Sportello resource kinds", "code": kind, "title": label("kind", kind)}
            for kind in dict.fromkeys(one.kind for one in given)
        ],
        "grantProgramme": [{"code": line.policy_area, "title": label("policy_area", line.policy_area)}],
        "relatedDocument": [
            {
                "id": line.document_sha256,
                "title": f"{label('instrument', line.instrument)} {line.protocol}",
                "url": publisher.page(line.protocol),
                "description": f"SHA-256 {line.document_sha256}",
                "documentType": "agreement",
            }
        ],
        "dateModified": _moment(line.changed_at),
        "dataSource": f"{publisher.site}/agreements/register",
    }


def row(grant: dict[str, Any]) -> list[Any]:
    """A grant as a line of the standard's spreadsheet, in the order of COLUMNS."""
    recipient, funder = grant["recipientOrganization"][0], grant["fundingOrganization"][0]
    dates, programme = grant["plannedDates"][0], grant["grantProgramme"][0]
    return [
        grant["id"], grant["title"], grant["description"], grant["currency"], f"{grant['amountAwarded']:.2f}",
        grant["awardDate"], grant["url"], dates.get("startDate", ""), dates.get("endDate", ""), recipient["id"],
        recipient["name"], recipient["department"], funder["id"], funder["name"], programme["code"],
        programme["title"], grant["dateModified"],
    ]  # fmt: skip


def _funder(line: RegisterView, party: PublicParty, prefix: str) -> dict[str, Any]:
    if not party.omitted:
        return {"id": f"{prefix}-org:{party.stakeholder_id}", "name": party.name}
    basis = next((one.basis for one in line.omitted if one.name == "parties"), "")
    return {"id": f"{prefix}-org:{party.party_id}", "name": f"{_OMITTED} ({basis})" if basis else _OMITTED}


def _words(one: PublicLine) -> str:
    what = one.description or label("capability" if one.capability else "kind", one.capability or one.kind)
    return what if one.kind == "money" or not one.quantity else f"{what} ({one.quantity} {unit_name(one.unit)})"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
