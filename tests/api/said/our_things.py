"""What is done to all else through our own API: webhooks, targets, audiences, workspaces, keys."""

from __future__ import annotations

from typing import Any

from tests.api.said.our_schedules import BEFORE, DAILY, ONCE, TARGET, Story
from tests.console.world import PLAYED


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
        (
            "POST /webhooks/{w-takes}/replay",
            {"from_event": "{e-fire-failed}", "since": "2026-03-05T12:00:00Z"},
            {},
        ),
        ("POST /webhooks/{w-takes}/replay", {"since": "2028-03-05T12:00:00Z"}, {}),
        ("GET /webhooks/{w-takes}/deliveries?limit=3",),
        ("DELETE /webhooks/{h-once}", None, BEFORE),
        ("DELETE /webhooks/{h-once}",),
        ("DELETE /webhooks/{h-once}",),
        ("GET /webhooks/{h-once}",),
    ]


def made_targets(bodies: dict[str, list[Any]]) -> Story:
    made = [
        ("POST /targets", {**body, "key": f"t{n}"}, {}, f"t{n}")
        for n, body in enumerate(bodies["POST /targets"])
    ]
    return [*made, *((f"GET /targets/{{t{n}}}",) for n in range(len(made)) if n != 3)]


def targets(bodies: dict[str, list[Any]]) -> Story:
    return [
        *(
            ("PATCH /targets/{t0}", body, {})
            for body in bodies["PATCH /targets/{ref}"]
            if len(body) == 1 and "key" not in body
        ),
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
        *(
            (f"POST /targets/{{t-once}}/{verb}", None, headers)
            for verb in ("enable", "disable", "disable", "enable")
            for headers in ({}, {"If-Match": '"9"'})
        ),
        ("POST /targets/by-key/ok/disable", None, {}),
        ("POST /targets/by-key/ok/enable", None, {}),
        ("POST /targets/{t-once}/rotate-secret", None, {}),
        ("POST /targets/{t-once}/rotate-secret", {"keep_previous": True, "overlap": "1h"}, {}),
        ("POST /targets/{t-once}/rotate-secret", {"algorithm": "ed25519"}, {}),
        ("POST /targets/{t-once}/rotate-secret", None, BEFORE),
        ("POST /targets/by-key/echo/rotate-secret", None, {}),
        *(
            (f"POST /targets/{{{name}}}/test", {"input": {"a": 1}}, {})
            for name in ("ok", "broken", "silent", "echo", "slow", "off", "borrowed", "every-table")
        ),
        ("POST /targets/{gone}/enable", None, {}),
        ("POST /targets/{gone}/test", None, {}),
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
    ]


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
        *(
            ("POST /audiences/preview", body, {})
            for body in bodies["POST /audiences/preview"]
            if body["audience"]["type"] != "people"
        ),
        ("POST /audiences/preview", {"audience": {"type": "crm"}}, {}),
        (
            "POST /audiences/preview",
            {"audience": {"type": "contacts", "filter": {"contact_type": "lead"}}, "sample": 2},
            {},
        ),
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
        *(
            (f"PUT /directory/{kind}", body, {})
            for kind, body in zip(
                ("users", "contacts", "deals", "tasks"), bodies["PUT /directory/{kind}"], strict=False
            )
        ),
        ("PUT /directory/contacts", [{"id": "c1", "name": "New"}, {"name": "nobody"}, {"id": "c1"}], {}),
        ("PUT /directory/nothing", [], {}),
        ("GET /directory/contacts/c1",),
        ("DELETE /directory/contacts/c1",),
        ("DELETE /directory/contacts/c1",),
        ("GET /directory/contacts?limit=2",),
    ]


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
        (
            "POST /principals",
            {"name": "P", "type": "person", "email": "p@example.com", "grants": ["ok"]},
            ONCE,
            "p1",
        ),
        (
            "POST /principals",
            {"name": "P", "type": "person", "email": "p@example.com", "grants": ["ok"]},
            ONCE,
        ),
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
        (
            "POST /keys",
            key | {"targets": ["ok", "{rows}"], "labels": {"team": "a"}, "networks": ["10.0.0.0/8"]},
            {},
            "k2",
        ),
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
        (
            f"POST {pause}",
            {
                "from": "2026-04-01T00:00:00Z",
                "until": "2026-04-02T00:00:00Z",
                "note": "Later",
                "catch_up": "all",
            },
            {},
        ),
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
    ]


def restricted() -> Story:
    """What keys may do that are restricted."""
    of = "/schedules/{s-slow}"
    lines: Story = [
        ("GET /me",),
        (f"PATCH {of}", {"name": "x"}, {}),
        (f"DELETE {of}",),
        ("POST /schedules", DAILY, {}),
        ("POST /schedules", DAILY | {"labels": {"team": "a:b"}}, {}),
        ("PATCH /targets/{ok}", {"name": "Okay"}, {}),
        ("DELETE /schedules/{s-nightly}",),
        ("POST /runs/{r-broken again}/retry", None, {}),
        ("POST /keys", {"name": "k", "scopes": ["runs:read"]}, {}),
        ("GET /schedules?limit=1",),
        ("POST /schedules/actions", {"action": "pause", "filter": {}}, {}),
    ]
    return lines


def in_an_empty_workspace() -> Story:
    """Where no window and no pause holds anything back."""
    return [
        ("GET /workspaces/current",),
        ("GET /schedules?total=true",),
        (
            "POST /targets",
            {"kind": "tool", "name": "E", "key": "e", "executor": {"type": "echo"}},
            {},
            "e-target",
        ),
        ("POST /schedules", DAILY | {"target": "e", "policies": {"max_fires": 2}}, {}, "e-twice"),
        (
            "POST /schedules",
            DAILY | {"target": "e", "recurrence": "* * * * *", "policies": {"max_fires": 4}},
            {},
            "e-some",
        ),
        ("POST /schedules", DAILY | {"target": "e", "policies": {"jitter": "1h"}}, {}, "e-jitter"),
        ("POST /schedules/{e-twice}/fire-now", None, {}),
        ("POST /schedules/{e-jitter}/pause", None, {}),
        ("POST /workspaces/current/pause", {"note": "All"}, {}),
        ("GET /schedules/{e-twice}",),
        ("POST /workspaces/current/resume", None, {}),
    ]


def shown_of_it() -> Story:
    """What has become of these."""
    return [*((f"GET /schedules/{{{name}}}",) for name in ("e-twice", "e-some", "e-jitter")), ("GET /runs",)]


def without_a_grant() -> Story:
    """What somebody may do to a paused schedule whose target they may not schedule."""
    of = "/schedules/{s-mixed}"
    return [
        (f"POST {of}/pause", {"note": "Theirs"}, {}),
        (f"POST {of}/pause", {"until": "2026-03-09T00:00:00Z"}, {}),
        (f"POST {of}/pause", {"catch_up": "all"}, {}),
        (f"POST {of}/resume", None, {}),
        (f"POST {of}/fire-now", None, {}),
        (f"PATCH {of}", {"description": "D"}, {}),
        (f"PATCH {of}", {"target": "ok"}, {}),
        ("POST /schedules", DAILY | {"target": "plain"}, {}),
        ("POST /schedules", DAILY, {}),
        ("POST /schedules/actions", {"action": "resume", "filter": {"search": "S mixed"}}, {}),
        ("POST /schedules/actions", {"action": "retarget", "filter": {}, "target": "plain"}, {}),
    ]
