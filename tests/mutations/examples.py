"""Good bodies for the routes of all six APIs, with every field that they have; ids in them are of things there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.api.asking import with_twins
from tests.api.dialects.autessa.support import agent_event, table_event, tool_event
from tests.api.test_round_trips import EXECUTORS, FULL, ITEMS, POLICIES, RECURRENCES, SOURCES

Json = dict[str, Any]
Bodies = dict[str, list[Any]]
# Something of a kind that there is, as its API writes it.
Pick = Callable[[str], str]

BETWEEN = {"from": "2026-02-27T00:00:00Z", "to": "2026-02-28T12:00:00Z"}
# The keys of targets that are there all the time, by kind.
KEYS = {kind: f"every-{kind}" for kind in ("automation", "workflow", "function", "agent", "tool", "table")}
WORKFLOW, AGENT, AUTOMATION = KEYS["workflow"], KEYS["agent"], KEYS["automation"]
SOURCE = "people"
# The key of a schedule that is there all the time.
EVERY_SCHEDULE = "every-schedule"


def target_of(kind: str, url: str) -> Json:
    """A target that answers at once."""
    executor = {"type": "http", "url": f"{url}/run", "method": "POST", "headers": {"X-Plain": "a"}}
    return {
        "kind": kind,
        "name": kind.capitalize(),
        "key": KEYS[kind],
        "enabled": True,
        "executor": executor,
        "completion": "response",
        "timeout": 5,
    }


def own(pick: Pick, url: str) -> Bodies:
    """Those of our own API. `url` is where a receiver answers."""

    def there(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("https://example.com", url))

    order = {"name": "s", "recurrence": "0 9 * * *", "target": WORKFLOW}
    frequent = {**order, "recurrence": "* * * * *", "policies": {"overlap": "allow"}, "input": {"text": "x"}}
    full = {
        **FULL,
        "key": pick("name"),
        "name": "Full",
        "recurrence": "*/5 9-17 * * MON-FRI",
        "target": pick("targets"),
    }
    whole = {**full, "paused": True, "audience": {"type": SOURCE, "filter": {"id": "7"}}}
    timed = [{**order, "recurrence": recurrence} for recurrence in RECURRENCES]
    for_many = [
        {**frequent, "audience": {"type": kind, "filter": found}}
        for kind, found in (
            ("users", {"roles": ["owner"], "user_ids": ["u"]}),
            ("contacts", {"contact_type": "client", "has_email": True, "limit": 10}),
            (
                "deals",
                {"status": "open", "stale_days": 5, "pipeline_id": "p", "stage_ids": ["s"], "limit": 5},
            ),
            (
                "tasks_by_assignee",
                {"statuses": ["open"], "include_overdue_only": True, "max_tasks_per_user": 3},
            ),
            (SOURCE, {"id": "7"}),
        )
    ]
    schedules = [order, frequent, full, whole, {**frequent, "target": KEYS["function"]}, *timed, *for_many]
    keyed = [{name: value for name, value in body.items() if name != "key"} for body in schedules]
    changes = [
        {"policies": POLICIES},
        {"version": 1, "name": "x"},
        *({name: value} for name, value in whole.items()),
        *keyed,
    ]
    full_target = {
        **target_of("workflow", url),
        "key": pick("name"),
        "description": "All of it",
        "timeout": 12.5,
        "deadline": "2d",
        "completion": "callback",
        "max_concurrency": 3,
        "rate_per_second": 0.5,
        "input_schema": {"type": "object", "properties": {"a": {"type": "integer", "maximum": 5}}},
        "extra": {
            "a": [1, {"b": None}],
            "workflow": {"nodes": [], "settings": {"x": 1}, "active": True},
            "variations": [{"id": "v1", "name": "One", "weight": 2, "spec": {}}, {"id": "v2"}],
            "variation_selection_mode": "random",
            "variation_pin_field": "variation",
            "labels": {"a": "b"},
        },
    }
    executors = [there(executor) for executor in EXECUTORS.values()]
    executors += [
        {"type": "sql", "database": "crm", "table": "people", "columns": {"write": ["name"]}},
        {
            "type": "http",
            "url": f"{url}/run",
            "signing_secret": "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        },
    ]
    targets = [
        full_target,
        *({**full_target, "completion": "response", "executor": given} for given in executors),
    ]
    for body in targets[1:]:
        del body["deadline"]
    keyless = [{name: value for name, value in body.items() if name != "key"} for body in targets]
    workspace = {
        "name": "W",
        "slug": pick("name").lower(),
        "settings": {"timezone": "Asia/Tokyo"},
        "quotas": {
            "schedules": 77,
            "smallest_period": 60,
            "input_bytes": 1000,
            "audience_rows": 10,
            "bulk_lines": 5,
        },
        "weight": 2.5,
        "allowed_hosts": ["*.example.com", "10.0.0.0/8", "127.0.0.1"],
    }
    preview = {
        "recurrence": "0 9 * * *", "timezone": "Europe/Paris", "start_at": FULL["start_at"], "end_at": FULL["end_at"],
        "policies": POLICIES, "after": "2026-03-05T00:00:00Z", "count": 10,
    }  # fmt: skip
    key = {
        "name": "k", "scopes": ["runs:read", "schedules:write"], "principal": pick("principals"),
        "expires_at": "2027-01-01T00:00:00Z",
        "targets": [WORKFLOW, pick("targets")], "labels": {"team": "a"}, "networks": ["127.0.0.0/8", "::1"],
    }  # fmt: skip
    table = {
        "database": pick("databases"),
        "table": pick("name").lower(),
        "columns": [
            {"name": "name", "type": "text", "nullable": False},
            {"name": "score", "type": "integer"},
            {"name": "at", "type": "timestamp"},
        ],
    }
    webhook = {
        "url": f"{url}/hook", "name": "W", "types": ["fire.*", "schedule.ended"], "labels": {"team": "a"},
        "schedules": [pick("schedules")],
    }  # fmt: skip
    called_back = {**frequent, "target": KEYS["function"]}
    window = {
        "recurrence": "0 2 * * *", "duration": "2h", "timezone": "Europe/Paris",
        "start_at": "2027-01-01T00:00:00Z", "end_at": "2028-01-01T00:00:00Z",
    }  # fmt: skip
    note = {"output": {"a": [1, "x", None]}}
    known: Bodies = {
        "POST /schedules": schedules,
        "PUT /schedules/by-key/{key}": keyed,
        "PUT /schedules/{id}": [*schedules, *keyed, {**whole, "version": 1}],
        "PATCH /schedules/{id}": changes,
        "POST /schedules/bulk": [[order, frequent], [full, order, whole], [called_back] * 5, timed],
        "POST /schedules/preview": [preview, *({"recurrence": each} for each in RECURRENCES)],
        "POST /schedules/{id}/pause": [{}, {"note": "Holidays"}, {"note": "x", "version": 1}],
        "POST /schedules/{id}/backfill": [BETWEEN],
        "POST /runs/{id}/complete": [note, {}],
        "POST /runs/{id}/fail": [{"error": "Broken", **note}],
        "POST /runs/{id}/heartbeat": [note],
        "POST /targets": targets,
        "PUT /targets/by-key/{key}": keyless,
        "PUT /targets/{ref}": [*targets, *keyless, {**full_target, "version": 1}],
        "PATCH /targets/{ref}": [{name: value} for name, value in full_target.items()] + keyless,
        "POST /targets/{ref}/rotate-secret": [
            {"keep_previous": True, "overlap": "1h", "algorithm": "ed25519"},
            {},
        ],
        "PUT /targets/{ref}/shares/{workspace}": [{"key": "lent"}, {}],
        "POST /targets/{ref}/test": [{"input": {"text": "x"}, "row": {"id": "7"}}, {}],
        "POST /tables": [table],
        "PUT /directory/{kind}": [[item] for item in ITEMS.values()]
        + [[{**item, "id": pick("name")} for item in ITEMS.values()]],
        "POST /audiences/preview": [
            {"audience": body["audience"], "sample": 5} for body in (whole, *for_many)
        ],
        "PUT /audiences/{name}": [
            {"type": kind, "config": there(config)} for kind, config in SOURCES.items()
        ],
        "PUT /audiences/{name}/shares/{workspace}": [{"name": "lent"}, {}],
        "POST /workspaces": [workspace],
        "PATCH /workspaces/{id}": [
            *({name: value} for name, value in workspace.items() if name != "slug"),
            {"version": 1, "name": "W"},
        ],
        "POST /workspaces/{id}/pause": [
            {"note": "repairs", "until": "2027-11-23T00:00:00Z", "catch_up": "latest"},
            {"from": "2027-11-23T00:00:00Z", "until": "2027-11-24T00:00:00Z"},
            {},
        ],
        "POST /workspaces/{id}/windows": [window, {**window, "note": "repairs", "catch_up": "latest"}],
        "POST /schedules/{id}/windows": [window, {**window, "recurrence": {"every": "2h"}}],
        "POST /workspaces/{id}/resume": [{"catch_up": "all"}, {}],
        "POST /schedules/{id}/resume": [{"catch_up": "latest", "version": 1}, {"catch_up": "none"}, {}],
        "POST /erasures": [{"person": "nobody-7", "values": ["nobody@example.com"]}, {"person": "nobody"}],
        "POST /principals": [
            {"name": "P", "type": "person", "email": "p@example.com", "grants": [WORKFLOW, "*"]}
        ],
        "POST /principals/{id}/grants": [{"targets": [WORKFLOW, pick("targets"), "*"]}],
        "POST /keys": [key, {"name": "k", "scopes": ["*"]}],
        "POST /keys/{id}/rotate": [{"overlap": "1h"}, {}],
        "POST /webhooks": [webhook, {"url": webhook["url"]}],
        "PATCH /webhooks/{id}": [
            *({name: value} for name, value in webhook.items()),
            {"version": 1, "enabled": False},
            {"schedule_keys": []},
        ],
        "POST /webhooks/{id}/rotate-secret": [{"overlap": "1h", "algorithm": "ed25519"}, {}],
        "POST /webhooks/{id}/replay": [{"since": "2026-11-22T00:00:00Z"}, {"from_event": pick("events")}],
        "POST /audit/erase": [{"principal": pick("principals")}],
        "POST /schedules/actions": [
            {
                "action": "pause",
                "filter": {"labels": {"customer": "c9"}, "state": "active"},
                "note": "n",
                "until": "2027-03-01T09:00:00Z",
                "catch_up": "latest",
            },
            {
                "action": "relabel",
                "filter": {"key_prefix": "no", "failing": True},
                "labels": {"a": "b", "c": None},
            },
            {
                "action": "retarget",
                "filter": {"search": "no such text", "target": WORKFLOW},
                "target": WORKFLOW,
            },
            {"action": "fire", "filter": {"next_fire_before": "2026-11-24T00:00:00Z"}, "dry_run": True},
        ],
        "POST /runs/actions": [
            {"action": "retry", "filter": {"schedule": pick("schedules"), "state": "failed", "row_key": "r"}},
            {"action": "cancel", "filter": {"fire": pick("fires"), "target": WORKFLOW}, "dry_run": True},
            {
                "action": "retry",
                "filter": {"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"},
                "dry_run": True,
            },
        ],
    }
    return with_twins(known)


def trustpager(pick: Pick, url: str) -> Bodies:
    full = {
        "name": "Digest", "description": "D", "cron_expression": "0 9 * * 1-5", "timezone": "Australia/Sydney",
        "is_active": True,
        "audience_type": "users", "audience_filter": {"roles": ["owner"], "user_ids": ["u"]},
        "automation_id": AUTOMATION,
        "end_at": "2027-01-01T23:59:59.999Z", "max_runs": 5,
    }  # fmt: skip
    others = [
        {**full, "audience_type": kind, "audience_filter": found, "cron_expression": "* * * * *"}
        for kind, found in (
            (
                "tasks_by_assignee",
                {"statuses": ["open"], "include_overdue_only": False, "max_tasks_per_user": 3},
            ),
            ("contacts", {"contact_type": "client", "has_email": True, "limit": 5}),
            (
                "deals",
                {"status": "open", "stale_days": 3, "pipeline_id": "p", "stage_ids": ["s"], "limit": 3},
            ),
        )
    ]
    return {
        "POST /event-schedules": [full, *others],
        "PATCH /event-schedules/{id}": [full, *others, *({name: value} for name, value in full.items())],
        "POST /event-schedules/preview-cron": [
            {"cron_expression": "0 9 * * *", "timezone": "UTC", "count": 5}
        ],
    }


def autessa(pick: Pick, url: str) -> Bodies:
    agent = agent_event(int(pick("agent number")))
    agent["agentConfig"]["agentExecutionRequest"]["environmentVariables"] = {"TOKEN": "s3cret"}
    table = int(pick("table number"))
    events = [
        agent,
        {**agent, "cronExpression": "rate(1 minute)", "timezone": "UTC"},
        tool_event(int(pick("tool number"))),
        table_event(table),
        table_event(table, {"operation": "UPDATE", "values": {"name": "x"}, "dbRecordId": 1, "continueOnError": True}),
        table_event(table, {"operation": "UPDATE", "values": {"name": "x"}, "whereConditions": '{"name": "y"}'}),
        table_event(table, {"operation": "UPDATE", "values": {"name": "x"},
                            "whereConditions": '[{"column": "name", "operator": "=", "value": "y"}]'}),
    ]  # fmt: skip
    which = {"scheduledEventId": pick("events")}
    return {
        "POST /all": [{}],
        "POST /get": [which],
        "POST /create": events,
        "POST /update": [{**event, **which} for event in events]
        + [{**which, "cronExpression": "at(2026-05-01T00:00:00)"}],
        "POST /toggle": [{**which, "enabled": on} for on in (True, False)],
        "POST /delete": [which],
    }


def m9m(pick: Pick, url: str) -> Bodies:
    order = {
        "workflowId": WORKFLOW, "cronExpression": "0 9 * * *", "timezone": "America/New_York",
        "inputData": [{"json": {"a": pick("name")}}],
        "enabled": True, "maxRuns": 5, "maxDuration": 60,
    }  # fmt: skip
    workflow = {
        "id": pick("name"), "name": "W", "description": "D", "active": True, "executor": {"type": "http",
        "url": f"{url}/run"},
        "nodes": [{"name": "n", "type": "t", "parameters": {}}], "connections": {"n": {"main": []}},
        "settings": {"a": 1},
        "staticData": {"b": 2}, "pinData": {"c": [3]}, "tags": ["x"], "versionId": "v1",
    }  # fmt: skip
    changed = {name: value for name, value in workflow.items() if name != "id"}
    return {
        "POST /schedules": [
            order,
            {**order, "cronExpression": "@every 1m", "timezone": "UTC"},
            {**order, "cronExpression": "*/10 * * * * *"},
        ],
        "PUT /schedules/{id}": [order, *({name: value} for name, value in order.items())],
        "POST /workflows": [workflow],
        "PUT /workflows/{id}": [changed, *({name: value} for name, value in changed.items())],
        "POST /workflows/{id}/execute": [[], [{"json": {"a": 1}}], {}],
    }


def uranus(pick: Pick, url: str) -> Bodies:
    callback = {"callback_type": "workflow", "callback_id": WORKFLOW, "status": "active", "name": "Matrix"}
    orders = [
        {**callback, "type": "cron", "cron_expression": "0 9 * * *"},
        {
            **callback,
            "type": "cron",
            "cron_expression": "* * * * *",
            "callback_type": "function",
            "callback_id": KEYS["function"],
        },
        {**callback, "type": "once", "next_run": "2026-03-01T12:00:30Z"},
        {**callback, "type": "delayed", "delay_seconds": 3600},
    ]
    return {
        "POST /{id}/schedules": orders,
        "PUT /{id}/schedules/{scheduleId}": [
            *orders,
            *({name: value} for order in orders for name, value in order.items()),
        ],
    }


def cadenya(pick: Pick, url: str) -> Bodies:
    metadata = {"name": "N", "externalId": pick("name"), "labels": {"a": "b"}, "bundleKey": "bundle"}
    rules = {
        "timezone": "America/New_York",
        "calendars": [
            {"second": [{"start": 0}], "minute": [{"start": 0, "end": 59, "step": 5}], "hour": [{"start": 9}],
            "dayOfWeek": [{"start": 1, "end": 5}],
             "dayOfMonth": [{"start": 1, "end": 31}], "month": [{"start": 1, "end": 12}],
             "year": [{"start": 2026, "end": 2030}], "comment": "x"},
        ],
        "intervals": [{"every": "5400s", "offset": "60s"}],
    }  # fmt: skip
    spec = {
        "initialMessage": "Hi", "firstUserMessage": "Hi", "schedule": rules, "data": {"a": 1},
        "firstUserMessageData": {"a": 1}, "systemPromptData": {"b": "c"},
        "overlapPolicy": "OVERLAP_POLICY_ALLOW", "status": "AGENT_SCHEDULE_STATUS_ACTIVE",
    }  # fmt: skip
    del spec["firstUserMessageData"]
    full = {"metadata": metadata, "spec": spec}
    plain = {
        "metadata": {"name": "M"},
        "spec": {"initialMessage": "Hi", "schedule": {"timezone": "UTC", "intervals": [{"every": "60s"}]}},
    }
    agent = {
        "metadata": metadata,
        "spec": {
            "description": "D", "executor": {"type": "http", "url": f"{url}/run"}, "completion": "response",
            "inputDataSchema": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "variationSelectionMode": "VARIATION_SELECTION_MODE_WEIGHTED",
            "variations": [{"id": "v1", "name": "One", "weight": 2, "spec": {"prompt": "Hi"}}, {"id": "v2",
            "name": "Two", "weight": 1, "spec": {}}],
        },
        "defaultVariation": {"metadata": {"name": "Default"}, "spec": {"prompt": "x"}},
    }  # fmt: skip
    hooked = {"metadata": {"name": "Hooked"}, "spec": {"webhookEventsUrl": f"{url}/run"}}
    of = "/workspaces/{workspaceId}/agents"
    parts = [
        {"metadata": metadata},
        {"spec": {"schedule": rules}},
        {"spec": {"initialMessage": "x"}, "updateMask": "spec.initialMessage"},
    ]
    masked = [{**full, "updateMask": "metadata.labels,spec.data"}, {**full, "updateMask": "metadata,spec"}]
    return {
        f"POST {of}/{{agentId}}/schedules": [full, plain],
        f"PATCH {of}/{{agentId}}/schedules/{{id}}": [full, plain, *parts, *masked],
        f"POST {of}": [agent, hooked],
        f"PATCH {of}/{{id}}": [
            agent,
            {"metadata": metadata},
            {"spec": agent["spec"], "updateMask": "spec.description"},
        ],
    }


BODIES: dict[str, Callable[[Pick, str], Bodies]] = {
    "own": own,
    "trustpager": trustpager,
    "autessa": autessa,
    "m9m": m9m,
    "uranus": uranus,
    "cadenya": cadenya,
}
