"""After login nobody is sent to another site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth.login import safe_next

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "path", ["/", "/agreements/desk", "/matching/proposals?state=open&after=x", "/a/b#c", "/?next=https://x.example"]
)
def test_own_paths_are_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "/a\\..\\evil",
        "/auth/login",
        "evil.example",
    ],
)
def test_anything_else_leads_home(target: str | None) -> None:
    assert safe_next(target) == "/"


@given(st.text(alphabet=st.sampled_from("/\\:?#@ .\t\nabc"), max_size=12))
def test_a_browser_would_stay_here(target: str) -> None:
    """Browsers drop tabs and newlines and read a backslash as a slash; what is left must be one local path."""
    seen = safe_next(target).replace("\t", "").replace("\n", "").replace("\\", "/")
    assert seen.startswith("/")
    assert not seen.startswith("//")
