"""Errors in m9m's envelope: {"error", "code", "details", "message"}; `details` only where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from horarium.api.errors import headers_of, status_of
from horarium.api.web import Answer, Malformed, NoRoute, WrongMethod, json_answer
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    Problem,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

CRON = "cronExpression"
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
_MISSING = {"schedule": "Schedule not found", "target": "Workflow not found", "run": "Execution not found"}


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    code = next((word for kind, word in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")
    text, details = _said(error)
    body: dict[str, Any] = {"error": text, "code": code, "message": text}
    if details:
        body["details"] = details
    headers = headers_of(error)
    return json_answer(status_of(error), body, headers=headers)


def _said(error: HorariumError) -> tuple[str, Mapping[str, str]]:
    """(the sentence, what is wrong with each field)."""
    if isinstance(error, Malformed):
        return "Invalid JSON", {"body": str(error)}
    if isinstance(error, Invalid):
        return _title(error.problems), _details(error.problems)
    if isinstance(error, NoRoute):
        return "Route not found", {}
    if isinstance(error, NotFound):
        return _MISSING.get(error.kind, str(error)), {}
    if isinstance(error, Conflict) and error.reason == "duplicate":
        return "Schedule already exists for this workflow", {}
    if isinstance(error, Conflict) and error.reason == "key_taken":
        return "Workflow already exists", {"id": "is the id of another workflow; choose another"}
    if isinstance(error, Conflict) and error.field:
        return str(error), {error.field: str(error)}
    return str(error), {}


def _title(problems: Sequence[Problem]) -> str:
    if any(_about_cron(one) and one.code == "value" for one in problems):
        return "Invalid cron expression"
    if len(problems) == 1:
        return f"{problems[0].field} {problems[0].message}".strip()
    return "Validation failed"


def _details(problems: Sequence[Problem]) -> dict[str, str]:
    """Messages by field. What is wrong with an expression is told beside the product's own words."""
    details: dict[str, str] = {}
    for one in problems:
        if one.field == CRON and one.code == "value":
            details["reason"] = one.message
        else:
            details.setdefault(one.field or "body", one.message)
    if any(_about_cron(one) and one.code == "value" for one in problems):
        details = {CRON: "Invalid format", **details}
    return details


def _about_cron(problem: Problem) -> bool:
    return problem.field.partition(".")[0] == CRON
