"""The sentences people read: one per event type in the timeline, one per kind of work item.

Facts are stored, sentences are made when read: in the reader's language, and a better wording needs no migration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis.web import formats
from chassis.web.i18n import gettext, mark, ngettext, speaking
from chassis.web.vocabulary import label

STORY: dict[str, str] = {
    "sportello.intake.stakeholder-registered.v1": mark("%(name)s registered."),
    "sportello.intake.stakeholder-changed.v1": mark("%(name)s changed its details."),
    "sportello.intake.stakeholder-vetted.v1": mark("%(who)s was checked by the city: %(outcome)s."),
    "sportello.intake.stakeholder-membership-changed.v1": mark("The people who may act for %(who)s changed."),
    "sportello.intake.account-manager-assigned.v1": mark("%(who)s was given an account manager."),
    "sportello.intake.need-registered.v1": mark("%(department)s asks for: %(title)s (%(lines)s)."),
    "sportello.intake.need-changed.v1": mark("The need was updated: %(title)s (%(lines)s)."),
    "sportello.intake.need-withdrawn.v1": mark("The department withdrew the need."),
    "sportello.intake.need-expired.v1": mark("The need passed its end date."),
    "sportello.intake.need-fulfilled.v1": mark("Everything that was asked for has been delivered."),
    "sportello.intake.offer-received.v1": mark("%(who)s offers: %(title)s (%(lines)s)."),
    "sportello.intake.offer-changed.v1": mark("%(who)s updated its offer: %(title)s (%(lines)s)."),
    "sportello.intake.offer-withdrawn.v1": mark("The offer was withdrawn."),
    "sportello.intake.offer-expired.v1": mark("The offer passed its end date."),
    "sportello.matching.match-proposed.v1": mark(
        "A match was proposed with %(givers)s (score %(score)s), to be answered by %(expires_at)s."
    ),
    "sportello.matching.match-consent-given.v1": mark("%(party)s agreed to the match; still awaited: %(awaited)s."),
    "sportello.matching.match-countered.v1": mark(
        "%(party)s agrees to other quantities: %(changes)s; still awaited: %(awaited)s."
    ),
    "sportello.matching.match-postponed.v1": mark("%(party)s will decide later: the proposal comes back on %(until)s."),
    "sportello.matching.match-decision-undone.v1": mark(
        "%(party)s took back its last step (%(undone)s); still awaited: %(awaited)s."
    ),
    "sportello.matching.match-accepted.v1": mark("All parties agreed: %(everybody)s."),
    "sportello.matching.match-declined.v1": mark("%(party)s declined the match (%(reason_code)s)."),
    "sportello.matching.match-expired.v1": mark("The proposed match lapsed (%(reason_code)s)."),
    "sportello.matching.match-released.v1": mark("The match was dissolved (%(reason_code)s)."),
    "sportello.matching.match-end-asked.v1": mark("The end of the match was asked for (%(reason_code)s)."),
    "sportello.matching.match-end-refused.v1": mark(
        "The match stays: its end (%(reason_code)s) came too late, the agreement was %(because)s already."
    ),
    "sportello.agreements.agreement-drafted.v1": mark("An agreement file was opened: %(title)s."),
    "sportello.agreements.agreement-review-requested.v1": mark(
        "The file is complete and waits for the Legal Office (%(instrument)s)."
    ),
    "sportello.agreements.agreement-sent-back.v1": mark(
        "The Legal Office sent the agreement back to the account manager with remarks."
    ),
    "sportello.agreements.agreement-approved.v1": mark(
        "The Legal Office approved the agreement (%(instrument)s); signatures are being collected."
    ),
    "sportello.agreements.agreement-signature-given.v1": mark(
        "%(party)s signed; signatures missing: %(missing)s; may sign now: %(awaited)s."
    ),
    "sportello.agreements.agreement-rejected.v1": mark("The Legal Office rejected the agreement."),
    "sportello.agreements.agreement-signed.v1": mark(
        "The agreement was signed on %(signed_on)s (%(instrument)s, protocol %(protocol_number)s)."
    ),
    "sportello.agreements.agreement-activated.v1": mark("The agreement takes effect on %(effective_on)s."),
    "sportello.agreements.agreement-amended.v1": mark("The agreement was amended (no. %(amendment)s)."),
    "sportello.agreements.agreement-amendment-changed.v1": mark("Amendment no. %(amendment)s: %(state)s."),
    "sportello.agreements.agreement-suspended.v1": mark("The agreement was suspended."),
    "sportello.agreements.agreement-completed.v1": mark("The agreement was completed."),
    "sportello.agreements.agreement-terminated.v1": mark("The agreement ends early, on %(effective_on)s."),
    "sportello.impact.impact-plan-opened.v1": mark(
        "Deliveries to follow: %(commitments)s; indicators to measure: %(indicators)s."
    ),
    "sportello.impact.plan-fulfilled.v1": mark("Everything promised was delivered and measured."),
    "sportello.impact.delivery-recorded.v1": mark("Delivered on %(delivered_on)s: %(quantity)s."),
    "sportello.impact.indicator-measured.v1": mark("Measured on %(measured_on)s: %(indicator)s = %(value)s."),
    "sportello.impact.result-corrected.v1": mark("A result was corrected from %(before)s to %(after)s."),
    "sportello.intake.submission-rejected.v1": mark(
        "A submission of %(department)s (reference %(external_ref)s) could not be taken; to correct: %(errors)s."
    ),
}
"""Every event type this service reads."""

REPLACING: dict[str, str] = {
    "party_replaced": mark(
        "A match with %(givers)s takes the place of one that lost a party, to be answered by %(expires_at)s;"
        " the yes that stands: %(consented)s."
    ),
    "decision_undone": mark(
        "A decision was taken back: the match with %(givers)s is open again until %(expires_at)s;"
        " the yes that stands: %(consented)s."
    ),
}
"""What is told of a proposal that takes another one's place, by the reason."""

COMPLETE: dict[str, str] = {
    "sportello.matching.match-consent-given.v1": mark("%(party)s agreed to the match; now everybody has."),
    "sportello.matching.match-countered.v1": mark(
        "%(party)s agrees to other quantities: %(changes)s; now everybody has."
    ),
}
"""What is told instead when nobody is awaited any more."""

TASK: dict[str, tuple[str, str]] = {
    "vet_stakeholder": (mark("Check %(who)s"), mark("Check %(num)s organisations")),
    "triage_need": (mark("Take charge of “%(case)s”"), mark("Take charge of %(num)s needs")),
    "help_department": (
        mark("Help %(department)s to correct a submission (%(external_ref)s)"),
        mark("Help %(department)s to correct %(num)s submissions (%(external_ref)s)"),
    ),
    "fix_submission": (
        mark("Correct your submission %(external_ref)s"),
        mark("Correct your %(num)s submissions under %(external_ref)s"),
    ),
    "decide_match": (
        mark("Ask the parties about the match for “%(case)s”"),
        mark("%(num)s proposals for “%(case)s”: choose and ask the parties"),
    ),
    "give_consent": (mark("Answer the proposal for “%(case)s”"), mark("Answer %(num)s proposals for “%(case)s”")),
    "find_replacement": (mark("Find another way to meet “%(case)s”"), mark("Find another way to meet “%(case)s”")),
    "choose_instrument": (
        mark("Choose the instrument for “%(case)s”"),
        mark("Choose the instruments of %(num)s agreements for “%(case)s”"),
    ),
    "fill_plans": (
        mark("Agree the communication and impact plan for “%(case)s”"),
        mark("Agree the communication and impact plans of %(num)s agreements for “%(case)s”"),
    ),
    "mend_agreement": (
        mark("Answer the Legal Office's remarks on the agreement for “%(case)s”"),
        mark("Answer the Legal Office's remarks on %(num)s agreements for “%(case)s”"),
    ),
    "review_agreement": (
        mark("Review the agreement for “%(case)s”"),
        mark("Review %(num)s agreements for “%(case)s”"),
    ),
    "collect_signatures": (
        mark("Get the signatures for “%(case)s”"),
        mark("Get the signatures of %(num)s agreements for “%(case)s”"),
    ),
    "sign_agreement": (mark("Sign the agreement for “%(case)s”"), mark("Sign %(num)s agreements for “%(case)s”")),
    "sign_as_party": (mark("Sign the agreement for “%(case)s”"), mark("Sign %(num)s agreements for “%(case)s”")),
    "match_kept": (
        mark("The match for “%(case)s” stays, its agreement was %(because)s already: agree with the Legal Office"),
        mark("%(num)s matches for “%(case)s” stay, the agreements were under way: agree with the Legal Office"),
    ),
    "tell_parties": (
        mark("Tell the parties how the agreement for “%(case)s” ended"),
        mark("Tell the parties how %(num)s agreements for “%(case)s” ended"),
    ),
    "resolve_suspension": (
        mark("Resume or end the suspended agreement for “%(case)s”"),
        mark("Resume or end %(num)s suspended agreements for “%(case)s”"),
    ),
    "follow_deliveries": (
        mark("Follow the deliveries for “%(case)s”"),
        mark("Follow the deliveries of %(num)s agreements for “%(case)s”"),
    ),
    "record_delivery": (
        mark("Record what arrives for “%(case)s”"),
        mark("Record what arrives under %(num)s agreements for “%(case)s”"),
    ),
    "thank_and_close": (mark("Thank the partners of “%(case)s” and close"),) * 2,
    "renew_need": (mark("“%(case)s” has expired: ask whether it still holds"),) * 2,
    "renew_offer": (mark("An offer of %(who)s has expired: ask whether it still holds"),) * 2,
}
"""What a kind of item asks: for one part, and for several."""

KIND: dict[str, str] = {
    "vet_stakeholder": mark("Check an organisation"),
    "triage_need": mark("Take charge of a need"),
    "help_department": mark("Help a department"),
    "fix_submission": mark("Correct a submission"),
    "decide_match": mark("Proposed matches"),
    "give_consent": mark("Answer a proposal"),
    "find_replacement": mark("Find another way"),
    "choose_instrument": mark("Choose the instrument"),
    "fill_plans": mark("Communication and impact plans"),
    "mend_agreement": mark("Remarks of the Legal Office"),
    "review_agreement": mark("Review an agreement"),
    "collect_signatures": mark("Get signatures"),
    "sign_agreement": mark("Sign"),
    "sign_as_party": mark("Sign for your organisation"),
    "match_kept": mark("The match stays"),
    "tell_parties": mark("Tell the parties"),
    "resolve_suspension": mark("Suspended agreements"),
    "follow_deliveries": mark("Follow deliveries"),
    "record_delivery": mark("Record deliveries"),
    "thank_and_close": mark("Thank and close"),
    "renew_need": mark("Expired needs"),
    "renew_offer": mark("Expired offers"),
}
"""A kind of item, for filters and headings."""

REASON: dict[str, str] = {
    "timeout": mark("nobody answered in time"),
    "superseded": mark("a better proposal took its place"),
    "need_closed": mark("the need is closed"),
    "offer_closed": mark("an offer is gone"),
    "agreement_rejected": mark("the agreement was rejected"),
    "agreement_terminated": mark("the agreement ended early"),
    "party_withdrew": mark("a party withdrew"),
    "released_by_manager": mark("the account manager dissolved it"),
    "undone": mark("a party took its yes back"),
    "submitted": mark("submitted for review"),
    "signed": mark("signed"),
    "consent": mark("its yes"),
    "counter": mark("other quantities"),
    "postponement": mark("postponed"),
    "approved": mark("approved"),
    "refused": mark("refused"),
    "too_far": mark("too far away"),
    "too_late": mark("too late"),
    "not_suitable": mark("not suitable"),
    "too_little": mark("too little"),
    "not_available": mark("no longer available"),
    "other_partner": mark("another partner was found"),
    "no_answer": mark("no answer"),
    "other": mark("another reason"),
}

_DAYS = ("signed_on", "effective_on", "delivered_on", "measured_on")


class _Words(dict[str, str]):
    """A sentence is never lost because an older event lacks a field."""

    def __missing__(self, key: str) -> str:
        return "–"


def sentence(event_type: str, facts: Mapping[str, Any], who: str | None, names: Mapping[str, str]) -> str:
    """The line of the timeline, in the current language. ``who`` is the organisation the event is about."""
    replacing = REPLACING.get(facts.get("replaces_because") or "")
    complete = COMPLETE.get(event_type) if facts.get("awaited") == [] else None
    return gettext(replacing or complete or STORY[event_type]) % _words(facts, who, names)


def in_both(event_type: str, facts: Mapping[str, Any], who: str | None, names: Mapping[str, str]) -> dict[str, str]:
    """:func:`sentence` in Italian and in English."""
    both = {}
    for language in ("it", "en"):
        with speaking(language):
            both[language] = sentence(event_type, facts, who, names)
    return both


def task(kind: str, case: str | None, parts: int, facts: Mapping[str, Any], who: str | None) -> str:
    """What an item asks, in the current language."""
    words = _words(facts, who, {})
    words["case"] = case or facts.get("title") or facts.get("need_title") or gettext("a need")
    words["num"] = str(parts)
    return gettext(TASK[kind][0 if parts <= 1 else 1]) % words


def task_in_both(kind: str, case: str | None, parts: int, facts: Mapping[str, Any], who: str | None) -> dict[str, str]:
    both = {}
    for language in ("it", "en"):
        with speaking(language):
            both[language] = task(kind, case, parts, facts, who)
    return both


def part_line(facts: Mapping[str, Any], progress: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One line on a part of an item: who is in the match and who has still to answer; "" when nothing is to add."""
    parties = facts.get("parties") or []
    if not parties:
        return ""
    givers = _join(one["name"] for one in parties if one["role"] == "giver")
    changes = progress.get("changes") or facts.get("changes")
    changed = gettext("now: %(changes)s") % {"changes": _changes(changes)} if changes else ""
    if "awaited" not in progress:
        return " · ".join(text for text in (givers, changed) if text)
    named = {one["party_id"]: one["name"] for one in parties} | dict(names)
    needed = len(parties)
    awaited = [named.get(one, one) for one in progress["awaited"]]
    given = gettext("consents: %(given)s of %(needed)s") % {"given": needed - len(awaited), "needed": needed}
    waiting = gettext("awaiting %(awaited)s") % {"awaited": _join(awaited)} if awaited else ""
    return " · ".join(text for text in (givers, changed, given, waiting) if text)


def department(code: str | None) -> str:
    """A department's name; one that has no label is shown by its code."""
    shown = label("department", code or "").replace("-", " ")
    return shown[:1].upper() + shown[1:] if shown else "–"


def _words(facts: Mapping[str, Any], who: str | None, names: Mapping[str, str]) -> _Words:
    words = _Words({name: str(value) for name, value in facts.items() if isinstance(value, str | int)})
    words["who"] = who or gettext("the organisation")
    words["department"] = department(facts.get("department")) if "department" in facts else gettext("a department")
    words.setdefault("external_ref", gettext("none given"))
    words["party"] = _party(facts.get("party_id"), names)
    for name in ("awaited", "consented"):
        words[name] = _join(_party(one, names) for one in facts.get(name, ())) or gettext("nobody")
    words["changes"] = _changes(facts.get("changes", ()))
    words["givers"] = _join(one["name"] for one in facts.get("parties", ()) if one["role"] == "giver")
    words["everybody"] = _join(_named(one) for one in facts.get("parties", ()))
    words["lines"] = _lines(facts.get("lines", ()))
    for name in ("outcome", "reason_code", "undone", "because"):
        words[name] = _reason(facts.get(name))
    if "state" in facts:
        words["state"] = label("amendment_state", facts["state"]).lower()
    if "instrument" in facts:
        words["instrument"] = label("instrument", facts["instrument"])
    if "score" in facts:
        words["score"] = formats.percent(facts["score"])
    for name in ("expires_at", "until", *_DAYS):
        if name in facts:
            words[name] = formats.day(facts[name])
    unit = facts.get("unit", "")
    for name in ("quantity", "value"):
        if name in facts:
            words[name] = formats.quantity(facts[name], unit)
    return words


def _party(party_id: str | None, names: Mapping[str, str]) -> str:
    if party_id is None:
        return gettext("a party")
    if party_id.startswith("department:"):
        return department(party_id.removeprefix("department:"))
    return names.get(party_id) or gettext("a party")


def _named(party: Mapping[str, Any]) -> str:
    """A department goes by its code in the events; people know it by its name."""
    party_id = str(party["party_id"])
    return department(party_id.removeprefix("department:")) if party_id.startswith("department:") else party["name"]


def _reason(code: str | None) -> str:
    if code is None:
        return gettext("no reason given")
    return gettext(REASON[code]) if code in REASON else code.replace("_", " ").replace("-", " ")


def _lines(lines: Sequence[Mapping[str, Any]]) -> str:
    shown = [f"{label('kind', one['kind']).lower()} {formats.quantity(one['quantity'], one['unit'])}" for one in lines]
    if len(shown) > 4:
        more = len(shown) - 3
        shown = [*shown[:3], ngettext("%(num)s more", "%(num)s more", more)]
    return ", ".join(shown)


def _changes(changes: Iterable[Mapping[str, Any]]) -> str:
    """Each quantity now, and what it was."""
    return _join(_change(one) for one in changes)


def _change(one: Mapping[str, Any]) -> str:
    what = label("capability", one["capability"]) if one.get("capability") else label("kind", one["kind"])
    words = {"what": what.lower(), "after": formats.quantity(one["after"], one["unit"])}
    if one.get("before") is None:
        return gettext("%(what)s %(after)s") % words
    words["before"] = formats.quantity(one["before"], one["unit"])
    return gettext("%(what)s %(after)s instead of %(before)s") % words


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)
