"""Why somebody was refused or something taken back may name people: the words stay with intake."""

from __future__ import annotations

import pytest

from services.intake.tests.city import API, City, an_offer

pytestmark = pytest.mark.integration
WORDS = "Lo chiede il sig. Mario Rossi, 333 1234567"


async def test_no_reason_in_words_goes_out(open_city: City) -> None:
    enel, need = await open_city.stakeholder(), await open_city.need()
    async with open_city.partner() as partner, open_city.manager() as manager, open_city.department() as officer:
        body = an_offer(enel["id"], answers_need_id=need["id"])
        offer = (await partner.post(f"{API}/offers", json=body)).json()
        said = [
            await partner.post(f"{API}/offers/{offer['id']}/withdraw", json={"reason": WORDS}),
            await officer.post(f"{API}/needs/{need['id']}/withdraw", json={"reason": WORDS}),
            await manager.post(f"{API}/stakeholders/{enel['id']}/vet", json={"outcome": "refused", "reason": WORDS}),
        ]
        assert [(one.status_code, WORDS in one.text) for one in said] == [(200, True)] * 3, "who guides them reads it"
        assert WORDS not in (await partner.get(f"{API}/needs/{need['id']}")).text, "why is for who asks"
        assert WORDS in (await officer.get(f"{API}/needs/{need['id']}")).text
        assert WORDS in (await partner.get(f"{API}/offers/{offer['id']}")).text
        for path in (f"offers/{offer['id']}", "offers"):
            answer = await officer.get(f"{API}/{path}")
            assert offer["id"] in answer.text, "the need is theirs"
            assert WORDS not in answer.text, "why is for who offers"
    told = [event.to_bytes().decode() for event in await open_city.events()]
    assert len(told) >= 6
    assert not [one for one in told if "Mario Rossi" in one]
