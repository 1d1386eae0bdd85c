"""What a measurement came to, as one JSON value and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from services.matching.domain.rules import RULES_VERSION
from services.matching.evaluation.measuring import AT_MOST, LAG, SYSTEMS, THRESHOLD, Measured, measured_needs
from services.matching.evaluation.metrics import NAMES, Measure, Outcome, summary
from services.matching.evaluation.records import EvaluationSet
from services.matching.text import TEXT_VERSION

_HEADS = {"precision": "P", "recall": "R", "f1": "F1", "ndcg_10": "nDCG@10", "map": "MAP", "mrr": "MRR", "r_1": "R@1"}


def report(
    data: EvaluationSet, measured: Measured, *, least: int, encoder: bool, unseen: bool = False
) -> dict[str, Any]:
    """Everything that was measured; figures are null where there is nothing to measure."""
    measured_ones = set(measured_needs(data))
    relevant = sum(grade >= least for (need, _), grade in data.gold.items() if need in measured_ones)
    return {
        "set": {
            "name": data.name,
            "needs": len(data.needs),
            "needs_judged": len(data.judged),
            "needs_measured": len(measured_needs(data)),
            "offers": len(data.offers),
            "relevant_pairs": relevant,
            "relevant_pairs_removed_by_filters": measured.filtered_relevant,
            "lines_left_out": data.notes.left_out,
        },
        "notes": [asdict(note) for note in data.notes],
        "method": {
            "rules_version": RULES_VERSION,
            "text_version": TEXT_VERSION,
            "encoder": encoder,
            "labels_unseen": unseen,
            "relevant_from_grade": least,
            "decided": {"threshold": THRESHOLD, "lag": LAG, "at_most": AT_MOST},
            "full_text": "BM25 over dictionary forms, in place of Postgres' full text search",
            "interval": "95 %, bootstrap over needs, 1,000 draws, seed 7",
        },
        "systems": [_system(name, measured, relevant) for name in SYSTEMS if name in measured.outcomes],
    }


def _system(name: str, measured: Measured, relevant: int) -> dict[str, Any]:
    best = measured.best[name].best(relevant)
    pairs = measured.by_languages[name]
    return {
        "name": name,
        "overall": _figures(measured.outcomes[name]),
        "by_language": {f"{need}→{offer}": _figures(pairs[need, offer]) for need, offer in sorted(pairs)},
        "best_f1": None if best is None else {"f1": best[0], "threshold": best[1]},
    }


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    found: Mapping[str, Measure] = summary(outcomes)
    return {"needs": len(outcomes)} | {name: asdict(found[name]) for name in NAMES}


def tables(made: Mapping[str, Any]) -> tuple[list[str], list[list[str]], list[str]]:
    """Column heads, a row per system (of ours also the interval and each pair of languages), and who had nothing to
    say."""
    heads = [*_HEADS.values(), "best F1"]
    rows: list[list[str]] = []
    silent: list[str] = []
    for at, system in enumerate(made["systems"]):
        overall = system["overall"]
        if at and not overall["f1"]["value"]:
            silent.append(system["name"])
            continue
        rows.append([system["name"], *_cells(overall, "value"), _best(system)])
        if at == 0:
            rows += [[f"  95 % {edge}", *_cells(overall, edge), ""] for edge in ("low", "high")]
            rows += [
                [f"  {pair} ({figures['needs']})", *_cells(figures, "value"), ""]
                for pair, figures in system["by_language"].items()
            ]
    return heads, rows, silent


def _cells(figures: Mapping[str, Any], which: str) -> list[str]:
    return ["–" if (value := figures[name][which]) is None else f"{value:.3f}" for name in NAMES]


def _best(system: Mapping[str, Any]) -> str:
    return "–" if system["best_f1"] is None else f"{system['best_f1']['f1']:.3f}"
