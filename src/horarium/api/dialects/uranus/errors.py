"""Errors in uranus' envelope: {"error": {"code", "message", "details": {"field", "issue"}}}."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.errors import retry_after, status_of
from horarium.api.web import Answer, NoRoute, WrongMethod, json_answer
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

_CODES: tuple[tuple[type[HorariumError], str], ...] = (
    (Invalid, "VALIDATION_ERROR"),
    (Unauthorized, "UNAUTHORIZED"),
    (Forbidden, "FORBIDDEN"),
    (NotFound, "NOT_FOUND"),
    (WrongMethod, "METHOD_NOT_ALLOWED"),
    (Conflict, "CONFLICT"),
    (TooLarge, "PAYLOAD_TOO_LARGE"),
    (RateLimited, "RATE_LIMITED"),
    (Unavailable, "SERVICE_UNAVAILABLE"),
)
_MISSING = {"schedule": "Schedule not found", "agent": "Agent not found"}


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error. `details` tell of the first problem; `problems` of all, if there are more."""
    code = next((word for kind, word in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")
    said: dict[str, Any] = {"code": code, "message": _message(error)}
    if isinstance(error, Invalid):
        found = [{"field": one.field, "issue": one.message} for one in error.problems]
        said["details"] = found[0]
        if len(found) > 1:
            said["problems"] = found
    elif isinstance(error, Conflict) and error.field:
        said["details"] = {"field": error.field, "issue": str(error)}
    headers = retry_after(error)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, WrongMethod):
        headers["Allow"] = error.allowed
    return json_answer(status_of(error), {"error": said}, headers=headers)


def _message(error: HorariumError) -> str:
    if isinstance(error, Invalid):
        return "Invalid schedule data"
    if isinstance(error, NoRoute):
        return "Route not found"
    if isinstance(error, NotFound):
        return _MISSING.get(error.kind, str(error))
    return str(error)
