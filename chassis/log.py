"""Structured logs: one JSON object a line, with the trace it belongs to and a stable action name as ``event``."""

from __future__ import annotations

import logging
import sys

import structlog
from opentelemetry import trace
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

# Without the frames' local variables: they hold names, addresses and tokens, which belong in no log.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


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
