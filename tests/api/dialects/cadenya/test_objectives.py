"""What fires create: objectives with their states, their conversation, and overlap seen from outside."""

from __future__ import annotations

import asyncio

import pytest

from horarium.domain.variations import choose, variations_of
from tests.api.dialects.cadenya.support import Cadenya, every
from tests.support.house import House
from tests.support.receiver import Answer, Receiver


async def with_receiver(cadenya: Cadenya, receiver: Receiver, **spec: object) -> None:
    await cadenya.use_agent(executor={"type": "http", "url": receiver.url("/agent")}, **spec)


async def arrived(receiver: Receiver, count: int) -> None:
    """Wait until a receiver has seen this many requests."""
    async with asyncio.timeout(10):
        while len(receiver.requests) < count:
            receiver.arrived.clear()
            await receiver.arrived.wait()


async def test_each_fire_creates_one_objective_that_the_agent_receives(cadenya: Cadenya) -> None:
    async with Receiver() as receiver:
        receiver.script("/agent", Answer(200, b'{"answer": "Done."}'))
        await with_receiver(cadenya, receiver)
        made = await cadenya.created(data={"team": "blue"})
        assert await cadenya.house.move("2026-03-06T14:00:00Z") == 1
        sent = receiver.requests[0].json()["input"]
    assert sent == {"initialMessage": "Good morning", "data": {"team": "blue"}}
    (one,) = await cadenya.objectives()
    assert one["metadata"]["id"].startswith("obj_")
    assert one["state"] == "OBJECTIVE_STATE_FINALIZED"
    assert one["agentScheduleId"] == made["metadata"]["id"]
    assert one["agentId"] == cadenya.agent
    assert one["initialMessage"] == "Good morning"
    assert one["data"] == {"team": "blue"}
    assert one["chatHistory"] == [
        {"role": "user", "content": "Good morning"},
        {"role": "assistant", "content": "Done."},
    ]
    assert one["output"] == {"answer": "Done."}
    info = (await cadenya.get(f"/{made['metadata']['id']}")).json()["info"]
    assert info["totalFires"] == 1
    assert info["lastObjectiveId"] == one["metadata"]["id"]
    assert info["lastFireAt"] == "2026-03-06T14:00:00.000Z"
    assert info["nextFireAt"] == "2026-03-07T14:00:00.000Z"


async def test_a_slot_that_comes_while_one_still_runs_is_skipped_and_says_so(cadenya: Cadenya) -> None:
    gate = asyncio.Event()
    async with Receiver() as receiver:
        receiver.script("/agent", Answer(200, until=gate))
        await with_receiver(cadenya, receiver)
        made = await cadenya.created(schedule=every("60s"))
        cadenya.house.clock.now += 60_000
        assert await cadenya.house.release() == 1
        working = cadenya.house.begin_work()
        await arrived(receiver, 1)
        (running,) = await cadenya.objectives(state="OBJECTIVE_STATE_RUNNING")
        cadenya.house.clock.now += 60_000
        assert await cadenya.house.release() == 0
        info = (await cadenya.get(f"/{made['metadata']['id']}")).json()["info"]
        gate.set()
        await working
    assert info["lastSkippedAt"] == "2026-03-06T12:02:00.000Z"
    assert info["lastSkipReason"] == "previous objective still running"
    assert info["totalFires"] == 1
    assert info["lastObjectiveId"] == running["metadata"]["id"]
    assert [one["state"] for one in await cadenya.objectives()] == ["OBJECTIVE_STATE_FINALIZED"]


async def test_allow_runs_both(cadenya: Cadenya) -> None:
    gate = asyncio.Event()
    async with Receiver() as receiver:
        receiver.script("/agent", Answer(200, until=gate))
        await with_receiver(cadenya, receiver)
        await cadenya.created(schedule=every("60s"), overlapPolicy="OVERLAP_POLICY_ALLOW")
        for _ in range(2):
            cadenya.house.clock.now += 60_000
            assert await cadenya.house.release() == 1
        working = cadenya.house.begin_work()
        await arrived(receiver, 2)
        assert len(await cadenya.objectives(state="OBJECTIVE_STATE_RUNNING")) == 2
        gate.set()
        await working


async def test_objectives_are_filtered_ordered_and_paged(cadenya: Cadenya) -> None:
    first = await cadenya.created(schedule=every("60s"), overlapPolicy="OVERLAP_POLICY_ALLOW")
    agent = cadenya.agent
    await cadenya.use_agent()
    other = await cadenya.created(schedule=every("3600s"))
    for _ in range(60):
        cadenya.house.clock.now += 60_000
        await cadenya.house.release()
    assert len(await cadenya.objectives(limit=100)) == 61
    assert len(await cadenya.objectives(agentId=agent, limit=100)) == 60
    assert len(await cadenya.objectives(agentScheduleId=other["metadata"]["id"])) == 1
    assert len(await cadenya.objectives(agentScheduleId=first["metadata"]["id"], limit=7)) == 7
    assert len(await cadenya.objectives(state="OBJECTIVE_STATE_PENDING", limit=100)) == 61
    assert await cadenya.objectives(state="OBJECTIVE_STATE_FAILED") == []
    assert await cadenya.objectives(agentId="agent_01ARZ3NDEKTSV4RRFFQ69G5FAV") == []
    seen: list[str] = []
    cursor = ""
    while True:
        query = {"limit": 25, "cursor": cursor, "sortOrder": "asc", "agentId": agent}
        answer = (
            await cadenya.client.get(f"/v1/workspaces/{cadenya.workspace}/objectives", params=query)
        ).json()
        assert answer["items"]
        assert answer["pagination"]["total"] == 60
        seen += [one["metadata"]["id"] for one in answer["items"]]
        cursor = answer["pagination"].get("nextCursor", "")
        if not cursor:
            break
    assert len(set(seen)) == 60
    assert seen == sorted(seen)


async def test_objectives_are_narrowed_to_a_schedule_by_its_id_or_with_the_agent_by_its_key(
    cadenya: Cadenya, house: House
) -> None:
    made = await cadenya.created({"name": "n", "externalId": "nightly"}, schedule=every("60s"))
    await cadenya.created({"name": "other"}, schedule=every("60s"))
    first = cadenya.agent
    await cadenya.use_agent()
    await cadenya.created({"name": "theirs", "externalId": "nightly"}, schedule=every("60s"))
    house.clock.now += 60_000
    await house.release()
    an_id, second = made["metadata"]["id"], cadenya.agent
    for query, count in (
        ({}, 3),
        ({"agentId": first}, 2),
        ({"agentId": second}, 1),
        ({"agentScheduleId": an_id}, 1),
        ({"agentScheduleId": an_id, "agentId": first}, 1),
        ({"agentScheduleId": an_id, "agentId": second}, 0),
        ({"agentScheduleId": "external_id:nightly", "agentId": first}, 1),
        ({"agentScheduleId": "external_id:nightly", "agentId": second}, 1),
        ({"agentScheduleId": "external_id:nothing", "agentId": first}, 0),
        ({"agentScheduleId": "external_id:", "agentId": first}, 0),
        ({"agentScheduleId": "external_id:nightly"}, 0),
        ({"agentScheduleId": "nightly", "agentId": first}, 0),
        ({"agentScheduleId": "", "agentId": ""}, 3),
    ):
        assert len(await cadenya.objectives(**query)) == count, query
    nothing = await cadenya.client.get(
        f"/v1/workspaces/{cadenya.workspace}/objectives", params={"agentScheduleId": "external_id:nightly"}
    )
    assert nothing.json() == {"items": [], "pagination": {"total": 0}}
    (one,) = await cadenya.objectives(agentScheduleId="external_id:nightly", agentId=first)
    assert one["agentScheduleId"] == an_id


async def test_events_are_listed_from_the_start_unless_told_otherwise(cadenya: Cadenya) -> None:
    async with Receiver() as receiver:
        receiver.script("/agent", Answer(200, b'{"answer": "Done."}'))
        await with_receiver(cadenya, receiver)
        await cadenya.created(schedule=every("60s"))
        await cadenya.house.move("2026-03-06T12:01:00Z")
    (one,) = await cadenya.objectives()
    path = f"/v1/workspaces/{cadenya.workspace}/objectives/{one['metadata']['id']}/events"
    said = ["userMessage", "assistantMessage"]
    for query, order in (("", said), ("?sortOrder=asc", said), ("?sortOrder=desc", said[::-1]),
                         ("?sortOrder=DESC", said[::-1])):  # fmt: skip
        found = (await cadenya.client.get(path + query)).json()
        assert [event["data"]["type"] for event in found["items"]] == order, query
        assert found["pagination"] == {"total": 2}
    assert cadenya.violations(await cadenya.client.get(path, params={"sortOrder": "up"})) == {"sortOrder"}


@pytest.mark.parametrize("name", ["OBJECTIVE_STATE_FINALIZED", "STATE_FINALIZED", "STATE_COMPLETED"])
async def test_objectives_are_filtered_by_the_names_of_states_of_both_ages(
    cadenya: Cadenya, name: str
) -> None:
    async with Receiver() as receiver:
        await with_receiver(cadenya, receiver)
        await cadenya.created(schedule=every("60s"))
        await cadenya.house.move("2026-03-06T12:01:00Z")
    (objective,) = await cadenya.objectives(state=name)
    assert objective["state"] == "OBJECTIVE_STATE_FINALIZED"
    assert (
        await cadenya.objectives(state=name.replace("FINALIZED", "FAILED").replace("COMPLETED", "FAILED"))
        == []
    )
    assert len(await cadenya.objectives(state=name.rpartition("_")[0] + "_UNSPECIFIED")) == 1


async def test_failures_and_timeouts_are_told_apart(house: House, cadenya: Cadenya) -> None:
    gate = asyncio.Event()
    async with Receiver() as receiver:
        receiver.script("/agent", Answer(400, b"no"))
        await with_receiver(cadenya, receiver)
        await cadenya.created(schedule=every("60s"))
        cadenya.house.clock.now += 60_000
        await house.release()
        await house.work()
        (failed,) = await cadenya.objectives(state="OBJECTIVE_STATE_FAILED")
        assert failed["stateMessage"]
        assert len(failed["chatHistory"]) == 1
        target = await house.target(
            "agent", receiver.url("/slow"), timeout_ms=50, name="Slow", key="slow-agent"
        )
        receiver.script("/slow", Answer(200, until=gate))
        cadenya.agent = "slow-agent"
        made = await cadenya.created(schedule=every("60s"))
        for _ in range(10):  # every attempt that there is
            cadenya.house.clock.now += 60_000
            await house.release()
            await house.work()
        gate.set()
    found = await cadenya.objectives(state="OBJECTIVE_STATE_TIMED_OUT", agentId=str(target.number))
    assert found
    assert {one["agentScheduleId"] for one in found} == {made["metadata"]["id"]}
    for one, kind in ((failed, "failed"), (found[0], "timed_out")):
        path = f"/v1/workspaces/{cadenya.workspace}/objectives/{one['metadata']['id']}/events"
        *_, last = (await cadenya.client.get(path)).json()["items"]
        assert last["data"] == {"type": "error", "error": {"type": kind, "message": one["stateMessage"]}}


async def test_a_cancelled_run_is_a_cancelled_objective(cadenya: Cadenya, house: House) -> None:
    await cadenya.created(schedule=every("60s"))
    house.clock.now += 60_000
    await house.release()
    (run,) = await house.services.runs.list(house.first.workspace_id, 10)
    await house.services.runs.cancel(house.first.workspace_id, run.id)
    (one,) = await cadenya.objectives(state="OBJECTIVE_STATE_CANCELLED")
    path = f"/v1/workspaces/{cadenya.workspace}/objectives/{one['metadata']['id']}"
    assert (await cadenya.client.get(path)).json()["state"] == "OBJECTIVE_STATE_CANCELLED"


async def test_another_workspaces_objective_is_not_found(cadenya: Cadenya, house: House) -> None:
    await cadenya.created(schedule=every("60s"))
    house.clock.now += 60_000
    await house.release()
    (one,) = await cadenya.objectives()
    other = Cadenya(house)
    tenant = await house.workspace("other")
    other.client = tenant.client
    path = f"/objectives/{one['metadata']['id']}"
    mine = (await tenant.client.get("/v1/whoami")).json()["defaultWorkspace"]["id"]
    assert (await tenant.client.get(f"/v1/workspaces/{mine}{path}")).status_code == 404
    assert (await tenant.client.get(f"/v1/workspaces/{cadenya.workspace}{path}")).status_code == 404


async def test_the_conversation_is_there_as_events_too(cadenya: Cadenya, house: House) -> None:
    await cadenya.created(schedule=every("60s"))
    house.clock.now += 60_000
    await house.release()
    (one,) = await cadenya.objectives()
    path = f"/v1/workspaces/{cadenya.workspace}/objectives/{one['metadata']['id']}/events"
    (event,) = (await cadenya.client.get(path)).json()["items"]
    assert event["data"] == {"type": "userMessage", "userMessage": {"content": "Good morning"}}


VARIATIONS = [
    {"id": "brief", "name": "Brief", "weight": 1, "spec": {"systemPromptTemplate": "Be brief."}},
    {"id": "long", "name": "Long", "weight": 3},
]


@pytest.mark.parametrize(
    ("mode", "pinned", "expected"),
    [
        ("VARIATION_SELECTION_MODE_FIRST", None, {"brief"}),
        ("weighted", None, {"brief", "long"}),
        ("VARIATION_SELECTION_MODE_FIRST", "long", {"long"}),
    ],
)
async def test_the_mode_chooses_a_variation_at_each_fire(
    cadenya: Cadenya, mode: str, pinned: str | None, expected: set[str]
) -> None:
    async with Receiver() as receiver:
        receiver.script("/agent", Answer(200))
        await with_receiver(cadenya, receiver, variations=VARIATIONS, variationSelectionMode=mode)
        given = {} if pinned is None else {"variationId": pinned}
        await cadenya.created(schedule=every("60s"), **given)
        for _ in range(25):
            cadenya.house.clock.now += 60_000
            await cadenya.house.release()
            await cadenya.house.work()
        told = {one.headers["idempotency-key"]: one.json()["variation"] for one in receiver.requests}
    assert {one["id"] for one in told.values()} == expected
    found = {one["metadata"]["id"]: one["variationId"] for one in await cadenya.objectives()}
    for run, variation in told.items():
        assert found["obj_" + run.removeprefix("run_")] == variation["id"]


def test_weights_hold_over_many_runs_and_the_choice_is_stable() -> None:
    extra = {"variations": VARIATIONS, "variation_selection_mode": "weighted"}
    ids = [number.to_bytes(16, "big") for number in range(4000)]
    chosen = [choose(extra, ids[0], one, {}).id for one in ids]
    assert chosen == [choose(extra, ids[0], one, {}).id for one in ids]
    assert 800 < chosen.count("brief") < 1200
    assert len(variations_of({}, ids[1])) == 1


async def test_an_agent_without_executor_is_a_draft_whose_objectives_fail_and_say_why(
    cadenya: Cadenya, house: House
) -> None:
    body = {"metadata": {"name": "Draft"}, "spec": {"description": "later"}}
    agent = (await cadenya.client.post(f"/v1/workspaces/{cadenya.workspace}/agents", json=body)).json()
    assert agent["state"] == "STATE_DRAFT"
    cadenya.agent = agent["metadata"]["id"]
    await cadenya.created(schedule=every("60s"))
    house.clock.now += 60_000
    await house.release()
    await house.work()
    (one,) = await cadenya.objectives()
    assert one["state"] == "OBJECTIVE_STATE_FAILED"
    assert "executor" in one["stateMessage"]


async def test_the_tokens_that_the_agent_has_used_are_told_for_each_direction(cadenya: Cadenya) -> None:
    async with Receiver() as receiver:
        receiver.script(
            "/agent", Answer(200, b'{"answer":"Done.","usage":{"input_tokens":31,"output_tokens":7}}')
        )
        await with_receiver(cadenya, receiver)
        await cadenya.created()
        assert await cadenya.house.move("2026-03-06T14:00:00Z") == 1
    (one,) = await cadenya.objectives(includeInfo="true")
    info = one["info"]
    assert (info["totalInputTokens"], info["totalOutputTokens"], info["totalIterations"]) == (31, 7, 1)
