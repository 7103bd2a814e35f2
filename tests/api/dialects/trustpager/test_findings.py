"""What clients of trustpager send and look for beyond its document."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.api.dialects.trustpager.wire import run_json
from horarium.domain.fire import Fire, FireKind, FireState
from horarium.domain.history import RunErrors
from tests.api.dialects.trustpager.orders import BASE, order
from tests.support.house import House
from tests.support.receiver import Answer, Receiver


async def made(house: House, **given: Any) -> str:
    answer = await house.client.post(BASE, json=order(**given))
    assert answer.status_code == 201, answer.text
    return f"{BASE}/{answer.json()['data']['id']}"


class TestUsedUp:
    """A schedule that has used up its max_runs."""

    @pytest.fixture
    async def url(self, house: House) -> str:
        url = await made(house, max_runs=1)
        await house.move("2026-03-02T09:00:00Z")
        assert (await house.client.get(url)).json()["data"]["is_active"] is False
        return url

    async def test_switching_it_on_alone_is_a_conflict_that_says_what_to_raise(
        self, house: House, url: str
    ) -> None:
        before = (await house.client.get(url)).json()
        answer = await house.client.patch(url, json={"is_active": True})
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert error["code"] == "CONFLICT"
        assert "max_runs (1 of 1)" in error["message"]
        assert "at least 2" in error["message"]
        assert "max_runs" in error["fix"]
        assert (await house.client.get(url)).json() == before

    @pytest.mark.parametrize("most", [2, None])
    async def test_it_goes_on_once_more_runs_are_given(
        self, house: House, url: str, most: int | None
    ) -> None:
        answer = await house.client.patch(url, json={"is_active": True, "max_runs": most})
        assert answer.status_code == 200
        assert answer.json()["data"]["is_active"] is True
        assert answer.json()["data"]["next_run_at"] is not None

    async def test_one_that_is_still_on_may_be_limited_to_the_runs_that_it_has_had(
        self, house: House, url: str
    ) -> None:
        await house.client.patch(url, json={"is_active": True, "max_runs": 5})
        answer = await house.client.patch(url, json={"is_active": True, "max_runs": 1})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["data"]["is_active"], answer.json()["data"]["next_run_at"]) == (False, None)

    async def test_too_few_more_runs_are_a_conflict_as_well(self, house: House, url: str) -> None:
        assert (await house.client.patch(url, json={"is_active": True, "max_runs": 1})).status_code == 409

    async def test_what_a_get_shows_can_be_sent_back(self, house: House, url: str) -> None:
        shown = (await house.client.get(url)).json()["data"]
        answer = await house.client.patch(url, json=shown)
        assert answer.status_code == 200
        assert answer.json()["data"] == shown


class TestWhatFailed:
    """/runs says why a fire failed."""

    @pytest.fixture
    async def url(self, house: House, receiver: Receiver) -> str:
        await house.target("automation", receiver.url("/refuse"), key="refusing")
        return await made(house, automation_id="refusing")

    async def failed(self, house: House, url: str, status: str) -> str:
        await house.move("2026-03-02T09:00:00Z")
        (record,) = (await house.client.get(f"{url}/runs")).json()["data"]
        assert record["status"] == status
        return str(record["error_message"])

    async def test_with_the_error_that_all_rows_share(
        self, house: House, receiver: Receiver, url: str
    ) -> None:
        receiver.script("/refuse", Answer(400))
        assert await self.failed(house, url, "failed") == "the target answered 400 Bad Request"

    async def test_with_each_error_and_how_many_rows_had_it(
        self, house: House, receiver: Receiver, url: str
    ) -> None:
        receiver.script("/refuse", Answer(404), Answer(400))
        assert await self.failed(house, url, "failed") == (
            "the target answered 400 Bad Request (2 rows); the target answered 404 Not Found (1 row)"
        )

    async def test_when_only_some_rows_failed(self, house: House, receiver: Receiver, url: str) -> None:
        receiver.script("/refuse", Answer(400), Answer(200))
        assert await self.failed(house, url, "partial") == "the target answered 400 Bad Request"

    async def test_and_nothing_where_nothing_failed(self, house: House, receiver: Receiver, url: str) -> None:
        assert await self.failed(house, url, "completed") == "None"

    async def test_when_the_automation_is_switched_off(
        self, house: House, receiver: Receiver, url: str
    ) -> None:
        shown = (await house.client.patch("/horarium/v1/targets/refusing", json={"enabled": False})).json()
        assert shown["enabled"] is False, shown
        assert "the target is disabled" in await self.failed(house, url, "failed")


async def test_the_newer_name_of_the_routes_answers_the_same(house: House) -> None:
    newer = BASE.replace("event-schedules", "auto-schedules")
    answer = await house.client.post(newer, json=order())
    assert answer.status_code == 201
    an_id = answer.json()["data"]["id"]
    for base in (newer, BASE, "/v1/auto-schedules", "/v1/event-schedules"):
        assert (await house.client.get(f"{base}/{an_id}")).json()["data"]["id"] == an_id
    preview = await house.client.post(f"{newer}/preview-cron", json={"cron_expression": "0 9 * * *"})
    assert preview.status_code == 200
    lost = await house.client.get(f"{newer}/nothing/here")
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_rows_that_were_cancelled_are_among_those_with_other_errors() -> None:
    fire = Fire(
        *(bytes(16),) * 3, 1, FireKind.CLOCK, 0, 0, FireState.PARTIAL, 0, runs=5, failed=2, cancelled=2
    )
    record = run_json(fire, [RunErrors("refused", 1)])
    assert record["error_message"] == "refused (1 row); other errors (3 rows)"
