"""When events run: the three forms, one-time events, toggling, and what an update does to the clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.dialects.autessa.support import Autessa, agent_event
from tests.support.house import House


@pytest.fixture
async def body(house: House) -> dict[str, Any]:
    return agent_event((await house.target("agent")).number, timezone="UTC")


@pytest.mark.parametrize(
    ("expression", "zone", "upcoming"),
    [
        ("cron(0 12 ? * MON-FRI *)", "UTC", "2025-11-04T12:00:00Z"),
        ("cron(0 0 1 * ? *)", "America/New_York", "2025-12-01T05:00:00Z"),
        ("cron(0 10 L * ? *)", "UTC", "2025-11-30T10:00:00Z"),
        ("rate(5 minutes)", "UTC", "2025-11-03T12:05:00Z"),
        ("rate(1 day)", "America/New_York", "2025-11-04T12:00:00Z"),
        ("at(2025-12-31T23:59:59)", "America/New_York", "2026-01-01T04:59:59Z"),
        ("cron(0 0 1 1 ? 2020)", "UTC", None),
    ],
)
async def test_the_next_run_of_each_form(
    autessa: Autessa, body: dict[str, Any], expression: str, zone: str, upcoming: str | None
) -> None:
    event = await autessa.event(**body | {"cronExpression": expression, "timezone": zone})
    assert event["cronExpression"] == expression
    assert event.get("nextRunAt") == upcoming
    assert event["enabled"] is True


@pytest.mark.parametrize(
    "expression",
    [
        "0 9 * * *",
        "cron(0 9 * * *)",
        "cron(0 9 * * * *)",
        "cron(0 9 ? * ? *)",
        "cron(0 9 L-3 * ? *)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "at(2025-12-31)",
        "at(2025-12-31T23:59:59Z)",
        "at(2025-11-03T12:00:00)",
        "at(2020-01-01T00:00:00)",
        "",
    ],
)
async def test_an_expression_that_means_nothing_is_refused(
    autessa: Autessa, body: dict[str, Any], expression: str
) -> None:
    (error,) = await autessa.errors("create", 400, **body | {"cronExpression": expression})
    assert "cronExpression" in error


async def test_a_one_time_event_runs_once_stays_listed_and_is_off(
    house: House, autessa: Autessa, body: dict[str, Any]
) -> None:
    event = await autessa.event(**body | {"cronExpression": "at(2025-11-03T13:00:00)"})
    assert await house.move("2025-11-03T13:00:00Z") == 1
    after = await autessa.get(event)
    assert after["enabled"] is False
    assert after["lastRunAt"] == "2025-11-03T13:00:00Z"
    assert "nextRunAt" not in after
    assert len((await autessa.call("all")).json()["ownedEvents"]) == 1
    an_id = event["eventId"]
    (error,) = await autessa.errors("toggle", 400, scheduledEventId=an_id, enabled=True)
    assert "passed" in error
    off = await autessa.call("toggle", scheduledEventId=an_id, enabled=False)
    assert off.json() == {"eventId": an_id, "enabled": False}
    changed = await autessa.call("update", scheduledEventId=an_id, cronExpression="at(2025-11-04T13:00:00)")
    assert changed.json()["scheduledEvent"]["enabled"] is False
    assert (await autessa.call("toggle", scheduledEventId=an_id, enabled=True)).json()["enabled"] is True
    assert (await autessa.get(event))["nextRunAt"] == "2025-11-04T13:00:00Z"
    assert await house.move("2025-11-04T13:00:00Z") == 1


async def test_an_update_switches_by_the_rules_of_toggle(
    house: House, autessa: Autessa, body: dict[str, Any]
) -> None:
    event = await autessa.event(**body | {"cronExpression": "at(2025-11-03T13:00:00)"})
    an_id = event["eventId"]

    async def updated(**change: Any) -> dict[str, Any]:
        answer = await autessa.call("update", scheduledEventId=an_id, **change)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["scheduledEvent"])

    off = await updated(enabled=False, eventName="Renamed")
    assert (off["enabled"], off["eventName"], "nextRunAt" in off) == (False, "Renamed", False)
    assert (await updated(description="still off"))["enabled"] is False
    assert (await updated(enabled=True))["nextRunAt"] == "2025-11-03T13:00:00Z"
    assert await house.move("2025-11-03T13:00:00Z") == 1
    (error,) = await autessa.errors("update", 400, scheduledEventId=an_id, enabled=True)
    assert "passed" in error
    assert (await updated(enabled=False))["enabled"] is False
    again = await updated(enabled=True, cronExpression="at(2025-11-04T13:00:00)")
    assert (again["enabled"], again["nextRunAt"]) == (True, "2025-11-04T13:00:00Z")
    assert await house.move("2025-11-04T13:00:00Z") == 1
    errors = await autessa.errors(
        "update", 400, scheduledEventId=an_id, enabled=True, cronExpression="at(2025-11-04T12:00:00)"
    )
    assert len(errors) == 1
    assert len(await autessa.errors("update", 400, scheduledEventId=an_id, enabled="yes")) == 1


async def test_an_event_that_was_off_when_its_time_came_cannot_be_switched_on(
    house: House, autessa: Autessa, body: dict[str, Any]
) -> None:
    event = await autessa.event(**body | {"cronExpression": "at(2025-11-03T13:00:00)", "enabled": False})
    assert event["enabled"] is False
    assert "nextRunAt" not in event
    assert await house.move("2025-11-03T14:00:00Z") == 0
    await autessa.errors("toggle", 400, scheduledEventId=event["eventId"], enabled=True)


async def test_an_event_that_is_off_does_not_run_and_catches_nothing_up(
    house: House, autessa: Autessa, body: dict[str, Any]
) -> None:
    event = await autessa.event(**body | {"cronExpression": "cron(0 * * * ? *)"})
    await autessa.call("toggle", scheduledEventId=event["eventId"], enabled=False)
    assert await house.move("2025-11-03T15:30:00Z") == 0
    await autessa.call("toggle", scheduledEventId=event["eventId"], enabled=True)
    assert await house.release() == 0
    assert await house.move("2025-11-03T16:00:00Z") == 1


async def test_a_rate_counts_anew_only_from_a_new_expression(
    house: House, autessa: Autessa, body: dict[str, Any]
) -> None:
    event = await autessa.event(**body | {"cronExpression": "rate(1 hour)"})
    an_id = event["eventId"]
    house.clock.now += 600_000
    renamed = await autessa.call(
        "update", scheduledEventId=an_id, eventName="x", cronExpression="rate(1 hour)", timezone="Asia/Tokyo"
    )
    assert renamed.json()["scheduledEvent"]["nextRunAt"] == "2025-11-03T13:00:00Z"
    anew = await autessa.call("update", scheduledEventId=an_id, cronExpression="rate(2 hours)")
    assert anew.json()["scheduledEvent"]["nextRunAt"] == "2025-11-03T14:10:00Z"


async def test_an_update_changes_what_it_names_and_nothing_else(
    autessa: Autessa, body: dict[str, Any]
) -> None:
    event = await autessa.event(**body)
    answer = await autessa.call("update", scheduledEventId=event["eventId"], description="New", unknown=1)
    assert answer.json()["scheduledEvent"] == event | {"description": "New"}
    same = await autessa.call("update", scheduledEventId=event["eventId"], description=None)
    assert same.json()["scheduledEvent"]["description"] == "New"
    errors = await autessa.errors(
        "update",
        400,
        scheduledEventId=event["eventId"],
        timezone="Nowhere",
        cronExpression="at(2001-01-01T00:00:00)",
    )
    assert any("timezone" in one for one in errors)


async def test_fires_may_overlap(house: House, autessa: Autessa, body: dict[str, Any]) -> None:
    await autessa.event(**body | {"cronExpression": "rate(1 minute)"})
    for _ in range(3):
        house.clock.now += 60_000
        assert await house.release() == 1


@pytest.mark.parametrize(("enabled", "on"), [(None, True), (True, True), (False, False)])
@pytest.mark.parametrize("expression", ["at(2026-01-01T00:00:00)", "cron(0 0 1 1 ? 2026)"])
async def test_an_event_whose_years_are_over_is_on_or_off_as_an_update_with_a_new_time_says(
    house: House, autessa: Autessa, body: dict[str, Any], expression: str, enabled: bool | None, on: bool
) -> None:
    made = await autessa.event(**body | {"cronExpression": "cron(0 9 4 11 ? 2025)"})
    await house.move("2025-11-05T12:00:00Z")
    change = {"scheduledEventId": made["eventId"], "cronExpression": expression, "enabled": enabled}
    changed = (await autessa.call("update", **change)).json()["scheduledEvent"]
    assert (changed["enabled"], changed.get("nextRunAt")) == (on, "2026-01-01T00:00:00Z" if on else None)
    assert await house.move("2026-01-01T00:00:00Z") == int(on)
