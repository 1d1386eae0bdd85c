"""What If-Match may say."""

import pytest
from starlette.requests import Request

from chassis.http.etag import expected_version
from chassis.http.problem import Problem

pytestmark = pytest.mark.unit


def asked(if_match: str) -> Request:
    return Request({"type": "http", "headers": [(b"if-match", if_match.encode("latin-1"))]})


@pytest.mark.parametrize(("said", "version"), [('"3"', 3), ('W/"12"', 12), ("7", 7), ("*", None)])
def test_a_version_is_read_however_it_is_quoted(said: str, version: int | None) -> None:
    assert expected_version(asked(said)) == version


@pytest.mark.parametrize("said", ["", '"abc"', '"²"', '"-1"', f'"{"9" * 5000}"'])
def test_what_is_no_version_is_the_version_of_nothing(said: str) -> None:
    with pytest.raises(Problem) as refused:
        expected_version(asked(said))
    assert refused.value.status == 412
