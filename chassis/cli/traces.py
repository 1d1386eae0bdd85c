"""``sportello trace CASE``: one case's way through the services, drawn as a waterfall in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from chassis import telemetry
from chassis.cli.output import Json, as_json, fail
from chassis.settings import home

_WIDTH = 48


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("trace")(trace)


def trace(
    case: Annotated[str, typer.Argument(help="The case id (the need's id), or a trace id.")],
    files: Annotated[
        list[Path] | None, typer.Option("--file", help="Span files; the launcher's when not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw the traces of a case: who did what, when, and for how long."""
    paths = files or sorted((home() / "traces").glob("*.jsonl"))
    if not paths:
        fail(f"There are no span files under {home() / 'traces'}; is the system running ('make up')?")
    traces = of_case(case, read(paths))
    if not traces:
        fail(f"No span mentions {case}. Spans are written within a second; is the id a case id (the need's id)?")
    if json:
        as_json(traces)
        return
    for spans in traces:
        typer.echo("\n".join(waterfall(spans)) + "\n")


def read(paths: list[Path]) -> list[dict[str, Any]]:
    """All spans in the files; a line cut short by a crash is passed over."""
    spans = []
    for path in paths:
        for line in path.read_bytes().splitlines():
            try:
                spans.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                continue
    return spans


def of_case(case: str, spans: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The traces that mention ``case`` (or have that trace id), each with its spans by start time."""
    wanted = {span["trace"] for span in spans if case in (span["attributes"].get(telemetry.CASE), span["trace"])}
    traces: dict[str, list[dict[str, Any]]] = {trace_id: [] for trace_id in wanted}
    for span in spans:
        if span["trace"] in traces:
            traces[span["trace"]].append(span)
    ordered = [sorted(found, key=lambda span: int(span["start"])) for found in traces.values()]
    return sorted(ordered, key=lambda found: int(found[0]["start"]))


def waterfall(spans: list[dict[str, Any]]) -> list[str]:
    """One line per span: a bar on the trace's own time scale, indented below its parent."""
    begin = min(int(span["start"]) for span in spans)
    end = max(int(span["end"]) for span in spans)
    scale = _WIDTH / max(end - begin, 1)
    by_id = {span["span"]: span for span in spans}
    lines = [f"trace {spans[0]['trace']}  {(end - begin) / 1e6:.1f} ms"]
    for span in _in_tree_order(spans, by_id):
        left = int((int(span["start"]) - begin) * scale)
        length = max(1, int((int(span["end"]) - int(span["start"])) * scale))
        bar = (" " * left + "█" * length)[:_WIDTH].ljust(_WIDTH)
        indent = "  " * _depth(span, by_id)
        took = (int(span["end"]) - int(span["start"])) / 1e6
        mark = " !" if span["status"] == "ERROR" else ""
        lines.append(f"|{bar}| {took:8.1f} ms  {span['service']:<14}{indent}{span['name']}{mark}")
    return lines


def _depth(span: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> int:
    depth = 0
    while (parent := by_id.get(span["parent"] or "")) is not None and depth < 50:
        span, depth = parent, depth + 1
    return depth


def _in_tree_order(spans: list[dict[str, Any]], by_id: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    children: dict[str | None, list[dict[str, Any]]] = {}
    for span in sorted(spans, key=lambda span: int(span["start"])):
        parent = span["parent"] if span["parent"] in by_id else None
        children.setdefault(parent, []).append(span)
    ordered: list[dict[str, Any]] = []
    stack = list(reversed(children.get(None, [])))
    while stack:
        span = stack.pop()
        ordered.append(span)
        stack.extend(reversed(children.get(span["span"], [])))
    return ordered
