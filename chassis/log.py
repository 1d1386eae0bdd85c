"""Structured logs: one JSON object a line, with the trace it belongs to and a stable action name as ``event``."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog
from opentelemetry import trace
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, ExcInfo, WrappedLogger

# PostgreSQL repeats whole rows, asyncpg the argument and pydantic the input: all may be somebody's name or address.
_VALUES = (
    (re.compile(r"\nDETAIL:.*", re.DOTALL), ""),
    (re.compile(r", input_value=.*?, input_type=", re.DOTALL), ", input_type="),
    (re.compile(r"(invalid input (?:for query argument \$\d+|syntax for type [\w ]+)): .*", re.DOTALL), r"\1"),
)


def without_values(text: str) -> str:
    """An exception's text without the data it was about."""
    for pattern, replacement in _VALUES:
        text = pattern.sub(replacement, text)
    return text


class _Tracebacks(ExceptionDictTransformer):
    """Without the frames' local variables and the data in messages: they belong in no log."""

    def __init__(self) -> None:
        super().__init__(show_locals=False)

    def __call__(self, exc_info: ExcInfo) -> list[dict[str, Any]]:
        found = super().__call__(exc_info)
        for number, one in enumerate(found):
            of_an_argument = number > 0 and found[number - 1]["exc_type"] == "DataError"
            one["exc_value"] = "" if of_an_argument else without_values(one["exc_value"])
        return found


_TRACEBACKS = structlog.processors.ExceptionRenderer(_Tracebacks())


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


class OncePerWhile(logging.Filter):
    """Lets a message of a library through once in ``seconds``, with how many like it were held back since.

    While a broker is away its client says so forty times a second; whoever is on call needs the one line.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("sportello"):
            return True
        kind = (record.name, str(record.msg)[:80])
        since, held_back = self._last.get(kind, (0.0, 0))
        if record.created - since < self._seconds:
            self._last[kind] = (since, held_back + 1)
            return False
        self._last[kind] = (record.created, 0)
        if held_back:
            record.msg = f"{record.msg} (and {held_back} more like it)"
        return True


def configure(service: str, level: str) -> None:
    """Sends structlog and the standard library's loggers to standard output as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _TRACEBACKS,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(OncePerWhile())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("sportello").setLevel(level)
    structlog.contextvars.bind_contextvars(service=service)


def configure_command() -> None:
    """For commands: only what goes wrong, to standard error, so that ``--json`` stays alone on standard output."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger below ``sportello``."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(f"sportello.{name}")
    return logger
