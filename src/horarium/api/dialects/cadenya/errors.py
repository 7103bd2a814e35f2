"""How this dialect writes errors: google.rpc.Status, with a field violation for every problem of a body."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.errors import headers_of
from horarium.api.web import Answer, WrongMethod, json_answer
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
PRECONDITION, EXISTS, ABORTED = (400, 9), (409, 6), (409, 10)

# (HTTP status, google.rpc.Code) of each kind of error.
_KINDS: tuple[tuple[type[HorariumError], int, int], ...] = (
    (Invalid, 400, 3),
    (Unauthorized, 401, 16),
    (Forbidden, 403, 7),
    (NotFound, 404, 5),
    (WrongMethod, 405, 12),
    (TooLarge, 413, 3),
    (RateLimited, 429, 8),
    (Unavailable, 503, 14),
)


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    status, code = _status(error)
    body: dict[str, Any] = {"code": code, "message": _message(error), "details": _details(error)}
    headers = headers_of(error)
    if (status, code) == EXISTS:
        # One of the product's clients tries a 409 again on its own: it would be refused again.
        headers["x-should-retry"] = "false"
    return json_answer(status, body, headers=headers)


def _status(error: HorariumError) -> tuple[int, int]:
    if isinstance(error, Conflict):
        return {"version": ABORTED, "state": PRECONDITION}.get(error.reason, EXISTS)
    for kind, status, code in _KINDS:
        if isinstance(error, kind):
            return status, code
    return 500, 13


def _message(error: HorariumError) -> str:
    if isinstance(error, Conflict) and error.reason == "key_taken":
        return "the externalId is in use already; choose another"
    return str(error)


def _details(error: HorariumError) -> list[dict[str, Any]]:
    if isinstance(error, Invalid):
        found = [{"field": one.field, "description": one.message} for one in error.problems]
    elif isinstance(error, Conflict) and error.reason == "key_taken":
        found = [{"field": "metadata.externalId", "description": "is in use already"}]
    else:
        return []
    return [{"@type": BAD_REQUEST, "fieldViolations": found}]
