"""pages: every list and page of all six APIs, with the filters that users send, beside a long history.

Ours: requests to `horarium serve`, one after another over one connection; the figure is the p99 in milliseconds. The
ceiling is the goal for every page. The pages of the console are among them, with a goal of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from horarium.bench.crowd import DAY_MS, Crowd, Fired, fill_crowd
from horarium.bench.lateness import quantile
from horarium.bench.serving import Asker, Process, api_key, asker, database_cpu, serving
from horarium.bench.stage import Report, Stage, stage
from horarium.domain.ids import Id, from_prefixed, lowest_id_at, prefixed, random_id, uuid_text
from horarium.domain.listings import ScheduleListing
from horarium.domain.run import RunState
from horarium.domain.target import Target, TargetKind
from horarium.service.pages import cursor_text
from horarium.store.verbs import targets
from horarium.store.verbs.schedule_lists import list_schedules

GOAL_MS = 50.0
# The goal for a page of the console, which asks for several lists.
CONSOLE_GOAL_MS = 150.0
# How often each request is sent, unless it takes too long: after so many seconds it is not sent again.
TIMES, LONGEST_S = 100, 1.5
OF_EACH_DIALECT = 200

NATIVE, TRUSTPAGER, AUTESSA = "/horarium/v1", "/functions/v1/api/v1", "/clients/scheduled-events"
CONSOLE = "/console"
M9M, URANUS, CADENYA = "/api/v1", "/api/agents", "/v1"
DIALECTS = ("trustpager", "autessa", "m9m", "uranus", "cadenya")
# The kinds of the targets that the dialects' schedules run, and one that nothing runs.
DIALECT_TARGETS = (TargetKind.AGENT, TargetKind.WORKFLOW, TargetKind.AUTOMATION, TargetKind.TOOL)
RUN_STATES = tuple(state.value for state in RunState)


class Ask(NamedTuple):
    """One request of the walk, and what the report calls it."""

    what: str
    path: str
    body: bytes = b""


async def run(database: str = "sqlite", schedules: int = 100_000, runs: int = 1_000_000) -> list[Report]:
    """One report for each list and page, the slowest first."""
    async with stage(database) as made:
        key = await api_key(made)
        numbers = {kind: await _target(made, kind) for kind in DIALECT_TARGETS}
        with serving(made) as server:
            async with asker(server.port, key) as connection:
                for order in _orders(made, numbers, max(1, min(OF_EACH_DIALECT, schedules // 20))):
                    await connection.ask("POST", order.path, order.body)
                webhook = await _disabled_webhook(connection)
        made_by_dialects = {
            name: await made.store.read(list_schedules, _all_of(made, name)) for name in DIALECTS
        }
        fired = [
            Fired(schedule.id, made.workspace, schedule.definition.target_id)
            for found in made_by_dialects.values()
            for schedule in found
        ]
        crowd = await fill_crowd(made, schedules, runs, fired, webhook)
        firsts = {name: found[0].id for name, found in made_by_dialects.items()}
        with serving(made) as server:
            async with asker(server.port, key) as connection:
                asks = _asks(made, crowd, firsts)
                reports = [await _measured(made, connection, server, ask) for ask in asks]
                await _pause_later(connection)
                await _windows_later(connection, crowd)
                facts = await _facts(connection, crowd, webhook)
                await connection.sign_in()
                pages = _console_asks(crowd, facts)
                reports += [await _measured(made, connection, server, ask, CONSOLE_GOAL_MS) for ask in pages]
    return sorted(reports, key=lambda report: -report.ours)


def _all_of(made: Stage, dialect: str) -> ScheduleListing:
    return ScheduleListing(made.workspace, 1_000_000, dialect=dialect)


async def _target(made: Stage, kind: TargetKind) -> int:
    """A target whose key is its kind; its number."""
    now = made.clock.now_ms()
    new = Target(
        id=random_id(now),
        workspace_id=made.workspace,
        number=0,
        kind=kind,
        name=kind.value,
        executor="none",
        config={},
        key=kind.value,
        created_by=made.principal,
        created_ms=now,
        updated_ms=now,
    )
    return (await made.store.write(targets.create_target, new, made.principal)).number


def _orders(made: Stage, numbers: Mapping[TargetKind, int], each: int) -> Iterator[Ask]:
    """The requests that make `each` schedules of every dialect, none of which is due before the year's end."""
    workspace = prefixed("ws", made.workspace)
    agent = {"agentId": numbers[TargetKind.AGENT], "input": "Hello"}
    for number in range(each):
        name, minute = f"Nightly {number}", number % 60
        cron = f"{minute} {number // 60 % 24} {_month_and_day(made)} *"
        bodies: dict[str, dict[str, Any]] = {
            f"{TRUSTPAGER}/event-schedules": {
                "name": name,
                "cron_expression": cron,
                "timezone": "UTC",
                "audience_type": "users",
                "audience_filter": {"roles": ["owner"]},
                "automation_id": "automation",
            },
            f"{AUTESSA}/create": {
                "eventName": name,
                "cronExpression": f"cron({minute} {number // 60 % 24} {_month_and_day(made)} ? *)",
                "actionType": "INVOKE_AGENT",
                "agentConfig": {"agentExecutionRequest": agent},
            },
            f"{M9M}/schedules": {
                "workflowId": "workflow",
                "cronExpression": cron,
                "inputData": [{"n": number}],
            },
            f"{URANUS}/agent/schedules": {
                "name": name,
                "type": "cron",
                "cron_expression": cron,
                "callback_type": "workflow",
                "callback_id": "workflow",
            },
            f"{CADENYA}/workspaces/{workspace}/agents/agent/schedules": {
                "metadata": {"name": name, "labels": {"team": f"team-{number % 10}", "region": "north"}},
                "spec": {
                    "initialMessage": "Hello",
                    "schedule": {
                        "timezone": "UTC",
                        "calendars": [{"minute": [{"start": minute}], "month": [{"start": _month(made)}]}],
                    },
                },
            },
        }
        for path, body in bodies.items():
            yield Ask("", path, orjson.dumps(body))


def instant_text(at_ms: int) -> str:
    """An instant in milliseconds as requests write it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _month(made: Stage) -> int:
    """The month before this one: a yearly recurrence in it comes in eleven months."""
    return (datetime.fromtimestamp(made.clock.now_ms() / 1000, UTC).month + 10) % 12 + 1


def _month_and_day(made: Stage) -> str:
    return f"1 {_month(made)}"


def _asks(made: Stage, crowd: Crowd, firsts: Mapping[str, Id]) -> list[Ask]:
    """All requests of the walk."""
    own, schedules, runs = f"{NATIVE}/schedules", f"{NATIVE}/schedules?", f"{NATIVE}/runs?"
    first, hot = (f"{own}/{prefixed('sch', schedule)}" for schedule in (crowd.first, crowd.hot))
    usual = prefixed("sch", crowd.usual)
    middle_of_schedules, middle_of_runs = cursor_text(crowd.usual), cursor_text(lowest_id_at(crowd.middle_ms))
    from_ms = f"from={instant_text(crowd.middle_ms)}&to={instant_text(crowd.middle_ms + 7 * DAY_MS)}"
    workspace = f"{CADENYA}/workspaces/{prefixed('ws', made.workspace)}"
    m9m = f"{M9M}/schedules/{uuid_text(firsts['m9m'])}"
    asks = [
        ("schedules", schedules),
        ("schedules, 1000 a page", f"{schedules}limit=1000"),
        ("schedules, oldest first", f"{schedules}sort=asc"),
        ("schedules, deep", f"{schedules}cursor={middle_of_schedules}"),
        ("schedules, label (2 %)", f"{schedules}label=team:team-7"),
        ("schedules, label, oldest only", f"{schedules}label=only:this"),
        ("schedules, label, no match", f"{schedules}label=team:none"),
        ("schedules, two labels (2 %)", f"{schedules}label=team:team-7&label=region:region-2"),
        ("schedules, two labels, no match", f"{schedules}label=team:team-7&label=region:region-3"),
        ("schedules, target (10 %)", f"{schedules}target=target-3"),
        ("schedules, target of dialects", f"{schedules}target=workflow"),
        ("schedules, target without any", f"{schedules}target=tool"),
        ("schedules, active", f"{schedules}state=active"),
        ("schedules, paused (0.5 %)", f"{schedules}state=paused"),
        ("schedules, completed (none)", f"{schedules}state=completed"),
        ("schedules, search, common", f"{schedules}search=customers"),
        ("schedules, search, oldest only", f"{schedules}search=Report%200%20for"),
        ("schedules, search, no match", f"{schedules}search=zebra"),
        ("schedules, a dialect", f"{schedules}dialect=m9m"),
        ("schedules, dialect and paused (none)", f"{schedules}dialect=m9m&state=paused"),
        *((f"schedules, sorted by {sort}", f"{schedules}sort={sort}")
          for sort in ("name", "-name", "next_fire", "last_fire")),
        ("schedules, failing (none)", f"{schedules}failing=true"),
        ("schedules, last failed (none)", f"{schedules}last_state=failed"),
        ("schedules, key prefix", f"{schedules}key_prefix=report-12"),
        ("schedules, key prefix, no match", f"{schedules}key_prefix=zebra"),
        ("schedules, label, by name", f"{schedules}label=team:team-7&sort=name"),
        ("schedules, due soon (none)", f"{schedules}next_fire_before={instant_text(crowd.middle_ms)}"),
        ("fires of all", f"{NATIVE}/fires"),
        ("fires of all, failed", f"{NATIVE}/fires?state=failed"),
        ("fires of all, by hand (none)", f"{NATIVE}/fires?kind=manual"),
        ("fires of all, label (2 %), a week", f"{NATIVE}/fires?label=team:team-7&{from_ms}"),
        ("ledger of all", f"{NATIVE}/ledger"),
        ("ledger of all, missed (none)", f"{NATIVE}/ledger?reason=missed"),
        ("runs, a week", f"{runs}{from_ms}"),
        ("runs, label (2 %)", f"{runs}label=team:team-7"),
        ("runs, label, oldest only", f"{runs}label=only:this"),
        ("runs, label, failed, a week", f"{runs}label=team:team-7&state=failed&{from_ms}"),
        ("runs, row (none)", f"{runs}row_key=user-4"),
        ("runs, with input", f"{runs}include=input,row"),
        ("schedule", first),
        ("schedule, preview", f"{first}/preview"),
        ("schedule, explain", f"{hot}/explain?at={instant_text(crowd.middle_ms)}"),
        ("ledger", f"{first}/ledger"),
        ("ledger, hot", f"{hot}/ledger"),
        ("ledger, hot, a week", f"{hot}/ledger?{from_ms}"),
        ("fires", f"{first}/fires"),
        ("fires, hot", f"{hot}/fires"),
        ("fires, hot, deep", f"{hot}/fires?cursor={middle_of_runs}"),
        ("fires, hot, by hand (none)", f"{hot}/fires?kind=manual"),
        ("runs", runs),
        ("runs, 1000 a page", f"{runs}limit=1000"),
        ("runs, deep", f"{runs}cursor={middle_of_runs}"),
        *((f"runs, {state}", f"{runs}state={state}") for state in RUN_STATES),
        ("runs, failed, deep", f"{runs}state=failed&cursor={middle_of_runs}"),
        ("runs, target (10 %)", f"{runs}target=target-3"),
        ("runs, target of dialects", f"{runs}target=workflow"),
        ("runs, target without any", f"{runs}target=tool"),
        ("runs, target, failed", f"{runs}target=target-3&state=failed"),
        ("runs, target, running", f"{runs}target=target-3&state=running"),
        ("runs, schedule", f"{runs}schedule={usual}"),
        ("runs, schedule, running", f"{runs}schedule={usual}&state=running"),
        ("runs, hot", f"{runs}schedule={prefixed('sch', crowd.hot)}"),
        ("runs, hot, deep", f"{runs}schedule={prefixed('sch', crowd.hot)}&cursor={middle_of_runs}"),
        *((f"runs, hot, {state}", f"{runs}schedule={prefixed('sch', crowd.hot)}&state={state}")
          for state in RUN_STATES),
        *((f"{what}, with total", f"{NATIVE}/{path}{'&' if '?' in path else '?'}total=true") for what, path in (
            ("schedules", "schedules"), ("schedules, label (2 %)", "schedules?label=team:team-7"),
            ("schedules, target (10 %)", "schedules?target=target-3"), ("schedules, active", "schedules?state=active"),
            ("schedules, search, common", "schedules?search=customers"),
            ("schedules, search, no match", "schedules?search=zebra"),
            ("schedules, failing (none)", "schedules?failing=true"),
            ("schedules, key prefix", "schedules?key_prefix=report-12"),
            ("runs", "runs"), ("runs, a week", f"runs?{from_ms}"), ("runs, label (2 %)", "runs?label=team:team-7"),
            ("runs, failed", "runs?state=failed"), ("runs, pending", "runs?state=pending"),
            ("runs, target (10 %)", "runs?target=target-3"), ("runs, target without any", "runs?target=tool"),
            ("runs, hot", f"runs?schedule={prefixed('sch', crowd.hot)}"), ("runs, row (none)", "runs?row_key=user-4"),
            ("fires of all", "fires"), ("fires of all, failed", "fires?state=failed"),
            ("fires of all, by hand (none)", "fires?kind=manual"),
            ("fires, hot", f"schedules/{prefixed('sch', crowd.hot)}/fires"),
            ("targets", "targets"), ("targets, search", "targets?search=zebra"), ("audiences", "audiences"),
            ("audit", "audit"), ("audit, no match", "audit?action=zebra"), ("events", "events"),
            ("events, no match", "events?type=webhook.disabled"), ("events, label, no match", "events?label=team:none"),
        )),
        ("targets", f"{NATIVE}/targets"),
        ("targets, search", f"{NATIVE}/targets?search=zebra"),
        ("trustpager: schedules", f"{TRUSTPAGER}/event-schedules"),
        ("trustpager: runs", f"{TRUSTPAGER}/event-schedules/{uuid_text(firsts['trustpager'])}/runs"),
        ("m9m: schedules", f"{M9M}/schedules"),
        ("m9m: schedules, workflow", f"{M9M}/schedules?workflowId=workflow&enabled=true"),
        ("m9m: schedules, search, no match", f"{M9M}/schedules?search=zebra"),
        ("m9m: schedules, the last page", f"{M9M}/schedules?offset=150&limit=50"),
        ("m9m: history", f"{m9m}/history"),
        ("m9m: workflows", f"{M9M}/workflows"),
        ("m9m: executions", f"{M9M}/executions?limit=50"),
        ("m9m: executions, deep", f"{M9M}/executions?limit=50&offset=2000"),
        *((f"m9m: executions, {status}", f"{M9M}/executions?limit=50&status={status}")
          for status in ("completed", "failed", "cancelled", "running")),
        ("m9m: executions, workflow", f"{M9M}/executions?limit=50&workflowId=workflow"),
        ("m9m: executions, workflow, failed", f"{M9M}/executions?limit=50&workflowId=workflow&status=failed"),
        ("uranus: schedules", f"{URANUS}/agent/schedules"),
        ("uranus: schedules, paused (none)", f"{URANUS}/agent/schedules?status=paused"),
        ("uranus: schedule", f"{URANUS}/agent/schedules/{uuid_text(firsts['uranus'])}"),
        ("cadenya: agents", f"{workspace}/agents"),
        ("cadenya: schedules", f"{workspace}/agents/agent/schedules"),
        ("cadenya: schedules, query, no match", f"{workspace}/agents/agent/schedules?query=zebra"),
        ("cadenya: schedules, two labels", f"{workspace}/agents/agent/schedules?labels=team%3Dteam-3,region%3Dnorth"),
        ("cadenya: objectives", f"{workspace}/objectives"),
        ("cadenya: objectives, oldest first", f"{workspace}/objectives?sortOrder=asc"),
        ("cadenya: objectives, an agent", f"{workspace}/objectives?agentId=agent"),
        *((f"cadenya: objectives, {state}", f"{workspace}/objectives?state=OBJECTIVE_STATE_{state}")
          for state in ("PENDING", "RUNNING", "FINALIZED", "FAILED", "TIMED_OUT", "CANCELLED")),
    ]  # fmt: skip
    return [*(Ask(what, path) for what, path in asks), Ask("autessa: all", f"{AUTESSA}/all", b"{}")]


class Facts(NamedTuple):
    """What pages of the console name besides the crowd, as paths write it."""

    failed_run: str
    fire: str
    event: str
    webhook: str
    key: str
    principal: str
    workspace: str


async def _disabled_webhook(connection: Asker) -> Id:
    """A webhook to which nothing is sent, so that nothing happens while pages are measured."""
    made = orjson.loads(
        await connection.ask("POST", f"{NATIVE}/webhooks", b'{"url": "http://127.0.0.1:9/events"}')
    )
    await connection.ask("PATCH", f"{NATIVE}/webhooks/{made['id']}", b'{"enabled": false}')
    found = from_prefixed("hook", made["id"])
    assert found is not None  # the server wrote it
    return found


async def _pause_later(connection: Asker) -> None:
    """Plan a pause of the workspace, so that pages have one to show."""
    body = {
        "from": "2200-01-01T00:00:00Z",
        "until": "2200-01-02T00:00:00Z",
        "note": "Move to another data centre",
    }
    await connection.ask("POST", f"{NATIVE}/workspaces/current/pause", orjson.dumps(body))


async def _windows_later(connection: Asker, crowd: Crowd) -> None:
    """Make maintenance windows of the workspace and of a schedule that begin long after pages are measured."""
    body = {"recurrence": "0 2 1 1 *", "start_at": "2200-01-01T00:00:00Z", "duration": "2h"}
    for place in ("workspaces/current", f"schedules/{prefixed('sch', crowd.first)}"):
        await connection.ask("POST", f"{NATIVE}/{place}/windows", orjson.dumps(body))


async def _facts(connection: Asker, crowd: Crowd, webhook: Id) -> Facts:
    async def ask(path: str) -> Any:
        return orjson.loads(await connection.ask("GET", f"{NATIVE}{path}"))

    hot = prefixed("sch", crowd.hot)
    run = (await ask(f"/runs?schedule={hot}&limit=1"))["items"][0]
    failed = (await ask("/runs?state=failed&limit=1"))["items"]
    event = (await ask("/events?limit=1"))["items"][0]
    me = await ask("/me")
    return Facts(
        (failed or [run])[0]["id"],
        run["fire"],
        event["id"],
        prefixed("hook", webhook),
        me["key"]["id"],
        me["principal"]["id"],
        me["workspace"]["id"],
    )


def _console_asks(crowd: Crowd, facts: Facts) -> list[Ask]:
    """The pages of the console."""
    first, hot = (f"{CONSOLE}/schedules/{prefixed('sch', schedule)}" for schedule in (crowd.first, crowd.hot))
    at = instant_text(crowd.middle_ms)
    month, lists = at[:7], f"{CONSOLE}/schedules?"
    runs = f"{CONSOLE}/runs?"
    asks = [
        ("now", f"{CONSOLE}/"),
        ("schedules", f"{CONSOLE}/schedules"),
        ("schedules, deep", f"{lists}cursor={cursor_text(crowd.usual)}"),
        ("schedules, label (2 %)", f"{lists}label=team:team-7"),
        ("schedules, paused (0.5 %)", f"{lists}state=paused"),
        ("schedules, search, common", f"{lists}search=customers"),
        ("schedules, search, no match", f"{lists}search=zebra"),
        ("schedules, target (10 %)", f"{lists}target=target-3"),
        ("schedule", first),
        ("schedule, hot", hot),
        ("schedule, hot, a full month", f"{hot}?month={month}"),
        ("schedule, why", f"{hot}/why?at={at}"),
        ("schedule, versions", f"{first}/versions"),
        ("schedule, edit", f"{first}/edit"),
        ("schedule, new", f"{CONSOLE}/schedules/new"),
        ("schedule, backfill", f"{first}/backfill?from={at}&to={instant_text(crowd.middle_ms + 7 * DAY_MS)}"),
        ("runs", f"{CONSOLE}/runs"),
        ("runs, failed", f"{runs}state=failed"),
        ("runs, open", f"{runs}state=open"),
        ("runs, hot, failed", f"{runs}schedule={prefixed('sch', crowd.hot)}&state=failed"),
        ("runs, target (10 %)", f"{runs}target=target-3"),
        ("targets", f"{CONSOLE}/targets"),
        ("target", f"{CONSOLE}/targets/target-3"),
        ("audiences", f"{CONSOLE}/audiences"),
        ("directory", f"{CONSOLE}/audiences/directory/contacts"),
        ("keys", f"{CONSOLE}/keys"),
        ("key, new", f"{CONSOLE}/keys/new"),
        ("audit", f"{CONSOLE}/audit"),
        ("settings", f"{CONSOLE}/settings"),
        ("settings, pause", f"{CONSOLE}/settings/pause"),
        ("settings, windows", f"{CONSOLE}/settings/windows"),
        ("schedule, fire now", f"{first}/fire"),
        ("schedule, pause", f"{first}/pause"),
        ("schedule, windows", f"{first}/windows"),
        ("many, pause all", f"{CONSOLE}/schedules/many?action=pause"),
        ("many, pause a label (2 %)", f"{CONSOLE}/schedules/many?action=pause&label=team:team-7"),
        ("many, run failed again", f"{CONSOLE}/runs/many?action=retry"),
        ("run, failed", f"{CONSOLE}/runs/{facts.failed_run}"),
        ("fire", f"{CONSOLE}/fires/{facts.fire}"),
        ("target, test", f"{CONSOLE}/targets/target-3/test"),
        ("target, new", f"{CONSOLE}/targets/new"),
        ("upload", f"{CONSOLE}/audiences/directory/contacts/upload"),
        ("events", f"{CONSOLE}/events"),
        ("events, failed (1 %)", f"{CONSOLE}/events?type=fire.failed"),
        ("events, no match", f"{CONSOLE}/events?type=webhook.disabled"),
        ("events, label, no match", f"{CONSOLE}/events?label=team:none"),
        ("event", f"{CONSOLE}/events/{facts.event}"),
        ("webhooks", f"{CONSOLE}/events/webhooks"),
        ("webhook", f"{CONSOLE}/events/webhooks/{facts.webhook}"),
        ("webhook, failed (2 %)", f"{CONSOLE}/events/webhooks/{facts.webhook}?state=failed"),
        ("webhook, edit", f"{CONSOLE}/events/webhooks/{facts.webhook}/edit"),
        ("key, revoke", f"{CONSOLE}/keys/{facts.key}/revoke"),
        ("principal", f"{CONSOLE}/principals/{facts.principal}"),
        ("workspace switch", f"{CONSOLE}/switch"),
        ("palette, common", f"{CONSOLE}/find?q=customers"),
        ("palette, no match", f"{CONSOLE}/find?q=zebra"),
    ]
    return [Ask(f"console: {what}", path) for what, path in asks]


async def _measured(
    made: Stage, connection: Asker, server: Process, ask: Ask, goal_ms: float = GOAL_MS
) -> Report:
    """Send a request once, and then TIMES times or for LONGEST_S. `failed` are answers that were given up because the
    query took too long. `cpu_ms` is the processor time of the server's process for one, and `database_ms` that of
    PostgreSQL's, which a busy machine hardly changes."""
    took, failed = list[float](), 0
    size = len(await _answer(connection, ask) or b"")  # the first one reads what is not in memory yet
    before, database = server.usage()[0], database_cpu(made)
    until = time.perf_counter() + LONGEST_S
    while len(took) < TIMES and (begun := time.perf_counter()) < until:
        failed += await _answer(connection, ask) is None
        took.append((time.perf_counter() - begun) * 1000)
    spent = (server.usage()[0] - before) * 1000 / len(took)
    of_database = (database_cpu(made) - database) * 1000 / len(took)
    took.sort()
    p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
    extra = {
        "what": ask.what,
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "cpu_ms": round(spent, 1),
        "database_ms": round(of_database, 1),
        "requests": len(took),
        "failed": failed,
        "bytes": size,
    }
    return Report("pages", made.database, p99, goal_ms, "ms at p99", extra, less_is_better=True)


async def _answer(connection: Asker, ask: Ask) -> bytes | None:
    """The body of an answer; None where the server gave the query up (503). Raises RuntimeError for other refusals."""
    try:
        return await connection.ask("POST" if ask.body else "GET", ask.path, ask.body)
    except RuntimeError as error:
        if " 503 " in str(error):
            return None
        raise
