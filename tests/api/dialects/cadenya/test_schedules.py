"""The life of a schedule, in both ages of the wire format."""

from __future__ import annotations

from typing import Any

from tests.api.asking import ask
from tests.api.dialects.cadenya.support import Cadenya, at_nine
from tests.support.house import House

FIELDS = {"id", "accountId", "workspaceId", "name", "externalId", "labels", "profileId", "createdAt"}


async def test_it_creates_a_schedule_that_clients_of_both_ages_can_read(cadenya: Cadenya) -> None:
    made = await cadenya.created(metadata={"name": "Daily"}, data={"team": "blue"})
    assert made["metadata"].keys() >= FIELDS
    assert made["metadata"]["externalId"] == ""
    assert made["metadata"]["labels"] == {}
    assert made["metadata"]["id"].startswith("as_")
    assert made["metadata"]["workspaceId"].startswith("ws_")
    assert made["spec"]["initialMessage"] == made["spec"]["firstUserMessage"] == "Good morning"
    assert made["spec"]["data"] == made["spec"]["firstUserMessageData"] == {"team": "blue"}
    assert made["spec"]["status"] == "AGENT_SCHEDULE_STATUS_ACTIVE"
    assert made["state"] == "STATE_ACTIVE"
    assert made["spec"]["overlapPolicy"] == "OVERLAP_POLICY_SKIP"
    assert made["info"]["totalFires"] == 0
    assert made["info"]["nextFireAt"] == "2026-03-06T14:00:00.000Z"
    assert made["info"]["createdBy"]["spec"]["type"] == "PROFILE_TYPE_API_KEY"


async def test_the_newer_spelling_creates_the_same(cadenya: Cadenya) -> None:
    spec = {"firstUserMessage": "Hi", "firstUserMessageData": {"a": 1}, "schedule": at_nine()}
    answer = await cadenya.post("", {"metadata": {"name": "n"}, "spec": spec})
    assert answer.status_code == 200
    assert answer.json()["spec"]["initialMessage"] == "Hi"
    assert answer.json()["spec"]["data"] == {"a": 1}


async def test_spellings_that_disagree_are_refused(cadenya: Cadenya) -> None:
    spec = {"initialMessage": "a", "firstUserMessage": "b", "schedule": at_nine()}
    answer = await cadenya.post("", {"metadata": {"name": "n"}, "spec": spec})
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert cadenya.violations(answer) == {"spec.firstUserMessage"}


async def test_spellings_that_agree_are_one_value(cadenya: Cadenya) -> None:
    made = await cadenya.created(
        firstUserMessage="Good morning", data={"a": 1}, firstUserMessageData={"a": 1}
    )
    assert made["spec"]["initialMessage"] == "Good morning"
    assert made["spec"]["data"] == {"a": 1}


async def test_data_in_the_newer_spelling_is_an_object(cadenya: Cadenya) -> None:
    for data in ("text", [1], 7, True):
        answer = await cadenya.post("", cadenya.body(firstUserMessageData=data))
        assert cadenya.violations(answer) == {"spec.firstUserMessageData"}
        assert (await cadenya.created(data=data))["spec"]["data"] == data


async def test_data_that_is_left_out_is_judged_as_an_empty_object(cadenya: Cadenya) -> None:
    await cadenya.use_agent(inputDataSchema={"required": ["team"]})
    assert cadenya.violations(await cadenya.post("", cadenya.body())) == {"spec.data"}
    await cadenya.use_agent(inputDataSchema={"type": "object"})
    await cadenya.created()


async def test_a_list_of_rules_may_be_emptied_while_there_is_another(cadenya: Cadenya) -> None:
    rules = {**at_nine("UTC"), "intervals": [{"every": "60s"}]}
    for emptied in ("calendars", "intervals"):
        path = f"/{(await cadenya.created(schedule=rules))['metadata']['id']}"
        for given in ([], None):
            body = {"updateMask": f"spec.schedule.{emptied}", "spec": {"schedule": {emptied: given}}}
            changed = await cadenya.patch(path, body)
            assert changed.status_code == 200, changed.text
            left = {name: value for name, value in rules.items() if name != emptied}
            assert changed.json()["spec"]["schedule"] == left
        bare = {"updateMask": "spec.schedule", "spec": {"schedule": {"timezone": "UTC", emptied: []}}}
        assert cadenya.violations(await cadenya.patch(path, bare)) == {"spec.schedule"}


async def test_the_documents_create_sample_is_refused_naming_what_is_missing(cadenya: Cadenya) -> None:
    sample = {"metadata": {"name": "name"}, "spec": {"initialMessage": "initialMessage", "schedule": {}}}
    answer = await cadenya.post("", sample)
    assert answer.status_code == 400
    assert cadenya.violations(answer) == {"spec.schedule", "spec.schedule.timezone"}


async def test_every_problem_is_named_at_once(cadenya: Cadenya) -> None:
    spec = {
        "schedule": {
            "timezone": "Mars/Base",
            "calendars": [{"hour": [{"start": 24}], "minute": [{"start": 5, "end": 1}]}],
            "intervals": [{"every": "1.5s"}],
        },
        "overlapPolicy": "SOMETIMES",
        "variationId": "nope",
    }
    answer = await cadenya.post("", {"metadata": {"labels": {"a": 1}}, "spec": spec})
    assert cadenya.violations(answer) == {
        "metadata.name",
        "metadata.labels.a",
        "spec.initialMessage",
        "spec.overlapPolicy",
        "spec.schedule.timezone",
        "spec.schedule.calendars[0].hour[0].start",
        "spec.schedule.calendars[0].minute[0].end",
        "spec.schedule.intervals[0].every",
        "spec.variationId",
    }


async def test_an_interval_with_an_offset_as_long_as_itself_is_refused(cadenya: Cadenya) -> None:
    rules = {"timezone": "UTC", "intervals": [{"every": "60s", "offset": "60s"}]}
    answer = await cadenya.post("", cadenya.body(schedule=rules))
    assert cadenya.violations(answer) == {"spec.schedule.intervals[0].offset"}


async def test_rules_that_never_fire_are_accepted_without_a_next_fire(cadenya: Cadenya) -> None:
    never = {"timezone": "UTC", "calendars": [{"dayOfMonth": [{"start": 31}], "month": [{"start": 2}]}]}
    made = await cadenya.created(schedule=never)
    assert "nextFireAt" not in made["info"]
    assert made["state"] == "STATE_ACTIVE"
    paused = (await cadenya.post(f"/{made['metadata']['id']}:pause")).json()
    assert paused["state"] == "STATE_PAUSED"
    resumed = (await cadenya.post(f"/{made['metadata']['id']}:resume")).json()
    assert resumed["state"] == "STATE_ACTIVE"


async def test_numbers_are_answered_as_numbers_however_they_came(cadenya: Cadenya) -> None:
    rules = {"timezone": "UTC", "calendars": [{"hour": [{"start": "9", "end": 17.0}], "color": "red"}]}
    made = await cadenya.created(schedule=rules)
    assert made["spec"]["schedule"]["calendars"] == [{"hour": [{"start": 9, "end": 17}]}]


async def test_it_is_found_by_its_external_id_percent_encoded_or_not(cadenya: Cadenya) -> None:
    made = await cadenya.created(metadata={"name": "n", "externalId": "a/b c:1"})
    for way in ("external_id%3Aa%2Fb%20c%3A1", "external_id:a%2Fb%20c:1", made["metadata"]["id"]):
        assert (await cadenya.get(f"/{way}")).json()["metadata"]["id"] == made["metadata"]["id"]
    paused = await cadenya.post("/external_id%3Aa%2Fb%20c%3A1:pause")
    assert paused.status_code == 200
    assert paused.json()["state"] == "STATE_PAUSED"


async def test_an_external_id_is_unique_and_a_retry_is_discouraged(cadenya: Cadenya) -> None:
    await cadenya.created(metadata={"name": "n", "externalId": "nightly"})
    again = await cadenya.post("", cadenya.body(metadata={"name": "other", "externalId": "nightly"}))
    assert again.status_code == 409
    assert again.json()["code"] == 6
    assert again.headers["x-should-retry"] == "false"
    same_name = await cadenya.post("", cadenya.body(metadata={"name": "n"}))
    assert same_name.status_code == 200


async def test_pause_resume_and_archive(cadenya: Cadenya) -> None:
    made = await cadenya.created()
    path = f"/{made['metadata']['id']}"
    refused = await cadenya.post(f"{path}:resume")
    assert refused.status_code == 400
    assert refused.json()["code"] == 9
    paused = (await cadenya.post(f"{path}:pause")).json()
    assert paused["state"] == "STATE_PAUSED"
    assert "nextFireAt" not in paused["info"]
    resumed = (await cadenya.post(f"{path}:resume")).json()
    assert resumed["state"] == "STATE_ACTIVE"
    assert "nextFireAt" in resumed["info"]
    archived = (await cadenya.post(f"{path}:archive")).json()
    assert archived["spec"]["status"] == "AGENT_SCHEDULE_STATUS_ARCHIVED"
    for verb in ("resume", "pause"):
        refused = await cadenya.post(f"{path}:{verb}")
        assert refused.status_code == 400
        assert refused.json()["code"] == 9
        assert "is archived" in refused.json()["message"]
    back = await cadenya.patch(path, {"spec": {"status": "AGENT_SCHEDULE_STATUS_ACTIVE"}})
    assert back.status_code == 400
    assert back.json()["code"] == 9


async def test_it_is_born_paused_or_archived_where_its_status_says_so(cadenya: Cadenya) -> None:
    for word in ("PAUSED", "ARCHIVED"):
        made = await cadenya.created(status=f"AGENT_SCHEDULE_STATUS_{word}")
        assert made["state"] == f"STATE_{word}"
        assert "nextFireAt" not in made["info"]


async def test_delete_answers_an_empty_object_and_then_it_is_gone(cadenya: Cadenya) -> None:
    made = await cadenya.created()
    path = f"/{made['metadata']['id']}"
    deleted = await cadenya.client.delete(cadenya.base + path)
    assert deleted.status_code == 200
    assert deleted.json() == {}
    assert (await cadenya.get(path)).status_code == 404
    assert (await cadenya.client.delete(cadenya.base + path)).json()["code"] == 5


async def test_data_must_satisfy_the_agents_schema(cadenya: Cadenya) -> None:
    schema = {"type": "object", "required": ["team"], "properties": {"team": {"type": "string"}}}
    await cadenya.use_agent(inputDataSchema=schema)
    assert cadenya.violations(await cadenya.post("", cadenya.body())) == {"spec.data"}
    assert cadenya.violations(await cadenya.post("", cadenya.body(data={"team": 1}))) == {"spec.data.team"}
    made = await cadenya.created(data={"team": "blue"})
    path = f"/{made['metadata']['id']}"
    patched = await cadenya.patch(path, {"updateMask": "spec.data", "spec": {"data": {"team": 2}}})
    assert cadenya.violations(patched) == {"spec.data.team"}


async def test_an_unknown_agent_workspace_or_schedule_is_not_found(cadenya: Cadenya) -> None:
    made: dict[str, Any] = await cadenya.created()
    workspace, agent = cadenya.workspace, cadenya.agent
    for path in (
        f"/v1/workspaces/ws_01ARZ3NDEKTSV4RRFFQ69G5FAV/agents/{agent}/schedules",
        f"/v1/workspaces/{workspace}/agents/agent_01ARZ3NDEKTSV4RRFFQ69G5FAV/schedules",
        f"/v1/workspaces/{workspace}/agents/{agent}/schedules/as_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        f"/v1/workspaces/{workspace}/agents/{agent}/schedules/external_id:none",
        f"/v1/workspaces/{workspace}/agents/{agent}/schedules/{made['metadata']['id'][3:]}",
    ):
        answer = await cadenya.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, 5), path


async def test_data_that_is_sent_back_as_it_is_stays_under_a_stricter_schema(cadenya: Cadenya) -> None:
    await cadenya.use_agent()
    made = await cadenya.created(data={"team": 1})
    schema = {"type": "object", "properties": {"team": {"type": "string"}}, "required": ["team"]}
    bare = f"/{(await cadenya.created())['metadata']['id']}"
    agents = f"/v1/workspaces/{cadenya.workspace}/agents/{cadenya.agent}"
    answer = await cadenya.client.patch(agents, json={"spec": {"inputDataSchema": schema}})
    assert answer.status_code == 200, answer.text
    path = f"/{made['metadata']['id']}"
    assert (await cadenya.patch(bare, {"updateMask": "spec.data", "spec": {}})).status_code == 200
    for data, fields in (({"team": 1}, None), ({"team": 2}, {"spec.data.team"}), ({"team": "blue"}, None)):
        answer = await cadenya.patch(path, {"updateMask": "spec.data", "spec": {"data": data}})
        assert (None if answer.status_code == 200 else cadenya.violations(answer)) == fields


async def test_one_that_has_ended_stays_so_when_it_is_told_to_be_active(
    cadenya: Cadenya, house: House
) -> None:
    an_id = (await cadenya.created(schedule=at_nine("UTC")))["metadata"]["id"]
    await ask(house, "PATCH", f"/schedules/{an_id}", {"policies": {"max_fires": 1}})
    await house.move("2026-03-07T09:00:00Z")
    before = await ask(house, "GET", f"/schedules/{an_id}")
    house.clock.now += 60_000
    answer = await cadenya.patch(
        f"/{an_id}", {"spec": {"status": "AGENT_SCHEDULE_STATUS_ACTIVE"}, "state": None}
    )
    assert answer.status_code == 200
    assert (before["state"], await ask(house, "GET", f"/schedules/{an_id}")) == ("completed", before)
