"""Every form of the pages, filled in oddly: it is refused or done, never a fault of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth import Actor
from services.agreements.tests.story import CITY, Story, donation
from tests.fuzz.api import examples
from tests.fuzz.pages import FoundForm, filled_in_oddly, forms_of, is_no_fault, submit

pytestmark = pytest.mark.integration

EVERYBODY = Actor(
    subject="all", city=CITY, name="A", roles=frozenset({"legal", "signatory", "account_manager", "coordinator"})
)


@pytest.fixture(scope="module")
async def forms(story: Story) -> list[FoundForm]:
    """Files in several states, the desk, the toolkit, the clauses, the register."""
    files = [
        (await story.file_of(donation()))["agreement_id"],
        await story.filled(donation()),
        await story.approved(donation()),
        await story.signed(donation()),
    ]
    starts = [f"/agreements/files/{one}" for one in files]
    starts += ["/agreements/desk", "/agreements/toolkit", "/agreements/clauses", "/agreements/register"]
    found = await forms_of(story.as_(EVERYBODY), "/agreements", *starts)
    assert len(found) > 25, sorted(form.action for form in found)
    return found


@given(data=st.data())
@examples(150)
async def test_a_form_filled_in_oddly_is_no_fault(story: Story, forms: list[FoundForm], data: st.DataObject) -> None:
    form = data.draw(filled_in_oddly(forms))
    is_no_fault(form, await submit(story.as_(EVERYBODY), form))
