"""The tests that every service passes; its own file says who asks, and about what.

    class TestAsSent(AsSent):
        api = Api(service(…))

and a fixture `asked`, whose things are new for each test: the others use them up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from tests.fuzz.api import Api, aim, examples, is_documented, is_no_fault, send
from tests.fuzz.pages import FoundForm, filled_in_oddly, forms_of, is_no_fault_of_a_page, submit


@dataclass(frozen=True)
class Asked:
    """A running service and somebody who may do everything in it.

    `known` are names and ids of things that are there: half of the requests are aimed at one of them. `pages` are where
    its forms are looked for, from which at least `forms` kinds must be found. `also` are answers not in the document.
    """

    client: Callable[[], httpx.AsyncClient]
    known: Sequence[Mapping[str, Any]]
    pages: Sequence[str]
    forms: int
    headers: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()


class AsSent:
    """Whatever anybody sends gets a proper answer: to programs as documented, to people as a page."""

    api: ClassVar[Api]

    def test_the_document_is_valid_openapi(self) -> None:
        validate(self.api.document)
        assert self.api.document["openapi"].startswith("3.1")

    @given(data=st.data())
    @examples(100)
    async def test_whatever_fits_the_document_gets_an_answer_that_is_in_it(
        self, asked: Asked, data: st.DataObject
    ) -> None:
        case = data.draw(self.api.cases())
        is_documented(case, await _answer(asked, case, data), *asked.also)

    @given(data=st.data())
    @examples(100)
    async def test_an_odd_value_is_refused_and_no_fault(self, asked: Asked, data: st.DataObject) -> None:
        case = data.draw(self.api.odd_cases())
        is_no_fault(case, await _answer(asked, case, data))

    @pytest.fixture
    async def forms(self, asked: Asked) -> list[FoundForm]:
        prefix = "/" + asked.pages[0].split("/")[1]
        async with asked.client() as client:
            found = await forms_of(client, prefix, *asked.pages)
        assert len(found) >= asked.forms, sorted(form.action for form in found)
        # By kind: in which order lists show what has a new id in each run is chance, and examples count in this order.
        return sorted(found, key=lambda form: form.alike)

    @given(data=st.data())
    @examples(120)
    async def test_a_form_filled_in_oddly_is_no_fault(
        self, asked: Asked, forms: list[FoundForm], data: st.DataObject
    ) -> None:
        form = data.draw(filled_in_oddly(forms))
        async with asked.client() as client:
            is_no_fault_of_a_page(form, await submit(client, form))


async def _answer(asked: Asked, case: Any, data: st.DataObject) -> httpx.Response:
    known = data.draw(st.none() | st.sampled_from(asked.known))
    if known is not None:
        aim(case, **known)
    async with asked.client() as client:
        return await send(client, case, **asked.headers)
