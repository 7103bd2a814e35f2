"""What our own API is told to do, in every state in which something may be: and how that is answered and shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from horarium.domain.execution import Call, Outcome
from horarium.domain.ids import prefixed
from horarium.executors.http import HttpExecutor
from tests.api.said import ours
from tests.api.said.walk import NDJSON, Ask, Walk
from tests.console.world import PLAYED, _as, _name_events, _tell

Story = list[Any]
BEFORE = {"If-Match": '"1"'}
ONCE = {"Idempotency-Key": "once"}
DAILY = {"name": "Daily", "recurrence": "0 9 * * *", "target": "ok"}
TARGET = {"kind": "tool", "name": "T", "executor": {"type": "http", "url": f"{PLAYED}/ok"}}


def made_schedules(bodies: dict[str, list[Any]]) -> Story:
    made = [
        ("POST /schedules", {**body, "key": f"key {n}"}, {}, f"s{n}")
        for n, body in enumerate(bodies["POST /schedules"])
    ]
    shown = [(f"GET /schedules/{{s{n}}}",) for n in range(len(made))]
    return [*made, *shown]


def schedules(bodies: dict[str, list[Any]]) -> Story:
    changed = [
        ("PATCH /schedules/{s0}", body, {})
        for body in bodies["PATCH /schedules/{id}"]
        if len(body) < 3 and "key" not in body
    ]
    return [
        *changed,
        ("GET /schedules/{s0}",),
        ("GET /schedules/{s0}/versions?limit=3",),
        ("PUT /schedules/{s1}", DAILY, {}),
        ("PUT /schedules/{s1}", DAILY, {}),
        ("PUT /schedules/{s1}", DAILY | {"version": 1}, {}),
        ("PUT /schedules/{s1}", DAILY | {"version": 2, "name": "At 2"}, {}),
        ("PUT /schedules/{s1}", DAILY, BEFORE),
        ("PATCH /schedules/{s1}", {"labels": {"a": "1"}}, {"If-Match": '"3"'}),
        ("PATCH /schedules/{s1}", {"labels": {"a": None, "b": "2"}}, {"If-Match": '"1", "4"'}),
        ("PATCH /schedules/{s1}", {"id": "sch_00000000000000000000000001"}, {}),
        ("PATCH /schedules/{s1}", {"created_at": "2020-01-01T00:00:00Z", "dialect": "m9m"}, {}),
        ("PATCH /schedules/{s1}", {"policies": {"retry": {"max_attempts": 1, "initial": "0s"}}}, {}),
        ("PATCH /schedules/{s1}", {"policies": {"jitter": 59, "grace": "0s", "max_fires": 1}}, {}),
        ("PATCH /schedules/{s1}", {"target": "nothing"}, {}),
        ("PATCH /schedules/{s1}", {"target": "off"}, {}),
        ("PATCH /schedules/{s1}", {"target": "{theirs}"}, {}),
        ("PATCH /schedules/{s1}", {"key": "key 0"}, {}),
        ("PATCH /schedules/{s1}", {"key": "sch_1"}, {}),
        ("PATCH /schedules/{s1}", {"end_at": "2020-01-01T00:00:00Z"}, {}),
        ("PATCH /schedules/{s1}", {"start_at": "2028-01-01T00:00:00Z", "end_at": "2027-01-01T00:00:00Z"}, {}),
        ("PATCH /schedules/{s1}", {"recurrence": {"once": "2020-01-01T00:00:00Z"}}, {}),
        ("PATCH /schedules/{s1}", {"recurrence": "0 0 30 2 *"}, {}),
        ("GET /schedules/{s1}",),
        ("PUT /schedules/by-key/of-a-key", DAILY, {}, "s-of-a-key"),
        ("PUT /schedules/by-key/of-a-key", DAILY, {}),
        ("PUT /schedules/by-key/of-a-key", DAILY | {"name": "Other"}, {}),
        ("PUT /schedules/by-key/of-a-key", DAILY | {"key": "another"}, {}),
        ("PUT /schedules/by-key/of-no-key", DAILY, BEFORE),
        ("PATCH /schedules/by-key/of-a-key", {"description": "D"}, {}),
        ("GET /schedules/by-key/of-a-key",),
        ("POST /schedules", DAILY, ONCE, "s-once"),
        ("POST /schedules", DAILY, ONCE),
        ("POST /schedules", DAILY | {"name": "Other"}, ONCE),
        ("POST /schedules", DAILY | {"key": "of-a-key"}, {}),
        ("POST /schedules", DAILY | {"target": "off"}, {}),
        ("POST /schedules", DAILY | {"audience": {"type": "nobody"}}, {}),
        ("POST /schedules", {}, {}),
        ("POST /schedules", {"name": "", "recurrence": "61 * * * *", "target": 10**6, "policies": {"overlap": "x", "retry": {"factor": 0}}}, {}),
        *(("POST /schedules/preview", body, {}) for body in bodies["POST /schedules/preview"]),
        ("POST /schedules/preview", {"recurrence": "30 2 * * *", "timezone": "Europe/Paris", "after": "2026-03-28T00:00:00Z", "count": 3}, {}),
        ("POST /schedules/preview", {"recurrence": "0 0 30 2 *"}, {}),
        ("POST /schedules/bulk", [DAILY | {"key": "b1"}, DAILY | {"name": ""}, DAILY | {"key": "b1"}], {}),
        ("POST /schedules/bulk?mode=create", [DAILY | {"key": "b1"}, DAILY | {"key": "b2"}], {}),
        ("POST /schedules/bulk?mode=upsert", [DAILY | {"key": "b1", "name": "B"}, DAILY | {"key": "b2"}, DAILY], {}),
        ("POST /schedules/bulk?mode=nothing", [DAILY], {}),
        ("GET /schedules?key_prefix=b&limit=5",),
    ]  # fmt: skip


def states() -> Story:
    """What is done to schedules by verbs."""
    of = "/schedules/{s-once}"
    return [
        (f"POST {of}/resume", None, {}),
        (f"POST {of}/pause", {"note": "N", "version": 7}, {}),
        (f"POST {of}/pause", {"note": "N"}, BEFORE),
        (f"POST {of}/pause", {"note": "N"}, {}),
        (f"POST {of}/pause", None, {}),
        (f"POST {of}/pause", {"until": "2026-03-01T00:00:00Z"}, {}),
        (f"POST {of}/pause", {"until": "2026-03-09T00:00:00Z", "catch_up": "all"}, {}),
        (f"GET {of}",),
        (f"POST {of}/fire-now", None, {}, "fire-paused"),
        (f"POST {of}/resume", {"catch_up": "some"}, {}),
        (f"POST {of}/resume", {"catch_up": "none"}, BEFORE),
        (f"POST {of}/resume", {"catch_up": "latest"}, {}),
        (f"POST {of}/fire-now", None, ONCE, "fire-once"),
        (f"POST {of}/fire-now", None, ONCE),
        ("POST /schedules/{s-ended}/fire-now", None, {}),
        ("POST /schedules/{s-ended}/pause", None, {}),
        ("POST /schedules/{s-ended}/resume", None, {}),
        ("POST /schedules/{s-deleted}/pause", None, {}),
        ("POST /schedules/{s-slow}/fire-now", None, {}),
        ("POST /schedules/by-key/nightly-key/pause", None, {}),
        ("POST /schedules/by-key/nightly-key/resume", None, {}),
        ("POST /schedules/by-key/nightly-key/fire-now", None, ONCE),
        ("POST /schedules/by-key/nightly-key/backfill", {"from": "2026-02-20T00:00:00Z", "to": "2026-02-21T12:00:00Z", "dry_run": True}, {}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "2026-02-20T00:00:00Z", "to": "2026-02-22T00:00:00Z"}, {"Idempotency-Key": "back"}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "2026-02-20T00:00:00Z", "to": "2026-02-22T00:00:00Z"}, {"Idempotency-Key": "back"}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "2026-02-20T00:00:00Z", "to": "2026-02-23T00:00:00Z"}, {"Idempotency-Key": "back"}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "2026-02-20T00:00:00Z", "to": "2026-02-22T00:00:00Z"}, {}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "2026-02-22T00:00:00Z", "to": "2026-02-20T00:00:00Z"}, {}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "2026-02-22T00:00:00Z", "to": "2027-02-20T00:00:00Z"}, {}),
        ("POST /schedules/{s-mixed}/backfill", {"from": "1990-02-22T00:00:00Z", "to": "2025-02-20T00:00:00Z"}, {}),
        ("GET /schedules/{s-mixed}/fires?kind=backfill",),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "2h"}, ONCE, "win-of-once"),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "2h"}, ONCE),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "3h"}, ONCE),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "25h", "note": "n"}, {}),
        ("POST /schedules/by-key/nightly-key/windows", {"recurrence": "@daily", "duration": 60, "timezone": "Asia/Tokyo", "catch_up": "all"}, {}, "win-key"),
        ("GET /schedules/by-key/nightly-key/windows",),
        ("DELETE /schedules/by-key/nightly-key/windows/{win-key}",),
        ("DELETE /schedules/by-key/nightly-key/windows/{win-key}",),
        ("DELETE /schedules/{s-once}/windows/{win-slow}",),
        ("DELETE /schedules/{s-once}/windows/{win-of-once}",),
        ("GET /schedules/{s-once}/windows",),
        ("DELETE /schedules/{s-once}", None, {"If-Match": '"99"'}),
        ("DELETE /schedules/{s-once}",),
        ("DELETE /schedules/{s-once}",),
        ("GET /schedules/{s-once}",),
        ("GET /schedules/{s-once}/fires",),
        ("POST /schedules/{s-once}/fire-now", None, {}),
        ("PATCH /schedules/{s-once}", {"name": "x"}, {}),
        ("DELETE /schedules/by-key/of-a-key", None, BEFORE),
        ("DELETE /schedules/by-key/of-a-key",),
        ("GET /schedules/by-key/of-a-key",),
        ("PUT /schedules/by-key/of-a-key", DAILY, {}),
    ]  # fmt: skip


def runs() -> Story:
    return [
        *((f"POST /runs/{{{name}}}/{verb}", None, {}) for name in ("r-done", "r-slow", "r-silent", "r-row cancelled") for verb in ("cancel", "retry")),
        ("POST /runs/{r-broken again}/retry", None, ONCE, "r-again"),
        ("POST /runs/{r-broken again}/retry", None, ONCE),
        ("POST /runs/{r-broken}/retry", None, ONCE),
        ("POST /runs/{r-deleted}/retry", None, {}),
        ("POST /runs/{r-row failed}/retry", None, {}, "r-row again"),
        ("GET /runs/{r-row again}",),
        ("GET /runs/{r-slow}",),
        ("POST /runs/{r-done}/complete", None, {"Authorization": "Bearer nonsense"}),
        ("POST /runs/{r-done}/complete", {"token": "nonsense"}, {}),
    ]  # fmt: skip


def callbacks(token: str) -> Story:
    bearer, run = {"Authorization": f"Bearer {token}"}, "/runs/{r-called}"
    return [
        (f"GET {run}",),
        (f"POST {run}/heartbeat", None, bearer),
        (f"POST {run}/heartbeat", {"output": {"done": 1}}, bearer),
        (f"POST {run}/complete", {"token": token + "x"}, {}),
        (f"POST {run}/complete", {"token": token, "output": {"a": [1, None]}}, {}),
        (f"POST {run}/complete", None, bearer),
        (f"POST {run}/fail", {"error": "Late"}, bearer),
        (f"POST {run}/heartbeat", None, bearer),
        (f"POST {run}/cancel", None, {}),
        (f"GET {run}",),
    ]  # fmt: skip


def failing(token: str) -> Story:
    bearer = {"Authorization": f"Bearer {token}"}
    return [
        ("POST /runs/{r-called 2}/fail", {"error": "Broken", "output": [1]}, bearer),
        ("POST /runs/{r-called 2}/fail", None, bearer),
        ("POST /runs/{r-called 2}/complete", None, bearer),
        ("GET /runs/{r-called 2}",),
    ]


def actions(bodies: dict[str, list[Any]]) -> Story:
    of = {"filter": {"key_prefix": "key 1"}}
    return [
        *((f"POST /{kind}/actions", body | {"dry_run": True}, {}) for kind in ("schedules", "runs") for body in bodies[f"POST /{kind}/actions"]),
        ("POST /schedules/actions", of | {"action": "pause", "note": "All"}, ONCE, "act-pause"),
        ("POST /schedules/actions", of | {"action": "pause", "note": "All"}, ONCE),
        ("POST /schedules/actions", of | {"action": "resume"}, ONCE),
        ("POST /schedules/actions", of | {"action": "pause", "note": "All"}, {}),
        ("POST /schedules/actions", of | {"action": "resume", "catch_up": "none"}, {}),
        ("POST /schedules/actions", of | {"action": "relabel", "labels": {"n": "1"}}, {}),
        ("POST /schedules/actions", of | {"action": "retarget", "target": "echo"}, {}),
        ("POST /schedules/actions", of | {"action": "retarget"}, {}),
        ("POST /schedules/actions", of | {"action": "relabel"}, {}),
        ("POST /schedules/actions", of | {"action": "pause", "labels": {"a": "b"}}, {}),
        ("POST /schedules/actions", of | {"action": "delete", "note": "n"}, {}),
        ("POST /schedules/actions", of | {"action": "fire"}, {}),
        ("POST /schedules/actions", of | {"action": "delete"}, {}, "act-delete"),
        ("POST /schedules/actions", {"action": "delete", "filter": {}, "dry_run": True}, {}),
        ("POST /runs/actions", {"action": "cancel", "filter": {"schedule": "{s-slow}"}}, {}),
        ("POST /runs/actions", {"action": "retry", "filter": {"schedule_key": "nothing"}}, {}),
        ("POST /runs/actions", {"action": "retry", "filter": {"schedule": "{s-broken}", "state": "failed"}}, {}),
        ("POST /runs/actions", {"action": "retry", "filter": {"state": "succeeded"}, "dry_run": True}, {}),
        ("GET /actions?limit=3",),
        ("GET /actions/{act-delete}",),
        ("POST /actions/{act-delete}/cancel", None, {}),
        ("POST /actions/{a-running}/cancel", None, {}),
        ("POST /actions/{a-running}/cancel", None, {}),
        ("GET /actions/{a-running}",),
    ]  # fmt: skip


def webhooks(bodies: dict[str, list[Any]]) -> Story:
    url = {"url": f"{PLAYED}/takes"}
    return [
        *(("POST /webhooks", body, {}, f"h{n}") for n, body in enumerate(bodies["POST /webhooks"])),
        *(("PATCH /webhooks/{h1}", body, {}) for body in bodies["PATCH /webhooks/{id}"]),
        ("GET /webhooks/{h1}",),
        ("POST /webhooks", url, ONCE, "h-once"),
        ("POST /webhooks", url, ONCE),
        ("POST /webhooks", {"url": f"{PLAYED}/all"}, ONCE),
        ("POST /webhooks", {"url": "ftp://play.example/"}, {}),
        ("POST /webhooks", {"url": "http://10.0.0.1/"}, {}),
        ("POST /webhooks", url | {"types": ["fire.nothing"]}, {}),
        ("POST /webhooks", url | {"schedules": ["{their}"]}, {}),
        ("POST /webhooks", url | {"schedule_keys": ["nightly-key"]}, {}, "h-keys"),
        ("POST /webhooks", url | {"schedule_keys": ["nothing"]}, {}),
        ("PATCH /webhooks/{h-once}", {"enabled": False}, BEFORE),
        ("PATCH /webhooks/{h-once}", {"enabled": True}, BEFORE),
        ("POST /webhooks/{h-once}/rotate-secret", None, {}),
        ("POST /webhooks/{h-once}/rotate-secret", {"algorithm": "ed25519", "overlap": "2h"}, {}),
        ("POST /webhooks/{h-once}/rotate-secret", {"overlap": "9999h"}, {}),
        ("POST /webhooks/{h-once}/rotate-secret", None, BEFORE),
        ("POST /webhooks/{h-once}/replay", {"since": "2026-03-05T00:00:00Z"}, {}),
        ("POST /webhooks/{w-takes}/replay", {"since": "2026-03-05T00:00:00Z"}, {}),
        ("POST /webhooks/{w-takes}/replay", {"since": "2026-03-05T12:00:00Z"}, {}),
        ("POST /webhooks/{w-takes}/replay", {"from_event": "{e-fire-failed}"}, {}),
        ("POST /webhooks/{w-takes}/replay", {"from_event": "{their event}"}, {}),
        ("POST /webhooks/{w-takes}/replay", {"from_event": "{e-fire-failed}", "since": "2026-03-05T12:00:00Z"}, {}),
        ("POST /webhooks/{w-takes}/replay", {"since": "2028-03-05T12:00:00Z"}, {}),
        ("GET /webhooks/{w-takes}/deliveries?limit=3",),
        ("DELETE /webhooks/{h-once}", None, BEFORE),
        ("DELETE /webhooks/{h-once}",),
        ("DELETE /webhooks/{h-once}",),
        ("GET /webhooks/{h-once}",),
    ]  # fmt: skip


def made_targets(bodies: dict[str, list[Any]]) -> Story:
    made = [
        ("POST /targets", {**body, "key": f"t{n}"}, {}, f"t{n}")
        for n, body in enumerate(bodies["POST /targets"])
    ]
    return [*made, *((f"GET /targets/{{t{n}}}",) for n in range(len(made)) if n != 3)]


def targets(bodies: dict[str, list[Any]]) -> Story:
    return [
        *(("PATCH /targets/{t0}", body, {}) for body in bodies["PATCH /targets/{ref}"] if len(body) == 1 and "key" not in body),
        ("GET /targets/{t0}",),
        ("PUT /targets/{t0}", TARGET, {}),
        ("PUT /targets/{t0}", TARGET | {"version": 1}, {}),
        ("PUT /targets/{t0}", TARGET, BEFORE),
        ("PUT /targets/by-key/of-a-key", TARGET, {}, "t-of-a-key"),
        ("PUT /targets/by-key/of-a-key", TARGET, {}),
        ("PUT /targets/by-key/of-a-key", TARGET | {"kind": "agent"}, {}),
        ("PATCH /targets/by-key/of-a-key", {"description": "D"}, {}),
        ("POST /targets", TARGET, ONCE, "t-once"),
        ("POST /targets", TARGET, ONCE),
        ("POST /targets", TARGET | {"name": "U"}, ONCE),
        ("POST /targets", TARGET | {"key": "ok"}, {}),
        ("POST /targets", TARGET | {"key": "tgt_x"}, {}),
        ("POST /targets", TARGET | {"key": "17"}, {}),
        ("POST /targets", TARGET | {"executor": {"type": "nothing"}}, {}),
        ("POST /targets", TARGET | {"executor": {"type": "http"}}, {}),
        ("POST /targets", TARGET | {"executor": {"type": "http", "url": "http://10.0.0.1/"}}, {}),
        ("POST /targets", TARGET | {"completion": "watch"}, {}),
        ("POST /targets", TARGET | {"deadline": "1h"}, {}),
        ("PATCH /targets/{t-once}", {"name": "x"}, {"If-Match": '"9"'}),
        *((f"POST /targets/{{t-once}}/{verb}", None, headers) for verb in ("enable", "disable", "disable", "enable") for headers in ({}, {"If-Match": '"9"'})),
        ("POST /targets/by-key/ok/disable", None, {}),
        ("POST /targets/by-key/ok/enable", None, {}),
        ("POST /targets/{t-once}/rotate-secret", None, {}),
        ("POST /targets/{t-once}/rotate-secret", {"keep_previous": True, "overlap": "1h"}, {}),
        ("POST /targets/{t-once}/rotate-secret", {"algorithm": "ed25519"}, {}),
        ("POST /targets/{t-once}/rotate-secret", None, BEFORE),
        ("POST /targets/by-key/echo/rotate-secret", None, {}),
        *((f"POST /targets/{{{name}}}/test", {"input": {"a": 1}}, {}) for name in ("ok", "broken", "silent", "echo", "slow", "off", "borrowed", "every-table")),
        ("POST /targets/by-key/rows/test", {"row": {"id": "c1"}}, {}),
        ("POST /targets/{theirs}/test", None, {}),
        ("POST /targets/{lent}/disable", None, {}),
        ("PATCH /targets/{borrowed}", {"name": "Mine"}, {}),
        ("POST /targets/{borrowed}/disable", None, {}),
        ("PUT /targets/{ok}/shares/{other}", {"key": "of acme"}, {}),
        ("PUT /targets/{ok}/shares/{other}", {"key": "of acme"}, {}),
        ("PUT /targets/{ok}/shares/{other}", {"key": "borrowed"}, {}),
        ("PUT /targets/{ok}/shares/{acme}", None, {}),
        ("PUT /targets/{borrowed}/shares/{empty}", None, {}),
        ("PUT /targets/by-key/plain/shares/{empty}", None, {}),
        ("GET /targets/by-key/plain/shares",),
        ("DELETE /targets/by-key/plain/shares/{empty}",),
        ("DELETE /targets/{ok}/shares/{empty}",),
        ("DELETE /targets/{ok}/shares/{other}",),
        ("DELETE /targets/{slow}",),
        ("DELETE /targets/{t-once}", None, BEFORE),
        ("DELETE /targets/{t-once}",),
        ("DELETE /targets/{t-once}",),
        ("GET /targets/{t-once}",),
        ("DELETE /targets/by-key/of-a-key",),
        ("DELETE /targets/{borrowed}",),
    ]  # fmt: skip


def sources(bodies: dict[str, list[Any]]) -> Story:
    table = {
        "database": "crm",
        "table": "leads",
        "columns": [{"name": "name", "type": "text"}, {"name": "score", "type": "integer"}],
    }
    return [
        *((f"PUT /audiences/source{n}", body, {}) for n, body in enumerate(bodies["PUT /audiences/{name}"])),
        ("PUT /audiences/source0", bodies["PUT /audiences/{name}"][0], {}),
        ("PUT /audiences/users", {"type": "http", "config": {"url": "https://127.0.0.1:9/x"}}, {}),
        ("PUT /audiences/other", {"type": "nothing", "config": {}}, {}),
        ("GET /audiences",),
        *(("POST /audiences/preview", body, {}) for body in bodies["POST /audiences/preview"] if body["audience"]["type"] != "people"),
        ("POST /audiences/preview", {"audience": {"type": "crm"}}, {}),
        ("POST /audiences/preview", {"audience": {"type": "contacts", "filter": {"contact_type": "lead"}}, "sample": 2}, {}),
        ("PUT /audiences/crm/shares/{other}", {"name": "lent"}, {}),
        ("PUT /audiences/crm/shares/{other}", {"name": "lent"}, {}),
        ("GET /audiences/crm/shares",),
        ("GET /audiences/crm",),
        ("DELETE /audiences/crm/shares/{other}",),
        ("DELETE /audiences/crm/shares/{other}",),
        ("DELETE /audiences/source0",),
        ("DELETE /audiences/source0",),
        ("DELETE /audiences/crm",),
        ("POST /tables", table, {}),
        ("POST /tables", table, {}),
        ("POST /tables", table | {"table": "a b"}, {}),
        ("POST /tables", table | {"table": "t", "columns": [{"name": "id", "type": "text"}]}, {}),
        ("GET /tables",),
        ("GET /tables/crm/leads",),
        ("GET /tables/crm/nothing",),
        ("GET /tables/crm/leads/rows?limit=1",),
        *((f"PUT /directory/{kind}", body, {}) for kind, body in zip(("users", "contacts", "deals", "tasks"), bodies["PUT /directory/{kind}"], strict=False)),
        ("PUT /directory/contacts", [{"id": "c1", "name": "New"}, {"name": "nobody"}, {"id": "c1"}], {}),
        ("PUT /directory/nothing", [], {}),
        ("GET /directory/contacts/c1",),
        ("DELETE /directory/contacts/c1",),
        ("DELETE /directory/contacts/c1",),
        ("GET /directory/contacts?limit=2",),
    ]  # fmt: skip


def tenancy(bodies: dict[str, list[Any]]) -> Story:
    key = {"name": "K", "scopes": ["runs:read"]}
    pause = "/workspaces/{acme}/pause"
    return [
        *(("POST /workspaces", body, {}, "made") for body in bodies["POST /workspaces"]),
        ("POST /workspaces", bodies["POST /workspaces"][0], {}),
        *(("PATCH /workspaces/{made}", body, {}) for body in bodies["PATCH /workspaces/{id}"]),
        ("PATCH /workspaces/{made}", {"name": "x"}, BEFORE),
        ("PATCH /workspaces/{made}", {"quotas": {"schedules": 0}, "weight": 101}, {}),
        ("GET /workspaces/{made}",),
        ("DELETE /workspaces/{made}?days=3",),
        ("DELETE /workspaces/{made}?days=3",),
        ("GET /workspaces?deleted=true",),
        ("PATCH /workspaces/{made}", {"name": "x"}, {}),
        ("POST /workspaces/{made}/undelete", None, {}),
        ("POST /workspaces/{made}/undelete", None, {}),
        ("DELETE /workspaces/{acme}",),
        ("DELETE /workspaces/{made}?days=0",),
        ("GET /workspaces/{made}",),
        ("POST /principals", {"name": "P", "type": "person", "email": "p@example.com", "grants": ["ok"]}, ONCE, "p1"),
        ("POST /principals", {"name": "P", "type": "person", "email": "p@example.com", "grants": ["ok"]}, ONCE),
        ("POST /principals", {"name": "Q"}, ONCE),
        ("POST /principals", {"name": "Q", "grants": ["nothing", "{theirs}"]}, {}),
        ("POST /principals", {"name": "Q", "type": "person", "email": "p@example.com"}, {}),
        ("POST /principals/{p1}/grants", {"targets": ["rows", "ok"]}, {}),
        ("POST /principals/{p1}/grants", {"targets": ["nothing"]}, {}),
        ("GET /principals/{p1}/grants",),
        ("DELETE /principals/{p1}/grants/{rows}",),
        ("DELETE /principals/{p1}/grants/{rows}",),
        ("POST /keys", key | {"principal": "{p1}", "expires_at": "2027-01-01T00:00:00Z"}, {}, "k1"),
        ("POST /keys", key | {"expires_at": "2026-01-01T00:00:00Z"}, {}),
        ("POST /keys", key | {"scopes": ["nothing", "*"]}, {}),
        ("POST /keys", key | {"scopes": []}, {}),
        ("POST /keys", key | {"networks": ["10.0.0.0/33"]}, {}),
        ("POST /keys", key | {"scopes": ["*"], "targets": ["ok"]}, {}),
        ("POST /keys", key | {"targets": ["ok", "{rows}"], "labels": {"team": "a"}, "networks": ["10.0.0.0/8"]}, {}, "k2"),
        ("GET /keys/{k2}",),
        ("POST /keys/{k1}/rotate", {"overlap": "1h"}, {}, "k3"),
        ("POST /keys/{k1}/rotate", {"overlap": "99999h"}, {}),
        ("POST /keys/{k-revoked}/rotate", None, {}),
        ("GET /keys/{k1}",),
        ("DELETE /keys/{k1}",),
        ("DELETE /keys/{k1}",),
        ("DELETE /principals/{p1}",),
        ("DELETE /principals/{p1}",),
        ("DELETE /principals/{me}",),
        ("GET /keys/{k3}",),
        ("POST /workspaces/{acme}/resume", None, {}),
        (f"POST {pause}", {"until": "2026-03-01T00:00:00Z"}, {}),
        (f"POST {pause}", {"from": "2026-04-02T00:00:00Z", "until": "2026-04-01T00:00:00Z"}, {}),
        (f"POST {pause}", {"from": "2026-04-01T00:00:00Z", "until": "2026-04-02T00:00:00Z", "note": "Later", "catch_up": "all"}, {}),
        (f"POST {pause}", {"note": "Now"}, {}),
        ("POST /schedules/{s-mixed}/fire-now", None, {}),
        (f"POST {pause}", {"note": "Again", "until": "2026-03-07T00:00:00Z"}, {}),
        ("GET /workspaces/{acme}/pauses?limit=4",),
        ("POST /workspaces/{acme}/resume", {"catch_up": "all"}, {}),
        ("DELETE /workspaces/{acme}/pauses/{planned}",),
        ("DELETE /workspaces/{acme}/pauses/{planned}",),
        ("POST /workspaces/{acme}/windows", {"recurrence": "0 3 * * *", "duration": "1h"}, ONCE, "w-ws"),
        ("POST /workspaces/{acme}/windows", {"recurrence": "0 3 * * *", "duration": "1h"}, ONCE),
        ("POST /workspaces/{acme}/windows", {"recurrence": "0 4 * * *", "duration": "1h"}, ONCE),
        ("DELETE /workspaces/{acme}/windows/{w-ws}",),
        ("DELETE /workspaces/{acme}/windows/{w-ws}",),
        ("POST /erasures", {"person": "c2", "values": ["eve@example.com"]}, {}, "gone"),
        ("GET /erasures/{gone}",),
        ("POST /audit/erase", {"principal": "{bot}"}, {}),
        ("POST /audit/erase", {"principal": "{their bot}"}, {}),
        ("POST /secrets/rotate", None, {}),
    ]  # fmt: skip


def restricted() -> Story:
    """What keys may do that are restricted."""
    of = "/schedules/{s-slow}"
    lines: Story = [
        ("GET /me",), (f"PATCH {of}", {"name": "x"}, {}), (f"DELETE {of}",), ("POST /schedules", DAILY, {}),
        ("POST /schedules", DAILY | {"labels": {"team": "a:b"}}, {}), ("PATCH /targets/{ok}", {"name": "Okay"}, {}),
        ("DELETE /schedules/{s-nightly}",), ("POST /runs/{r-broken again}/retry", None, {}), ("POST /keys", {"name": "k", "scopes": ["runs:read"]}, {}),
        ("GET /schedules?limit=1",), ("POST /schedules/actions", {"action": "pause", "filter": {}}, {}),
    ]  # fmt: skip
    return lines


async def write(walk: Walk) -> None:
    """All stories, one after the other."""
    world, bodies = walk.world, ours.bodies(walk.world)
    for title, story in (
        ("schedules that are made", made_schedules(bodies)),
        ("schedules that are changed", schedules(bodies)),
        ("what is done to schedules", states()),
        ("runs", runs()),
    ):
        await told(walk, title, story)
    for number, calls in enumerate((callbacks, failing)):
        name = "r-called" if number == 0 else "r-called 2"
        await told(walk, f"callbacks {number + 1}", calls(await _called(walk, name)))
    for title, make in (
        ("actions on many", actions),
        ("webhooks", webhooks),
        ("targets that are made", made_targets),
        ("targets", targets),
        ("audiences", sources),
        ("workspaces", tenancy),
    ):
        await told(walk, title, make(bodies))
    for name, given in (
        ("few", {"targets": ["rows"]}), ("labelled", {"labels": {"team": "a:b"}}), ("elsewhere", {"networks": ["10.0.0.0/8"]}),
    ):  # fmt: skip
        scopes = ["schedules:read", "schedules:write", "schedules:delete", "runs:write", "targets:write"]
        made = await world.make(
            name, "/keys", {"name": name, "scopes": scopes[:4] if name == "labelled" else scopes} | given
        )
        await told(walk, f"with a key that is restricted: {given}", restricted(), made["key"], name)
    await _what_is_left(walk)


async def told(walk: Walk, title: str, story: Story, key: str = "", called: str = "") -> None:
    """Tell the requests of a story; what is made gets its name. `key` is what they carry, by a name."""
    walk.step(title)
    for line, *rest in story:
        body, headers, name = (*rest, None, None, None)[:3]
        ask = Ask(line, walk.filled(body), headers, key, called=called)
        if line.startswith("POST /schedules/bulk") or line.startswith("PUT /directory"):
            ask = Ask(line, headers=headers, raw=walk.lines_of(ask.body), media=NDJSON)
        reply = await walk.tell(ask)
        if name is not None and reply.status < 300:
            walk.calls(name, reply.json()["id"])


async def _called(walk: Walk, name: str) -> str:
    """A run under way that a target may finish later, remembered by a name; the token that the target was given."""
    world = walk.world
    body = {
        "name": name,
        "recurrence": "0 9 * * *",
        "target": "slow",
        "policies": {"overlap": "allow", "retry": {"max_attempts": 1}},
    }
    await world.make(f"s-{name}", "/schedules", body)
    await world.make(f"f-{name}", f"/schedules/{world.there[f's-{name}']}/fire-now")
    with _tokens() as tokens:
        await world.house.work()
    await world.run_of(name, f"s-{name}")
    for each in (name, f"s-{name}", f"f-{name}"):
        walk.calls(each, world.there[each])
    return tokens[world.there[name]]


@contextmanager
def _tokens() -> Iterator[dict[str, str]]:
    """While this holds, the tokens that targets are given, by run."""
    tokens: dict[str, str] = {}
    execute = HttpExecutor.execute

    async def noting(_: HttpExecutor, call: Call) -> Outcome:
        tokens[prefixed("run", call.run_id)] = call.callback_token or ""
        return await execute(call)  # type: ignore[call-arg,arg-type]

    with patch.object(HttpExecutor, "execute", noting):
        yield tokens


async def _what_is_left(walk: Walk) -> None:
    """What the server has counted, recorded and told of all this."""
    world = walk.world
    await world.house.move("2026-03-05T13:00:00Z")
    await _tell(world)
    await world.house.services.audit.link()
    await told(walk, "what follows", [
        ("GET /schedules?sort=last_fire&limit=12",), ("GET /runs?limit=20",), ("GET /workspaces/{acme}",), ("GET /me",),
    ])  # fmt: skip
    for title, path, by in (("what was recorded", "/audit", "action"), ("what was told", "/events", "type")):
        walk.title(f"{title}, the latest of each kind")
        walk.lines += walk.teller.stream(await _every(walk, path), by)
    walk.title("what was counted")
    for line in ("GET /metrics", "GET /metrics?workspace=*"):
        reply = await walk.send(Ask(line))
        walk.lines += [
            f"# {line}",
            *(walk.names.plain(each) for each in reply.body.decode().splitlines() if steady(each)),
        ]


async def _every(walk: Walk, path: str) -> list[Any]:
    """All items of a list."""
    items, cursor = list[Any](), ""
    for _ in range(20):
        page = (await walk.send(Ask(f"GET {path}?limit=100{cursor}"))).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError(f"{path} has more pages than were thought of")


def steady(line: str) -> bool:
    """Whether a line of the metrics is the same however fast and whatever the machine is."""
    name = line.removeprefix("# HELP ").removeprefix("# TYPE ").split(" ")[0].partition("{")[0]
    changing = ("process_", "python_", "horarium_build", "horarium_event_loop", "horarium_store_")
    if line.startswith("# TYPE") or name.startswith(changing):
        return False
    return line[0] == "#" or not name.endswith(("_bucket", "_sum", "_created"))
