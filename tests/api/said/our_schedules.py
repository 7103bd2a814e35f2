"""What is done to schedules and runs through our own API: each story is the requests of one chapter.

A request is its line, its body, its headers, and the name that what it makes gets.
"""

from __future__ import annotations

from typing import Any

from tests.console.world import PLAYED

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
        ("POST /schedules", DAILY | {"version": 1}, {}),
        (
            "POST /schedules",
            {
                "name": "",
                "recurrence": "61 * * * *",
                "target": 10**6,
                "policies": {"overlap": "x", "retry": {"factor": 0}},
            },
            {},
        ),
        *(("POST /schedules/preview", body, {}) for body in bodies["POST /schedules/preview"]),
        (
            "POST /schedules/preview",
            {
                "recurrence": "30 2 * * *",
                "timezone": "Europe/Paris",
                "after": "2026-03-28T00:00:00Z",
                "count": 3,
            },
            {},
        ),
        ("POST /schedules/preview", {"recurrence": "0 0 30 2 *"}, {}),
        ("POST /schedules/bulk", [DAILY | {"key": "b1"}, DAILY | {"name": ""}, DAILY | {"key": "b1"}], {}),
        ("POST /schedules/bulk?mode=create", [DAILY | {"key": "b1"}, DAILY | {"key": "b2"}], {}),
        (
            "POST /schedules/bulk?mode=upsert",
            [DAILY | {"key": "b1", "name": "B"}, DAILY | {"key": "b2"}, DAILY],
            {},
        ),
        ("POST /schedules/bulk?mode=nothing", [DAILY], {}),
        ("GET /schedules?key_prefix=b&limit=5",),
    ]


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
        ("PATCH /schedules/{s-ended}", {"name": "Completed as it was"}, {}),
        ("PATCH /schedules/{s-ended}", {"policies": {"max_fires": 3}}, {}),
        ("POST /schedules/{s-deleted}/pause", None, {}),
        ("POST /schedules/{s-slow}/fire-now", None, {}),
        ("POST /schedules/by-key/nightly-key/pause", None, {}),
        ("POST /schedules/by-key/nightly-key/resume", None, {}),
        ("POST /schedules/by-key/nightly-key/fire-now", None, ONCE),
        (
            "POST /schedules/by-key/nightly-key/backfill",
            {"from": "2026-02-20T00:00:00Z", "to": "2026-02-21T12:00:00Z", "dry_run": True},
            {},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "2026-02-20T00:00:00Z", "to": "2026-02-22T00:00:00Z"},
            {"Idempotency-Key": "back"},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "2026-02-20T00:00:00Z", "to": "2026-02-22T00:00:00Z"},
            {"Idempotency-Key": "back"},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "2026-02-20T00:00:00Z", "to": "2026-02-23T00:00:00Z"},
            {"Idempotency-Key": "back"},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "2026-02-20T00:00:00Z", "to": "2026-02-22T00:00:00Z"},
            {},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "2026-02-22T00:00:00Z", "to": "2026-02-20T00:00:00Z"},
            {},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "2026-02-22T00:00:00Z", "to": "2027-02-20T00:00:00Z"},
            {},
        ),
        (
            "POST /schedules/{s-mixed}/backfill",
            {"from": "1990-02-22T00:00:00Z", "to": "2025-02-20T00:00:00Z"},
            {},
        ),
        ("GET /schedules/{s-mixed}/fires?kind=backfill",),
        (
            "POST /schedules/{s-once}/windows",
            {"recurrence": "0 2 * * *", "duration": "2h"},
            ONCE,
            "win-of-once",
        ),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "2h"}, ONCE),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "3h"}, ONCE),
        ("POST /schedules/{s-once}/windows", {"recurrence": "0 2 * * *", "duration": "25h", "note": "n"}, {}),
        (
            "POST /schedules/by-key/nightly-key/windows",
            {"recurrence": "@daily", "duration": 60, "timezone": "Asia/Tokyo", "catch_up": "all"},
            {},
            "win-key",
        ),
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
    ]


def runs() -> Story:
    return [
        *(
            (f"POST /runs/{{{name}}}/{verb}", None, {})
            for name in ("r-done", "r-slow", "r-silent", "r-row cancelled")
            for verb in ("cancel", "retry")
        ),
        ("POST /runs/{r-broken again}/retry", None, ONCE, "r-again"),
        ("POST /runs/{r-broken again}/retry", None, ONCE),
        ("POST /runs/{r-broken}/retry", None, ONCE),
        ("POST /runs/{r-deleted}/retry", None, {}),
        ("POST /runs/{r-row failed}/retry", None, {}, "r-row again"),
        ("GET /runs/{r-row again}",),
        ("GET /runs/{r-slow}",),
        ("POST /runs/{r-done}/complete", None, {"Authorization": "Bearer nonsense"}),
        ("POST /runs/{r-done}/complete", {"token": "nonsense"}, {}),
    ]


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
    ]


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
        *(
            (f"POST /{kind}/actions", body | {"dry_run": True}, {})
            for kind in ("schedules", "runs")
            for body in bodies[f"POST /{kind}/actions"]
        ),
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
        (
            "POST /runs/actions",
            {"action": "retry", "filter": {"schedule": "{s-broken}", "state": "failed"}},
            {},
        ),
        ("POST /runs/actions", {"action": "retry", "filter": {"state": "succeeded"}, "dry_run": True}, {}),
        ("GET /actions?limit=3",),
        ("GET /actions/{act-delete}",),
        ("POST /actions/{act-delete}/cancel", None, {}),
        ("POST /actions/{a-running}/cancel", None, {}),
        ("POST /actions/{a-running}/cancel", None, {}),
        ("GET /actions/{a-running}",),
    ]
