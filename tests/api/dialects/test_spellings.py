"""What clients of these products write in more than one way, and what must not pass for something else."""

from __future__ import annotations

import pytest

from horarium.domain.ids import from_ulid, prefixed, uuid_text
from tests.api.dialects.speakers import Cadenya, M9m, Uranus
from tests.support.house import House
from tests.support.receiver import Receiver


@pytest.fixture
async def m9m(house: House, receiver: Receiver) -> M9m:
    speaker = await M9m.open(house, house.first, receiver)
    await speaker.create()
    return speaker


@pytest.fixture
async def cadenya(house: House, receiver: Receiver) -> Cadenya:
    speaker = await Cadenya.open(house, house.first, receiver)
    await speaker.create()
    return speaker


@pytest.mark.parametrize(("word", "found"), [("true", 1), ("True", 1), ("1", 1), ("false", 0), ("False", 0)])
async def test_a_truth_in_a_query_may_be_written_as_clients_do(
    m9m: M9m, cadenya: Cadenya, word: str, found: int
) -> None:
    listed = (await m9m.client.get("/api/v1/schedules", params={"enabled": word})).json()
    assert listed["total"] == found
    answer = await cadenya.client.get(cadenya._at(), params={"includeInfo": word})
    assert ("createdBy" in answer.json()["items"][0]["info"]) is bool(found)


async def test_what_is_no_truth_is_refused(m9m: M9m, cadenya: Cadenya) -> None:
    answer = await m9m.client.get("/api/v1/schedules", params={"enabled": "yes"})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["enabled"])
    answer = await cadenya.client.get(cadenya._at(), params={"includeInfo": "yes"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("schedules", "search"),
        ("schedules", "workflowId"),
        ("workflows", "search"),
        ("executions", "workflowId"),
    ],
)
async def test_a_filter_that_cannot_be_read_is_not_taken_for_none(m9m: M9m, path: str, name: str) -> None:
    answer = await m9m.client.get(f"/api/v1/{path}?{name}=%00")
    assert answer.status_code == 400
    assert list(answer.json()["details"]) == [name]


async def test_an_id_with_a_slash_is_reached_percent_encoded(
    house: House, m9m: M9m, receiver: Receiver
) -> None:
    executor = {"type": "http", "url": receiver.url("/run")}
    body = {"id": "team/daily report", "name": "D", "executor": executor}
    assert (await m9m.client.post("/api/v1/workflows", json=body)).status_code == 201
    place = "/api/v1/workflows/team%2Fdaily%20report"
    assert (await m9m.client.get(place)).json()["id"] == "team/daily report"
    assert (await m9m.client.post(f"{place}/execute")).status_code == 200
    assert (await m9m.client.delete(place)).status_code == 204

    await Uranus.open(house, house.first, receiver)
    await house.target("agent", key="staff/secretary")
    answer = await house.client.get("/api/agents/staff%2Fsecretary/schedules")
    assert (answer.status_code, answer.json()) == (200, {"schedules": []})


async def test_a_thing_is_named_by_its_id_as_it_is_shown_as_our_own_api_writes_it_and_as_a_uuid(
    house: House, m9m: M9m, receiver: Receiver
) -> None:
    uranus = await Uranus.open(house, house.first, receiver)
    await uranus.create()
    for speaker, place, shown, kind in (
        (m9m, m9m._at(), m9m.schedule, "sch"),
        (m9m, "/api/v1/executions", m9m.execution, "run"),
        (uranus, uranus._at(), uranus.schedule, "sch"),
    ):
        an_id = from_ulid(shown.rpartition("-")[2])
        assert an_id is not None
        for text in (shown, prefixed(kind, an_id), uuid_text(an_id)):
            answer = await speaker.client.get(f"{place}/{text}")
            assert (answer.status_code, answer.json().get("id")) == (200, shown), text


async def test_a_schedule_is_found_by_a_label_whatever_stands_in_its_value(cadenya: Cadenya) -> None:
    values = {"a": "b=c", "d": "=", "e": ":f", "g": "h: i", "j": "k?l&m=%3D"}
    body = cadenya.order | {"metadata": {"name": "Labelled", "labels": values}}
    made = (await cadenya.client.post(cadenya._at(), json=body)).json()["metadata"]["id"]
    for name, value in values.items():
        here = await cadenya.client.get(cadenya._at(), params={"labels": f"{name}={value}"})
        assert [one["metadata"]["id"] for one in here.json()["items"]] == [made], name
        own = await cadenya.client.get("/horarium/v1/schedules", params={"label": f"{name}:{value}"})
        assert [one["dialect_id"] for one in own.json()["items"]] == [made], name


async def test_digits_of_another_script_are_not_a_number_of_a_target(m9m: M9m) -> None:
    digits = "".join(chr(ord("\u0660") + int(one)) for one in str(m9m.number))
    answer = await m9m.client.get(f"/api/v1/workflows/{digits}")
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_empty_expression_is_an_invalid_one(m9m: M9m, method: str) -> None:
    path = "/api/v1/schedules" if method == "POST" else m9m.filled("/schedules/{id}")
    answer = await m9m.client.request(method, path, json=m9m.order | {"cronExpression": ""})
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid cron expression"
    assert answer.json()["details"]["cronExpression"] == "Invalid format"


async def test_an_agents_bundle_key_is_kept_and_judged(cadenya: Cadenya) -> None:
    agents = f"/v1/workspaces/{cadenya.workspace}/agents"
    body = {"metadata": {"name": "A", "bundleKey": "crew"}}
    made = (await cadenya.client.post(agents, json=body)).json()
    assert made["metadata"]["bundleKey"] == "crew"
    assert made["metadata"]["labels"] == {"bundle_key": "crew"}
    answer = await cadenya.client.post(agents, json={"metadata": {"name": "A", "bundleKey": 5}})
    assert answer.status_code == 400


async def test_a_label_that_no_text_can_hold_is_the_label_of_nothing(cadenya: Cadenya) -> None:
    answer = await cadenya.client.get(cadenya._at() + "?labels=a=%00")
    assert (answer.status_code, answer.json()["items"]) == (200, [])
