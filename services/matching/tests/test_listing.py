"""The list of proposals: looked for, narrowed, in another order, page by page, as a file, several answered at once."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.places import Place
from services.matching.tests.test_pages import page
from services.matching.tests.world import World, goods, money

pytestmark = pytest.mark.integration
API = "/matching/api/v1/matches"
SELECTED = "/matching/proposals/selected"
PAGE = {"Accept": "text/html"}


async def city_of_three(world: World) -> dict[str, UUID]:
    """Three givers with one offer each, for needs in different areas, kinds, places and by different days."""
    givers = {
        name: await world.stakeholder(name) for name in ("Fondazione Bracco", "Società Elettrica S.p.A.", "Aviva")
    }
    bracco, societa, aviva = givers.values()
    soon = datetime.now(UTC) + timedelta(days=5)
    first = await world.need("Caffè e perché", goods("5"), place=Place(label="Isola", nil=11), valid_until=soon)
    second = await world.need(
        "Portatili per la scuola", goods("40", cpv="30213100"), policy_area="underprivileged_schools"
    )
    third = await world.need("Fondo per le gite", money("500"))
    for need, title, giver, line in (
        (first, "Caffè", bracco, goods("5")),
        (second, "Portatili", societa, goods("40", cpv="30213100")),
        (third, "Donazione", aviva, money("500")),
    ):
        await world.offer(title, giver, line, answers=need)
        await world.proposals(need)
    return givers


async def titles(client: Any, **query: Any) -> list[str]:
    answer = await client.get(API, params=query)
    assert answer.status_code == 200, answer.text
    return [one["need_title"] for one in answer.json()["items"]]


async def test_words_and_filters_find_what_is_meant(world: World) -> None:
    givers = await city_of_three(world)
    async with world.manager() as client:
        assert await titles(client, q="caffe") == ["Caffè e perché"]
        assert await titles(client, q="PORT scuo") == ["Portatili per la scuola"]
        assert await titles(client, q="societa elet") == ["Portatili per la scuola"]
        assert await titles(client, q="elettrica s.p.a.") == ["Portatili per la scuola"]
        assert await titles(client, q="portatili bracco") == []
        assert len(await titles(client, q="'); DROP TABLE match; -- & | !")) == 0
        assert len(await titles(client, q="*** -- &")) == 3, "no word at all narrows nothing"
        assert await titles(client, policy_area="underprivileged_schools") == ["Portatili per la scuola"]
        assert await titles(client, nil=11) == ["Caffè e perché"]
        assert await titles(client, kind="money") == ["Fondo per le gite"]
        assert await titles(client, due_within=7) == ["Caffè e perché"]
        assert (await titles(client))[0] == "Caffè e perché", "the most urgent first"
        assert (await titles(client, sort="newest"))[0] == "Fondo per le gite"
        scores = [one["score"] for one in (await client.get(API, params={"sort": "best"})).json()["items"]]
        assert scores == sorted(scores, reverse=True)
    async with world.partner(givers["Aviva"]) as partner:
        assert await titles(partner, state="proposed") == ["Fondo per le gite"]
        assert await titles(partner, q="caffe") == []


@pytest.mark.parametrize("sort", ["urgent", "best", "newest"])
async def test_pages_of_every_order_show_each_once(world: World, sort: str) -> None:
    giver = await world.stakeholder("Enel")
    need = await world.need("Sedie", goods("90"))
    for number in range(5):
        await world.offer(f"Sedie {number}", giver, goods(str(10 + number)), answers=need)
    await world.proposals(need, at_least=5)
    seen: list[str] = []
    after: str | None = None
    async with world.manager() as client:
        for _ in range(5):
            found = (
                await client.get(API, params={"limit": 2, "sort": sort} | ({"after": after} if after else {}))
            ).json()
            seen += [one["match_id"] for one in found["items"]]
            after = found["next"]
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 5
        assert (await client.get(API, params={"after": "nonsense", "sort": sort})).status_code == 400


async def test_the_page_counts_narrows_and_gives_a_file(world: World) -> None:
    await city_of_three(world)
    async with world.manager() as client:
        shown = await page(client, "/matching/proposals")
        assert "3 proposals" in shown
        shown = await page(
            client, "/matching/proposals", params={"q": "caffe", "nil": "", "kind": "", "due_within": "x"}
        )
        assert "1 proposal" in shown
        assert "Portatili" not in shown
        assert 'value="caffe"' in shown
        nothing = await page(client, "/matching/proposals", params={"q": "treni", "lang": "it"})
        assert "Meno parole o filtri trovano di più" in nothing
        file = await client.get("/matching/proposals.csv", params={"kind": "goods"})
        assert file.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
        assert {row["need"] for row in rows} == {"Caffè e perché", "Portatili per la scuola"}
        assert rows[0]["brings"] == "goods: 5 C62"


async def test_a_file_has_every_proposal_however_many(world: World) -> None:
    await city_of_three(world)
    [match] = await world.matches(kind="money")
    async with world.running.app.state.units.pool.acquire() as connection:
        await connection.execute(_COPIES, world.city, UUID(match["match_id"]), 5_100)
    async with world.manager() as client:
        file = await client.get("/matching/proposals.csv", params={"kind": "money"})
    rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert len({row["match_id"] for row in rows}) == len(rows) == 5_101


_COPIES = """
WITH copy AS (SELECT gen_random_uuid() AS match_id, 'copy ' || number AS set_key FROM generate_series(1, $3) AS number),
matches AS (
    INSERT INTO match SELECT (jsonb_populate_record(match, to_jsonb(copy))).* FROM match, copy
    WHERE city = $1 AND match.match_id = $2 RETURNING match_id
), parties AS (
    INSERT INTO match_party SELECT (jsonb_populate_record(party, jsonb_build_object('match_id', matches.match_id))).*
    FROM match_party AS party, matches WHERE city = $1 AND party.match_id = $2
)
INSERT INTO match_allocation SELECT (jsonb_populate_record(part, jsonb_build_object('match_id', matches.match_id))).*
FROM match_allocation AS part, matches WHERE city = $1 AND part.match_id = $2
"""


async def chosen(client: Any, listing: str) -> list[str]:
    return re.findall(r'name="match\[\]" id="[^"]+" value="([^"]+)"', listing)


async def answer_several(client: Any, **fields: Any) -> str:
    shown = await page(client, "/matching/proposals")
    token = re.search(r'name="idempotency_key" value="([^"]+)"', shown)
    assert token is not None
    data = {"match[]": await chosen(client, shown), "idempotency_key": token[1]} | fields
    answer = await client.post(SELECTED, data=data, headers=PAGE)
    assert answer.status_code == 200, answer.text
    text: str = answer.text
    return text


async def test_several_are_put_off_and_all_taken_back(world: World) -> None:
    await city_of_three(world)
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    async with world.manager() as client:
        said = {"act": "postpone", "until": day, "channel": "telephone", "note": "the office is closed"}
        done = await answer_several(client, **said)
        assert "2 put off" in done
        assert "1 was not possible" in done
        assert "On" in done
        assert "at the latest" in done, "the one that is needed within five days says why not"
        again = re.findall(r'name="match\[\]" value="([^"]+)"', done)
        assert len(again) == 2
        back = await client.post(
            SELECTED,
            data={"act": "undo", "match[]": again, "idempotency_key": "x" * 20},
            headers=PAGE,
        )
        assert "2 taken back" in back.text
        assert len(await titles(client, postponed="true")) == 0


def back_of(shown: str) -> str:
    """The list to go back to, as the page sends it along."""
    [where] = set(re.findall(r'name="where" value="([^"]*)"', shown))
    return html.unescape(where)


async def test_an_answer_that_is_not_right_shows_the_list_as_it_was_asked_and_what_was_typed(world: World) -> None:
    await city_of_three(world)
    async with world.manager() as client:
        shown = await page(client, "/matching/proposals", params={"q": "portatili", "sort": "best"})
        [tick] = await chosen(client, shown)
        said = {"where": back_of(shown), "act": "postpone", "channel": "telephone", "note": "rang on Monday"}
        wrong = await client.post(SELECTED, data=said | {"match[]": tick, "until": "soon"}, headers=PAGE)
        assert wrong.status_code == 422
        assert re.search(r'href="#field-several-until">Back on: .+</a>', wrong.text)
        assert "Caffè e perché" not in wrong.text
        assert re.search(r'<option value="best" selected', wrong.text)
        assert "rang on Monday" in wrong.text
        assert await chosen(client, wrong.text) == [tick]
        assert re.search(rf'value="{tick}" checked', wrong.text)
        nothing = await client.post(SELECTED, data=said, headers=PAGE)
        assert nothing.status_code == 422
        assert "Nothing was chosen: tick the proposals first." in nothing.text
        assert "Caffè e perché" not in nothing.text


async def test_after_several_answers_the_way_leads_back_to_the_list_as_it_was_asked(world: World) -> None:
    await city_of_three(world)
    async with world.manager() as client:
        first = await page(client, "/matching/proposals", params={"kind": "goods", "sort": "newest"})
        [_, *older] = await world.matches(kind="goods", sort="newest", limit=2)
        cursor = (await client.get(API, params={"kind": "goods", "sort": "newest", "limit": 1})).json()["next"]
        shown = await page(client, "/matching/proposals", params={"kind": "goods", "sort": "newest", "after": cursor})
        assert back_of(shown) != back_of(first)
        assert len(older) == len(await chosen(client, shown)) == 1
        said = {"act": "decline", "reason_code": "too_late", "channel": "telephone", "note": "rang"}
        data = said | {"where": back_of(shown), "match[]": await chosen(client, shown)}
        done = await client.post(SELECTED, data=data, headers=PAGE)
        assert "1 declined" in done.text
        assert back_of(done.text) == back_of(shown), "also after an undo"
        link = html.escape(f"/matching/proposals?{back_of(shown)}")
        assert f'<a href="{link}">Back to the proposals</a>' in done.text
        assert "sort=newest" in link
        assert "after=" in link
        emptied = await client.get(html.unescape(link), headers=PAGE)
        assert emptied.status_code == 303
        assert emptied.headers["location"] == f"/matching/proposals?{back_of(first)}", "nothing is left there"
        wrong = await client.post(SELECTED, data={**data, "act": "postpone", "until": "no day"}, headers=PAGE)
        assert (wrong.status_code, "rang" in wrong.text, back_of(wrong.text)) == (422, True, back_of(first))


@pytest.mark.parametrize("where", ["https://example.org/?state=all", "//example.org", "state=\x00&need=../..", "&&=&"])
async def test_no_way_back_leads_away_from_the_list(world: World, where: str) -> None:
    await city_of_three(world)
    async with world.manager() as client:
        [tick, *_] = await chosen(client, await page(client, "/matching/proposals"))
        data = {"where": where, "act": "decline", "match[]": tick, "channel": "letter", "note": "wrote"}
        done = await client.post(SELECTED, data=data, headers=PAGE)
        assert "Reason: " in done.text, "what is refused names the field"
        assert re.search(r'<a href="/matching/proposals\?state=\w+">Back to the proposals</a>', done.text)
        assert "example.org" not in done.text


async def test_several_are_declined_for_ones_own_party_and_nobody_elses(world: World) -> None:
    givers = await city_of_three(world)
    async with world.partner(givers["Aviva"]) as client:
        foreign = [one["match_id"] + ":1" for one in await world.matches(state="proposed")]
        done = await answer_several(client, **{"act": "decline", "reason_code": "too_late", "match[]": foreign})
        assert "1 declined" in done
        assert "2 are not there any more" in done
    assert len(await world.matches(state="proposed")) == 2
