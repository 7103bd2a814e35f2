"""What an API answers can be sent back, and changes nothing: no version, no row of the database, no fire.

Each test makes one resource, lets a minute pass, sends the answer of GET back as it is, and compares all rows; on both
databases.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from horarium.domain.ids import from_prefixed
from horarium.store.postgres import PostgresStore
from horarium.times import jitter_ms
from tests.api.asking import BASE, HOOK, NOW, ask, scheduled
from tests.support.house import House, instant
from tests.support.kept_postgres import KeptPostgres
from tests.support.receiver import Receiver

Json = dict[str, Any]

# These tables tell that somebody asked, not what there is.
OF_REQUESTS = ("audit", "idempotency")


# The connections to PostgreSQL stay open from test to test, and belong to one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept() -> AsyncIterator[KeptPostgres]:
    """A PostgreSQL database with all tables, which the tests use one after another."""
    made = KeptPostgres("round", nodes=1)
    yield made
    await made.close()


@pytest_asyncio.fixture(params=["sqlite", "postgres"], loop_scope="session")
async def house(request: pytest.FixtureRequest, tmp_path: Any, kept: KeptPostgres) -> AsyncIterator[House]:
    store = None if request.param == "sqlite" else (await kept.emptied())[0]
    outgoing = {"sql_hosts": ("*",), "sql_allow_loopback": True}
    async with House.open(NOW, store, data=tmp_path, outgoing=outgoing) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


async def rows(house: House) -> dict[str, list[Json]]:
    """Every row of every table, as its columns."""
    if isinstance(house.store, PostgresStore):
        return await rows_of_postgres(house.store)
    database = house.store.connection  # type: ignore[attr-defined]
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found: dict[str, list[Json]] = {}
    for table in filter(told_by_rows, tables):
        answer = database.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in answer.description]
        found[table] = sorted((dict(zip(names, row, strict=True)) for row in answer), key=repr)
    return found


def told_by_rows(table: str) -> bool:
    return not table.startswith(OF_REQUESTS)


async def rows_of_postgres(used: PostgresStore) -> dict[str, list[Json]]:
    async with used._read.lending.connection() as connection:
        found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        every: dict[str, list[Json]] = {table: [] for (table,) in found if told_by_rows(table)}
        # All of them with one statement, which asks the server once instead of sixty times.
        asked = " UNION ALL ".join(f"SELECT '{table}', to_jsonb(t)::text FROM {table} t" for table in every)
        for table, row in await connection.fetch(asked):
            every[table].append(json.loads(row))
        return {table: sorted(rows, key=repr) for table, rows in every.items()}


def differences(before: dict[str, list[Json]], after: dict[str, list[Json]]) -> list[str]:
    """Which columns of which tables differ, and how."""
    found = []
    for table, known in before.items():
        if len(known) != len(after[table]):
            found.append(f"{table}: {len(known)} rows became {len(after[table])}")
        for old, new in zip(known, after[table], strict=False):
            found += [
                f"{table}.{name}: {old[name]} became {new[name]}" for name in old if old[name] != new[name]
            ]
    return found


async def unchanged(house: House, method: str, path: str, body: Json, **options: Any) -> Json:
    """Sends a body a minute later, and compares the database; the answer."""
    house.clock.now += 60_000
    await house.release()
    before = await rows(house)
    answer = await house.client.request(method, path, json=body, **options)
    assert answer.status_code == 200, answer.text
    assert differences(before, await rows(house)) == []
    return dict(answer.json())


# The project's own API

RECURRENCES: list[Any] = [
    "*/5 9-17 * * MON-FRI",
    "0 30 9 * * 1-5",
    "@daily",
    "@every 1h30m",
    "cron(30 9 ? * MON-FRI *)",
    "rate(5 minutes)",
    "at(2026-04-01T09:00:00)",
    {
        "calendars": [{"hour": [{"start": 9}], "comment": "Nine"}],
        "intervals": [{"every": "2h", "offset": "5m"}],
    },
    {"cron": "0 9 * * *"},
    {"rate": "5 minutes"},
    {"every": "1h30m"},
    {"at": "2026-04-01T09:00:00"},
    {"once": "2026-04-01T09:00:00.5+02:00"},
    {"delay": "36h"},
    {"union": ["0 9 * * *", {"once": "2026-04-01T09:00:00Z"}, {"every": 900}]},
]
POLICIES: Json = {
    "overlap": "buffer_all",
    "buffer_limit": 7,
    "catch_up": "all",
    "catch_up_window": "3d",
    "catch_up_limit": 9,
    "grace": 1.5,
    "jitter": "90s",
    "max_fires": 1000,
    "after_pause": "fire",
    "after_completion": "keep",
    "pause_after_failures": 3,
    "retry": {"max_attempts": 4, "initial": "0.25s", "factor": 1.5, "max_delay": "1m", "max_elapsed": "1h"},
    "timeout": "45s",
    "dst_gap": "shift",
    "dst_overlap": "both",
    "dst_every_hour": "literal",
}
FULL: Json = {
    "key": "nightly/1",
    "description": "Everything that can be said",
    "labels": {"team": "a", "ümlaut": ""},
    "input": {"deep": [1, 2.5, None, {"": True}], "big": 9007199254740993},
    "timezone": "America/New_York",
    "start_at": "2026-03-02T00:00:00.1Z",
    "end_at": "2027-03-01T23:59:59.999Z",
    "audience": {"type": "contacts", "filter": {"has_email": True}},
    "policies": POLICIES,
}


async def sent_back_by_every_verb(house: House, made: Json) -> None:
    path = f"{BASE}/schedules/{made['id']}"
    shown = await ask(house, "GET", f"/schedules/{made['id']}")
    for method in ("PUT", "PATCH"):
        answer = await unchanged(house, method, path, shown)
        assert answer["version"] == shown["version"]
        assert answer["updated_at"] == shown["updated_at"]
        await unchanged(house, method, path, shown, headers={"If-Match": f'"{shown["version"]}"'})
    if shown["key"] is not None:
        await unchanged(house, "PUT", f"{BASE}/schedules/by-key/{quote(shown['key'], safe='')}", shown)
    (listed,) = (await ask(house, "GET", "/schedules"))["items"]
    await unchanged(house, "PUT", path, listed)


@pytest.mark.parametrize("recurrence", RECURRENCES, ids=lambda given: json.dumps(given)[:40])
async def test_a_schedule_of_every_recurrence_sent_back_stays_as_it_is(house, recurrence):
    await sent_back_by_every_verb(house, await scheduled(house, recurrence=recurrence))


async def test_a_schedule_with_everything_sent_back_stays_as_it_is(house):
    await sent_back_by_every_verb(house, await scheduled(house, **FULL))


async def test_a_schedule_whose_objects_hold_null_sent_back_stays_as_it_is(house):
    audience = {"type": "contacts", "filter": {"has_email": None}}
    given = {"a": None, "b": {"c": None, "d": 1}}
    made = await scheduled(house, input=given, audience=audience)
    assert (made["input"], made["audience"]) == (given, audience)
    await sent_back_by_every_verb(house, made)


async def test_null_takes_away_what_is_not_sent_as_it_is_stored(house):
    made = await scheduled(house, input={"a": None, "b": 1})
    for change, left in (({"a": None}, {"b": 1}), ({"b": None}, {})):
        assert (await ask(house, "PATCH", f"/schedules/{made['id']}", {"input": change}))["input"] == left


# Python takes neighbours for equal, and whoever sends one after the other does not.
NUMBERS: list[Any] = [1, True, 1.0, 0, False, 0.0, -0.0]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_number_that_becomes_another_or_true_or_false_is_a_change(house, method):
    body: Json = {"kind": "workflow", "name": "T", "executor": HOOK}
    target = f"/targets/{(await ask(house, 'POST', '/targets', body, 201))['id']}"
    made = await scheduled(house)
    schedule = f"/schedules/{made['id']}"
    whole = {name: made[name] for name in ("name", "recurrence", "target")}
    for number in NUMBERS:
        held = {"a": [number]}
        await ask(house, method, schedule, whole | {"input": held})
        change = {"extra": held, "input_schema": {"enum": [number]}, "executor": {**HOOK, "body": held}}
        await ask(house, method, target, body | change)
        shown, kept = await ask(house, "GET", target), (await ask(house, "GET", schedule))["input"]
        told = [shown["input_schema"]["enum"], kept["a"], shown["extra"]["a"], shown["executor"]["body"]["a"]]
        assert [json.dumps(each) for each in told] == [json.dumps([number])] * 4
    assert shown["version"] == len(NUMBERS) + 1
    edits = (await ask(house, "GET", f"/audit?subject={made['id']}"))["items"]
    assert len(edits) == 1 + len(NUMBERS)


@pytest.mark.parametrize("name", sorted(POLICIES))
async def test_a_schedule_with_one_policy_sent_back_stays_as_it_is(house, name):
    await sent_back_by_every_verb(house, await scheduled(house, policies={name: POLICIES[name]}))


@pytest.mark.parametrize(
    "audience",
    [
        {"type": "deals", "filter": {"pipeline_id": "p", "stale_days": 5}},
        {"type": "users", "filter": {"roles": ["owner"]}},
        {"type": "tasks_by_assignee", "filter": {}},
        {"type": "people", "filter": {"id": "7"}},
    ],
    ids=lambda audience: audience["type"],
)
async def test_a_schedule_for_each_kind_of_audience_sent_back_stays_as_it_is(house, audience):
    await source(house)
    await sent_back_by_every_verb(house, await scheduled(house, audience=audience))


async def test_a_schedule_sent_back_stays_as_it_is_when_its_targets_schema_has_become_stricter(house):
    made = await scheduled(house, input={"n": 1})
    stricter = {"input_schema": {"type": "object", "required": ["m"]}}
    await ask(house, "PATCH", "/targets/t", stricter)
    await sent_back_by_every_verb(house, made)
    body = {"name": "s", "recurrence": "0 9 * * *", "target": "t", "input": {"n": True}}
    for method in ("PUT", "PATCH"):
        answer = await ask(house, method, f"/schedules/{made['id']}", body, 400)
        assert [problem["field"] for problem in answer["errors"]] == ["input"]


async def test_a_schedule_sent_back_stays_as_it_is_when_the_source_of_its_audience_is_gone(house):
    await source(house)
    audience = {"type": "people", "filter": {"id": "7"}}
    made = await scheduled(house, audience=audience)
    await ask(house, "DELETE", "/audiences/people", status=204)
    await sent_back_by_every_verb(house, made)
    for method in ("PUT", "PATCH"):
        body = {
            "name": "s",
            "recurrence": "0 9 * * *",
            "target": "t",
            "audience": audience | {"filter": {"id": "8"}},
        }
        answer = await ask(house, method, f"/schedules/{made['id']}", body, 400)
        assert [problem["field"] for problem in answer["errors"]] == ["audience.type"]


async def made_stricter(house: House, schedule: str) -> None:
    """Give the target of a schedule (by its own id) a schema that the input of the schedule does not satisfy."""
    target = (await ask(house, "GET", f"/schedules/{schedule}"))["target"]
    await ask(house, "PATCH", f"/targets/{target}", {"input_schema": {"type": "object", "required": ["m"]}})


JITTER = "10h"


def delay_ms(made: Json) -> int:
    """How long after each of its slots a schedule with JITTER fires."""
    return jitter_ms(from_prefixed("sch", made["id"]) or b"", 36_000_000)


@pytest.mark.parametrize("state", ["paused when made", "paused", "fired", "completed", "waiting by jitter"])
async def test_a_schedule_in_every_state_sent_back_stays_as_it_is(house, state):
    given: Json = {"recurrence": "*/30 * * * *", "overlap": "allow"}
    if state == "completed":
        given |= {"recurrence": {"once": "2026-03-01T12:00:30Z"}}
    elif state == "waiting by jitter":
        given |= {"jitter": JITTER}
    made = await scheduled(house, paused=state == "paused when made", **given)
    while state == "waiting by jitter" and delay_ms(made) < 600_000:  # it must not come due meanwhile
        made = await scheduled(house, **given)
    path = f"/schedules/{made['id']}"
    if state == "paused":
        await ask(house, "POST", f"{path}/pause", {"note": "Holidays"})
    if state != "waiting by jitter":
        house.clock.now = instant("2026-03-01T12:31:00Z")
        await house.release()
    else:
        house.clock.now = instant("2026-03-01T12:30:10Z")
    shown = await ask(house, "GET", path)
    before = await ask(house, "GET", f"{path}/ledger")
    for method in ("PUT", "PATCH"):
        assert (await unchanged(house, method, BASE + path, shown))["state"] == shown["state"]
    after = await ask(house, "GET", f"{path}/ledger")
    assert after["items"] == before["items"]


EXECUTORS: dict[str, Json] = {
    "http": {
        "type": "http",
        "url": "https://example.com/hook?token=s3cret",
        "method": "PUT",
        "headers": {"Authorization": "Bearer s3cret", "X-Plain": "a"},
        "body": {"text": "{{ input.text }}"},
        "secrets": {"token": "s3cret"},
    },
    "llm": {
        "type": "llm",
        "base_url": "https://example.com/v1",
        "api_key": "sk-secret",
        "model": "m",
        "prompt": "Say {{ input }}",
    },
    "sql": {
        "type": "sql",
        "connection": "postgresql://u:pw@127.0.0.1:9/x",
        "table": "t",
        "columns": {"write": ["a"]},
    },
}


@pytest.mark.parametrize("kind", EXECUTORS)
@pytest.mark.parametrize("full", [False, True], ids=["plain", "full"])
async def test_a_target_sent_back_keeps_its_secrets_and_stays_as_it_is(house, kind, full):
    body: Json = {"kind": "workflow", "name": "T", "executor": EXECUTORS[kind], "key": "t/1"}
    if full:
        body |= {
            "description": "All of it",
            "timeout": 12.5,
            "max_concurrency": 3,
            "rate_per_second": 0.5,
            "input_schema": {"type": "object", "properties": {"a": {"default": None}}},
            "extra": {"a": [1, {"b": None}], "b": None},
            "enabled": False,
        }
        if kind == "http":
            body |= {"completion": "callback", "deadline": "2d"}
            body["executor"] = {**EXECUTORS["http"], "body": {"text": "{{ input.text }}", "nothing": None}}
    made = await ask(house, "POST", "/targets", body, 201)
    assert "***" in json.dumps(made["executor"])
    shown = await ask(house, "GET", f"/targets/{made['id']}")
    for method, path in (("PUT", made["id"]), ("PATCH", made["id"]), ("PUT", "by-key/t%2F1")):
        answer = await unchanged(house, method, f"{BASE}/targets/{path}", shown)
        assert answer["version"] == shown["version"]


@pytest.mark.parametrize("way", ["PUT", "PATCH"])
async def test_a_target_whose_signing_secret_was_rotated_sent_back_keeps_both(house, way):
    made = await ask(
        house, "POST", "/targets", {"kind": "tool", "name": "T", "executor": EXECUTORS["http"]}, 201
    )
    for body in ({}, {"algorithm": "ed25519"}):
        await ask(house, "POST", f"/targets/{made['id']}/rotate-secret", body)
    shown = await ask(house, "GET", f"/targets/{made['id']}")
    await unchanged(house, way, f"{BASE}/targets/{made['id']}", shown)


SOURCES: dict[str, Json] = {
    "http": {
        "url": "https://example.com/people",
        "headers": {"Authorization": "Bearer s3cret"},
        "key": "id",
        "rows": "data",
    },
    "sql": {
        "connection": "postgresql://u:pw@127.0.0.1:9/x",
        "query": "SELECT id FROM people WHERE id = :id",
        "key": "id",
    },
}


async def source(house: House, kind: str = "http") -> Json:
    body = {"type": kind, "config": SOURCES[kind]}
    return dict(await ask(house, "PUT", "/audiences/people", body))


@pytest.mark.parametrize("kind", SOURCES)
async def test_an_audience_source_sent_back_keeps_its_secrets_and_stays_as_it_is(house, kind):
    await source(house, kind)
    shown = await ask(house, "GET", "/audiences/people")
    assert "***" in json.dumps(shown)
    assert await unchanged(house, "PUT", f"{BASE}/audiences/people", shown) == shown


@pytest.mark.parametrize("full", [False, True], ids=["plain", "full"])
async def test_a_workspace_sent_back_stays_as_it_is(house, full):
    if full:
        change = {
            "settings": {"timezone": "Asia/Tokyo"},
            "quotas": {"schedules": 77},
            "weight": 2.5,
            "allowed_hosts": ["*.example.com", "10.0.0.0/8"],
        }
        await ask(house, "PATCH", "/workspaces/current", change)
    shown = await ask(house, "GET", "/workspaces/current")
    answer = await unchanged(house, "PATCH", f"{BASE}/workspaces/current", shown)
    assert answer["version"] == shown["version"]


async def test_a_workspace_sent_back_at_another_version_is_still_refused(house):
    shown = await ask(house, "GET", "/workspaces/current")
    await ask(house, "PATCH", "/workspaces/current", shown | {"version": shown["version"] + 1}, 409)


async def test_grants_sent_back_stay_as_they_are(house):
    target = await house.target("workflow", key="t")
    body = {"name": "P", "grants": ["t", "*"]}
    made = await ask(house, "POST", "/principals", body, 201)
    path = f"/principals/{made['id']}/grants"
    shown = await ask(house, "GET", path)
    assert len(shown["targets"]) == 2
    assert target is not None
    house.clock.now += 60_000
    before = await rows(house)
    await ask(house, "POST", path, shown)
    assert differences(before, await rows(house)) == []


ITEMS: dict[str, Json] = {
    "contacts": {"id": "c", "email": "a@example.com", "name": "Ada", "custom_fields": {"a": [1], "b": "x"}},
    "deals": {"id": "d", "name": "Deal", "value": 12.5, "last_change": "2026-01-01T00:00:00.5Z"},
    "tasks": {"id": "t", "title": "Call", "due": "2026-05-01T00:00:00+02:00"},
    "users": {"id": "u", "full_name": "Bo", "role": "owner"},
    "pipelines": {"id": "p", "name": "Sales"},
    "stages": {"id": "s", "name": "Won", "pipeline": "p", "position": 3},
}


@pytest.mark.parametrize("kind", ITEMS)
async def test_directory_items_sent_back_stay_as_they_are(house, kind):
    await ask(house, "PUT", f"/directory/{kind}", [ITEMS[kind]])
    shown = await ask(house, "GET", f"/directory/{kind}")
    await unchanged(house, "PUT", f"{BASE}/directory/{kind}", shown["items"])
    lines = "\n".join(json.dumps(item) for item in shown["items"])
    before = await rows(house)
    answer = await house.client.put(
        f"{BASE}/directory/{kind}", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.text
    assert differences(before, await rows(house)) == []
