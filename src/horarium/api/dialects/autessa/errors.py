"""Errors in autessa's envelope: `{"errors": [...]}`, a sentence for each problem that was found.

A target that the key may not schedule is one problem of a request, with the code FORBIDDEN, and stands first: this
product tells it together with all others. So is an event of another company.
"""

from __future__ import annotations

from starlette.requests import Request

from horarium.api.kit.errors import NoRoute, headers_of, status_of
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import HorariumError, Invalid, NotFound, Problem

FORBIDDEN = "forbidden"

NAME_REQUIRED = "Event name is required"
NOT_FOUND = "Scheduled event not found"
NOT_YOURS = "Scheduled event does not belong to your company"
NO_TARGET = "Target resource does not belong to your company"


def no_permission(kind: str, number: int) -> str:
    """What the owner of a key is told who holds no grant on a target."""
    return f"API key does not have permission to access the target {kind} (ID: {number})"


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    return json_answer(_status(error), {"errors": _texts(error)}, headers=headers_of(error, challenge=None))


def _status(error: HorariumError) -> int:
    """400 where anything about the request itself is wrong, else 403 for what the key may not do."""
    if isinstance(error, Invalid) and all(problem.code == FORBIDDEN for problem in error.problems):
        return 403
    return status_of(error)


def _texts(error: HorariumError) -> list[str]:
    if isinstance(error, Invalid):
        return [_sentence(problem) for problem in error.problems]
    if isinstance(error, NotFound) and not isinstance(error, NoRoute):
        return [NOT_FOUND]
    return [str(error)]


def _sentence(problem: Problem) -> str:
    """A problem as a sentence. The product's own texts name no field."""
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
