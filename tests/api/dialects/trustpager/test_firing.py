"""Previews, fires by hand and by the clock, and the record of both."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from horarium.api.dialects.trustpager.wire import cursor_text
from horarium.domain.audience import SourceFault
from horarium.domain.execution import Outcome, Verdict
from horarium.service.rates import AUDIENCE, READ
from horarium.times.instants import LAST_MS
from tests.api.dialects.trustpager.orders import BASE, fill, order
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

RUN = {
    "id", "schedule_id", "company_id", "fired_at", "completed_at", "status", "audience_size", "runs_triggered",
    "runs_failed", "error_message", "created_at",
}  # fmt: skip


async def made(house: House, **given: Any) -> str:
    answer = await house.client.post(BASE, json=order(**given))
    assert answer.status_code == 201, answer.text
    return f"{BASE}/{answer.json()['data']['id']}"


async def fire_now(house: House, url: str, **headers: str) -> Any:
    """Fire by hand while the engine reads audiences beside it, as on a server."""

    async def engine() -> None:
        while True:
            await house.resolve()
            await asyncio.sleep(0)

    beside = asyncio.create_task(engine())
    try:
        return await house.client.post(f"{url}/fire-now", headers=headers)
    finally:
        beside.cancel()


async def runs(house: House, url: str, **params: Any) -> Any:
    return (await house.client.get(f"{url}/runs", params=params)).json()


async def test_preview_cron_gives_the_next_runs_and_makes_nothing(house: House) -> None:
    answer = await house.client.post(f"{BASE}/preview-cron", json={"cron_expression": "0 9 * * 1-5"})
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "cron_expression": "0 9 * * 1-5",
        "timezone": "UTC",
        "next_runs": [f"2026-03-{day:02}T09:00:00.000Z" for day in (2, 3, 4, 5, 6)],
    }
    body = {"cron_expression": "0 9 * * 1", "timezone": "Australia/Sydney", "count": 1}
    data = (await house.client.post(f"{BASE}/preview-cron", json=body)).json()["data"]
    assert data["next_runs"] == ["2026-03-08T22:00:00.000Z"]
    assert (await house.client.get(BASE)).json()["data"] == []


async def test_a_preview_is_in_the_zone_of_the_workspace_unless_told_otherwise(house: House) -> None:
    who = await house.who()
    await house.services.tenancy.update_workspace(who, who.workspace_id, settings={"timezone": "Asia/Tokyo"})
    answer = await house.client.post(
        f"{BASE}/preview-cron", json={"cron_expression": "0 9 * * *", "count": 1}
    )
    data = answer.json()["data"]
    assert (data["timezone"], data["next_runs"]) == ("Asia/Tokyo", ["2026-03-03T00:00:00.000Z"])


@pytest.mark.parametrize(
    "body",
    [{}, {"cron_expression": "x"}, {"cron_expression": "0 9 * * *", "count": 0},
     {"cron_expression": "0 9 * * *", "count": 21}, {"cron_expression": "0 9 * * *", "count": "5"},
     {"cron_expression": "0 9 * * *", "timezone": "Nowhere"}],
)  # fmt: skip
async def test_a_preview_that_cannot_be_is_refused(house: House, body: dict[str, Any]) -> None:
    assert (await house.client.post(f"{BASE}/preview-cron", json=body)).status_code == 400


async def test_the_audience_is_previewed_and_nothing_fires(house: House) -> None:
    url = await made(house, audience_filter={"roles": ["client_editor"]})
    answer = await house.client.get(f"{url}/audience-preview")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["count"] == 2
    assert data["sample"][0] == {
        "key": "u1",
        "trigger_data": {
            "user_id": "u1", "user_email": "ada@example.com", "user_full_name": "Ada", "user_role": "client_editor",
        },
    }  # fmt: skip
    one = (await house.client.get(f"{url}/audience-preview", params={"sample": 1})).json()["data"]
    assert (one["count"], len(one["sample"])) == (2, 1)
    none = (await house.client.get(f"{url}/audience-preview", params={"sample": 0})).json()["data"]
    assert (none["count"], none["sample"]) == (2, [])
    assert (await house.client.get(f"{url}/audience-preview", params={"sample": 51})).status_code == 400
    assert (await runs(house, url))["data"] == []


async def test_a_preview_of_the_audience_shows_five_rows_unless_told_otherwise(house: House) -> None:
    await fill(house, "users", [{"id": f"u{number}"} for number in range(1, 9)])
    data = (await house.client.get(f"{await made(house)}/audience-preview")).json()["data"]
    assert (data["count"], len(data["sample"])) == (8, 5)


async def test_a_preview_of_the_audience_costs_as_much_of_the_rate_limit_as_in_the_own_api(
    house: House,
) -> None:
    url = await made(house)
    house.services.rates.limit = 1_000.0
    answer = await house.client.get(f"{url}/audience-preview")
    assert answer.headers["RateLimit"].startswith(f'"key";r={1_000 - int(READ + AUDIENCE)};')


async def test_a_clock_fire_counts_once_whatever_its_audience(house: House) -> None:
    url = await made(house)
    await house.move("2026-03-02T09:00:00Z")
    data = (await house.client.get(url)).json()["data"]
    assert data["run_count"] == 1
    (record,) = (await runs(house, url))["data"]
    assert set(record) == RUN
    assert (record["audience_size"], record["runs_triggered"]) == (3, 3)
    assert record["fired_at"] == "2026-03-02T09:00:00.000Z"


async def test_fire_now_answers_once_its_runs_are_recorded_and_moves_nothing(house: House) -> None:
    url = await made(house, max_runs=1)
    before = (await house.client.get(url)).json()["data"]
    answer = await fire_now(house, url)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert set(data) == {"run_id", "status", "audience_size", "runs_triggered", "runs_failed"}
    assert (data["status"], data["audience_size"], data["runs_triggered"]) == ("running", 3, 3)
    assert (await house.client.get(url)).json()["data"] == before
    (record,) = (await runs(house, url))["data"]
    assert record["id"] == data["run_id"]


@pytest.mark.parametrize("given", [{"is_active": False}, {"end_at": "2026-01-01T00:00:00Z"}, {"max_runs": 1}])
async def test_fire_now_works_on_what_does_not_run_any_more(house: House, given: dict[str, Any]) -> None:
    url = await made(house, **given)
    await house.move("2026-03-03T09:00:00Z")
    assert (await house.client.get(url)).json()["data"]["next_run_at"] is None
    assert (await fire_now(house, url)).json()["data"]["audience_size"] == 3


async def test_a_schedule_whose_end_has_passed_stays_active_and_has_no_next_run(house: House) -> None:
    """The document lets `end_at` stop the firing, and only `max_runs` switch a schedule off."""
    url = await made(house, end_at="2026-03-02T09:00:00Z")
    assert await house.move("2026-03-02T09:00:00Z") == 1
    assert await house.move("2026-03-04T09:00:00Z") == 0
    data = (await house.client.get(url)).json()["data"]
    assert (data["is_active"], data["next_run_at"], data["run_count"]) == (True, None, 1)


async def test_an_empty_audience_is_a_completed_fire_of_size_0(house: House) -> None:
    url = await made(house, audience_filter={"roles": ["nobody"]})
    data = (await fire_now(house, url)).json()["data"]
    assert (data["status"], data["audience_size"], data["runs_triggered"]) == ("completed", 0, 0)
    await house.move("2026-03-02T09:00:00Z")
    newest = (await runs(house, url))["data"][0]
    assert (newest["status"], newest["error_message"]) == ("completed", None)
    assert newest["completed_at"] == "2026-03-02T09:00:00.000Z"
    assert (await house.client.get(url)).json()["data"]["run_count"] == 1


async def test_two_fires_in_one_instant_are_two_unless_they_share_a_key(house: House) -> None:
    url = await made(house)
    for _ in range(2):
        await fire_now(house, url)
    assert len((await runs(house, url))["data"]) == 2
    key = {"Idempotency-Key": "again"}
    first = await fire_now(house, url, **key)
    await house.work()
    again = await fire_now(house, url, **key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len((await runs(house, url))["data"]) == 3
    other = await house.client.post(f"{url}/fire-now", headers=key, json={"x": 1})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "CONFLICT")


async def test_the_first_answer_to_a_key_is_given_again_after_the_fire_has_ended(
    house: House, receiver: Receiver
) -> None:
    await house.target("automation", receiver.url("/hook"), key="hooked")
    url, key = await made(house, automation_id="hooked"), {"Idempotency-Key": "again"}
    first = await fire_now(house, url, **key)
    await house.work()
    assert (await runs(house, url))["data"][0]["status"] == "completed"
    again = await fire_now(house, url, **key)
    assert (again.json()["data"]["status"], again.content) == ("running", first.content)


async def test_one_key_fires_each_of_two_schedules_once(house: House) -> None:
    urls, key = [await made(house), await made(house, name="Other")], {"Idempotency-Key": "again"}
    ids = {(await fire_now(house, url, **key)).json()["data"]["run_id"] for url in urls * 2}
    assert len(ids) == 2
    assert [len((await runs(house, url))["data"]) for url in urls] == [1, 1]


async def test_runs_are_paged_latest_first(house: House) -> None:
    url = await made(house)
    for day in range(2, 9):
        await house.move(f"2026-03-0{day}T09:00:00Z")
    first = await runs(house, url, limit=3)
    await house.move("2026-03-09T09:00:00Z")
    second = await runs(house, url, limit=3, after=first["pagination"]["next_cursor"])
    third = await runs(house, url, limit=3, after=second["pagination"]["next_cursor"])
    fired = [one["fired_at"][:10] for page in (first, second, third) for one in page["data"]]
    assert fired == [f"2026-03-0{day}" for day in range(8, 1, -1)]
    assert third["pagination"]["has_more"] is False


async def test_the_record_tells_how_it_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = iter([Verdict.SUCCEEDED, Verdict.FAILED, Verdict.SUCCEEDED, *[Verdict.FAILED] * 3])

    async def execute(*_: Any) -> Outcome:
        return Outcome(next(verdicts), retryable=False)

    monkeypatch.setattr(type(house.services.executors["http"]), "execute", execute)
    url = await made(house)
    await house.move("2026-03-02T09:00:00Z")
    await house.move("2026-03-03T09:00:00Z")
    failed, partial = (await runs(house, url))["data"]
    assert (partial["status"], partial["runs_triggered"], partial["runs_failed"]) == ("partial", 3, 1)
    assert (failed["status"], failed["runs_triggered"], failed["runs_failed"]) == ("failed", 3, 3)
    assert failed["completed_at"] == "2026-03-03T09:00:00.000Z"


async def test_an_audience_that_cannot_be_read_fails_with_the_reason(house: House, monkeypatch: Any) -> None:
    url = await made(house)

    async def broken(*_: Any) -> int:
        raise SourceFault("the directory is closed today", lasting=True)

    monkeypatch.setattr(house.services.audiences.sources["directory"], "count", broken)
    data = (await fire_now(house, url)).json()["data"]
    assert (data["status"], data["audience_size"], data["runs_triggered"]) == ("failed", 0, 0)
    (record,) = (await runs(house, url))["data"]
    assert record["error_message"] == "the directory is closed today"
    answer = await house.client.get(f"{url}/audience-preview")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("users", {"roles": ["client_editor"], "user_ids": ["9f1c2d3e-0000-4000-8000-000000000001"]}),
        ("tasks_by_assignee", {"statuses": ["open"], "include_overdue_only": True, "max_tasks_per_user": 20}),
        ("contacts", {"contact_type": "lead", "has_email": True, "limit": 500}),
        ("deals", {"status": "open", "stale_days": 14, "pipeline_id": "9f1c2d3e-0000-4000-8000-000000000002",
                   "stage_ids": ["9f1c2d3e-0000-4000-8000-000000000003"], "limit": 200}),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "cron", ["*/15 * * * *", "0 * * * *", "0 9 * * *", "0 9 * * 1-5", "0 9 * * 1", "0 9,17 * * *"]
)
async def test_every_expression_and_filter_of_the_document_works(
    house: House, kind: str, given: dict[str, Any], cron: str
) -> None:
    url = await made(house, cron_expression=cron, audience_type=kind, audience_filter=given)
    data = (await house.client.get(url)).json()["data"]
    assert (data["audience_type"], data["audience_filter"], data["cron_expression"]) == (kind, given, cron)
    assert data["next_run_at"] is not None
    assert (await house.client.get(f"{url}/audience-preview")).json()["data"]["count"] == 0
    assert (
        await house.client.post(f"{BASE}/preview-cron", json={"cron_expression": cron})
    ).status_code == 200


async def test_a_source_with_the_name_of_a_type_takes_its_place(house: House) -> None:
    async with Receiver() as receiver:
        rows = [{"id": "x1", "contact_email": "x@example.com"}, {"id": "x2"}]
        receiver.script("/crm", Answer(200, orjson.dumps({"data": rows})))
        body = {"type": "http", "config": {"url": receiver.url("/crm")}}
        assert (await house.client.put("/horarium/v1/audiences/contacts", json=body)).status_code == 200
        url = await made(house, audience_type="contacts", audience_filter={"contact_type": "lead"})
        data = (await house.client.get(f"{url}/audience-preview")).json()["data"]
        assert (data["count"], data["sample"][0]) == (2, {"key": "x1", "trigger_data": rows[0]})
        assert receiver.requests[0].json()["filter"] == {"contact_type": "lead"}
        fired = (await fire_now(house, url)).json()["data"]
        assert (fired["audience_size"], fired["runs_triggered"]) == (2, 2)
        wrong = order(audience_type="contacts", audience_filter={"colour": "red"})
        assert (await house.client.post(BASE, json=wrong)).status_code == 400


async def test_a_run_is_given_its_trigger_data(house: House) -> None:
    async with Receiver() as receiver:
        receiver.script("/hook", Answer(200))
        await house.target("automation", receiver.url("/hook"), key="hooked")
        url = await made(house, automation_id="hooked", audience_filter={"user_ids": ["u2"]})
        await fire_now(house, url)
        await house.work()
        (sent,) = [one.json() for one in receiver.requests]
        assert sent["row"]["user_email"] == "bob@example.com"
        assert sent["run"]["row_key"] == "u2"
        (record,) = (await runs(house, url))["data"]
        assert (record["status"], record["runs_failed"]) == ("completed", 0)


async def test_a_cursor_into_the_fires_of_another_schedule_is_unknown(house: House) -> None:
    urls = [await made(house), await made(house, name="Other")]
    for day in range(2, 5):
        await house.move(f"2026-03-0{day}T09:00:00Z")
    cursor = (await runs(house, urls[0], limit=1))["pagination"]["next_cursor"]
    assert len((await runs(house, urls[0], after=cursor))["data"]) == 2
    answer = await house.client.get(f"{urls[1]}/runs", params={"after": cursor})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "position",
    [b"", b"x", bytes(8), bytes(23), bytes(25), (LAST_MS + 1).to_bytes(8, "big") + bytes(16), b"\xff" * 24],
)
async def test_a_position_that_no_answer_ever_gave_is_refused_though_it_is_sealed(
    house: House, position: bytes
) -> None:
    url = await made(house)
    of = bytes.fromhex(url.rpartition("/")[2].replace("-", "")) + b"runs"
    answer = await house.client.get(f"{url}/runs", params={"after": cursor_text(position, of)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_a_cursor_is_accepted_only_as_it_was_given(house: House) -> None:
    for _ in range(2):
        await made(house)
    given = (await house.client.get(BASE, params={"limit": 1})).json()["pagination"]["next_cursor"]
    assert (await house.client.get(BASE, params={"after": given})).status_code == 200
    for other in (f"{given}=", f"{given}A", f"!{given}", given[1:], given[:-1], given.swapcase(), "ä"):
        answer = await house.client.get(BASE, params={"after": other})
        assert answer.status_code == 400, other
