"""Errors in uranus' envelope: {"error": {"code", "message", "details": {"field", "issue"}}}."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.kit.errors import NoRoute, code_of, headers_of, status_of
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import Conflict, HorariumError, Invalid, NotFound

_MISSING = {"schedule": "Schedule not found", "agent": "Agent not found"}


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error. `details` tell the first problem; `problems` tell all of them, if there are more."""
    said: dict[str, Any] = {"code": code_of(error), "message": _message(error)}
    if isinstance(error, Invalid):
        found = [{"field": problem.field, "issue": problem.message} for problem in error.problems]
        said["details"] = found[0]
        if len(found) > 1:
            said["problems"] = found
    elif isinstance(error, Conflict) and error.field:
        said["details"] = {"field": error.field, "issue": str(error)}
    return json_answer(status_of(error), {"error": said}, headers=headers_of(error))


def _message(error: HorariumError) -> str:
    if isinstance(error, Invalid):
        return "Invalid schedule data"
    if isinstance(error, NoRoute):
        return "Route not found"
    if isinstance(error, NotFound):
        return _MISSING.get(error.kind, str(error))
    return str(error)
