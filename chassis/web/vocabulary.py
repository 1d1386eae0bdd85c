"""The words of the domain as people read them: one label per code, English here, Italian in the catalog.

`label("kind", "goods")` in Python, `{{ "goods" | label("kind") }}` in templates. A code without a label is
shown as it is (with spaces for underscores): a new code of an upgraded service must not break a page.
"""

from typing import Literal

from chassis.web.event_words import EVENTS
from chassis.web.i18n import gettext, mark

Tone = Literal["success", "primary", "secondary", "warning", "danger"]

VOCABULARY: dict[str, dict[str, str]] = {
    "role": {
        "department": mark("Department officer"),
        "partner": mark("Partner"),
        "account_manager": mark("Account manager"),
        "legal": mark("Legal Office"),
        "signatory": mark("Signatory of the city"),
        "coordinator": mark("Coordinator"),
        "operations": mark("Operations"),
    },
    "department": {
        "social-policies": mark("Welfare and Health Department"),
        "education": mark("Education Department"),
        "digital-innovation": mark("Technological and Digital Innovation Department"),
        "environment": mark("Environment Department"),
    },
    "kind": {
        "money": mark("Money"),
        "goods": mark("Goods"),
        "expertise": mark("Expertise"),
        "volunteering": mark("Volunteering"),
        "space": mark("Space"),
        "service": mark("Service"),
    },
    "capability": {
        "refurbishing": mark("Refurbishing"),
        "storage": mark("Storage"),
        "delivery": mark("Transport and delivery"),
        "transport": mark("Transport"),
        "workshop": mark("Workshop"),
        "training": mark("Training"),
        "legal_advice": mark("Legal advice"),
    },
    "policy_area": {
        "food_poverty": mark("Food poverty"),
        "digital_poverty": mark("Digital poverty"),
        "fifteen_minute_neighbourhood": mark("15-minute neighbourhood"),
        "underprivileged_schools": mark("Underprivileged schools"),
    },
    "signal": {
        "alike": mark("Says the same thing"),
        "answers_this_need": mark("Made for this need"),
        "same_category": mark("Same category (CPV)"),
        "quantity_fit": mark("Covers the quantity"),
        "near": mark("Near to where it is needed"),
        "same_resource": mark("Same kind of resource"),
        "same_policy_area": mark("Same policy area"),
        "priority": mark("Focus group's priority"),
        "past_acceptance": mark("Often accepted before"),
        "urgent": mark("Deadline is near"),
        "hardship": mark("Neighbourhood in hardship"),
    },
    "risk": {
        "political": mark("Political"),
        "technical_admin": mark("Technical or administrative"),
        "behavioural": mark("Behavioural"),
        "unforeseen": mark("Unforeseen"),
        "financial": mark("Financial"),
        "disengagement": mark("Loss of interest"),
    },
    "risk_level": {
        "low": mark("Low"),
        "medium": mark("Medium"),
        "high": mark("High"),
    },
    "signature_proof": {
        "time-stamp": mark("proven by a time stamp"),
        "received": mark("when it came in"),
        "record": mark("as recorded"),
    },
    "signature_revocation": {
        "crl": mark("checked with a revocation list"),
        "ocsp": mark("checked with the issuer's answer"),
        "not-checked": mark("not checked"),
    },
    "instrument": {
        "sponsorizzazione": mark("Sponsorship"),
        "donazione": mark("Donation"),
        "concessione_comodato": mark("Concession or loan for use"),
        "patto_di_collaborazione": mark("Collaboration pact"),
        "accordo_di_partenariato": mark("Partnership agreement"),
        "accordo_di_collaborazione": mark("Collaboration agreement"),
        "accordo_di_co_produzione": mark("Co-production agreement"),
    },
    "stakeholder_type": {
        "company": mark("Company"),
        "foundation": mark("Foundation"),
        "association": mark("Association"),
        "university": mark("University"),
        "school": mark("School"),
        "public_body": mark("Public body"),
        "department": mark("City department"),
    },
    "expected_return": {
        "none": mark("Nothing in return"),
        "visibility": mark("Visibility"),
    },
    "need_state": {
        "registered": mark("Registered"),
        "open": mark("Open"),
        "partially_met": mark("Partly met"),
        "fulfilled": mark("Fulfilled"),
        "withdrawn": mark("Withdrawn"),
        "expired": mark("Expired"),
    },
    "offer_state": {
        "received": mark("Available"),
        "open": mark("Available"),
        "used": mark("Used up"),
        "withdrawn": mark("Taken back"),
        "expired": mark("Lapsed"),
    },
    "vetting": {
        "pending": mark("To be checked"),
        "approved": mark("Checked"),
        "vetted": mark("Checked"),
        "refused": mark("Refused"),
        "rejected": mark("Refused"),
        "lapsed": mark("Check lapsed"),
    },
    "channel": {
        "own": mark("by themselves"),
        "telephone": mark("by telephone"),
        "letter": mark("by letter"),
        "email": mark("by e-mail"),
        "meeting": mark("in a meeting"),
    },
    "notification_channel": {
        "inbox": mark("Inbox"),
        "email": mark("E-mail"),
        "webhook": mark("Webhook"),
    },
    "signature_level": {
        "development": mark("Development signature, without legal value"),
        "simple": mark("Simple electronic signature"),
        "advanced": mark("Advanced electronic signature"),
        "qualified": mark("Qualified electronic signature"),
    },
    "closing_reason": {
        "timeout": mark("nobody answered in time"),
        "superseded": mark("a better proposal took its place"),
        "need_closed": mark("the need was closed"),
        "offer_closed": mark("the offer was closed"),
        "agreement_rejected": mark("the agreement was rejected"),
        "agreement_terminated": mark("the agreement was terminated"),
        "party_withdrew": mark("a party withdrew"),
        "released_by_manager": mark("released by the account manager"),
        "undone": mark("a party took its decision back"),
    },
    "match_state": {
        "proposed": mark("Proposed"),
        "accepted": mark("Accepted"),
        "declined": mark("Declined"),
        "expired": mark("Expired"),
        "released": mark("Released"),
    },
    "consent": {
        "pending": mark("Awaited"),
        "given": mark("Given"),
        "declined": mark("Declined"),
    },
    "party_role": {
        "department": mark("Department"),
        "receiver": mark("Receiver"),
        "giver": mark("Giver"),
        "partner": mark("Partner"),
    },
    "agreement_state": {
        "drafted": mark("Draft"),
        "draft": mark("Draft"),
        "review_requested": mark("Under review"),
        "in_review": mark("Under review"),
        "approved": mark("Approved"),
        "rejected": mark("Rejected"),
        "signing": mark("Being signed"),
        "signed": mark("Signed"),
        "active": mark("In force"),
        "activated": mark("In force"),
        "amended": mark("Amended"),
        "suspended": mark("Suspended"),
        "completed": mark("Completed"),
        "terminated": mark("Terminated"),
        "expired": mark("Expired"),
    },
    "register_act": {
        "registered": mark("Entered with its number"),
        "signed": mark("Signed by all"),
        "published": mark("Published before it takes effect"),
        "amended": mark("Amended"),
        "stated": mark("What it says was committed to"),
        "rejected": mark("Refused: the number is annulled"),
        "terminated": mark("Ended early"),
        "completed": mark("Completed"),
        "expired": mark("Expired"),
    },
    "notice_state": {
        "published": mark("Published"),
        "corrected": mark("Corrected by another notice"),
        "withdrawn": mark("Withdrawn"),
    },
    "amendment_state": {
        "drafted": mark("Draft"),
        "in_review": mark("Under review"),
        "approved": mark("Approved"),
        "signing": mark("Being signed"),
        "in_force": mark("In force"),
        "rejected": mark("Rejected"),
        "withdrawn": mark("Withdrawn"),
        "lapsed": mark("Lapsed"),
    },
    "plan_state": {
        "open": mark("In progress"),
        "fulfilled": mark("Completed"),
        "closed": mark("Closed"),
    },
    "work_state": {
        "open": mark("To do"),
        "todo": mark("To do"),
        "done": mark("Done"),
        "escalated": mark("Escalated"),
    },
    "delivery_state": {
        "created": mark("Created"),
        "sending": mark("Sending"),
        "delivered": mark("Delivered"),
        "temporary-failure": mark("Temporary failure"),
        "permanent-failure": mark("Permanent failure"),
        "technical-failure": mark("Technical failure"),
    },
    "urgency": {
        "low": mark("Low"),
        "normal": mark("Normal"),
        "high": mark("High"),
        "urgent": mark("Urgent"),
    },
    "balance": {
        "asked": mark("Asked"),
        "offered": mark("Offered"),
        "open": mark("Open"),
        "free": mark("Free"),
        "reserved": mark("Reserved"),
        "committed": mark("Committed"),
        "delivered": mark("Delivered"),
    },
    "certainty": {
        "A": mark("Read in the law or an official text"),
        "B": mark("Secondary source"),
        "C": mark("Not verified, to be confirmed"),
    },
    "service": {
        "intake": mark("Needs and offers"),
        "matching": mark("Matching"),
        "agreements": mark("Agreements"),
        "notifications": mark("Notifications"),
        "impact": mark("Impact"),
        "departments": mark("Departments"),
    },
    "recurrence": {
        "day": mark("every day"),
        "week": mark("every week"),
        "month": mark("every month"),
        "year": mark("every year"),
    },
}

UNITS: dict[str, tuple[str, str]] = {
    "C62": (mark("%(n)s piece"), mark("%(n)s pieces")),
    "KGM": (mark("%(n)s kilogram"), mark("%(n)s kilograms")),
    "MTR": (mark("%(n)s metre"), mark("%(n)s metres")),
    "KMT": (mark("%(n)s kilometre"), mark("%(n)s kilometres")),
    "LTR": (mark("%(n)s litre"), mark("%(n)s litres")),
    "DAY": (mark("%(n)s day"), mark("%(n)s days")),
    "HUR": (mark("%(n)s hour"), mark("%(n)s hours")),
    "MON": (mark("%(n)s month"), mark("%(n)s months")),
    "MTK": (mark("%(n)s square metre"), mark("%(n)s square metres")),
    "E48": (mark("%(n)s activity"), mark("%(n)s activities")),
    "IE": (mark("%(n)s person"), mark("%(n)s people")),
}
"""UN/CEFACT Recommendation 20 codes with their singular and plural; money (`EUR`) is formatted as currency."""

UNIT_NAMES: dict[str, str] = {
    "C62": mark("pieces"),
    "KGM": mark("kilograms"),
    "MTR": mark("metres"),
    "KMT": mark("kilometres"),
    "LTR": mark("litres"),
    "DAY": mark("days"),
    "HUR": mark("hours"),
    "MON": mark("months"),
    "MTK": mark("square metres"),
    "E48": mark("activities (workshops, projects)"),
    "IE": mark("people"),
    "EUR": mark("euro"),
}

TONES: dict[str, Tone] = {
    "open": "primary",
    "proposed": "primary",
    "received": "primary",
    "registered": "primary",
    "in_review": "primary",
    "signing": "primary",
    "review_requested": "primary",
    "sending": "primary",
    "partially_met": "primary",
    "fulfilled": "success",
    "accepted": "success",
    "approved": "success",
    "signed": "success",
    "active": "success",
    "activated": "success",
    "completed": "success",
    "delivered": "success",
    "given": "success",
    "done": "success",
    "vetted": "success",
    "suspended": "warning",
    "escalated": "warning",
    "pending": "warning",
    "high": "warning",
    "lapsed": "warning",
    "temporary-failure": "warning",
    "urgent": "danger",
    "rejected": "danger",
    "refused": "danger",
    "terminated": "danger",
    "permanent-failure": "danger",
    "technical-failure": "danger",
}
"""Badge colour by state code; whatever is not named is `secondary`. Colour never carries meaning alone."""


def label(group: str, code: object) -> str:
    """The label of `code` in the language of the request."""
    text = str(code)
    known = (EVENTS if group == "event" else VOCABULARY.get(group, {})).get(text)
    return gettext(known) if known else text.replace("_", " ")


def choices(group: str, chosen: object = ()) -> list[tuple[str, str]]:
    """(code, label) of a whole group, for a select or a set of buttons.

    `chosen` is the field's value, or its values: what it has beyond the group stays to choose, so that a form does not
    lose what another program said.
    """
    known = VOCABULARY[group]
    codes = [str(one) for one in (chosen if isinstance(chosen, list | tuple) else [chosen]) if one]
    return [(code, gettext(text)) for code, text in known.items()] + [
        (code, label(group, code)) for code in dict.fromkeys(codes) if code not in known
    ]


def unit_choices() -> list[tuple[str, str]]:
    return [(code, gettext(text)) for code, text in UNIT_NAMES.items()]


def unit_name(code: str) -> str:
    known = UNIT_NAMES.get(code)
    return gettext(known) if known else code


def tone(code: object) -> Tone:
    return TONES.get(str(code), "secondary")
