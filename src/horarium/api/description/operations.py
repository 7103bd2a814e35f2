"""The table of all operations of our own API: what each is called, what it answers, and a body that can be sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from horarium.api.description.shapes import Schema, ref

NDJSON = "application/x-ndjson"
PLAIN = "text/plain"
SERVER_SENT = "text/event-stream"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is stable: clients are generated with it. `answer` is a component, or None for an empty answer. `example`
    is a body that can be sent as it is. `public` operations need no key. `also` are further answers by status.
    `streams` is what stands in the answer instead where the caller accepts server-sent events."""

    name: str
    answer: str | None
    media: str = "application/json"
    example: Any = None
    public: bool = False
    also: tuple[tuple[int, str, str], ...] = ()
    streams: str | None = None

    def sent(self) -> Any:
        """The example as it stands in a request: NDJSON as text, everything else as it is."""
        if self.media == NDJSON and isinstance(self.example, list):
            return "\n".join(json.dumps(line) for line in self.example)
        return self.example


_ORDER = {
    "name": "Morning report",
    "recurrence": "0 9 * * 1-5",
    "timezone": "Europe/Paris",
    "target": "report",
    "input": {"recipients": ["team@example.com"]},
    "labels": {"customer": "c1"},
    "policies": {"overlap": "skip", "catch_up": "latest", "retry": {"max_attempts": 5, "initial": "30s"}},
}
_RATE = {"name": "Poll", "recurrence": {"every": "15m"}, "target": "report"}
_TARGET = {
    "kind": "workflow",
    "name": "Report",
    "executor": {"type": "http", "url": "https://example.com/hooks/report"},
    "timeout": "30s",
    "max_concurrency": 10,
}
_NIGHTLY = {"recurrence": "0 2 * * *", "timezone": "Europe/Paris", "duration": "2h", "catch_up": "latest"}
_ITEM = {"id": "u1", "name": "Ann", "email": "ann@example.com", "roles": ["owner"]}

# By method and path. A path under an id stands for the one under the key as well, whose name ends with `_by_key`.
OPERATIONS = {
    "POST /schedules": Operation(
        "schedules.create", "Schedule", example={**_ORDER, "key": "customer-1/report"}
    ),
    "GET /schedules": Operation("schedules.list", "SchedulePage"),
    "POST /schedules/bulk": Operation(
        "schedules.bulk", "BulkLine", NDJSON, [{**_ORDER, "key": "bulk-1"}, {**_RATE, "key": "bulk-2"}]
    ),
    "POST /schedules/preview": Operation(
        "schedules.preview_unsaved",
        "Preview",
        example={"recurrence": "30 2 * * *", "timezone": "America/New_York", "count": 3},
    ),
    "GET /schedules/{id}": Operation("schedules.get", "Schedule"),
    "PUT /schedules/{id}": Operation("schedules.replace", "Schedule", example=_ORDER),
    "PUT /schedules/by-key/{key}": Operation(
        "schedules.put_by_key", "Schedule", example=_ORDER, also=((201, "Schedule", "It was made."),)
    ),
    "PATCH /schedules/{id}": Operation("schedules.update", "Schedule", example={"labels": {"team": "blue"}}),
    "DELETE /schedules/{id}": Operation("schedules.delete", None),
    "POST /schedules/{id}/pause": Operation("schedules.pause", "Schedule", example={"note": "Holidays"}),
    "POST /schedules/{id}/resume": Operation("schedules.resume", "Schedule", example={"catch_up": "latest"}),
    "GET /schedules/{id}/preview": Operation("schedules.preview", "Preview"),
    "POST /schedules/{id}/fire-now": Operation("schedules.fire_now", "Fire"),
    "POST /schedules/{id}/backfill": Operation(
        "schedules.backfill",
        "Backfill",
        example={"from": "2026-01-05T00:00:00Z", "to": "2026-01-06T00:00:00Z"},
        also=((200, "BackfillPlan", "Nothing was fired: it was a dry run."),),
    ),
    "GET /schedules/{id}/versions": Operation("schedules.list_versions", "VersionPage"),
    "GET /schedules/{id}/versions/{number}": Operation("schedules.get_version", "Version"),
    "GET /schedules/{id}/explain": Operation("schedules.explain", "Explanation"),
    "GET /schedules/{id}/fires": Operation("schedules.list_fires", "FirePage"),
    "GET /schedules/{id}/ledger": Operation("schedules.ledger", "Ledger"),
    "GET /fires/{id}": Operation("fires.get", "Fire"),
    "GET /fires": Operation("fires.list", "FirePage"),
    "GET /ledger": Operation("ledger.list", "LedgerPage"),
    "POST /schedules/actions": Operation(
        "schedules.act",
        "ActionOrTrial",
        example={"action": "pause", "filter": {"labels": {"customer": "c1"}}, "dry_run": True},
        also=((202, "Action", "It was taken, and the server goes on with it."),),
    ),
    "POST /runs/actions": Operation(
        "runs.act",
        "ActionOrTrial",
        example={"action": "retry", "filter": {"from": "2026-01-05T00:00:00Z"}, "dry_run": True},
        also=((202, "Action", "It was taken, and the server goes on with it."),),
    ),
    "GET /actions": Operation("actions.list", "ActionPage"),
    "GET /actions/{id}": Operation("actions.get", "Action"),
    "POST /actions/{id}/cancel": Operation("actions.cancel", "Action"),
    "GET /runs": Operation("runs.list", "RunPage"),
    "GET /runs/{id}": Operation("runs.get", "RunInFull"),
    "GET /runs/{id}/request": Operation("runs.request", "SentRequest"),
    "POST /runs/{id}/cancel": Operation("runs.cancel", "Run"),
    "POST /runs/{id}/retry": Operation("runs.retry", "Run"),
    "POST /runs/{id}/complete": Operation("runs.complete", "Run", example={"output": {"sent": 3}}),
    "POST /runs/{id}/fail": Operation("runs.fail", "Run", example={"error": "The mailbox is full"}),
    "POST /runs/{id}/heartbeat": Operation("runs.heartbeat", "Run", example={"output": {"sent": 1}}),
    "POST /targets": Operation("targets.create", "NewTarget", example={**_TARGET, "key": "report"}),
    "GET /targets": Operation("targets.list", "TargetPage"),
    "GET /targets/{ref}": Operation("targets.get", "TargetInFull"),
    "PUT /targets/{ref}": Operation("targets.replace", "Target", example=_TARGET),
    "PUT /targets/by-key/{key}": Operation(
        "targets.put_by_key", "NewTarget", example=_TARGET, also=((201, "NewTarget", "It was made."),)
    ),
    "PATCH /targets/{ref}": Operation("targets.update", "Target", example={"timeout": "1m"}),
    "DELETE /targets/{ref}": Operation("targets.delete", None),
    "POST /targets/{ref}/enable": Operation("targets.enable", "Target"),
    "POST /targets/{ref}/disable": Operation("targets.disable", "Target"),
    "POST /targets/{ref}/rotate-secret": Operation(
        "targets.rotate_secret", "NewTarget", example={"overlap": "1h"}
    ),
    "GET /targets/{ref}/shares": Operation("targets.list_shares", "SharePage"),
    "PUT /targets/{ref}/shares/{workspace}": Operation(
        "targets.share", "Share", example={"key": "report"}, also=((201, "Share", "It was shared."),)
    ),
    "DELETE /targets/{ref}/shares/{workspace}": Operation("targets.unshare", None),
    "POST /targets/{ref}/test": Operation("targets.test", "TriedCall", example={"input": {"text": "Hello"}}),
    "POST /tables": Operation(
        "tables.create",
        "Table",
        example={"database": "crm", "table": "people", "columns": [{"name": "email", "type": "text"}]},
    ),
    "GET /tables": Operation("tables.list", "TableList"),
    "GET /tables/{database}/{table}": Operation("tables.get", "Table"),
    "GET /tables/{database}/{table}/rows": Operation("tables.rows", "TableRows"),
    "POST /secrets/rotate": Operation("secrets.rotate", "RotatedSecrets"),
    "PUT /directory/{kind}": Operation(
        "directory.put",
        "Imported",
        example=[_ITEM],
        also=((400, "ImportProblem", "Some lines were refused."),),
    ),
    "GET /directory/{kind}": Operation("directory.list", "DirectoryPage"),
    "GET /directory/{kind}/{id}": Operation("directory.get", "DirectoryItem"),
    "DELETE /directory/{kind}/{id}": Operation("directory.delete", None),
    "POST /audiences/preview": Operation(
        "audiences.preview",
        "AudiencePreview",
        example={"audience": {"type": "users", "filter": {}}, "sample": 3},
    ),
    "GET /audiences": Operation("audiences.list", "AudienceSourceList"),
    "GET /audiences/{name}": Operation("audiences.get", "AudienceSource"),
    "PUT /audiences/{name}": Operation(
        "audiences.put",
        "AudienceSource",
        example={"type": "http", "config": {"url": "https://example.com/people"}},
    ),
    "DELETE /audiences/{name}": Operation("audiences.delete", None),
    "GET /audiences/{name}/shares": Operation("audiences.list_shares", "SourceSharePage"),
    "PUT /audiences/{name}/shares/{workspace}": Operation(
        "audiences.share",
        "SourceShare",
        example={"name": "people"},
        also=((201, "SourceShare", "It was shared."),),
    ),
    "DELETE /audiences/{name}/shares/{workspace}": Operation("audiences.unshare", None),
    "GET /me": Operation("me.get", "Me"),
    "POST /workspaces": Operation(
        "workspaces.create",
        "NewWorkspace",
        example={"name": "Acme", "settings": {"timezone": "Europe/Paris"}},
    ),
    "GET /workspaces": Operation("workspaces.list", "WorkspacePage"),
    "GET /workspaces/{id}": Operation("workspaces.get", "WorkspaceInFull"),
    "PATCH /workspaces/{id}": Operation("workspaces.update", "Workspace", example={"name": "Acme"}),
    "DELETE /workspaces/{id}": Operation("workspaces.delete", "Workspace"),
    "POST /workspaces/{id}/undelete": Operation("workspaces.undelete", "Workspace"),
    "GET /workspaces/{id}/export": Operation("workspaces.export", "ExportLine", NDJSON),
    "POST /workspaces/{id}/pause": Operation(
        "workspaces.pause", "Pause", example={"note": "The CRM moves", "catch_up": "latest"}
    ),
    "POST /workspaces/{id}/resume": Operation("workspaces.resume", "Pause", example={"catch_up": "latest"}),
    "DELETE /workspaces/{id}/pauses/{pause}": Operation("workspaces.take_back_pause", None),
    "GET /workspaces/{id}/pauses": Operation("workspaces.list_pauses", "PausePage"),
    "POST /workspaces/{id}/windows": Operation(
        "workspaces.make_window", "Window", example={**_NIGHTLY, "note": "The CRM is backed up"}
    ),
    "GET /workspaces/{id}/windows": Operation("workspaces.list_windows", "WindowList"),
    "DELETE /workspaces/{id}/windows/{window}": Operation("workspaces.take_back_window", None),
    "POST /schedules/{id}/windows": Operation("schedules.make_window", "Window", example=_NIGHTLY),
    "GET /schedules/{id}/windows": Operation("schedules.list_windows", "WindowList"),
    "DELETE /schedules/{id}/windows/{window}": Operation("schedules.take_back_window", None),
    "POST /principals": Operation(
        "principals.create", "Principal", example={"name": "Reports", "type": "service", "grants": ["*"]}
    ),
    "GET /principals": Operation("principals.list", "PrincipalPage"),
    "GET /principals/{id}": Operation("principals.get", "Principal"),
    "DELETE /principals/{id}": Operation("principals.delete", None),
    "GET /principals/{id}/grants": Operation("principals.list_grants", "Grants"),
    "POST /principals/{id}/grants": Operation("principals.grant", "Grants", example={"targets": ["*"]}),
    "DELETE /principals/{id}/grants/{target}": Operation("principals.ungrant", None),
    "POST /keys": Operation("keys.create", "NewKey", example={"name": "Reports", "scopes": ["runs:read"]}),
    "GET /keys": Operation("keys.list", "KeyPage"),
    "GET /keys/{id}": Operation("keys.get", "Key"),
    "DELETE /keys/{id}": Operation("keys.revoke", "Key"),
    "POST /keys/{id}/rotate": Operation("keys.rotate", "NewKey", example={"overlap": "1h"}),
    "GET /events": Operation("events.list", "EventPage", streams="EventMessage"),
    "GET /events/{id}": Operation("events.get", "Event"),
    "POST /webhooks": Operation(
        "webhooks.create",
        "NewWebhook",
        example={"url": "https://example.com/hooks/horarium", "types": ["fire.failed", "schedule.*"]},
    ),
    "GET /webhooks": Operation("webhooks.list", "WebhookPage"),
    "GET /webhooks/{id}": Operation("webhooks.get", "Webhook"),
    "PATCH /webhooks/{id}": Operation("webhooks.update", "Webhook", example={"types": ["fire.*"]}),
    "DELETE /webhooks/{id}": Operation("webhooks.delete", None),
    "POST /webhooks/{id}/rotate-secret": Operation(
        "webhooks.rotate_secret", "NewWebhook", example={"overlap": "1h"}
    ),
    "POST /webhooks/{id}/replay": Operation(
        "webhooks.replay", "Replayed", example={"since": "2026-01-05T00:00:00Z"}
    ),
    "GET /webhooks/{id}/deliveries": Operation("webhooks.deliveries", "DeliveryPage"),
    "POST /erasures": Operation(
        "erasures.create",
        "Erasure",
        example={"person": "u42", "values": ["ann@example.com"]},
        also=((202, "Erasure", "It was begun, and the server goes on with it."),),
    ),
    "GET /erasures": Operation("erasures.list", "ErasurePage"),
    "GET /erasures/{id}": Operation("erasures.get", "Erasure"),
    "GET /audit": Operation("audit.list", "AuditPage"),
    "GET /audit/export": Operation("audit.export", "AuditLine", NDJSON),
    "POST /audit/erase": Operation(
        "audit.erase", "Erased", example={"principal": "prn_01KJMMA2G0ET89C00HHC3ZY6K7"}
    ),
    "GET /healthz": Operation("health.alive", "Health", public=True),
    "GET /readyz": Operation(
        "health.ready", "Readiness", public=True, also=((503, "Readiness", "The server cannot work now."),)
    ),
    "GET /metrics": Operation("health.metrics", "Metrics", PLAIN),
    "GET /": Operation("home.get", "Home"),
}
# Those that are described as one text or line.
LINES: dict[str, Schema] = {
    "AuditLine": {
        "description": "An entry of the audit log on each line; with proof=true the chain with its hashes.",
        "type": "object",
        "additionalProperties": True,
    },
    "ExportLine": {
        "description": "A thing on each line: its kind as `type`, what the API shows of it as `value`.",
        "type": "object",
        "additionalProperties": True,
    },
    "EventMessage": {
        "description": "For each event a message: its id, its type as `event`, and the event itself as `data`. A "
        "message with an id alone tells the position while none came.",
        "type": "string",
    },
    "Metrics": {"description": "Figures in the text format of Prometheus.", "type": "string"},
}
# What may go wrong, by status, and where it may.
_ERRORS = {
    "400": "The request cannot be accepted: errors names every problem.",
    "401": "A valid API key is needed.",
    "403": "The key may not do that, or a quota is reached.",
    "404": "It does not exist in this workspace.",
    "409": "It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it.",
    "413": "The body is too large.",
    "429": "Too many requests: come back after Retry-After seconds.",
    "500": "Something went wrong on the server; its log has the details.",
    "503": "The server cannot do this now: come back after Retry-After seconds.",
}


def described(
    operation: Operation, method: str, path: str, by_key: bool, status: int
) -> tuple[str, dict[str, Any]]:
    """The operation id of a route, and its responses, of which the good one has `status`."""
    responses: dict[str, Any] = {str(status): _response(operation.answer, operation.media)}
    if operation.streams is not None:
        responses[str(status)]["content"][SERVER_SENT] = {"schema": ref(operation.streams)}
    for code, words in _ERRORS.items():
        needs_key = code in ("401", "403", "429") and not operation.public
        names_something = code == "404" and "{" in path
        changes_something = code in ("409", "413") and method != "GET"
        if code in ("400", "500", "503") or needs_key or names_something or changes_something:
            responses[code] = {"description": words, "content": {PROBLEM: {"schema": ref("Problem")}}}
    for other, answer, words in operation.also:
        media = "application/json" if other != 400 else PROBLEM
        known = responses.get(str(other), {}).get("content", {}).get(PROBLEM)
        schema = ref(answer) if known is None else {"anyOf": [known["schema"], ref(answer)]}
        if media == PROBLEM or known is None:
            responses[str(other)] = {"description": words, "content": {media: {"schema": schema}}}
        else:
            responses[str(other)]["content"][media] = {"schema": ref(answer)}
    return f"{operation.name}_by_key" if by_key else operation.name, responses


def _response(answer: str | None, media: str) -> dict[str, Any]:
    if answer is None:
        return {"description": "It is done; the answer is empty."}
    return {"description": "It is done.", "content": {media: {"schema": ref(answer)}}}
