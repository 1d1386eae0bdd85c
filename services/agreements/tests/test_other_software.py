"""Signatures that another library made, on another PDF library: what parties' software does at home."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.agreements.documents.verification import Reason
from services.agreements.tests.documents_sample import FIELDS
from services.agreements.tests.outside import Provider, approved_document, asked, why
from tests.dss import Job, Software

pytestmark = [pytest.mark.unit, pytest.mark.timeout(300)]  # the first run fetches the library


async def test_what_the_commissions_library_signs_is_accepted(dss: Software) -> None:
    provider, approved = Provider.make(), approved_document()
    paolo, anna = provider.ca.signatory(), provider.ca.signatory(given_name="Anna", surname="Verdi")
    wrong = provider.ca.signatory(usage="digital_signature")
    named, own, second, envelope, round_it, unfit = dss.signed(
        [
            Job("pades", paolo, approved, FIELDS[0]),
            Job("pades", paolo, approved),
            Job("pades", anna, 0, FIELDS[1]),
            Job("cades", paolo, approved),
            Job("cades", anna, 0),
            Job("pades", wrong, approved, FIELDS[0]),
        ],
        provider.ca.holder.certificate,
    )
    trust = provider.trust(datetime.now(UTC))
    for document, latest, who in (
        (named, approved, [(FIELDS[0], "PAdES B-B", "Paolo Conti")]),
        (own, approved, [("Signature1", "PAdES B-B", "Paolo Conti")]),
        (second, named, [(FIELDS[0], "PAdES B-B", "Paolo Conti"), (FIELDS[1], "PAdES B-B", "Anna Verdi")]),
        (envelope, approved, [("p7m-1", "CAdES B-B", "Paolo Conti")]),
        (round_it, named, [(FIELDS[0], "PAdES B-B", "Paolo Conti"), ("p7m-1", "CAdES B-B", "Anna Verdi")]),
    ):
        found = await asked(document, approved, trust, latest)
        assert found.ok, found.reasons
        assert [(one.field, one.baseline, one.person_name) for one in found.signatures] == who
    assert why(await asked(unfit, approved, trust)) == {Reason.WRONG_KEY_USAGE}
