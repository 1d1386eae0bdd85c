"""A document handed in twice with the same Idempotency-Key: taken in once, the first answer again."""

from __future__ import annotations

import pytest

from services.agreements.store.signatures import MOST_KEPT
from services.agreements.tests.outside import Provider
from services.agreements.tests.pki import Holder
from services.agreements.tests.story import EDUCATION, LEGAL, Story
from services.agreements.tests.test_outside_signing import carlo as carlo
from services.agreements.tests.test_outside_signing import desk as desk
from services.agreements.tests.test_outside_signing import opened
from services.agreements.tests.test_outside_signing import paolo as paolo
from services.agreements.tests.test_outside_signing import provider as provider

pytestmark = pytest.mark.integration


async def test_a_repeat_gets_the_first_answer_also_after_the_last_signature(
    story: Story, provider: Provider, paolo: Holder, carlo: Holder
) -> None:
    outside = await opened(story, provider)
    for holder, party, key in ((paolo, outside.party, "first-1"), (carlo, EDUCATION, "last-1")):
        document = await outside.pades(holder, party)
        headers = {"Idempotency-Key": f"{outside.agreement}-{key}"}
        first = await outside.hand_in(document, LEGAL, **headers)
        assert first.status_code == 201, first.text
        again = await outside.hand_in(document, LEGAL, **headers)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
    uploads = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/signatures")
    assert len(uploads.json()["items"]) == 2
    kept = await story.desk.app.state.units.pool.fetch(
        "SELECT key, encode(body, 'escape') AS body FROM idempotency_key WHERE key LIKE $1", f"{outside.agreement}%"
    )
    assert len(kept) == 2
    for row in kept:
        assert "upload_id" in row["body"]
        assert not [name for name in ("Conti", "CNTPLA", "Neri") if name in row["body"]], "names rest with the upload"


async def test_a_form_may_have_a_key_too(story: Story, provider: Provider, paolo: Holder) -> None:
    outside = await opened(story, provider)
    document = await outside.pades(paolo, outside.party)
    address = f"/agreements/api/v1/agreements/{outside.agreement}/signatures"
    headers = {"Idempotency-Key": f"{outside.agreement}-form"}
    client = story.as_(LEGAL)
    first = await client.post(address, files={"file": ("a.pdf", document)}, headers=headers)
    assert first.status_code == 201, first.text
    again = await client.post(address, files={"file": ("a.pdf", document)}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())


async def test_of_many_refused_documents_only_the_latest_are_kept(story: Story, provider: Provider) -> None:
    outside = await opened(story, provider)
    for number in range(MOST_KEPT + 2):
        assert (await outside.hand_in(b"%PDF-1.7 nothing " + str(number).encode())).status_code == 422
    answer = await story.as_(LEGAL).get(f"/agreements/api/v1/agreements/{outside.agreement}/signatures")
    assert [one["kept"] for one in answer.json()["items"]] == [True] * MOST_KEPT + [False] * 2
    seen, after = [], None
    while after is not None or not seen:
        params = {"limit": "5"} | ({"after": after} if after else {})
        more = (await story.as_(LEGAL).get(str(answer.url), params=params)).json()
        seen, after = seen + more["items"], more["next"]
    assert seen == answer.json()["items"]
