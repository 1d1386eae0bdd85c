"""From a situation to the result that is kept: the plan's lines with their reasons, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.units import plain
from services.matching.allocation.fairness import compared
from services.matching.allocation.model import Forced, Link, NotPossible, Plan, Problem, Tell, nobody
from services.matching.allocation.solving import solve
from services.matching.planning.insisting import forced, price
from services.matching.planning.parameters import Choice, Parameters
from services.matching.planning.situation import Situation, parted

_SHOWN = 200
"""Of the needs left out; the others are counted."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is stored of a plan."""

    problem: Problem
    value: float
    bound: float
    rules_version: str
    summary: dict[str, Any]
    lines: list[dict[str, Any]]


def computed(
    situation: Situation, parameters: Parameters, today: Sequence[Mapping[str, Any]], tell: Tell = nobody
) -> Result:
    """Solves with and without fairness and compares with what is proposed ``today``."""
    problem = situation.problem
    insisted, choices = _insisted(problem, parameters.insist)
    wanted = replace(problem, forced=choices)
    plan = solve(wanted, lambda phase, done: tell("solving", done / 2))
    off = replace(wanted, rules=replace(problem.rules, fairness=0.0))
    fit_alone = plan
    if problem.rules.fairness:
        fit_alone = solve(off, lambda phase, done: tell("solving", (1 + done) / 2), known=plan)
    tell("comparing", 0.0)
    lines = _lines(situation, plan, today)
    fairness = compared(problem, plan, fit_alone)
    summary = {
        "need_lines": len(problem.needs),
        "offer_lines": len(problem.offers),
        "pairs": len(problem.edges),
        "covered": sum(coverage > 0 for coverage in plan.coverage),
        "coverage": sum(plan.coverage) / len(plan.coverage) if plan.coverage else 0.0,
        "greedy": plan.greedy,
        "benefit": plan.benefit,
        "neighbourhoods": [asdict(one) for one in fairness.neighbourhoods],
        "fairness": {
            "weight": problem.rules.fairness,
            "cost": fairness.cost,
            "share": fairness.share,
            "moved": fairness.moved,
            "gained": fairness.gained,
            "lost": fairness.lost,
        },
        "changes": dict(Counter(line["change"] for line in lines)),
        "left_out": [asdict(one) for one in situation.left_out[:_SHOWN]],
        "left_out_for": dict(Counter(one.reason for one in situation.left_out)),
        "insisted": insisted,
    }
    return Result(problem, plan.value, plan.bound, situation.gathered.steering.ranking.version, summary, lines)


def _insisted(problem: Problem, choices: Sequence[Choice]) -> tuple[list[dict[str, Any]], list[Forced]]:
    """What each choice costs by itself; those that are not possible are said and left out."""
    known, unknown = forced(problem, choices)
    said: list[dict[str, Any]] = [
        {**choice.model_dump(mode="json"), "possible": False, "cost": 0.0, "share": 0.0} for choice in unknown
    ]
    kept: list[Forced] = []
    for choice in known:
        edge = problem.edges[choice.edge]
        need, offer = parted(problem.needs[edge.need].key), parted(problem.offers[edge.offer].key)
        shown = Choice(
            need_id=need[0], need_line=need[1], offer_id=offer[0], offer_line=offer[1], quantity=choice.quantity
        )
        try:
            found = price(replace(problem, forced=kept), choice)
        except NotPossible:
            said.append({**shown.model_dump(mode="json"), "possible": False, "cost": 0.0, "share": 0.0})
            continue
        kept.append(choice)
        said.append({**shown.model_dump(mode="json"), "possible": True, "cost": found.cost, "share": found.share})
    return said, kept


def _lines(situation: Situation, plan: Plan, today: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The plan's lines, those that add most first, then what is proposed today and not in it."""
    proposed = {_pair(row): row for row in reversed(today) if not row["reserved"]}
    lines = []
    for link in sorted(plan.links, key=lambda one: (-one.value, one.need, one.offer)):
        line = _line(situation, link)
        lines.append(line | _beside(proposed.pop(_pair(line), None), link.quantity))
    for row in proposed.values():
        dropped = _dropped(situation, row)
        if dropped is not None:
            lines.append(dropped)
    return [line | {"position": position} for position, line in enumerate(lines)]


def _pair(row: Mapping[str, Any]) -> tuple[UUID, int, UUID, int]:
    return row["need_id"], row["need_line"], row["offer_id"], row["offer_line"]


def _beside(row: Mapping[str, Any] | None, quantity: Decimal) -> dict[str, Any]:
    if row is None:
        return {"change": "new", "today_match_id": None, "today": None}
    same = row["quantity"] is not None and Decimal(row["quantity"]) == quantity
    return {
        "change": "kept" if same else "other_quantity",
        "today_match_id": row["match_id"],
        "today": None if row["quantity"] is None else plain(Decimal(row["quantity"])),
    }


def _line(situation: Situation, link: Link) -> dict[str, Any]:
    problem, gathered = situation.problem, situation.gathered
    need_key, offer_key = problem.needs[link.need].key, problem.offers[link.offer].key
    (need_id, need_line), (offer_id, offer_line) = parted(need_key), parted(offer_key)
    need, offer = gathered.needs[need_id], gathered.offers[offer_id]
    asked, offered = need.lines[need_line], offer.lines[offer_line]
    score, contributions = gathered.judged(need, offer, asked, offered, link.quantity)
    dealt = situation.dealt.get(need_key)
    providers = {} if dealt is None else dealt.providers
    return _about(situation, need_id, need_line, offer_id, offer_line) | {
        "asked": None if asked.open_ended else plain(asked.free),
        "quantity": plain(link.quantity),
        "value": link.value,
        "score": score,
        "reasons": [one.reason().model_dump() for one in contributions],
        "capabilities": _capabilities(situation, asked.line.unit, link.quantity, providers),
    }


def _capabilities(
    situation: Situation, unit: str, quantity: Decimal, providers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Who brings what is required: as much as the goods where both are counted alike, else all there is."""
    found = []
    for capability, key in providers.items():
        offer_id, index = parted(key)
        line = situation.gathered.offers[offer_id].lines[index]
        lent = quantity if line.line.unit == unit else (None if line.open_ended else line.free)
        shown = None if lent is None else plain(lent)
        found.append({"offer_id": str(offer_id), "offer_line": index, "capability": capability, "quantity": shown})
    return found


def _dropped(situation: Situation, row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["need_id"] not in situation.gathered.needs or row["offer_id"] not in situation.gathered.offers:
        return None
    need = situation.gathered.needs[row["need_id"]]
    if row["need_line"] >= len(need.lines) or row["offer_line"] >= len(
        situation.gathered.offers[row["offer_id"]].lines
    ):
        return None
    asked = need.lines[row["need_line"]]
    return _about(situation, *_pair(row)) | {
        "asked": None if asked.open_ended else plain(asked.free),
        "quantity": "0",
        "value": 0.0,
        "score": row["score"],
        "reasons": row["reasons"],
        "capabilities": [],
        "change": "dropped",
        "today_match_id": row["match_id"],
        "today": None if row["quantity"] is None else plain(Decimal(row["quantity"])),
    }


def _about(situation: Situation, need_id: UUID, need_line: int, offer_id: UUID, offer_line: int) -> dict[str, Any]:
    need, offer = situation.gathered.needs[need_id], situation.gathered.offers[offer_id]
    line = need.lines[need_line].line
    return {
        "need_id": need_id,
        "need_line": need_line,
        "offer_id": offer_id,
        "offer_line": offer_line,
        "need_title": need.state.title,
        "offer_title": offer.state.title,
        "giver": offer.giver.name or str(offer.state.stakeholder_id),
        "department": need.state.department,
        "policy_area": need.state.policy_area,
        "nil": need.state.place.nil if need.state.place else None,
        "kind": line.kind,
        "unit": line.unit,
    }
