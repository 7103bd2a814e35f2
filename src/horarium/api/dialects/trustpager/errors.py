"""Errors in trustpager's envelope: {"error": {"code", "message", "fix", "hint", "status"}}.

`message` names every offending field, `fix` says what to send instead, `hint` where to read on.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.kit.errors import Malformed, NoRoute, WrongMethod, code_of, headers_of, status_of
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    Problem,
    QuotaReached,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

_CODES = {Malformed: "INVALID_BODY", Forbidden: "INSUFFICIENT_SCOPE"}
_INSTEAD = {
    "name": "a text that is not empty",
    "description": "a text",
    "is_active": "true or false",
    "cron_expression": 'five fields such as "0 9 * * 1-5"',
    "timezone": 'an IANA name such as "Australia/Sydney"',
    "audience_type": "one of users, tasks_by_assignee, contacts, deals",
    "audience_filter": "an object with filters of the audience_type alone",
    "automation_id": "the id of an automation of this workspace, as text",
    "end_at": "a time with an offset such as 2026-12-31T23:59:59Z, or null",
    "max_runs": "a whole number of at least 1, or null",
    "count": "a whole number from 1 to 20",
    "sample": "a whole number from 0 to 50",
    "limit": "a whole number from 1 to 100",
    "after": "the next_cursor of the page before, or leave it out",
    "Idempotency-Key": "a text of 1 to 255 characters",
}
_HINTS = {
    "INVALID_BODY": "Whatever the Content-Type says, the body is read as JSON.",
    "MISSING_FIELDS": "Required are name, cron_expression, audience_type and automation_id.",
    "VALIDATION_ERROR": "POST /event-schedules/preview-cron tries an expression without saving anything.",
    "UNAUTHORIZED": "Keys are made with the command line or under /horarium/v1/keys.",
    "INSUFFICIENT_SCOPE": "There are schedules:read, schedules:write and schedules:delete.",
    "QUOTA_REACHED": "GET /horarium/v1/workspaces/current shows the quotas of this workspace.",
    "NOT_FOUND": "GET /event-schedules lists the schedules of this workspace.",
    "METHOD_NOT_ALLOWED": "The OpenAPI page of this API lists every route: openapi.json below its base.",
    "CONFLICT": "An Idempotency-Key stands for one request for 24 hours; max_runs counts all fires of the clock.",
    "PAYLOAD_TOO_LARGE": "A schedule's body is small; check what is being sent.",
    "RATE_LIMITED": "The Retry-After header says how many seconds to wait.",
    "SERVICE_UNAVAILABLE": "Nothing was changed; the same request may be sent again.",
    "INTERNAL_ERROR": "Nothing in the request has to be changed; the server's log tells more.",
}
_MISSING = {
    "schedule": "Event schedule not found",
    "route": "Nothing answers at this path",
    "target": "Automation not found",
}


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    status, code = status_of(error), _code(error)
    body = {
        "code": code,
        "message": _message(error),
        "fix": _fix(error),
        "hint": _HINTS[code],
        "status": status,
    }
    return json_answer(status, {"error": body}, headers=headers_of(error))


def _code(error: HorariumError) -> str:
    if isinstance(error, Invalid) and not isinstance(error, Malformed):
        missing = all(problem.code == "required" for problem in error.problems)
        return "MISSING_FIELDS" if missing else "VALIDATION_ERROR"
    return code_of(error, _CODES)


def _message(error: HorariumError) -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{problem.field} {problem.message}".strip() for problem in error.problems)
    if isinstance(error, NotFound):
        return _MISSING.get(error.kind, str(error))
    return str(error)


def _fix(error: HorariumError) -> str:
    match error:
        case Malformed():
            return "Send a JSON object as the body."
        case Invalid():
            return _send(error.problems)
        case Unauthorized():
            return "Send the header Authorization: Bearer KEY with a valid API key."
        case Forbidden() if error.scope:
            return f"Use a key that carries the scope {error.scope}."
        case Forbidden():
            return "Ask an administrator to grant this automation to the key's owner."
        case QuotaReached():
            return "Delete what is not needed any more, or ask whoever runs this server for a larger quota."
        case NoRoute():
            return "Check the path and the id in it."
        case NotFound():
            return "Use the id of a schedule of this workspace."
        case WrongMethod():
            return f"Use {error.allowed}."
        case Conflict(reason="used_up"):
            return "Send a larger max_runs, or max_runs: null, together with is_active: true."
        case Conflict(reason="idempotency"):
            return "Use a new Idempotency-Key for a new request, or repeat the first one unchanged."
        case TooLarge():
            return "Send a smaller body."
        case RateLimited() | Unavailable():
            return "Wait and send the request again."
    return "Send the request again; if it fails again, tell the operator the message."


def _send(problems: Sequence[Problem]) -> str:
    """What to send in each offending field."""
    fields = dict.fromkeys(problem.field.partition(".")[0] for problem in problems)
    return "; ".join(f"Send {field}: {_INSTEAD.get(field, 'as documented')}" for field in fields) + "."
