"""Which language is spoken, and that everything can be said in it."""

import pytest
from starlette.requests import Request

from chassis.web import extract
from chassis.web.i18n import gettext, language_of, ngettext, speaking

pytestmark = pytest.mark.unit


def request(query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        (request(), "it"),
        (request(accept="en-GB,en;q=0.9"), "en"),
        (request(accept="it-IT,it;q=0.9,en;q=0.8"), "it"),
        (request(accept="en;q=0.4, it;q=0.6"), "it"),
        (request(accept="de, fr;q=0.9"), "it"),
        (request(accept="de, en;q=0.1"), "en"),
        (request(accept="en;q=0"), "it"),
        (request(accept="en;q=nonsense"), "it"),
        (request(cookie="sportello_lang=en"), "en"),
        (request(cookie="sportello_lang=en", accept="it"), "en"),
        (request(query="lang=it", cookie="sportello_lang=en"), "it"),
        (request(query="lang=xx", accept="en"), "en"),
    ],
)
def test_the_clearest_wish_wins(asked: Request, language: str) -> None:
    assert language_of(asked) == language


def test_texts_are_said_in_the_language_spoken() -> None:
    with speaking("it"):
        assert gettext("Open needs") == "Bisogni aperti"
        with speaking("en"):
            assert gettext("Open needs") == "Open needs"
        assert gettext("Log out") == "Esci"


def test_one_and_many() -> None:
    one, many = "There is %(num)s thing to correct", "There are %(num)s things to correct"
    with speaking("it"):
        assert ngettext(one, many, 1) == "C'è 1 cosa da correggere"
        assert ngettext(one, many, 3) == "Ci sono 3 cose da correggere"
    with speaking("en"):
        assert ngettext(one, many, 2) == "There are 2 things to correct"


def test_an_unknown_text_is_shown_as_it_is() -> None:
    with speaking("it"):
        assert gettext("no such text") == "no such text"


@pytest.mark.parametrize("area", extract.areas(), ids=lambda area: area.name)
def test_every_text_in_use_has_an_italian_translation(area: extract.Area) -> None:
    """`python -m chassis.web.extract` brings new texts into the catalog, to be translated there."""
    assert extract.check(area) == []


def test_a_missing_or_damaged_translation_would_be_noticed() -> None:
    catalog = extract.shell_catalog()
    catalog.add("never translated")
    catalog.add("has %(name)s", "ha %(altro)s", flags=["python-format"])
    found = list(extract.gaps(catalog))
    assert any("never translated" in gap for gap in found)
    assert any("has %(name)s" in gap for gap in found)
