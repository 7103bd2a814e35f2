"""Histories of very many runs, stored by plain inserts, and a crowd for measuring pages: workspaces with very many
schedules and such a history.

Nothing of the crowd is due. One workspace, the stage's own, has half of the schedules; one of its schedules ("hot") has
a tenth of all runs. The others share the rest. The runs lie within DAYS days; 1 % of them failed, 0.1 % were cancelled,
and a few are open: some wait for another attempt, some for the callback of their target.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from horarium.api.fields import instant_text
from horarium.bench.stage import Stage
from horarium.domain.ids import Id, derived_id, fire_id, prefixed
from horarium.domain.schedule import NO_OWNER, Policies, policies_to_text, timing_to_text
from horarium.domain.target import TargetState
from horarium.store.postgres.partitions import make_partitions
from horarium.store.verbs.creation import place
from horarium.times import Timing, zone_fingerprint

DAY_MS = 86_400_000
DAYS = 70
OTHER_WORKSPACES = 19
TARGETS = 10
TEAMS, REGIONS = 50, 5
# Of the schedules in the stage's workspace one in this many is paused.
PAUSED_IN = 200
# Events of the stage's workspace, the latest of its history; of them one in this many could not be delivered.
EVENTS, UNDELIVERED_IN = 100_000, 50
# The days within which the history of a benchmark's own schedules lies, and when it ends before the benchmark begins.
PAST_DAYS, RECENT_DAYS = 20, 2
# Runs that are still open, of the stage's workspace and of another.
OPEN_HERE, OPEN_THERE = 40, 2_000

_TIMING = Timing("0 9 * * *", zone="Europe/Paris")

_SCHEDULES = (
    "schedules",
    "id workspace_id dialect owner_id target_id key name description labels extra state version definition_version "
    "created_by created_ms updated_ms zone zone_data",
)
_VERSIONS = ("versions", "schedule_id version timing policies target_id input from_ms")
_CURSORS = (
    "cursors",
    "place schedule_id workspace_id version timing policies target_id has_audience accounted_to next_slot next_due "
    "zone zone_data fires succeeded failed skipped open_fires waiting_fires failures_in_row",
)
_LABELS = ("labels", "workspace_id name value schedule_id")
_RUNS = (
    "runs",
    "id workspace_id schedule_id version target_id mode row_key generation state slot_ms due_ms created_ms started_ms "
    "finished_ms attempts status output error",
)
_READY = ("ready", "run_id lane due_ms epoch limited stop")
_CALLBACKS = ("callbacks", "run_id workspace_id target_id token_hash attempt deadline_ms lease_ms")
_WORKSPACES = ("workspaces", "id slug name settings version created_ms updated_ms")
_TARGETS = (
    "targets",
    "id workspace_id number key kind name executor config completion timeout_ms deadline_ms extra state version "
    "created_by created_ms updated_ms",
)

_EVENTS = ("events", "workspace_id number id type schedule_id at_ms told_ms content")
_EVENT_LOGS = ("event_logs", "workspace_id number forgotten wanted_until_ms")
_DELIVERIES = (
    "event_deliveries",
    "webhook_id number event_id type state attempts first_ms last_ms due_ms status error",
)

_Rows = list[tuple[Any, ...]]
# Rows of several tables, in the order in which they are inserted.
_Part = list[tuple[tuple[str, str], _Rows]]


@dataclass(frozen=True, slots=True)
class Fired:
    """A schedule as the history needs it."""

    id: Id
    workspace: Id
    target: Id


@dataclass(frozen=True, slots=True)
class Crowd:
    """What was stored, as far as requests name it: schedules of the stage's workspace, the oldest, one from the middle,
    and the one with a tenth of all runs."""

    first: Id
    usual: Id
    hot: Id
    # The middle of the time in which the history lies, in milliseconds.
    middle_ms: int


async def fill_crowd(
    made: Stage, schedules: int, runs: int, dialects: Sequence[Fired], webhook: Id | None = None
) -> Crowd:
    """Store `schedules` schedules, about `runs` runs, and a tenth as many events, up to EVENTS. The schedules in
    `dialects` exist already, and get a history like the others. The webhook was sent the events. Leaves the database as
    it is at rest, with statistics on PostgreSQL."""
    now = made.clock.now_ms()
    here = _targets(made, made.workspace, now, 0)
    native = schedules // 2 - len(dialects)
    fired = [Fired(derived_id(now - DAYS * DAY_MS + n, b"here", n.to_bytes(4, "big")), made.workspace,
                   here[n % TARGETS][0]) for n in range(native)]  # fmt: skip
    definitions: _Part = [(_TARGETS, here)]
    others: list[Fired] = []
    each = (schedules - schedules // 2) // OTHER_WORKSPACES
    for number in range(OTHER_WORKSPACES):
        workspace = derived_id(now + 1 + number, b"workspace")
        rows = _targets(made, workspace, now, number + 1)
        definitions.append((_WORKSPACES, [(workspace, f"other-{number}", "Other", "{}", 1, now, now)]))
        definitions.append((_TARGETS, rows))
        others += [Fired(derived_id(now - DAYS * DAY_MS + n, workspace, n.to_bytes(4, "big")), workspace,
                         rows[n % TARGETS][0]) for n in range(each)]  # fmt: skip
    parts = [definitions, *_definitions(made, fired, now), *_definitions(made, others, now)]
    hot = fired[len(fired) // 3]
    everybody = [*fired, *others, *dialects]
    parts_of_history = _history(everybody, hot, runs, now)
    opened = _opened([one for one in fired if one is not hot], others, now)
    told = _told(made.workspace, fired, min(EVENTS, runs // 10), webhook, now)
    phases = [parts, parts_of_history, [opened], told]
    if made.flavour == "sqlite":
        await asyncio.to_thread(_load_sqlite, made, phases)
    else:
        await _load_postgres(made, phases, now - DAYS * DAY_MS, now)
    return Crowd(fired[0].id, fired[len(fired) // 2].id, hot.id, now - DAYS * DAY_MS // 2)


async def fill_history(made: Stage, target: Id, schedules: Sequence[Id], runs: int) -> int:
    """Store about `runs` runs that went well, as many of each schedule; how many they are. They lie within PAST_DAYS
    days and end RECENT_DAYS days ago. In each round every schedule fires once, in an order of its own. Leaves the
    database as it is at rest."""
    now = made.clock.now_ms()
    rounds = max(1, round(runs / len(schedules)))
    apart = min(DAY_MS, PAST_DAYS * DAY_MS // rounds)
    begin = now - RECENT_DAYS * DAY_MS - rounds * apart
    history = (
        _round(made, target, schedules, begin + number * apart, apart, number) for number in range(rounds)
    )
    if made.flavour == "sqlite":
        await asyncio.to_thread(_load_sqlite, made, [history])
    else:
        await _load_postgres(made, [history], begin, now)
    return rounds * len(schedules)


def _round(made: Stage, target: Id, schedules: Sequence[Id], begin: int, lasts: int, number: int) -> _Part:
    """The `number`-th round of a history: a run of every schedule within `lasts` ms from `begin` on."""
    done = _Rows()
    for at, schedule in enumerate(Random(number).sample(schedules, len(schedules))):
        slot = begin + at * lasts // len(schedules)
        run = derived_id(slot, schedule, number.to_bytes(4, "big"))
        done.append((run, made.workspace, schedule, 1, target, "clock", "", 0, "succeeded", slot, slot, slot + 5,
                     slot + 10, slot + 120, 1, 200, None, None))  # fmt: skip
    return [(_RUNS, done)]


def _targets(made: Stage, workspace: Id, now: int, place_of: int) -> _Rows:
    """TARGETS targets of a workspace, which is the `place_of`-th; two of them are workflows."""
    return [
        (derived_id(now + number, workspace, b"target"), workspace, 1_000_000 + place_of * TARGETS + number,
         f"target-{number}", "workflow" if number < 2 else "function", f"Target {number}", "none", "{}", "response",
         30_000, 60_000, "{}", TargetState.ENABLED.value, 1, made.principal, now, now)
        for number in range(TARGETS)
    ]  # fmt: skip


def _definitions(made: Stage, fired: Sequence[Fired], now: int) -> Iterator[_Part]:
    policies, timing, zone = policies_to_text(Policies()), timing_to_text(_TIMING), _TIMING.zone
    data, soon = zone_fingerprint(zone), now + 300 * DAY_MS
    for start in range(0, len(fired), 10_000):
        schedules, versions, cursors, labels = _Rows(), _Rows(), _Rows(), _Rows()
        for number, schedule in enumerate(fired[start : start + 10_000], start):
            own = {"region": f"region-{number % REGIONS}", "team": f"team-{number % TEAMS}"}
            if number == 0:
                own["only"] = "this"
            state = "paused" if number % PAUSED_IN == PAUSED_IN - 1 else "active"
            due = None if state == "paused" else soon
            name, key = f"Report {number} for the customers", f"report-{number}"
            schedules.append(
                (schedule.id, schedule.workspace, "native", NO_OWNER, schedule.target, key, name,
                 "Sends what has changed since the day before", orjson.dumps(own).decode(), "{}", state, 1, 1,
                 made.principal, now, now, zone, data)
            )  # fmt: skip
            given = f'{{"report":{number},"format":"pdf","to":"team-{number % TEAMS}@example.com"}}'
            versions.append((schedule.id, 1, timing, policies, schedule.target, given, now - DAYS * DAY_MS))
            cursors.append(
                (place(schedule.id, timing, soon), schedule.id, schedule.workspace, 1, timing, policies,
                 schedule.target, 0, now, due, due, zone, data, 9, 9, 0, 0, 0, 0, 0)
            )  # fmt: skip
            labels += [(schedule.workspace, label, value, schedule.id) for label, value in own.items()]
        labels.sort()
        yield [(_SCHEDULES, schedules), (_VERSIONS, versions), (_CURSORS, cursors), (_LABELS, labels)]


def _history(everybody: Sequence[Fired], hot: Fired, runs: int, now: int) -> Iterator[_Part]:
    """The fires of each day with their runs, in the order of their ids."""
    hot_a_day = runs // 10 // DAYS
    every = max(1, round(DAYS * len(everybody) / (runs - hot_a_day * DAYS)))
    for day in range(DAYS):
        begins = (now // 60_000 * 60_000) - (DAYS - day) * DAY_MS
        slots = [
            (begins + number * 7_919 % 86_400 * 1000, schedule)
            for number, schedule in enumerate(everybody)
            if (number + day) % every == 0 and schedule is not hot
        ]
        slots += [
            (begins + number * (DAY_MS // hot_a_day) // 1000 * 1000, hot) for number in range(hot_a_day)
        ]
        done = _Rows()
        for number, (slot, schedule) in enumerate(slots):
            fire = fire_id(schedule.id, "clock", slot)
            state, status, error = _end_of(number)
            ended = slot + 120
            done.append((fire, schedule.workspace, schedule.id, 1, schedule.target, "clock", "", 0, state, slot, slot,
                         slot + 5, slot + 10, ended, 1, status, '{"ok":true}', error))  # fmt: skip
        yield [(_RUNS, sorted(done))]


def _end_of(number: int) -> tuple[str, int | None, str | None]:
    """State, status and error of the `number`-th run of a day."""
    if number % 1000 == 1:
        return "cancelled", None, "cancelled by request"
    if number % 100 == 2:
        return "failed", 500, "the target answered 500"
    return "succeeded", 200, None


def _opened(here: Sequence[Fired], there: Sequence[Fired], now: int) -> _Part:
    """Runs that are not over: every fourth waits for a callback, the others for another attempt in some hours."""
    runs, ready, callbacks = _Rows(), _Rows(), _Rows()
    chosen = [*here[100 : 100 + OPEN_HERE], *there[100 : 100 + OPEN_THERE]]
    for number, schedule in enumerate(chosen):
        slot = now // 1000 * 1000 - 3_600_000 - number * 1000
        fire = fire_id(schedule.id, "clock", slot)
        called_back = number % 4 == 0
        runs.append((fire, schedule.workspace, schedule.id, 1, schedule.target, "clock", "", 0,
                     "running" if called_back else "pending", slot, slot, slot, slot, None, 1, None, None,
                     None))  # fmt: skip
        if called_back:
            callbacks.append((fire, schedule.workspace, schedule.target, fire, 1, now + DAY_MS, DAY_MS))
        else:
            ready.append((fire, schedule.target, now + DAY_MS // 2, 1, 0, 0))
    return [(_RUNS, sorted(runs)), (_READY, ready), (_CALLBACKS, callbacks)]


def _told(workspace: Id, fired: Sequence[Fired], count: int, webhook: Id | None, now: int) -> Iterator[_Part]:
    """Events of fires, one every second, and what became of them at the webhook."""
    yield [(_EVENT_LOGS, [(workspace, count, 0, now + DAY_MS)])]
    for start in range(1, count + 1, 10_000):
        events, deliveries = _Rows(), _Rows()
        for number in range(start, min(start + 10_000, count + 1)):
            at, schedule = now - (count - number) * 1000, fired[number % len(fired)]
            kind = "fire.failed" if number % 100 == 0 else "fire.completed"
            event = derived_id(at, b"event", number.to_bytes(4, "big"))
            events.append(
                (workspace, number, event, kind, schedule.id, at, at + 5, _content(event, kind, at, schedule))
            )
            if webhook is not None:
                missed = number % UNDELIVERED_IN == 0
                deliveries.append(
                    (webhook, number, event, kind, "failed" if missed else "delivered", 1, at, at + 20, None,
                     500 if missed else 200, "the receiver answered 500" if missed else None)
                )  # fmt: skip
        yield [(_EVENTS, events), (_DELIVERIES, deliveries)]


def _content(event: Id, kind: str, at: int, schedule: Fired) -> str:
    instant = instant_text(at)
    fire = {"id": prefixed("fire", event), "kind": "clock", "state": kind.partition(".")[2], "slot": instant,
            "due_at": instant, "fired_at": instant, "finished_at": instant, "runs": 1, "succeeded": 1, "failed": 0,
            "cancelled": 0, "error": None}  # fmt: skip
    named = {"id": prefixed("sch", schedule.id), "key": "report", "name": "Report for the customers"}
    target = {"id": prefixed("tgt", schedule.target), "key": "target", "name": "Target"}
    told = {"id": prefixed("evt", event), "type": kind, "at": instant, "schedule": {**named, "labels": {}},
            "target": target, "fire": fire, "details": {}}  # fmt: skip
    return orjson.dumps(told).decode()


def _load_sqlite(made: Stage, phases: Sequence[Any]) -> None:
    with closing(sqlite3.connect(made.url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for setting in ("synchronous=OFF", "cache_size=-262144", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {setting}")
        for part in (part for phase in phases for part in phase):
            connection.execute("BEGIN IMMEDIATE")
            for (table, names), rows in part:
                columns = names.split()
                marks = ", ".join("?" * len(columns))
                text = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
                connection.executemany(text, rows)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _load_postgres(made: Stage, phases: Sequence[Any], from_ms: int, now: int) -> None:
    import asyncpg

    connection = await asyncpg.connect(made.url)
    try:
        await make_partitions(connection, from_ms, now)
        await connection.execute("SET synchronous_commit = off")
        for part in (part for phase in phases for part in phase):
            async with connection.transaction():
                for (table, names), rows in part:
                    await connection.copy_records_to_table(table, records=rows, columns=names.split())
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
