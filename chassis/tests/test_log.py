"""What the person on call reads."""

from __future__ import annotations

import logging

import pytest

from chassis.log import OncePerWhile

pytestmark = pytest.mark.unit


def record(logger: str, message: str, at: float) -> logging.LogRecord:
    made = logging.LogRecord(logger, logging.ERROR, "", 0, message, (), None)
    made.created = at
    return made


def test_a_library_that_repeats_itself_is_heard_once_in_a_while_with_a_count() -> None:
    once = OncePerWhile(seconds=10)
    heard = [
        one.getMessage()
        for second in range(25)
        if once.filter(one := record("aiokafka.conn", "Unable to connect", float(1000 + second)))
    ]
    assert heard == [
        "Unable to connect",
        "Unable to connect (and 9 more like it)",
        "Unable to connect (and 9 more like it)",
    ]


def test_our_own_lines_are_never_held_back() -> None:
    once = OncePerWhile()
    assert all(once.filter(record("sportello.inbox", "inbox.parked", 1000.0)) for _ in range(5))
