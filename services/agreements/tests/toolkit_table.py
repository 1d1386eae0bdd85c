"""Every rule of every version of every instrument: its source, when it applies, what closes it.

The sources are those of the vademecum's table. A rule without a row here fails `test_checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

TODAY = date(2026, 11, 20)
BOTH, FIRST, SECOND = (1, 2), (1,), (2,)


@dataclass(frozen=True)
class Row:
    """`facts` make the rule apply and open, each of `closes` closes it, with `elsewhere` it does not apply."""

    instrument: str
    rule: str
    source: str
    certainty: str
    closes: tuple[dict[str, Any], ...]
    versions: tuple[int, ...] = BOTH
    facts: dict[str, Any] = field(default_factory=dict)
    elsewhere: dict[str, Any] | None = None
    severity: str = "block"
    stage: str = "review"
    firm: tuple[int, ...] = ()
    """The versions in which nobody may set it aside."""


def term(*codes: str, words: str = "scritto") -> tuple[dict[str, Any], ...]:
    return tuple({"terms": {code: words}} for code in codes)


def paper(*kinds: str) -> tuple[dict[str, Any], ...]:
    return tuple({"kinds_on_file": (kind,)} for kind in kinds)


def last_day(**more: int) -> tuple[dict[str, Any], ...]:
    return ({"valid_to": TODAY + timedelta(**more)},)


SPONSOR, GIFT, LOAN = "sponsorizzazione", "donazione", "concessione_comodato"
PACT, TOGETHER = "patto_di_collaborazione", "accordo_di_collaborazione"
PARTNERS, MADE = "accordo_di_partenariato", "accordo_di_co_produzione"
ART_119 = "art. 119 D.Lgs. 267/2000; art. 43 L. 449/1997"
CIVIL = "artt. 782-783 c.c."
MILAN = "Regolamento del Comune di Milano sui beni comuni, 20-5-2019"
THIRD = "art. 55 D.Lgs. 117/2017; DM 72/2021; art. 134 c. 2 D.Lgs. 36/2023"
OFFICE = "Ufficio Legale (da confermare)"
MONTH_AGO = {"terms": {"public_notice_on": (TODAY - timedelta(30)).isoformat()}}
ADVANCED = {"levels": ("advanced", "qualified", "development")}

ROWS = (
    Row(SPONSOR, "public_interest", ART_119, "A", term("public_interest")),
    Row(SPONSOR, "conflict_of_interest", ART_119, "A", term("conflict_of_interest"), firm=SECOND),
    Row(SPONSOR, "city_saving", ART_119, "A", term("city_saving")),
    Row(SPONSOR, "image_return", ART_119, "A", term("image_return")),
    Row(SPONSOR, "excluded_subjects", "Milan's rules on sponsorships", "B", term("excluded_subjects")),
    Row(SPONSOR, "value", ART_119, "A", (*term("declared_value", words="1.500,00"), {"value_cents": 1}),
        facts={"value_cents": None}),
    Row(SPONSOR, "public_notice_period", "art. 134 c. 4 D.Lgs. 36/2023 (soglia e avviso A; trenta giorni B)", "B",
        (MONTH_AGO, {"notice": ("public_notice_on", TODAY - timedelta(30))}), stage="signature", firm=SECOND,
        facts={"value_cents": 4_000_001}, elsewhere={"value_cents": 4_000_000}),
    Row(SPONSOR, "spaces", ART_119.split(";")[0], "B", term("spaces"), SECOND),
    Row(SPONSOR, "duration", ART_119.split(";")[0], "B", (*term("duration"), *last_day(days=1)), SECOND),
    Row(SPONSOR, "logo_approval", ART_119.split(";")[0], "B", (*term("logo_approval"), *paper("logo_approval")),
        SECOND),
    Row(SPONSOR, "vat", ART_119.split(";")[0], "B", term("vat"), SECOND),

    Row(GIFT, "item_list", CIVIL, "A", (*paper("item_list"), {"value_cents": 1}), SECOND,
        facts={"kind": "goods", "value_cents": None}, elsewhere={"kind": "money"}),
    Row(GIFT, "form", CIVIL, "A", (*term("modest_value"), *paper("public_deed")), firm=SECOND),
    Row(GIFT, "acceptance", CIVIL, "A", term("acceptance"), firm=SECOND),
    Row(GIFT, "delivery_record", CIVIL, "A", (*term("delivery_record"), *paper("delivery_record")),
        facts={"kind": "goods"}, elsewhere={"kind": "money"}),
    Row(GIFT, "free_work", "art. 8 c. 2-3 D.Lgs. 36/2023", "A", term("free_work"),
        facts={"kind": "expertise"}, elsewhere={"kind": "goods"}),
    Row(GIFT, "open_tender", "art. 8 c. 3 D.Lgs. 36/2023", "B", term("open_tender"), SECOND, severity="warning"),

    Row(LOAN, "asset", "art. 1803 c.c.", "A", (*term("asset"), *paper("handover_state"))),
    Row(LOAN, "certain_term", "art. 71 D.Lgs. 117/2017", "A", last_day(days=365), FIRST),
    Row(LOAN, "certain_term", "art. 1803 c.c.", "A", (*last_day(days=365), *last_day(days=365 * 31)), SECOND),
    Row(LOAN, "third_sector_term", "art. 71 D.Lgs. 117/2017", "A", last_day(days=365), SECOND,
        facts={"giver_type": "association"}, elsewhere={"giver_type": "company"}),
    Row(LOAN, "return_duty", "art. 1803 c.c.", "A", term("return_duty"), firm=SECOND),
    Row(LOAN, "upkeep", "art. 71 D.Lgs. 117/2017", "A", term("upkeep"), FIRST),
    Row(LOAN, "upkeep", "art. 71 D.Lgs. 117/2017", "A", term("upkeep"), SECOND,
        facts={"giver_type": "foundation"}, elsewhere={"giver_type": "company"}),
    Row(LOAN, "criteria", "art. 12 L. 241/1990", "A", (*term("criteria"), *paper("criteria")), firm=SECOND),
    # Never open: the service itself publishes the advantage before the act takes effect.
    Row(LOAN, "advantage_published", "artt. 26-27 D.Lgs. 33/2013", "A", (), stage="signature", firm=SECOND,
        facts={"value_cents": 100_001}, elsewhere={"value_cents": 100_000}),
    Row(LOAN, "identity_protection", "art. 26 c. 4 D.Lgs. 33/2013", "A", term("identity_protection"), SECOND,
        facts={"value_cents": 100_001}, elsewhere={"value_cents": 100_000}, severity="warning"),
    Row(LOAN, "written_form", "art. 20 c. 1-bis D.Lgs. 82/2005", "B", (ADVANCED,), SECOND, stage="signature",
        facts={"levels": ("simple",)}, firm=SECOND),

    Row(PACT, "shared_place", MILAN, "A", term("shared_place")),
    Row(PACT, "duration", f"{MILAN}, art. 8", "A", (*term("duration"), *last_day(days=1)), SECOND),
    Row(PACT, "monitoring", f"{MILAN}, art. 10", "A", term("monitoring")),
    Row(PACT, "withdrawal", f"{MILAN}, art. 12", "A", term("withdrawal"), SECOND),
    Row(PACT, "insurance", f"{MILAN}, art. 14", "A", (*term("insurance"), *paper("insurance"))),
    Row(PACT, "gifts", f"{MILAN}, art. 16", "A", term("gifts"), SECOND),
    Row(PACT, "transparency", f"{MILAN}, artt. 16-17", "A", term("transparency"), FIRST),
    Row(PACT, "transparency", f"{MILAN}, art. 17", "A", term("transparency"), SECOND),

    Row(TOGETHER, "public_interest", "art. 15 L. 241/1990", "A", term("public_interest")),
    Row(TOGETHER, "joint_activity", "art. 15 L. 241/1990", "A", term("joint_activity")),
    Row(TOGETHER, "free_work", "art. 8 c. 2-3 D.Lgs. 36/2023", "A", term("free_work"),
        facts={"kind": "expertise"}, elsewhere={"kind": "goods"}),
    Row(TOGETHER, "signature_form", "art. 15 c. 2-bis L. 241/1990", "A", (ADVANCED,), SECOND, stage="signature",
        facts={"giver_type": "public_body", "levels": ("simple",)}, elsewhere={"giver_type": "company"}, firm=SECOND),

    Row(PARTNERS, "public_notice", THIRD, "B", (*term("public_notice"), *paper("public_notice"))),
    Row(PARTNERS, "responsible_officer", THIRD, "B", term("responsible_officer")),
    Row(PARTNERS, "project_code", THIRD, "B", term("project_code")),
    Row(PARTNERS, "comparison", THIRD, "B", (*term("comparison"), *paper("comparison"))),

    Row(MADE, "producer", OFFICE, "C", term("producer")),
    Row(MADE, "cost_shares", OFFICE, "C", term("cost_shares")),
    Row(MADE, "rights", OFFICE, "C", term("rights")),
    Row(MADE, "safety", OFFICE, "C", (*term("safety"), *paper("insurance"))),
    Row(MADE, "spaces", OFFICE, "C", term("spaces"), SECOND),
    Row(MADE, "reporting", OFFICE, "C", term("reporting")),
)  # fmt: skip

SWITCHED_OFF = {(GIFT, 2, "deed_above_threshold"): ("art. 783 c.c.", "B")}
"""Rules that ship switched off, with their source: a city may switch them on."""
