"""What each dialect answers for every kind of error: the status, the headers, and the whole body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from horarium.api.kit import registry
from horarium.api.web import Internal, Malformed, NoRoute, WrongMethod
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    InUse,
    Invalid,
    NotFound,
    Problem,
    QuotaReached,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

QUOTA = QuotaReached("schedules", 5, "first")
HELD = InUse([(bytes(range(16)), "Daily")], more=True)
ULID = "00041061050R3GG28A1C60T3GF"
LOG = "something went wrong on the server; its log has the details under req_1"
HOLDERS = "schedules still use this target: 'Daily' ({}) and others; delete them first"
ERRORS: Mapping[str, HorariumError] = {
    "malformed": Malformed(Problem("", "is cut off")),
    "missing": Invalid([Problem("name", "is required", "required"), Problem("x", "is required", "required")]),
    "wrong": Invalid([Problem("name", "is required", "required"), Problem("x.y", "is odd"), Problem("", "is wide")]),
    "no key": Unauthorized("no key"),
    "scope": Forbidden("a scope is missing", "runs:read"),
    "grant": Forbidden("a grant is missing"),
    "quota": QUOTA,
    "no route": NoRoute("/x"),
    "no schedule": NotFound("schedule", "s"),
    "no target": NotFound("target", "t"),
    "no run": NotFound("run", "r"),
    "no agent": NotFound("agent", "a"),
    "nothing": NotFound("thing", "x"),
    "wrong method": WrongMethod("PUT", "GET, POST"),
    "state": Conflict("it has ended"),
    "state of a field": Conflict("it has ended", "state", "status"),
    "version": Conflict("it has changed", "version"),
    "used up": Conflict("no run is left", "used_up", "max_runs"),
    "idempotency": Conflict("another body", "idempotency", "Idempotency-Key"),
    "key taken": Conflict("taken", "key_taken", "key"),
    "duplicate": Conflict("there is one", "duplicate"),
    "in use": HELD,
    "too large": TooLarge("too large"),
    "rate": RateLimited("too fast", 1001),
    "unavailable": Unavailable("the disk is full"),
    "internal": Internal("req_1"),
}  # fmt: skip

NO_METHOD = "PUT is not allowed at this path; allowed are GET, POST"
AGAIN = "Send the request again; if it fails again, tell the operator the message."
TOLD = "An Idempotency-Key stands for one request for 24 hours; max_runs counts all fires of the clock."
LISTED = "GET /event-schedules lists the schedules of this workspace."
OF_THIS = "Use the id of a schedule of this workspace."
TRYING = "POST /event-schedules/preview-cron tries an expression without saving anything."

# By dialect and error: the status, and what the dialect's envelope is made of.
TRUSTPAGER: Mapping[str, tuple[int, str, str, str, str]] = {
    "malformed": (400, "INVALID_BODY", "is cut off", "Send a JSON object as the body.",
                  "Whatever the Content-Type says, the body is read as JSON."),
    "missing": (400, "MISSING_FIELDS", "name is required; x is required",
                "Send name: a text that is not empty; Send x: as documented.",
                "Required are name, cron_expression, audience_type and automation_id."),
    "wrong": (400, "VALIDATION_ERROR", "name is required; x.y is odd; is wide",
              "Send name: a text that is not empty; Send x: as documented; Send : as documented.", TRYING),
    "no key": (401, "UNAUTHORIZED", "no key", "Send the header Authorization: Bearer KEY with a valid API key.",
               "Keys are made with the command line or under /horarium/v1/keys."),
    "scope": (403, "INSUFFICIENT_SCOPE", "a scope is missing", "Use a key that carries the scope runs:read.",
              "There are schedules:read, schedules:write and schedules:delete."),
    "grant": (403, "INSUFFICIENT_SCOPE", "a grant is missing",
              "Ask an administrator to grant this automation to the key's owner.",
              "There are schedules:read, schedules:write and schedules:delete."),
    "quota": (403, "QUOTA_REACHED", str(QUOTA),
              "Delete what is not needed any more, or ask whoever runs this server for a larger quota.",
              "GET /horarium/v1/workspaces/current shows the quotas of this workspace."),
    "no route": (404, "NOT_FOUND", "Nothing answers at this path", "Check the path and the id in it.", LISTED),
    "no schedule": (404, "NOT_FOUND", "Event schedule not found", OF_THIS, LISTED),
    "no target": (404, "NOT_FOUND", "Automation not found", OF_THIS, LISTED),
    "no run": (404, "NOT_FOUND", "run 'r' not found", OF_THIS, LISTED),
    "no agent": (404, "NOT_FOUND", "agent 'a' not found", OF_THIS, LISTED),
    "nothing": (404, "NOT_FOUND", "thing 'x' not found", OF_THIS, LISTED),
    "wrong method": (405, "METHOD_NOT_ALLOWED", NO_METHOD, "Use GET, POST.",
                     "The OpenAPI page of this API lists every route: openapi.json below its base."),
    "state": (409, "CONFLICT", "it has ended", AGAIN, TOLD),
    "state of a field": (409, "CONFLICT", "it has ended", AGAIN, TOLD),
    "version": (409, "CONFLICT", "it has changed", AGAIN, TOLD),
    "used up": (409, "CONFLICT", "no run is left",
                "Send a larger max_runs, or max_runs: null, together with is_active: true.", TOLD),
    "idempotency": (409, "CONFLICT", "another body",
                    "Use a new Idempotency-Key for a new request, or repeat the first one unchanged.", TOLD),
    "key taken": (409, "CONFLICT", "taken", AGAIN, TOLD),
    "duplicate": (409, "CONFLICT", "there is one", AGAIN, TOLD),
    "in use": (409, "CONFLICT", HOLDERS.format(f"sch_{ULID}"), AGAIN, TOLD),
    "too large": (413, "PAYLOAD_TOO_LARGE", "too large", "Send a smaller body.",
                  "A schedule's body is small; check what is being sent."),
    "rate": (429, "RATE_LIMITED", "too fast", "Wait and send the request again.",
             "The Retry-After header says how many seconds to wait."),
    "unavailable": (503, "SERVICE_UNAVAILABLE", "the disk is full", "Wait and send the request again.",
                    "Nothing was changed; the same request may be sent again."),
    "internal": (500, "INTERNAL_ERROR", LOG, AGAIN,
                 "Nothing in the request has to be changed; the server's log tells more."),
}  # fmt: skip

AUTESSA: Mapping[str, tuple[int, list[str]]] = {
    "malformed": (400, ["is cut off"]),
    "missing": (400, ["name: is required", "x: is required"]),
    "wrong": (400, ["name: is required", "x.y: is odd", "is wide"]),
    "no key": (401, ["no key"]),
    "scope": (403, ["a scope is missing"]),
    "grant": (403, ["a grant is missing"]),
    "quota": (403, [str(QUOTA)]),
    "no route": (404, ["route '/x' not found"]),
    **dict.fromkeys(
        ("no schedule", "no target", "no run", "no agent", "nothing"), (404, ["Scheduled event not found"])
    ),
    "wrong method": (405, [NO_METHOD]),
    "state": (409, ["it has ended"]),
    "state of a field": (409, ["it has ended"]),
    "version": (409, ["it has changed"]),
    "used up": (409, ["no run is left"]),
    "idempotency": (409, ["another body"]),
    "key taken": (409, ["taken"]),
    "duplicate": (409, ["there is one"]),
    "in use": (409, [HOLDERS.format(f"sch_{ULID}")]),
    "too large": (413, ["too large"]),
    "rate": (429, ["too fast"]),
    "unavailable": (503, ["the disk is full"]),
    "internal": (500, [LOG]),
}

M9M: Mapping[str, tuple[int, str, str, dict[str, str]]] = {
    "malformed": (400, "VALIDATION_ERROR", "Invalid JSON", {"body": "is cut off"}),
    "missing": (400, "VALIDATION_ERROR", "Validation failed", {"name": "is required", "x": "is required"}),
    "wrong": (400, "VALIDATION_ERROR", "Validation failed",
              {"name": "is required", "x.y": "is odd", "body": "is wide"}),
    "no key": (401, "UNAUTHORIZED", "no key", {}),
    "scope": (403, "FORBIDDEN", "a scope is missing", {}),
    "grant": (403, "FORBIDDEN", "a grant is missing", {}),
    "quota": (403, "QUOTA_REACHED", str(QUOTA), {}),
    "no route": (404, "NOT_FOUND", "Route not found", {}),
    "no schedule": (404, "NOT_FOUND", "Schedule not found", {}),
    "no target": (404, "NOT_FOUND", "Workflow not found", {}),
    "no run": (404, "NOT_FOUND", "Execution not found", {}),
    "no agent": (404, "NOT_FOUND", "agent 'a' not found", {}),
    "nothing": (404, "NOT_FOUND", "thing 'x' not found", {}),
    "wrong method": (405, "METHOD_NOT_ALLOWED", NO_METHOD, {}),
    "state": (409, "CONFLICT", "it has ended", {}),
    "state of a field": (409, "CONFLICT", "it has ended", {"status": "it has ended"}),
    "version": (409, "CONFLICT", "it has changed", {}),
    "used up": (409, "CONFLICT", "no run is left", {"max_runs": "no run is left"}),
    "idempotency": (409, "CONFLICT", "another body", {"Idempotency-Key": "another body"}),
    "key taken": (409, "CONFLICT", "Workflow already exists",
                  {"id": "is the id of another workflow; choose another"}),
    "duplicate": (409, "CONFLICT", "Schedule already exists for this workflow", {}),
    "in use": (409, "CONFLICT", HOLDERS.format(f"sched-{ULID}"), {}),
    "too large": (413, "PAYLOAD_TOO_LARGE", "too large", {}),
    "rate": (429, "RATE_LIMITED", "too fast", {}),
    "unavailable": (503, "SERVICE_UNAVAILABLE", "the disk is full", {}),
    "internal": (500, "INTERNAL_ERROR", LOG, {}),
}  # fmt: skip

URANUS: Mapping[str, tuple[int, str, str, list[tuple[str, str]]]] = {
    "malformed": (400, "VALIDATION_ERROR", "Invalid schedule data", [("", "is cut off")]),
    "missing": (400, "VALIDATION_ERROR", "Invalid schedule data", [("name", "is required"), ("x", "is required")]),
    "wrong": (400, "VALIDATION_ERROR", "Invalid schedule data",
              [("name", "is required"), ("x.y", "is odd"), ("", "is wide")]),
    "no key": (401, "UNAUTHORIZED", "no key", []),
    "scope": (403, "FORBIDDEN", "a scope is missing", []),
    "grant": (403, "FORBIDDEN", "a grant is missing", []),
    "quota": (403, "QUOTA_REACHED", str(QUOTA), []),
    "no route": (404, "NOT_FOUND", "Route not found", []),
    "no schedule": (404, "NOT_FOUND", "Schedule not found", []),
    "no target": (404, "NOT_FOUND", "target 't' not found", []),
    "no run": (404, "NOT_FOUND", "run 'r' not found", []),
    "no agent": (404, "NOT_FOUND", "Agent not found", []),
    "nothing": (404, "NOT_FOUND", "thing 'x' not found", []),
    "wrong method": (405, "METHOD_NOT_ALLOWED", NO_METHOD, []),
    "state": (409, "CONFLICT", "it has ended", []),
    "state of a field": (409, "CONFLICT", "it has ended", [("status", "it has ended")]),
    "version": (409, "CONFLICT", "it has changed", []),
    "used up": (409, "CONFLICT", "no run is left", [("max_runs", "no run is left")]),
    "idempotency": (409, "CONFLICT", "another body", [("Idempotency-Key", "another body")]),
    "key taken": (409, "CONFLICT", "taken", [("key", "taken")]),
    "duplicate": (409, "CONFLICT", "there is one", []),
    "in use": (409, "CONFLICT", HOLDERS.format(f"sch_{ULID}"), []),
    "too large": (413, "PAYLOAD_TOO_LARGE", "too large", []),
    "rate": (429, "RATE_LIMITED", "too fast", []),
    "unavailable": (503, "SERVICE_UNAVAILABLE", "the disk is full", []),
    "internal": (500, "INTERNAL_ERROR", LOG, []),
}  # fmt: skip

CADENYA: Mapping[str, tuple[int, int, str, list[tuple[str, str]]]] = {
    "malformed": (400, 3, "is cut off", [("", "is cut off")]),
    "missing": (400, 3, "name: is required; x: is required", [("name", "is required"), ("x", "is required")]),
    "wrong": (400, 3, "name: is required; x.y: is odd; is wide",
              [("name", "is required"), ("x.y", "is odd"), ("", "is wide")]),
    "no key": (401, 16, "no key", []),
    "scope": (403, 7, "a scope is missing", []),
    "grant": (403, 7, "a grant is missing", []),
    "quota": (403, 8, str(QUOTA), []),
    "no route": (404, 5, "route '/x' not found", []),
    "no schedule": (404, 5, "schedule 's' not found", []),
    "no target": (404, 5, "target 't' not found", []),
    "no run": (404, 5, "run 'r' not found", []),
    "no agent": (404, 5, "agent 'a' not found", []),
    "nothing": (404, 5, "thing 'x' not found", []),
    "wrong method": (405, 12, NO_METHOD, []),
    "state": (400, 9, "it has ended", []),
    "state of a field": (400, 9, "it has ended", []),
    "version": (409, 10, "it has changed", []),
    "used up": (409, 6, "no run is left", []),
    "idempotency": (409, 6, "another body", []),
    "key taken": (409, 6, "the externalId is in use already; choose another",
                  [("metadata.externalId", "is in use already")]),
    "duplicate": (409, 6, "there is one", []),
    "in use": (409, 6, HOLDERS.format(f"sch_{ULID}"), []),
    "too large": (413, 3, "too large", []),
    "rate": (429, 8, "too fast", []),
    "unavailable": (503, 14, "the disk is full", []),
    "internal": (500, 13, LOG, []),
}  # fmt: skip


def trustpager(name: str) -> Any:
    status, code, message, fix, hint = TRUSTPAGER[name]
    error = {"code": code, "message": message, "fix": fix, "hint": hint, "status": status}
    return status, {"error": error}


def autessa(name: str) -> Any:
    status, errors = AUTESSA[name]
    return status, {"errors": errors}


def m9m(name: str) -> Any:
    status, code, text, details = M9M[name]
    body = {"error": text, "code": code, "message": text}
    return status, {**body, "details": details} if details else body


def uranus(name: str) -> Any:
    status, code, message, problems = URANUS[name]
    told = [{"field": field, "issue": issue} for field, issue in problems]
    error: dict[str, Any] = {"code": code, "message": message}
    if told:
        error["details"] = told[0]
    if len(told) > 1:
        error["problems"] = told
    return status, {"error": error}


def cadenya(name: str) -> Any:
    status, code, message, problems = CADENYA[name]
    found = [{"field": field, "description": words} for field, words in problems]
    details = (
        [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": found}] if found else []
    )
    return status, {"code": code, "message": message, "details": details}


ENVELOPES: Mapping[str, Callable[[str], Any]] = {
    "trustpager": trustpager, "autessa": autessa, "m9m": m9m, "uranus": uranus, "cadenya": cadenya,
}  # fmt: skip
# The headers that belong to errors, beside those of every answer.
HEADERS: Mapping[str, dict[str, str]] = {
    "no key": {"www-authenticate": "Bearer"},
    "wrong method": {"allow": "GET, POST"},
    "rate": {"retry-after": "2"},
    "unavailable": {"retry-after": "1"},
}


def headers(dialect: str, error: str, code: Any) -> dict[str, str]:
    found = dict(HEADERS.get(error, {}))
    if dialect == "autessa":  # its keys stand in the header without a scheme that could be asked for
        found.pop("www-authenticate", None)
    if dialect == "cadenya" and code == 6:  # one of its clients would send the same request again
        found["x-should-retry"] = "false"
    return found


@pytest.mark.parametrize("dialect", registry.load())
def test_each_kind_of_error_is_told_in_full(dialect: str) -> None:
    record = registry.load()[dialect]
    for name, error in ERRORS.items():
        answer = record.render(error, None)  # type: ignore[arg-type]
        status, body = ENVELOPES[dialect](name)
        sent = {key.decode(): value.decode() for key, value in answer.headers}
        length, kind = sent.pop("content-length"), sent.pop("content-type")
        assert (answer.status, orjson.loads(answer.body)) == (status, body), name
        assert (int(length), kind) == (len(answer.body), "application/json")
        assert sent == headers(dialect, name, body.get("code")), name


@pytest.mark.parametrize(
    ("problems", "title", "details"),
    [
        ([("cronExpression", "has 4 fields", "value")], "Invalid cron expression",
         {"cronExpression": "Invalid format", "reason": "has 4 fields"}),
        ([("cronExpression.minute", "must not be 61", "value")], "Invalid cron expression",
         {"cronExpression": "Invalid format", "cronExpression.minute": "must not be 61"}),
        ([("cronExpression", "must be a string", "type")], "cronExpression must be a string",
         {"cronExpression": "must be a string"}),
        ([("cronExpression", "is required", "required"), ("timezone", "is unknown", "value")], "Validation failed",
         {"cronExpression": "is required", "timezone": "is unknown"}),
        ([("timezone", "is unknown", "value"), ("cronExpression", "is odd", "value")], "Invalid cron expression",
         {"cronExpression": "Invalid format", "timezone": "is unknown", "reason": "is odd"}),
        ([("limit", "is too small", "query"), ("limit", "is odd", "query")], "Validation failed",
         {"limit": "is too small"}),
        ([("cronExpressions", "is unknown", "value")], "cronExpressions is unknown", {"cronExpressions": "is unknown"}),
    ],
)  # fmt: skip
def test_m9m_tells_of_an_expression_in_its_own_words(
    problems: list[tuple[str, str, str]], title: str, details: dict[str, str]
) -> None:
    error = Invalid(Problem(*problem) for problem in problems)
    answer = orjson.loads(registry.load()["m9m"].render(error, None).body)  # type: ignore[arg-type]
    assert answer == {"error": title, "code": "VALIDATION_ERROR", "message": title, "details": details}


@pytest.mark.parametrize(
    ("codes", "status"),
    [(["forbidden"], 403), (["forbidden"] * 2, 403), (["forbidden", "value"], 400), (["value"], 400)],
)
def test_autessa_answers_403_only_where_nothing_but_permissions_is_missing(
    codes: list[str], status: int
) -> None:
    error = Invalid(Problem("", "no", code) for code in codes)
    assert registry.load()["autessa"].render(error, None).status == status  # type: ignore[arg-type]
