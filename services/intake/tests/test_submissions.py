"""Needs by the departments' own systems, over Kafka."""

import pytest

from chassis.testing import eventually
from contracts.events.departments import NeedUpdateSubmitted, SubmissionRejected
from contracts.events.intake import NeedChanged, NeedRegistered, NeedWithdrawn
from contracts.events.matching import LineBalanceChanged
from services.intake.tests.city import API, LINE, a_need, a_submission

pytestmark = pytest.mark.integration


async def registered(city, reference):
    async def probe():
        return await city.find_needs(external_ref=reference)

    [need] = await eventually(probe)
    return need


async def test_the_life_of_a_need_that_comes_over_kafka(open_city):
    receiver = await open_city.stakeholder(name="Arimo", type="association", external_ref="arimo")
    submission = a_submission("EDU/1", receivers=["arimo"], with_departments=["environment"])
    await open_city.send(submission)
    need = await registered(open_city, "EDU/1")
    assert need["receivers"] == [receiver["id"]]
    assert need["account_manager_id"] == "manager-1"

    await open_city.send(submission)  # the same again: nothing happens
    await open_city.send(submission | {"title": "Laptop e PC"})
    await open_city.send(
        {"external_ref": "EDU/1", "department": "education", "lines": [LINE | {"quantity": "100"}]},
        type_=NeedUpdateSubmitted.type,
    )

    async def changed():
        return (await registered(open_city, "EDU/1"))["version"] == 3

    await eventually(changed)
    events = await open_city.events(NeedChanged)
    assert [(event.title, str(event.lines[0].quantity)) for event in events] == [
        ("Laptop e PC", "271"),
        ("Laptop e PC", "100"),
    ]

    def balance(version, **quantities):
        zero = {"total": "100", "free": "0", "reserved": "0", "committed": "0", "delivered": "0", "shortfall": "0"}
        return LineBalanceChanged.model_validate(
            zero
            | quantities
            | {
                "line_of": "need",
                "subject_id": need["id"],
                "line": 0,
                "version": version,
                "unit": "C62",
                "open_ended": False,
            }
        )

    await open_city.publish(balance(2, committed="60", delivered="40"), f"{need['id']}/0")

    async def covered():
        return (await registered(open_city, "EDU/1"))["coverage"] == 1.0

    await eventually(covered)
    assert (await registered(open_city, "EDU/1"))["state"] == "open"
    await open_city.publish(balance(3, delivered="100"), f"{need['id']}/0")

    async def fulfilled():
        return (await registered(open_city, "EDU/1"))["state"] == "fulfilled"

    await eventually(fulfilled)
    await open_city.send(submission | {"title": "Ancora"})
    [rejected] = await open_city.rejections()
    assert [error["code"] for error in rejected["errors"]] == ["need-closed"]


async def test_a_department_takes_its_need_back(open_city):
    await open_city.send(a_submission("EDU/2"))
    await open_city.send(
        {"external_ref": "EDU/2", "department": "education", "withdrawn": True, "reason": "risolto"},
        type_=NeedUpdateSubmitted.type,
    )

    async def withdrawn():
        return (await registered(open_city, "EDU/2"))["state"] == "withdrawn"

    await eventually(withdrawn)
    [event] = await open_city.events(NeedWithdrawn)
    assert event.reason is None, "the words stay here"


BAD = {
    "unknown department": (a_submission("B", department="nobody"), {"source": "/departments/nobody"}, ["/department"]),
    "unknown receiver": (a_submission("B", receivers=["ghost"]), {}, ["/receivers/0"]),
    "unknown unit": (a_submission("B", lines=[LINE | {"unit": "QQ"}]), {}, ["/lines/0/unit"]),
    "another source": (a_submission("B"), {"source": "/departments/environment"}, ["/department"]),
    "two mistakes": (a_submission("B", title="", lines=[]), {}, ["/title", "/lines"]),
    "a quantity as a float": (a_submission("B", lines=[LINE | {"quantity": 1.5}]), {}, ["/lines/0/quantity"]),
    "U+0000": (a_submission("B", title="a\u0000b"), {}, ["/title"]),
    "an unknown type": (a_submission("B"), {"type_": "sportello.departments.need-sumbitted.v1"}, [""]),
    "not JSON": (b"{nonsense", {}, [""]),
    "no value": (None, {}, [""]),
    "not UTF-8": (b'{"title": "\xff"}', {}, [""]),
    "no headers": (a_submission("B"), {"headers": []}, None),
    "an unknown need": (
        {"external_ref": "B", "department": "education", "title": "x"},
        {"type_": NeedUpdateSubmitted.type},
        ["/external_ref"],
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_every_bad_submission_is_answered_with_its_reasons(open_city, name, monkeypatch):
    value, how, pointers = BAD[name]
    if "headers" in how:
        how = {"headers": [("ce_id", b"X"), ("ce_city", open_city.code.encode()), ("ce_source", b"\xff")]}
    event_id = await open_city.send(value, **how)
    if "headers" in how:
        # Without an envelope nobody knows the city: the installation's own answers.
        pool = open_city.running.app.state.units.pool

        async def kept():
            return await pool.fetchrow("SELECT errors FROM rejected_submission WHERE submission_id = 'X'")

        assert (await eventually(kept))["errors"][0]["code"] == "header"
        return
    [rejected] = await open_city.rejections()
    assert rejected["submission_id"] == event_id
    assert [error["pointer"] for error in rejected["errors"]] == pointers
    assert all(error["message_it"] and error["message_en"] for error in rejected["errors"])
    [event] = await open_city.events(SubmissionRejected)
    assert event.submission_id == event_id
    assert await open_city.find_needs() == []


async def test_a_department_sees_its_own_rejected_submissions_only(open_city):
    await open_city.send(a_submission("B", receivers=["ghost"]))
    await open_city.rejections()
    async with open_city.department() as own, open_city.department("environment") as other:
        assert len((await own.get(f"{API}/submissions/rejected")).json()["items"]) == 1
        assert (await other.get(f"{API}/submissions/rejected")).json()["items"] == []


async def test_many_submissions_at_once_are_all_registered_in_order(open_city):
    for number in range(20):
        await open_city.send(a_submission(f"M/{number}"), key=f"M/{number}")

    async def all_there():
        return len(await open_city.events(NeedRegistered)) == 20

    await eventually(all_there)


async def test_a_submission_that_names_more_than_a_need_can_hold_is_refused_and_the_list_goes_on(open_city):
    many = [f"r{number}" for number in range(5000)]
    await open_city.send(a_submission("EDU/crowded", requires=many[:51]))
    await open_city.send(a_submission("EDU/crowd", requires=many, receivers=many, with_departments=many))

    async def both():
        found = await open_city.rejections()
        return found if len(found) == 2 else None

    answers = {one["external_ref"]: one["errors"] for one in await eventually(both)}
    assert [(one["pointer"], one["code"]) for one in answers["EDU/crowded"]] == [("/requires", "too-long")]
    assert {one["pointer"] for one in answers["EDU/crowd"]} >= {"/requires", "/receivers", "/with_departments"}
    await open_city.send(a_submission("EDU/after", requires=many[:50]))
    await registered(open_city, "EDU/after")


async def test_a_time_that_cannot_be_brought_to_utc_is_answered(open_city):
    await open_city.send(a_submission("EDU/never", valid_until="9999-12-31T23:59:59-12:00"))
    [answer] = await open_city.rejections()
    assert [error["pointer"] for error in answer["errors"]] == ["/valid_until"]
    async with open_city.department() as client:
        asked = await client.post(f"{API}/needs", json=a_need(valid_until="0001-01-01T00:00:00+12:00"))
    assert asked.status_code == 422, asked.text
