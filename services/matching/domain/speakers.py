"""Who may decide for which party: departments and organisations for themselves, account managers for anybody."""

from __future__ import annotations

from dataclasses import dataclass

from services.matching.domain import refusals
from services.matching.domain.history import Channel
from services.matching.domain.match import Match

_SHORTEST_NOTE = 3


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whoever decides. ``department`` is set for its officers, ``stakeholders`` for members of organisations."""

    subject: str
    department: str | None = None
    stakeholders: frozenset[str] = frozenset()
    is_account_manager: bool = False

    def own(self, match: Match) -> list[str]:
        """Parties of the match that the speaker is one of."""
        return [
            one.party.party_id
            for one in match.parties
            if (self.department is not None and one.party.department == self.department)
            or (one.party.stakeholder_id is not None and str(one.party.stakeholder_id) in self.stakeholders)
        ]


@dataclass(frozen=True, slots=True)
class Voice:
    """A decision by ``party_id``, and how it came."""

    party_id: str
    channel: Channel
    note: str | None


def voice(match: Match, speaker: Speaker, party_id: str | None, channel: Channel | None, note: str | None) -> Voice:
    """For which party the speaker decides. Raises :class:`services.matching.domain.refusals.Refusal`."""
    own = speaker.own(match)
    if party_id is None:
        party_id = _meant(match, speaker, own)
    if all(one.party.party_id != party_id for one in match.parties):
        raise refusals.unknown_party()
    if party_id in own:
        return Voice(party_id, "own", note or None)
    if not speaker.is_account_manager:
        raise refusals.not_yours()
    if channel is None or channel == "own":
        raise refusals.channel_required()
    if note is None or len(note.strip()) < _SHORTEST_NOTE:
        raise refusals.note_required()
    return Voice(party_id, channel, note.strip())


def _meant(match: Match, speaker: Speaker, own: list[str]) -> str:
    """The one party that can be meant when none is named: an own one that is awaited, else the only one there is."""
    possible = own if own or not speaker.is_account_manager else list(match.awaited)
    awaited = [one for one in possible if one in match.awaited] or possible
    if not awaited:
        raise refusals.not_yours()
    if len(awaited) > 1:
        raise refusals.which_party(awaited)
    return awaited[0]
