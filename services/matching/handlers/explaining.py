"""Why an offer that no filter keeps from a need is not among its proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.scope import Scope
from services.matching.domain import deals, proposals
from services.matching.domain.filters import Obstacle
from services.matching.domain.instruments import UNKNOWN
from services.matching.domain.proposals import Candidate, Memory
from services.matching.domain.subjects import Need, Offer, Steering
from services.matching.handlers.likening import likeness_of
from services.matching.store import MatchingStore

DECLINED = Obstacle(
    "declined_before",
    "Chi offre ha già detto di no a questo bisogno: si ripropone quando cambia l'offerta.",
    "Who offers has said no to this need already: it is proposed again when the offer changes.",
)
SETTLED = Obstacle(
    "settled_before",
    "La stessa proposta è già stata rifiutata, sciolta o lasciata scadere: si ripropone quando cambia il bisogno o"
    " l'offerta.",
    "The same proposal was declined, released or left to expire: it is proposed again when the need or the offer"
    " changes.",
)
NOT_ALONE = Obstacle(
    "not_alone",
    "Da sola non basta: serve anche altro, e per ora nessun insieme di offerte proposto la comprende.",
    "It does not suffice by itself: more is required, and no set of offers proposed so far includes it.",
)

NOTHING = Obstacle(
    "others_first",
    "Nulla lo impedisce, ma si propongono prima le offerte più adatte.",
    "Nothing stands in the way, but what fits best is proposed first.",
)


@dataclass(frozen=True, slots=True)
class Because:
    """``match_id`` is the open match that brings the two together, if there is one."""

    reason: Obstacle
    match_id: UUID | None = None


def no_instrument(need: Need, offer: Offer, steering: Steering, now: datetime) -> list[Obstacle]:
    """The rule for which no legal instrument could ever be used for the two; none as long as one could."""
    instruments = steering.toolkit.at(now)
    if found := deals.never(offer, instruments):
        return [found]
    if need.state.requires:
        return []  # with others beside it there may be one
    made = proposals.candidates(need, [offer], replace(steering, toolkit=UNKNOWN), now)
    refused = [deals.refused(need, one.pieces, instruments) for one in made]
    return [one for one in refused[:1] if one] if all(refused) else []


def ranked_alone(need: Need, offer: Offer, steering: Steering, now: datetime) -> list[Candidate]:
    """How the offer by itself would be ranked for the need; nothing when it does not suffice alone."""
    return proposals.candidates(need, [offer], steering, now, likeness=likeness_of(need, [offer]))


async def why_not_proposed(
    store: MatchingStore, scope: Scope, need: Need, offer: Offer, alone: Sequence[Candidate], *, scores: bool = True
) -> Because:
    """The answer for a pair that passes every filter: proposed already, decided before, or others fit better.

    ``alone`` is :func:`ranked_alone` of the two. Without ``scores`` for who does not know the offer.
    """
    open_ones = await store.overview.open_for_need(scope, need.need_id, offer.offer_id)
    for one in open_ones:
        if one.with_offer:
            return Because(_proposed(one.state), one.match_id)
    memories, _ = await store.candidates.memory(scope, [need.need_id])
    memory = memories.get(need.need_id, Memory())
    if not memory.admits(offer):
        return Because(DECLINED)
    if not alone:
        return Because(NOT_ALONE)
    allowed = [one for one in alone if memory.allows(one)]
    if not allowed:
        return Because(SETTLED)
    if not scores:
        return Because(NOTHING)
    return Because(_others(allowed[0].score, [one.score for one in open_ones if one.state == "proposed"]))


def _proposed(state: str) -> Obstacle:
    if state == "accepted":
        return Obstacle("accepted", "È già in un abbinamento accettato.", "It is part of an accepted match already.")
    return Obstacle("proposed", "È già in una proposta aperta.", "It is part of an open proposal already.")


def _others(score: float, open_scores: list[float]) -> Obstacle:
    fits = f"{round(score * 100)} %"
    italian, english = f"Nulla lo impedisce: si adatta al {fits}", f"Nothing stands in the way: it fits {fits}"
    if not open_scores:
        return Obstacle("not_looked_at", f"{italian}. Va ancora guardata.", f"{english}. It is still to be looked at.")
    count, least, most = len(open_scores), f"{round(min(open_scores) * 100)} %", f"{round(max(open_scores) * 100)} %"
    return Obstacle(
        "others_first",
        f"{italian}, ma si propongono prima le più adatte. Proposte aperte per questo bisogno: {count}, dal {least} al"
        f" {most}.",
        f"{english}, but what fits best is proposed first. Open proposals for this need: {count}, from {least} to"
        f" {most}.",
    )
