"""First stage: hard filters. Whatever one of them names is never proposed, and it says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from contracts.values import Line, Window
from services.matching.domain import limits
from services.matching.domain.obstacle import Obstacle as Obstacle
from services.matching.domain.subjects import LineState, Need, Offer

NEED_CLOSED = Obstacle("need_closed", "Il bisogno non è più aperto.", "The need is not open any more.")
OFFER_CLOSED = Obstacle("offer_closed", "L'offerta non è più disponibile.", "The offer is not open any more.")
NOT_VETTED = Obstacle(
    "not_vetted",
    "L'organizzazione che offre non è (ancora) stata verificata.",
    "The organisation that offers has not been checked (yet).",
)
OWN_OFFER = Obstacle("own_offer", "Chi offre è anche chi riceverebbe.", "Who offers is also who would receive.")
PROMISED = Obstacle(
    "promised_elsewhere",
    "L'offerta risponde a un altro bisogno ancora aperto.",
    "The offer answers another need that is still open.",
)
WINDOWS_APART = Obstacle("windows_apart", "I periodi non si sovrappongono.", "The periods do not overlap.")
RECEIVER_UNKNOWN = Obstacle(
    "receiver_unknown",
    "Un destinatario indicato dal bisogno non è noto o è stato rifiutato.",
    "A receiver the need names is not known or was refused.",
)
OTHER_KIND = Obstacle("other_kind", "Serve un altro tipo di risorsa.", "Another kind of resource is needed.")
OTHER_UNIT = Obstacle("other_unit", "L'unità di misura è diversa.", "The unit is another one.")
OTHER_CAPABILITY = Obstacle("other_capability", "Serve una capacità diversa.", "Another capability is needed.")
NOTHING_OPEN = Obstacle(
    "nothing_open", "Della richiesta non resta nulla da coprire.", "Nothing of what is asked is still open."
)
NOTHING_FREE = Obstacle(
    "nothing_free", "Dell'offerta non resta nulla di libero.", "Nothing of what is offered is still free."
)


def obstacles(need: Need, offer: Offer, now: datetime) -> list[Obstacle]:
    """What stands between this need and this offer whatever their lines are; empty when nothing does."""
    found = need_obstacles(need, now)
    if not offer.is_open or _passed(offer.state.valid_until, now):
        found.append(OFFER_CLOSED)
    if not offer.giver.may_give(now):
        found.append(NOT_VETTED)
    if offer.state.stakeholder_id in need.state.receivers:
        found.append(OWN_OFFER)
    if offer.promised_to is not None and offer.promised_to != need.need_id:
        found.append(PROMISED)
    if not overlapping(need.state.window, offer.state.window):
        found.append(WINDOWS_APART)
    return found + limits.of_pair(need, offer)


def need_obstacles(need: Need, now: datetime) -> list[Obstacle]:
    """What keeps this need from any proposal."""
    found = []
    if not need.is_open or _passed(need.state.valid_until, now):
        found.append(NEED_CLOSED)
    known = (need.receivers.get(receiver) for receiver in need.state.receivers)
    if any(one is None or one.name is None or one.vetting == "refused" for one in known):
        found.append(RECEIVER_UNKNOWN)
    return found


def line_obstacles(asked: LineState, offered: LineState) -> list[Obstacle]:
    """What keeps an offered line from meeting an asked one."""
    if asked.line.kind != offered.line.kind:
        return [OTHER_KIND]
    found = []
    if asked.line.unit != offered.line.unit:
        found.append(OTHER_UNIT)
    if asked.line.capability is not None and asked.line.capability != offered.line.capability:
        found.append(OTHER_CAPABILITY)
    if not asked.has_something_left:
        found.append(NOTHING_OPEN)
    if not offered.has_something_left:
        found.append(NOTHING_FREE)
    return found or limits.of_lots(asked, offered)


def meeting_obstacles(need: Need, offer: Offer, asked: LineState, offered: LineState) -> list[Obstacle]:
    """What keeps a line of this offer from meeting one of this need, beyond what :func:`obstacles` names."""
    return limits.of_place(need, offer) + line_obstacles(asked, offered)


def kept_apart(need: Need, offer: Offer) -> bool:
    """Limits alone keep the offer from the need, however little was taken of either: that only changes when people
    change what they said."""
    if limits.of_pair(need, offer):
        return True
    if any(line.line.capability in need.state.requires for line in offer.lines):
        return False
    alike = [(asked, given) for asked in need.lines for given in offer.lines if _of_a_kind(asked.line, given.line)]
    return bool(alike) and all(
        limits.of_place(need, offer) or limits.of_lots(_whole(asked), _whole(given)) for asked, given in alike
    )


def _of_a_kind(asked: Line, offered: Line) -> bool:
    same = (asked.kind, asked.unit) == (offered.kind, offered.unit)
    return same and asked.capability in (None, offered.capability)


def _whole(line: LineState) -> LineState:
    return replace(line, free=line.line.total_quantity or Decimal(0))


def overlapping(left: Window | None, right: Window | None) -> bool:
    """True unless both periods are given and have no day in common."""
    if left is None or right is None:
        return True
    left_ends_first = left.ends_on is not None and right.starts_on is not None and left.ends_on < right.starts_on
    right_ends_first = right.ends_on is not None and left.starts_on is not None and right.ends_on < left.starts_on
    return not (left_ends_first or right_ends_first)


def why_not(need: Need, offer: Offer, now: datetime) -> list[Obstacle]:
    """Everything that keeps the offer from serving the need; empty when it may be proposed.

    An offer serves by meeting a line or by bringing a capability the need requires. The reasons about lines are those
    of the pair that came closest.
    """
    found = obstacles(need, offer, now)
    pairs = [meeting_obstacles(need, offer, asked, offered) for asked in need.lines for offered in offer.lines]
    closest = sorted(pairs, key=lambda pair: len(pair))[0]
    brings = any(
        offered.line.capability in need.state.requires and offered.has_something_left for offered in offer.lines
    )
    if not brings:
        found += closest
    return found


def _passed(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment < now
