"""The trace a request belongs to, still known when its span has ended: an unexpected error is answered after that."""

from opentelemetry import trace
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send


class RememberTrace:
    """ASGI middleware, inside the one that makes the span."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["trace_id"] = current_trace_id()
        await self._app(scope, receive, send)


def trace_id_of(request: HTTPConnection) -> str | None:
    """32 hexadecimal digits that operations can look up; None when the request is not traced."""
    remembered: str | None = getattr(request.state, "trace_id", None)
    return remembered or current_trace_id()


def current_trace_id() -> str | None:
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
