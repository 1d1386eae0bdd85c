"""Results as open data files. 360Giving and others come as further rows of ``FORMATS``."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from decimal import Decimal

import orjson
from fastapi import Response

from chassis.http.problem import Problem
from chassis.web.i18n import either
from contracts.units import plain
from services.impact.domain.reports import CaseReport, CommitmentReport, Summary

LICENCE = "CC-BY-4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"

_COLUMNS: tuple[tuple[str, str, Callable[[CaseReport, CommitmentReport], object]], ...] = (
    ("bisogno", "need", lambda case, one: case.need_id),
    ("titolo", "title", lambda case, one: case.title),
    ("area_di_policy", "policy_area", lambda case, one: case.policy_area),
    ("direzione", "department", lambda case, one: case.department),
    ("stato", "state", lambda case, one: case.state),
    ("accordo", "agreement", lambda case, one: one.plan_id),
    ("offerta", "offer", lambda case, one: one.offer_id),
    ("riga", "line", lambda case, one: one.line),
    ("chi_ha_dato", "given_by", lambda case, one: one.stakeholder),
    ("tipo", "kind", lambda case, one: one.kind),
    ("capacita", "capability", lambda case, one: one.capability),
    ("classe_b4si", "b4si_class", lambda case, one: one.input_class),
    ("unita", "unit", lambda case, one: one.unit),
    ("quantita_impegnata", "committed_quantity", lambda case, one: one.committed_quantity),
    ("quantita_consegnata", "delivered_quantity", lambda case, one: one.delivered_quantity),
    ("ricorrenze", "occurrences", lambda case, one: one.recurrence.times if one.recurrence else None),
    ("consegnato_per_ricorrenza", "delivered_per_occurrence", lambda case, one: one.delivered_per_occurrence),
    ("valore_centesimi", "value_cents", lambda case, one: one.value_cents),
    ("valore_eccedenza_centesimi", "excess_value_cents", lambda case, one: one.excess_value_cents),
    ("ultima_consegna", "last_delivered_on", lambda case, one: one.last_delivered_on),
    ("licenza", "licence", lambda case, one: LICENCE),
)


def answer(form: str, summary: Summary) -> Response:
    """The file. Raises a 404 problem that names the formats there are."""
    make = FORMATS.get(form)
    if make is None:
        known = ", ".join(FORMATS)
        raise Problem(
            404,
            "unknown-format",
            f"Il formato richiesto non c'è; ci sono: {known}.",
            f"There is no such format; there are: {known}.",
        )
    response = make(summary)
    response.headers["Content-Disposition"] = f'attachment; filename="sportello-{summary.city}-results.{form}"'
    response.headers["Link"] = f'<{LICENCE_URL}>; rel="license"'
    return response


def as_csv(summary: Summary) -> Response:
    """One row per commitment, with a header in the reader's language (``?lang=it`` or ``en``)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(either(name_it, name_en) for name_it, name_en, _ in _COLUMNS)
    writer.writerows(_rows(summary))
    # The mark at the start makes spreadsheets read it as UTF-8.
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8")


def as_json(summary: Summary) -> Response:
    """The whole summary with its licence."""
    content = {
        "licence": {"id": LICENCE, "url": LICENCE_URL},
        "note": {
            "it": "Importi in centesimi di euro; unità secondo la Raccomandazione 20 UN/CEFACT.",
            "en": "Amounts in euro cents; units by UN/CEFACT Recommendation 20.",
        },
        **summary.model_dump(mode="json"),
    }
    return Response(orjson.dumps(content), media_type="application/json")


def _rows(summary: Summary) -> Iterable[list[str]]:
    for case in summary.cases:
        for one in case.commitments:
            yield [_cell(read(case, one)) for _, _, read in _COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    text = str(value)
    # A spreadsheet would run a text that starts like this as a formula.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


FORMATS: dict[str, Callable[[Summary], Response]] = {"csv": as_csv, "json": as_json}
