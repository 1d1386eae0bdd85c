"""Several agreements of one match: some lines go into a file of their own, which may have another instrument.

Until one of the files is submitted nothing has been told to anybody but that it was opened, so lines may still move.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from contracts.events.agreements import AgreementDrafted
from contracts.values import Allocation, Party
from services.agreements.domain.commands import Split
from services.agreements.domain.file import AgreementFile
from services.agreements.domain.outcome import Outcome, changed, reference
from services.agreements.domain.refusals import Invalid
from services.agreements.domain.states import FINAL, Act, State, after


def split(
    file: AgreementFile, command: Split, new_id: UUID, part: int, now: datetime, today: date
) -> tuple[Outcome, Outcome]:
    """What stays and what goes. Every line is in exactly one of the two. Raises NotPossible or Invalid."""
    after(file.state, Act.SPLIT)
    going = _going(file, command)
    stay = tuple(one for position, one in enumerate(file.allocations) if position not in going)
    go = tuple(one for position, one in enumerate(file.allocations) if position in going)
    named = _named(file, command)
    staying_parties = tuple(one for one in file.parties if not _gives_only(one, go, stay))
    going_parties = tuple(one for one in file.parties if _takes_part(one, go) or one.party_id in named)
    kept = {one.party_id for one in staying_parties}
    remaining = changed(
        file,
        Act.SPLIT,
        undivided_value_cents=_undivided(file, stay),
        allocations=stay,
        parties=staying_parties,
        responsibilities=tuple(one for one in file.responsibilities if one.party_id in kept),
    )
    fresh = AgreementFile(
        agreement_id=new_id,
        version=1,
        state=State.DRAFTED,
        match_id=file.match_id,
        need_id=file.need_id,
        department=file.department,
        title=file.title,
        policy_area=file.policy_area,
        triangulation=file.triangulation,
        parties=going_parties,
        allocations=go,
        account_manager_id=file.account_manager_id,
        beneficiaries=file.beneficiaries,
        expected_return=file.expected_return,
        drafted_at=now,
        drafted_on=today,
        language=file.language,
        communication_plan=file.communication_plan,
        split_from=file.agreement_id,
        undivided_value_cents=_undivided(file, go),
        part=part,
    )
    return remaining, Outcome(fresh, (AgreementDrafted(**reference(fresh), title=fresh.title),))


def _undivided(file: AgreementFile, lines: Iterable[Allocation]) -> int:
    """What the givers of these lines give in the whole file; what an earlier division noted counts on."""
    givers = {one.stakeholder_id for one in lines}
    values = [one.value_cents or 0 for one in file.allocations if one.stakeholder_id in givers]
    return max(sum(values), file.undivided_value_cents or 0)


def match_over(ending: AgreementFile, others: Iterable[AgreementFile]) -> bool:
    """Whether nothing of the match goes on once `ending` has ended.

    An agreement that was completed keeps the match: what it delivered stays delivered.
    """
    ended = FINAL - {State.COMPLETED}
    return all(one.state in ended for one in others if one.agreement_id != ending.agreement_id)


def _going(file: AgreementFile, command: Split) -> frozenset[int]:
    for index, position in enumerate(command.allocations):
        if position >= len(file.allocations):
            raise Invalid("unknown-line", "Questa voce non c'è.", "There is no such line.", f"/allocations/{index}")
    going = frozenset(command.allocations)
    if len(going) == len(file.allocations):
        raise Invalid(
            "nothing-left",
            "Almeno una voce deve restare in questo fascicolo.",
            "At least one line has to stay in this file.",
            "/allocations",
        )
    return going


def _named(file: AgreementFile, command: Split) -> frozenset[str]:
    for index, party_id in enumerate(command.parties):
        if file.party(party_id) is None:
            raise Invalid(
                "unknown-party",
                "Questa parte non è nell'accordo.",
                "This party is not in the agreement.",
                f"/parties/{index}",
            )
    return frozenset(command.parties)


def _gives(party: Party, lines: Iterable[Allocation]) -> bool:
    return party.stakeholder_id is not None and any(one.stakeholder_id == party.stakeholder_id for one in lines)


def _takes_part(party: Party, lines: Iterable[Allocation]) -> bool:
    """The departments are in both: the city is a party to each of its agreements."""
    return party.department is not None or _gives(party, lines)


def _gives_only(party: Party, go: Iterable[Allocation], stay: Iterable[Allocation]) -> bool:
    return _gives(party, go) and not _gives(party, stay)
