"""Instants at the ends of their range, at every door of every API: what is accepted is shown, the rest is refused."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from horarium.domain.schedule import Policies
from horarium.times.instants import (
    FIRST_INSTANT,
    LAST_INSTANT,
    LAST_MS,
    InstantError,
    Rounding,
    milliseconds_of,
)
from tests.api.asking import BASE, NOW, ask, fields, scheduled
from tests.api.dialects.speakers import SPEAKERS, Speaker, Trustpager, Uranus
from tests.support.house import House
from tests.support.postgres import drop_database, migrated_database
from tests.support.receiver import Receiver

LAST = "9999-12-31T23:59:59.999Z"
BEYOND = ["9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.999-23:59", "0001-01-01T00:00:00+01:00"]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House.open(NOW) as made:
        yield made


async def shown_everywhere(house: House, an_id: str) -> Any:
    """A schedule as it is shown alone, once the list and what it will do have been asked for as well."""
    listed = (await ask(house, "GET", "/schedules"))["items"]
    assert an_id in [each["id"] for each in listed]
    await ask(house, "GET", f"/schedules/{an_id}/preview?after=9999-12-30T00:00:00Z")
    await ask(house, "GET", f"/schedules/{an_id}/explain?at=9999-12-31T23:59:59Z")
    await ask(house, "PATCH", f"/schedules/{an_id}", {"description": "read again"})
    return await ask(house, "GET", f"/schedules/{an_id}")


async def test_a_schedule_that_ends_with_the_range_is_shown_as_it_was_given(house):
    made = await scheduled(house, end_at=LAST, start_at="0001-01-01T00:00:00Z")
    shown = await shown_everywhere(house, made["id"])
    assert shown["end_at"] == "9999-12-31T23:59:59.000Z"
    assert shown["start_at"] == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize("text", BEYOND)
@pytest.mark.parametrize("field", ["start_at", "end_at"])
async def test_bounds_outside_of_the_range_are_refused_by_name_and_nothing_is_stored(house, field, text):
    made = await scheduled(house)
    path = f"/schedules/{made['id']}"
    body = {"name": "s", "recurrence": "0 9 * * *", "target": "t", field: text}
    for method, at in (
        ("POST", "/schedules"),
        ("PUT", path),
        ("PATCH", path),
        ("PUT", "/schedules/by-key/k"),
    ):
        assert await fields(house, method, at, body) == {field}
    unsaved = {"recurrence": "0 9 * * *", field: text}
    assert await fields(house, "POST", "/schedules/preview", unsaved) == {field}
    bulk = await house.client.post(BASE + "/schedules/bulk", content=json.dumps(body))
    assert field in bulk.text
    assert (await ask(house, "GET", "/schedules"))["items"] == [
        {name: value for name, value in made.items() if name not in ("in_words", "next_fires")}
    ]


@pytest.mark.parametrize("text", BEYOND)
async def test_parameters_outside_of_the_range_are_refused_by_name(house, text):
    path = f"/schedules/{(await scheduled(house))['id']}"
    for door, name in (
        (f"{path}/explain", "at"),
        (f"{path}/preview", "after"),
        (f"{path}/ledger", "from"),
        (f"{path}/ledger", "to"),
        ("/audit", "since"),
        ("/audit", "until"),
        ("/audit/export", "since"),
        ("/audit/export", "until"),
    ):
        answer = await house.client.get(BASE + door, params={name: text})
        assert answer.status_code == 400, (door, answer.text)
        assert [one["field"] for one in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("text", [LAST, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"])
async def test_parameters_at_the_ends_of_the_range_are_answered(house, text):
    path = f"/schedules/{(await scheduled(house, jitter='1h'))['id']}"
    for door, name in (
        (f"{path}/explain", "at"),
        (f"{path}/preview", "after"),
        (f"{path}/ledger", "from"),
        (f"{path}/ledger", "to"),
        ("/audit", "until"),
        ("/audit/export", "until"),
    ):
        if text.endswith("9999999Z") and name in ("from", "until"):
            continue  # a lower bound and an excluded end are rounded up
        answer = await house.client.get(BASE + door, params={name: text})
        assert answer.status_code == 200, (door, answer.text)


async def test_an_expiry_at_the_end_of_the_range_is_kept_and_listed(house):
    made = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["*"], "expires_at": LAST}, 201)
    assert made["expires_at"] == LAST
    assert LAST in [each["expires_at"] for each in (await ask(house, "GET", "/keys"))["items"]]
    headers = {"Authorization": f"Bearer {made['key']}"}
    issued = await ask(house, "POST", "/keys", {"name": "k2", "scopes": ["*"]}, 201, headers=headers)
    assert issued["expires_at"] == LAST


@pytest.mark.parametrize("text", BEYOND)
async def test_an_expiry_outside_of_the_range_is_refused_and_no_key_is_made(house, text):
    before = await ask(house, "GET", "/keys")
    assert await fields(house, "POST", "/keys", {"name": "k", "scopes": ["*"], "expires_at": text}) == {
        "expires_at"
    }
    assert await ask(house, "GET", "/keys") == before


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:58.5Z"])
async def test_a_slot_at_the_end_of_the_last_year_is_shown_with_its_jitter(house, instant):
    made = await scheduled(house, recurrence={"once": instant}, jitter="1h", timezone="Asia/Tokyo")
    shown = await shown_everywhere(house, made["id"])
    assert shown["next_slot_at"] == "9999-12-31T23:59:59.000Z"
    assert shown["next_slot_at"] <= shown["next_fire_at"] <= LAST
    assert shown["next_fires"][0]["local"] == "9999-12-31T23:59:59+00:00"


def test_no_due_instant_lies_outside_of_the_range():
    late = Policies(jitter_ms=3_600_000)
    due = [late.due_of(bytes([number]) * 16, LAST_INSTANT * 1000) for number in range(50)]
    assert all(LAST_INSTANT * 1000 <= at <= LAST_MS for at in due)


@pytest.mark.parametrize("once", [*BEYOND, "9999-12-31T23:59:59.5Z"])
async def test_a_single_slot_outside_of_the_range_is_refused_by_name(house, once):
    await scheduled(house)
    body = {"name": "s", "recurrence": {"once": once}, "target": "t"}
    assert await fields(house, "POST", "/schedules", body) == {"recurrence.once"}


async def test_a_delay_that_ends_after_the_range_is_refused_by_name(house):
    await scheduled(house)
    body = {"name": "s", "recurrence": {"delay": "99999999h"}, "target": "t"}
    assert await fields(house, "POST", "/schedules", body) == {"recurrence.delay"}


async def test_the_end_of_a_day_does_not_fire_at_the_next_midnight(house):
    made = await scheduled(house, recurrence="0 0 * * *", end_at="2026-03-03T23:59:59.999Z", overlap="allow")
    assert made["end_at"] == "2026-03-03T23:59:59.000Z"
    assert [each["at"][:10] for each in made["next_fires"]] == ["2026-03-02", "2026-03-03"]
    for day in range(2, 6):
        await house.move(f"2026-03-0{day}T00:00:00Z")
    shown = await ask(house, "GET", f"/schedules/{made['id']}")
    assert (shown["counts"]["fires"], shown["state"]) == (2, "completed")


async def test_a_backfill_to_the_end_of_a_day_leaves_the_next_midnight_alone(house):
    made = await scheduled(house, recurrence="0 0 * * *")
    window = {"from": "2026-01-20T00:00:00.001Z", "to": "2026-01-22T23:59:59.999Z"}
    found = await ask(house, "POST", f"/schedules/{made['id']}/backfill", window, 201)
    assert [each["slot_at"][:10] for each in found["items"]] == ["2026-01-21", "2026-01-22"]


async def test_a_backfill_before_1970_fires_each_slot(house):
    made = await scheduled(house, recurrence="0 0 * * *")
    window = {"from": "1960-01-01T00:00:00Z", "to": "1960-01-04T23:59:59.999Z"}
    found = await ask(house, "POST", f"/schedules/{made['id']}/backfill", window, 201)
    listed = await ask(house, "GET", f"/schedules/{made['id']}/fires")
    slots = {f"1960-01-0{day}T00:00:00.000Z" for day in range(1, 5)}
    assert (
        {each["slot_at"] for each in found["items"]} == {each["slot_at"] for each in listed["items"]} == slots
    )


@pytest.mark.parametrize("text", BEYOND)
async def test_a_backfill_outside_of_the_range_is_refused_by_name(house, text):
    made = await scheduled(house)
    for name in ("from", "to"):
        window = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"} | {name: text}
        assert await fields(house, "POST", f"/schedules/{made['id']}/backfill", window) == {name}


async def test_a_preview_begins_with_the_first_slot_after_an_instant_with_a_fraction(house):
    body = {"recurrence": "0 9 * * *", "after": "2026-03-05T08:59:59.5Z", "count": 1}
    found = await ask(house, "POST", "/schedules/preview", body)
    assert found["next_fires"][0]["at"] == "2026-03-05T09:00:00.000Z"


async def test_a_window_of_the_ledger_is_kept_to_the_fraction(house):
    made = await scheduled(house, recurrence="0 * * * *")
    await house.move("2026-03-01T13:00:00Z")
    path = f"/schedules/{made['id']}/ledger"

    async def found(**window: str) -> int:
        answer = await house.client.get(BASE + path, params=window)
        return len(answer.json()["items"])

    assert await found(**{"from": "2026-03-01T13:00:00.001Z", "to": "2026-03-02T00:00:00Z"}) == 0
    assert await found(**{"from": "2026-03-01T12:59:59.999Z", "to": "2026-03-01T13:00:00.999Z"}) == 1
    assert await found(**{"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T12:59:59.999Z"}) == 0


async def test_the_audit_log_is_cut_to_the_millisecond(house):
    house.clock.now += 500
    await ask(house, "POST", "/keys", {"name": "half past", "scopes": ["*"]}, 201)
    house.clock.now += 2_000

    async def found(**window: str) -> int:
        answer = await house.client.get(BASE + "/audit", params={"action": "key.created", **window})
        return len(answer.json()["items"])

    assert await found(since="2026-03-01T12:00:00.500Z") == 1
    assert await found(since="2026-03-01T12:00:00.5001Z") == 0
    assert await found(until="2026-03-01T12:00:00.500Z") == 0
    assert await found(until="2026-03-01T12:00:00.501Z") == 1


@pytest.mark.parametrize(("kind", "field"), [("deals", "last_change"), ("tasks", "due")])
async def test_directory_values_lie_in_the_range_in_every_kind_of_file(house, kind, field):
    path = f"{BASE}/directory/{kind}"
    for text in BEYOND:
        row = {"id": "a", field: text}
        answers = [
            await house.client.put(path, json=[row]),
            await house.client.put(
                path, content=json.dumps(row), headers={"Content-Type": "application/x-ndjson"}
            ),
            await house.client.put(
                path, content=f"id,{field}\na,{text}\n", headers={"Content-Type": "text/csv"}
            ),
        ]
        for answer in answers:
            assert "must lie within the years 1 to 9999" in answer.text
            assert field in answer.text
    for text in (LAST, "0001-01-01T00:00:00Z"):
        assert (await house.client.put(path, json=[{"id": "a", field: text}])).status_code == 200
        shown = (await house.client.get(path)).json()["items"]
        assert [each[field] for each in shown] == [f"{text[:19]}Z"]


async def test_what_an_older_version_stored_outside_of_the_range_is_shown_at_its_end(house):
    made = await scheduled(house, end_at="2027-01-01T00:00:00Z", start_at="2026-01-01T00:00:00Z", jitter="1h")
    key = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["*"], "expires_at": LAST}, 201)
    database = house.store.connection
    for table in ("versions", "cursors"):
        for end, wrong in ((1798761600, LAST_INSTANT + 1), (1767225600, FIRST_INSTANT - 3600)):
            database.execute(f"UPDATE {table} SET timing = replace(timing, '{end}', '{wrong}')")
    database.execute("UPDATE cursors SET next_due = ?", (LAST_MS + 1,))
    database.execute("UPDATE keys SET expires_ms = ? WHERE name = 'k'", (LAST_MS + 43_200_000,))
    shown = await shown_everywhere(house, made["id"])
    assert (shown["start_at"], shown["end_at"]) == ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.000Z")
    assert [
        each["expires_at"] for each in (await ask(house, "GET", "/keys"))["items"] if each["name"] == "k"
    ] == [LAST]
    headers = {"Authorization": f"Bearer {key['key']}"}
    await ask(house, "GET", "/schedules", headers=headers)
    await house.move("2026-03-02T10:00:00Z")
    await ask(house, "GET", f"/schedules/{made['id']}/fires")


# The dialects


async def test_trustpager_keeps_the_last_whole_second_before_an_end(house, receiver):
    speaker = await Trustpager.open(house, house.first, receiver)
    for text, kept in (
        (LAST, "9999-12-31T23:59:59.000Z"),
        ("2026-11-28T23:59:59.999Z", "2026-11-28T23:59:59.000Z"),
    ):
        answer = await speaker.client.post(
            speaker.filled("/event-schedules"), json=speaker.order | {"end_at": text}
        )
        assert answer.status_code == 201, answer.text
        assert (await speaker.read(answer.json()["data"]["id"])).json()["data"]["end_at"] == kept
    assert (await speaker.client.get(speaker.filled("/event-schedules"))).status_code == 200


async def test_trustpager_refuses_a_cursor_of_its_runs_that_it_never_gave(house, receiver):
    from horarium.api.dialects.trustpager.wire import cursor_text
    from horarium.domain.ids import from_uuid_text

    speaker = await Trustpager.open(house, house.first, receiver)
    made = (await speaker.create())["id"]
    for position in (b"\xff" * 24, b"\x00" * 9):
        after = cursor_text(position, (from_uuid_text(made) or b"") + b"runs")
        answer = await speaker.client.get(
            f"{speaker.filled('/event-schedules')}/{made}/runs", params={"after": after}
        )
        assert answer.status_code == 400, answer.text
        assert "after" in speaker.envelope(answer)


async def test_uranus_shows_a_single_run_at_the_end_of_the_range(house, receiver):
    speaker = await Uranus.open(house, house.first, receiver)
    order = {"name": "O", "type": "once", "callback_type": "workflow", "callback_id": "uranus-workflow"}
    answer = await speaker.client.post(speaker._at(), json=order | {"next_run": "9999-12-31T23:59:59Z"})
    assert answer.json()["next_run"] == "9999-12-31T23:59:59Z"
    assert await speaker.listed() == [answer.json()["id"]]


async def test_what_an_older_version_stored_outside_of_the_range_is_shown_in_every_dialect(house, receiver):
    speakers = [await kind.open(house, house.first, receiver) for kind in SPEAKERS]
    made = {speaker.dialect: speaker.seen(await speaker.create())[0] for speaker in speakers}
    database = house.store.connection
    for wrong in (LAST_MS + 12 * 3_600_000, FIRST_INSTANT * 1000 - 1):
        database.execute("UPDATE cursors SET next_slot = ?, last_slot = ?, last_fired_ms = ?", (wrong,) * 3)
        for speaker in speakers:
            an_id = made[speaker.dialect]
            assert await speaker.listed() == [an_id]
            answer = await speaker.read(an_id)
            assert answer.status_code == 200, answer.text
            assert ("9999-12-31T23:59:59" if wrong > 0 else "0001-01-01T00:00:00") in answer.text
            await ask(house, "GET", f"/schedules/{speaker.core_id(an_id)}")


async def test_the_end_of_a_signing_secret_lies_in_the_range(house):
    secret = "whsec_" + "QUJD" * 8
    body = {"kind": "tool", "name": "T", "executor": {"type": "http", "url": "https://example.com/"}}
    for text in BEYOND:
        body["executor"]["signing_secret"] = f"{secret};until={text}"
        assert await fields(house, "POST", "/targets", body) == {"executor.signing_secret"}
    body["executor"]["signing_secret"] = f"{secret};until={LAST}"
    await ask(house, "POST", "/targets", body, 201)


# For each API, the doors by which instants come in: a request with the instant, the field's name in the answer of
# refusal, and how the instant is rounded.
Door = tuple[str, str, dict[str, Any], str, Rounding]


def own_doors(an_id: str) -> list[Door]:
    order = {"name": "s", "recurrence": "0 9 * * *", "target": "t"}
    one, at = f"{BASE}/schedules/{an_id}", "<instant>"
    up, down = Rounding.UP, Rounding.DOWN
    return [
        ("POST", f"{BASE}/schedules", order | {"end_at": at}, "end_at", down),
        ("POST", f"{BASE}/schedules", order | {"start_at": at}, "start_at", up),
        ("PATCH", one, {"end_at": at}, "end_at", down),
        (
            "POST",
            f"{BASE}/schedules",
            order | {"recurrence": {"once": at}, "jitter": "1h"},
            "recurrence.once",
            up,
        ),
        ("POST", f"{BASE}/schedules/preview", {"recurrence": "* * * * *", "after": at}, "after", down),
        ("POST", f"{one}/backfill", {"from": at, "to": at}, "from", up),
        ("POST", f"{BASE}/keys", {"name": "k", "scopes": ["*"], "expires_at": at}, "expires_at", down),
        ("PUT", f"{BASE}/directory/tasks", {"": [{"id": "x", "due": at}]}, "due", down),
        ("GET", f"{one}/explain", {"at": at}, "at", down),
        ("GET", f"{one}/ledger", {"from": at}, "from", up),
        ("GET", f"{one}/ledger", {"to": at}, "to", down),
        ("GET", f"{one}/preview", {"after": at}, "after", down),
        ("GET", f"{BASE}/audit", {"since": at}, "since", up),
    ]


def dialect_doors(speakers: dict[str, Speaker]) -> list[Door]:
    trust, agents = speakers["trustpager"], speakers["uranus"]
    once = {"name": "O", "type": "once", "callback_type": "workflow", "callback_id": "uranus-workflow"}
    events, at = trust.filled("/event-schedules"), "<instant>"
    order = trust.order  # type: ignore[attr-defined]
    one = agents.filled("/{id}/schedules/{scheduleId}")
    return [
        ("POST", events, order | {"end_at": at}, "end_at", Rounding.DOWN),
        ("PATCH", f"{events}/{trust.schedule}", {"end_at": at}, "end_at", Rounding.DOWN),
        ("POST", agents.filled("/{id}/schedules"), once | {"next_run": at}, "next_run", Rounding.UP),
        ("PUT", one, {"type": "once", "next_run": at}, "next_run", Rounding.UP),
    ]


near_the_ends = st.builds(
    lambda end, second, digits, offset: f"{end}{second:02d}{digits and '.' + digits}{offset}",
    st.sampled_from(
        [
            "0001-01-01T00:00:",
            "0001-01-01T23:59:",
            "9999-12-31T23:59:",
            "9999-12-31T00:00:",
            "9999-12-30T23:59:",
        ]
    ),
    st.sampled_from([0, 1, 58, 59]),
    st.sampled_from(["", "0", "5", "999", "9999999", "000000001"]),
    st.sampled_from(["Z", "+00:00", "+00:01", "-00:01", "+14:00", "-12:00", "+23:59", "-23:59"]),
)


def filled_with(body: Any, text: str) -> Any:
    if isinstance(body, dict):
        return {name: filled_with(value, text) for name, value in body.items()}
    if isinstance(body, list):
        return [filled_with(value, text) for value in body]
    return text if body == "<instant>" else body


async def everything_is_shown(house: House, speakers: dict[str, Speaker]) -> None:
    """Reads back all that was stored, in every API."""
    for path in ("/schedules?limit=200", "/keys", "/directory/tasks", "/audit?limit=200"):
        found = await ask(house, "GET", path)
        for each in found["items"]:
            if path.startswith("/schedules"):
                await ask(house, "GET", f"/schedules/{each['id']}")
    for speaker in speakers.values():
        for an_id in await speaker.listed():
            assert (await speaker.read(an_id)).status_code == 200


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_what_is_accepted_near_the_ends_is_shown_and_what_is_refused_names_its_field(
    database, receiver
):
    url = await migrated_database("instants") if database == "postgres" else None
    try:
        async with House.open(NOW, postgres=url) as house:
            await every_door_is_tried(house, receiver)
    finally:
        if url is not None:
            drop_database(url)


async def every_door_is_tried(house: House, receiver: Receiver) -> None:
    made = await scheduled(house)
    speakers = {kind.dialect: await kind.open(house, house.first, receiver) for kind in SPEAKERS}
    for speaker in speakers.values():
        await speaker.create()
    doors = own_doors(made["id"]) + dialect_doors(speakers)
    asked: list[tuple[Door, str]] = []

    @settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(doors), near_the_ends)
    def gather(door: Door, text: str) -> None:
        asked.append((door, text))

    gather()
    refused = 0
    for (method, path, body, field, rounding), text in asked:
        sent = filled_with(body, text)
        given_as = {"params": sent} if method == "GET" else {"json": sent.get("", sent)}
        answer: httpx.Response = await house.client.request(method, path, **given_as)
        assert answer.status_code < 500, (method, path, text, answer.text)
        try:
            milliseconds_of(text, rounding)
        except InstantError:
            refused += 1
            assert field in answer.text, (method, path, text, answer.text)
            assert "must lie within the years 1 to 9999" in answer.text
    assert refused > 20
    await everything_is_shown(house, speakers)


@pytest.mark.parametrize("text", ["2026-03-01T13:00:00+01:00", "2026-03-01T13:00:00%2B01:00"])
async def test_an_offset_in_a_query_is_read_also_where_its_plus_was_not_escaped(house, text):
    made = await scheduled(house)
    told = await ask(house, "GET", f"/schedules/{made['id']}/explain?at={text}")
    assert told == await ask(house, "GET", f"/schedules/{made['id']}/explain?at=2026-03-01T12:00:00Z")
