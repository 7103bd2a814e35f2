"""Errors in m9m's envelope: {"error", "code", "details", "message"}; `details` only where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from horarium.api.kit.errors import Malformed, NoRoute, code_of, headers_of, status_of
from horarium.api.kit.writing import dashed
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import Conflict, HorariumError, InUse, Invalid, NotFound, Problem

CRON = "cronExpression"
_MISSING = {"schedule": "Schedule not found", "target": "Workflow not found", "run": "Execution not found"}


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    text, details = _said(error)
    body: dict[str, Any] = {"error": text, "code": code_of(error), "message": text}
    if details:
        body["details"] = details
    return json_answer(status_of(error), body, headers=headers_of(error))


def _said(error: HorariumError) -> tuple[str, Mapping[str, str]]:
    """(the sentence, what is wrong with each field)."""
    match error:
        case Malformed():
            return "Invalid JSON", {"body": str(error)}
        case Invalid():
            return _title(error.problems), _details(error.problems)
        case NoRoute():
            return "Route not found", {}
        case NotFound():
            return _MISSING.get(error.kind, str(error)), {}
        case Conflict(reason="duplicate"):
            return "Schedule already exists for this workflow", {}
        case InUse():
            return error.told(lambda holder: dashed("sched", holder)), {}
        case Conflict(reason="key_taken"):
            return "Workflow already exists", {"id": "is the id of another workflow; choose another"}
        case Conflict() if error.field:
            return str(error), {error.field: str(error)}
    return str(error), {}


def _title(problems: Sequence[Problem]) -> str:
    if any(_is_invalid_cron(problem) for problem in problems):
        return "Invalid cron expression"
    if len(problems) == 1:
        return f"{problems[0].field} {problems[0].message}".strip()
    return "Validation failed"


def _details(problems: Sequence[Problem]) -> dict[str, str]:
    """Messages by field. What is wrong with an expression as a whole is told as `reason`, beside the product's own
    words."""
    details: dict[str, str] = {}
    if any(_is_invalid_cron(problem) for problem in problems):
        details[CRON] = "Invalid format"
    for problem in problems:
        if problem.field == CRON and problem.code == "value":
            details["reason"] = problem.message
        else:
            details.setdefault(problem.field or "body", problem.message)
    return details


def _is_invalid_cron(problem: Problem) -> bool:
    """Whether a problem lies in an expression, and not in its being missing or no text."""
    return problem.field.partition(".")[0] == CRON and problem.code == "value"
