"""Errors in cadenya's envelope: google.rpc.Status, with a field violation for every problem of a body."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from horarium.api.kit import Json
from horarium.api.kit.errors import WrongMethod, headers_of, status_of
from horarium.api.web import Answer, json_answer
from horarium.domain.errors import (
    Conflict,
    Forbidden,
    HorariumError,
    Invalid,
    NotFound,
    QuotaReached,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
)

BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

# Numbers of google.rpc.Code.
INVALID_ARGUMENT, ALREADY_EXISTS, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, INTERNAL = (
    3,
    6,
    8,
    9,
    10,
    13,
)
_CODES: Mapping[type[HorariumError], int] = {
    Invalid: INVALID_ARGUMENT,
    Unauthorized: 16,
    Forbidden: 7,
    NotFound: 5,
    WrongMethod: 12,
    TooLarge: INVALID_ARGUMENT,
    QuotaReached: RESOURCE_EXHAUSTED,
    RateLimited: RESOURCE_EXHAUSTED,
    Unavailable: 14,
    HorariumError: INTERNAL,
}


def render(error: HorariumError, request: Request) -> Answer:
    """The answer for an error."""
    code = _code(error)
    headers = headers_of(error)
    if code == ALREADY_EXISTS:
        # One of the product's clients sends a request again after a 409. This one would be refused again.
        headers["x-should-retry"] = "false"
    body = {"code": code, "message": _message(error), "details": _details(error)}
    return json_answer(400 if code == FAILED_PRECONDITION else status_of(error), body, headers=headers)


def _code(error: HorariumError) -> int:
    if isinstance(error, Conflict):
        return {"version": ABORTED, "state": FAILED_PRECONDITION}.get(error.reason, ALREADY_EXISTS)
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


def _message(error: HorariumError) -> str:
    if _key_is_taken(error):
        return "the externalId is in use already; choose another"
    return str(error)


def _details(error: HorariumError) -> list[Json]:
    if isinstance(error, Invalid):
        found = [{"field": problem.field, "description": problem.message} for problem in error.problems]
    elif _key_is_taken(error):
        found = [{"field": "metadata.externalId", "description": "is in use already"}]
    else:
        return []
    return [{"@type": BAD_REQUEST, "fieldViolations": found}]


def _key_is_taken(error: HorariumError) -> bool:
    return isinstance(error, Conflict) and error.reason == "key_taken"
