"""Schedules of uranus: types, pauses, completion, callbacks, executions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asking import ask
from tests.api.dialects.uranus.conftest import (
    BASE,
    CRON,
    DELAYED,
    ONCE,
    create,
    get,
    put,
    refused,
)
from tests.support.house import House, instant, target_id
from tests.support.receiver import Answer, Receiver


class TestCreating:
    @pytest.mark.parametrize(
        ("fraction", "second"), [("", 0), (".0", 0), (".001", 1), (".5", 1), (".999", 1)]
    )
    async def test_an_instant_with_a_fraction_of_a_second_is_rounded_up(
        self, house: House, fraction: str, second: int
    ) -> None:
        made = await create(house, ONCE, next_run=f"2024-12-20T15:00:00{fraction}Z")
        assert made["next_run"].startswith(f"2024-12-20T15:00:0{second}")

    @pytest.mark.parametrize(
        "when", ["2024-12-15T09:59:59Z", "2024-12-15T10:00:00Z", "2024-12-15T10:30:00+02:00"]
    )
    async def test_once_must_lie_ahead(self, house: House, when: str) -> None:
        answer = await house.client.post(BASE, json=ONCE | {"next_run": when})
        assert answer.status_code == 400
        assert answer.json()["error"]["details"]["field"] == "next_run"

    @pytest.mark.parametrize(
        ("body", "field", "wrong"),
        [
            (ONCE, "next_run", "2024-12-20 15:00"),
            (ONCE, "next_run", "2024-12-20T15:00:00"),
            (ONCE, "next_run", 1734706800),
            (ONCE, "next_run", None),
            (DELAYED, "delay_seconds", 0),
            (DELAYED, "delay_seconds", -5),
            (DELAYED, "delay_seconds", 1.5),
            (DELAYED, "delay_seconds", "60"),
            (DELAYED, "delay_seconds", True),
            (DELAYED, "delay_seconds", 1 << 52),
            (DELAYED, "delay_seconds", None),
            (CRON, "cron_expression", "61 * * * *"),
            (CRON, "cron_expression", "@daily"),
            (CRON, "cron_expression", "0 0 31 2 *"),
            (CRON, "cron_expression", 5),
            (CRON, "cron_expression", None),
            (CRON, "name", ""),
            (CRON, "name", None),
            (CRON, "name", 5),
            (CRON, "type", "weekly"),
            (CRON, "type", None),
            (CRON, "callback_type", "tool"),
            (CRON, "callback_type", None),
            (CRON, "callback_id", "nobody"),
            (CRON, "callback_id", "fn"),
            (CRON, "callback_id", None),
            (CRON, "callback_id", True),
            (CRON, "status", "completed"),
            (CRON, "status", "stopped"),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, house: House, body: dict[str, Any], field: str, wrong: Any
    ) -> None:
        answer = await house.client.post(BASE, json=body | {field: wrong})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
        assert error["message"] == "Invalid schedule data"
        assert error["details"].keys() == {"field", "issue"}
        assert error["details"]["field"] == field

    async def test_all_problems_are_told(self, house: House) -> None:
        error = (await house.client.post(BASE, json={"type": "once"})).json()["error"]
        assert {one["field"] for one in error["problems"]} == {
            "name", "next_run", "callback_type", "callback_id",
        }  # fmt: skip

    async def test_an_offset_is_turned_to_utc(self, house: House) -> None:
        made = await create(house, ONCE, next_run="2024-12-20T16:00:00+01:00")
        assert made["next_run"] == "2024-12-20T15:00:00Z"

    async def test_a_delay_counts_from_receipt_and_is_never_early(self, house: House) -> None:
        house.clock.now += 400
        assert (await create(house, DELAYED, delay_seconds=1))["next_run"] == "2024-12-15T10:00:02Z"

    async def test_paused_from_the_start(self, house: House, receiver: Receiver) -> None:
        cron, once = await create(house, CRON, status="paused"), await create(house, ONCE, status="paused")
        assert (cron["status"], cron["next_run"]) == ("paused", None)
        assert (once["status"], once["next_run"]) == ("paused", "2024-12-20T15:00:00Z")
        assert await house.move("2024-12-21T00:00:00Z") == 0

    @pytest.mark.parametrize("reference", ["key", "id", "number"])
    async def test_a_callback_is_named_by_id_key_or_number(self, house: House, reference: str) -> None:
        target = await house.target("function", key="callee")
        name = {"key": "callee", "id": target_id(target), "number": target.number}[reference]
        made = await create(house, CRON, callback_type="function", callback_id=name)
        assert made["callback_id"] == str(name)

    async def test_cron_is_read_in_the_agents_zone(self, house: House) -> None:
        await house.target("agent", key="parisian", extra={"calendar_timezone": "Europe/Paris"})
        made = await house.client.post("/api/agents/parisian/schedules", json=CRON)
        assert made.json()["next_run"] == "2024-12-16T08:00:00Z"

    async def test_an_instant_and_a_delay_are_in_no_zone_of_the_agent(self, house: House) -> None:
        await house.target("agent", key="parisian", extra={"calendar_timezone": "Europe/Paris"})
        for body, zone in ((CRON, "Europe/Paris"), (ONCE, "UTC"), (DELAYED, "UTC")):
            made = (await house.client.post("/api/agents/parisian/schedules", json=body)).json()
            own = await ask(house, "GET", f"/schedules/{made['id']}")
            assert own["timezone"] == zone, body

    async def test_the_agent_may_be_named_by_id_or_number(self, house: House) -> None:
        await create(house, CRON)
        agent = await house.services.targets.get(await house.who(), "secretary")
        for name in (target_id(agent), str(agent.number)):
            listed = await house.client.get(f"/api/agents/{name}/schedules")
            assert len(listed.json()["schedules"]) == 1


class TestLives:
    async def test_once_fires_once_and_is_completed(self, house: House, receiver: Receiver) -> None:
        made = await create(house, ONCE)
        assert await house.move("2024-12-20T15:00:00Z") == 1
        after = await get(house, made)
        assert (after["status"], after["next_run"]) == ("completed", None)
        assert after["last_run"] == "2024-12-20T15:00:00Z"
        assert [one["status"] for one in after["executions"]] == ["success"]
        assert await house.move("2025-12-20T15:00:00Z") == 0
        assert [one.path for one in receiver.requests] == ["/workflow-789"]

    async def test_one_that_comes_late_fires_all_the_same(self, house: House) -> None:
        made = await create(house, DELAYED)
        assert await house.move("2025-03-01T00:00:00Z") == 1
        assert (await get(house, made))["last_run"] == "2025-03-01T00:00:00Z"

    @pytest.mark.parametrize("body", [ONCE, DELAYED])
    async def test_paused_past_its_time_it_fires_on_resume(
        self, house: House, receiver: Receiver, body: dict[str, Any]
    ) -> None:
        made = await create(house, body)
        paused = await put(house, made, status="paused")
        assert (paused["status"], paused["next_run"]) == ("paused", made["next_run"])
        assert await house.move("2024-12-21T00:00:00Z") == 0
        assert (await get(house, made))["next_run"] == made["next_run"]
        await put(house, made, name="Renamed", callback_type="function", callback_id="fn")
        assert (await put(house, made, status="active"))["status"] == "active"
        assert await house.move("2024-12-21T00:00:01Z") == 1
        assert (await get(house, made))["status"] == "completed"
        assert [one.path for one in receiver.requests] == ["/function"]

    async def test_resumed_before_its_time_it_keeps_it(self, house: House) -> None:
        made = await create(house, DELAYED)
        await put(house, made, status="paused")
        await house.move("2024-12-15T10:30:00Z")
        assert (await put(house, made, status="active"))["next_run"] == "2024-12-15T11:00:00Z"

    async def test_cron_does_not_catch_up_a_pause(self, house: House) -> None:
        made = await create(house, CRON)
        assert (await put(house, made, status="paused"))["next_run"] is None
        await house.move("2024-12-20T12:00:00Z")
        assert (await put(house, made, status="active"))["next_run"] == "2024-12-21T09:00:00Z"
        assert await house.move("2024-12-20T12:00:01Z") == 0

    async def test_failures_are_told_with_their_error(self, house: House, receiver: Receiver) -> None:
        receiver.script("/workflow-456", Answer(400))
        made = await create(house, CRON)
        await house.move("2024-12-16T09:00:00Z")
        (execution,) = (await get(house, made))["executions"]
        assert execution["status"] == "failed"
        assert execution["error"]

    async def test_executions_are_newest_first_and_at_most_50(self, house: House) -> None:
        made = await create(house, CRON, cron_expression="* * * * *")
        for minute in range(1, 56):
            await house.move(f"2024-12-15T10:{minute:02}:00Z")
        rows = (await get(house, made))["executions"]
        assert len(rows) == 50
        assert [one["executed_at"] for one in rows[:2]] == ["2024-12-15T10:55:00Z", "2024-12-15T10:54:00Z"]


class TestChanging:
    async def test_what_is_shown_can_be_sent_back(self, house: House) -> None:
        for body in (CRON, ONCE, DELAYED):
            made = await create(house, body)
            assert await put(house, made, **made) == made
            nothing = dict.fromkeys(made)
            assert await put(house, made, **nothing) == made

    async def test_the_same_delay_does_not_restart(self, house: House) -> None:
        made = await create(house, DELAYED)
        await house.move("2024-12-15T10:20:00Z")
        same = await put(house, made, delay_seconds=3600, name="Later")
        assert same["next_run"] == "2024-12-15T11:00:00Z"
        other = await put(house, made, delay_seconds=600)
        assert other["next_run"] == "2024-12-15T10:30:00Z"

    async def test_a_passed_time_of_a_paused_one_may_be_sent_back(self, house: House) -> None:
        made = await create(house, ONCE)
        await put(house, made, status="paused")
        await house.move("2024-12-21T00:00:00Z")
        assert (await put(house, made, next_run=ONCE["next_run"]))["next_run"] == ONCE["next_run"]
        assert await refused(house, made, next_run="2024-12-20T16:00:00Z") == "next_run"

    async def test_a_changed_type_needs_its_own_field(self, house: House) -> None:
        made = await create(house, CRON)
        assert await refused(house, made, type="once") == "next_run"
        assert await refused(house, made, type="delayed", cron_expression="0 1 * * *") == "delay_seconds"
        delayed = await put(house, made, type="delayed", delay_seconds=60)
        assert (delayed["type"], delayed["next_run"]) == ("delayed", "2024-12-15T10:01:00Z")
        assert "cron_expression" not in delayed
        assert await refused(house, made, type="cron") == "cron_expression"
        assert (await put(house, made, type="cron", cron_expression="0 9 * * *"))["type"] == "cron"

    async def test_another_types_field_means_nothing(self, house: House) -> None:
        made = await create(house, CRON)
        assert await put(house, made, delay_seconds=5, next_run="2020-01-01T00:00:00Z") == made
        assert await refused(house, made, delay_seconds="5") == "delay_seconds"

    async def test_a_callback_changes_as_a_pair(self, house: House) -> None:
        made = await create(house, CRON)
        assert await refused(house, made, callback_type="function") == "callback_id"
        assert await refused(house, made, callback_id="fn") == "callback_id"
        changed = await put(house, made, callback_type="function", callback_id="fn")
        assert (changed["callback_type"], changed["callback_id"]) == ("function", "fn")
        again = await put(house, made, callback_id="fn")
        assert again == changed

    async def test_completed_is_no_state_to_set(self, house: House) -> None:
        for body in (CRON, ONCE, DELAYED):
            made = await create(house, body)
            assert await refused(house, made, status="completed") == "status"

    async def test_a_completed_one_goes_on_with_a_new_time_only(self, house: House) -> None:
        made = await create(house, ONCE)
        await house.move("2024-12-20T15:00:00Z")
        done = await put(house, made, status="completed", name="Renamed", next_run=None)
        assert (done["status"], done["name"], done["next_run"]) == ("completed", "Renamed", None)
        assert await refused(house, made, status="active") == "status"
        assert await refused(house, made, status="active", next_run=ONCE["next_run"]) == "status"
        assert await refused(house, made, status="paused") == "status"
        assert await refused(house, made, status="active", next_run="2024-12-20T14:00:00Z") == "next_run"
        again = await put(house, made, status="active", next_run="2024-12-24T18:00:00Z")
        assert (again["status"], again["next_run"]) == ("active", "2024-12-24T18:00:00Z")
        assert await house.move("2024-12-24T18:00:00Z") == 1
        assert len((await get(house, made))["executions"]) == 2

    async def test_a_completed_delay_goes_on_with_new_delay_seconds(self, house: House) -> None:
        made = await create(house, DELAYED)
        await house.move("2024-12-15T11:00:00Z")
        assert await refused(house, made, status="active", delay_seconds=3600) == "status"
        again = await put(house, made, status="active", delay_seconds=60)
        assert (again["status"], again["next_run"]) == ("active", "2024-12-15T11:01:00Z")

    async def test_a_completed_one_goes_on_with_a_new_time_alone(self, house: House) -> None:
        for body, change, coming in (
            (ONCE, {"next_run": "2024-12-24T18:00:00Z"}, "2024-12-24T18:00:00Z"),
            (DELAYED, {"delay_seconds": 60}, "2024-12-20T15:01:00Z"),
        ):
            made = await create(house, body)
            await house.move("2024-12-20T15:00:00Z")
            assert (await get(house, made))["status"] == "completed"
            again = await put(house, made, **change)
            assert (again["status"], again["next_run"]) == ("active", coming)
            house.clock.now = instant("2024-12-15T10:00:00Z")

    async def test_one_that_has_failed_begins_anew_with_a_new_time(
        self, house: House, receiver: Receiver
    ) -> None:
        for number, (body, change) in enumerate(
            ((ONCE, {"next_run": "2024-12-24T18:00:00Z"}), (DELAYED, {"delay_seconds": 60}))
        ):
            receiver.script(f"/{body['callback_id']}", Answer(400))
            made = await create(house, body, name=f"Number {number}")
            await house.move("2024-12-20T15:00:00Z")
            seen = []
            for given in ({}, change):
                if given:
                    await put(house, made, **given)
                (shown, *_) = (await ask(house, "GET", f"/schedules?search=Number {number}"))["items"]
                seen.append(shown["counts"]["failures_in_row"])
            assert seen == [1, 0]
            house.clock.now = instant("2024-12-15T10:00:00Z")

    async def test_a_paused_one_stays_paused_with_a_new_time(self, house: House) -> None:
        for body, change in (
            (CRON, {"cron_expression": "0 10 * * *"}),
            (ONCE, {"next_run": "2024-12-24T18:00:00Z"}),
            (DELAYED, {"delay_seconds": 60}),
        ):
            made = await create(house, body)
            await put(house, made, status="paused")
            assert (await put(house, made, **change))["status"] == "paused"

    async def test_a_callback_that_the_own_api_has_set_may_be_replaced_by_one_of_its_kind(
        self, house: House
    ) -> None:
        await house.target("function", key="fn-2")
        made = await create(house, CRON)
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"target": "fn"})
        changed = await put(house, made, callback_id="fn-2")
        assert (changed["callback_type"], changed["callback_id"]) == ("function", "fn-2")
        assert await refused(house, made, callback_id="workflow-456") == "callback_id"

    async def test_a_completed_one_may_get_a_new_time_and_be_paused_in_one_request(
        self, house: House
    ) -> None:
        made = await create(house, ONCE)
        await house.move("2024-12-20T15:00:00Z")
        again = await put(house, made, status="paused", next_run="2024-12-24T18:00:00Z")
        assert again["status"] == "paused"

    async def test_an_edit_never_fires_by_itself(self, house: House) -> None:
        made = await create(house, CRON)
        await put(house, made, cron_expression="* * * * *")
        assert await house.release() == 0


class TestLists:
    async def test_filters_by_type_and_status(self, house: House) -> None:
        made = {body["type"]: await create(house, body) for body in (CRON, ONCE, DELAYED)}
        await put(house, made["cron"], status="paused")
        await house.move("2024-12-15T11:00:00Z")
        for query, expected in (
            ("", {"cron", "once", "delayed"}),
            ("?type=once", {"once"}),
            ("?type=cron&status=paused", {"cron"}),
            ("?status=active", {"once"}),
            ("?status=completed", {"delayed"}),
            ("?status=completed&type=cron", set()),
        ):
            listed = (await house.client.get(f"{BASE}{query}")).json()["schedules"]
            assert {one["type"] for one in listed} == expected, query

    async def test_a_name_that_looks_like_a_type_deceives_nobody(self, house: House) -> None:
        await create(house, CRON, name='"type":"once"')
        assert (await house.client.get(f"{BASE}?type=once")).json() == {"schedules": []}

    async def test_a_changed_type_is_listed_under_the_new_one(self, house: House) -> None:
        made = await create(house, CRON)
        await put(house, made, type="delayed", delay_seconds=5)
        assert (await house.client.get(f"{BASE}?type=cron")).json() == {"schedules": []}

    async def test_limit_and_offset(self, house: House) -> None:
        made = []
        for number in range(4):
            house.clock.now += 1000
            made.append((await create(house, CRON, name=f"n{number}"))["id"])
        page = (await house.client.get(f"{BASE}?limit=2&offset=1")).json()["schedules"]
        assert [one["id"] for one in page] == made[1:3]

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1", "status=gone", "type=weekly"])
    async def test_a_wrong_parameter_is_refused(self, house: House, query: str) -> None:
        answer = await house.client.get(f"{BASE}?{query}")
        assert answer.status_code == 400
        assert answer.json()["error"]["details"]["field"] == query.partition("=")[0]

    async def test_another_agents_schedule_is_not_found(self, house: House) -> None:
        made = await create(house, CRON)
        await house.target("agent", key="other")
        assert (await house.client.get("/api/agents/other/schedules")).json() == {"schedules": []}
        for method in ("GET", "PUT", "DELETE"):
            path = f"/api/agents/other/schedules/{made['id']}"
            answer = await house.client.request(method, path, json={"name": "x"})
            assert answer.json()["error"]["message"] == "Schedule not found"
            assert answer.status_code == 404
