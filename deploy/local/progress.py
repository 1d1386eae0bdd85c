"""Tells a person what is being done and how long it took; everything goes to stderr, so that stdout stays JSON."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Progress:
    """Safe from several threads: steps run side by side."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._lock = threading.Lock()
        self._open: list[str] = []
        self._status = self._console.status("") if sys.stderr.isatty() else None

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        self._enter(what)
        try:
            yield
        except BaseException:
            self._leave(what, f"[red]✗[/red] {what}")
            raise
        self._leave(what, f"[green]✓[/green] {what} ({time.monotonic() - began:.1f} s)")

    def say(self, text: str) -> None:
        """A line that stays, for things a person should know."""
        with self._lock:
            self._console.print(f"  {text}", soft_wrap=True, markup=False)

    def passing(self, text: str) -> None:
        """A line that the next one may overwrite, such as one of forty downloads."""
        if self._status is None:
            return
        with self._lock:
            self._status.update(text)

    def _enter(self, what: str) -> None:
        with self._lock:
            self._open.append(what)
            self._show()

    def _leave(self, what: str, line: str) -> None:
        with self._lock:
            self._open.remove(what)
            self._console.print(line, soft_wrap=True)
            self._show()

    def _show(self) -> None:
        if self._status is None:
            return
        if self._open:
            self._status.update(" · ".join(self._open))
            self._status.start()
        else:
            self._status.stop()
